"""The command line of these tests."""

import pytest

from tests.cli.running import USER_CACHE, CommandLine, rows

_VARIABLES = (
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "ANTHROPIC_BASE_URL",
    "IS_ALPACA_EVAL_2",
    "OPENAI_CLIENT_CONFIG_PATH",
)


@pytest.fixture
def command(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Return the command line in a folder with outputs.json and reference.json, with test keys and nothing else set."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("XDG_CACHE_HOME", str(command.folder / USER_CACHE))
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    command.write("outputs.json", rows())
    command.write("reference.json", rows(who="reference"))
    return command
