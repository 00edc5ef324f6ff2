"""The command line of these tests."""

from pathlib import Path

import pytest

from tests.cli.running import CommandLine, rows

_VARIABLES = (
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "ANTHROPIC_BASE_URL",
    "IS_ALPACA_EVAL_2",
    "OPENAI_CLIENT_CONFIG_PATH",
)


@pytest.fixture
def command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """Return the command line in an empty folder with outputs.json and reference.json."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    line = CommandLine(tmp_path, capsys, monkeypatch)
    line.write("outputs.json", rows())
    line.write("reference.json", rows(who="reference"))
    return line
