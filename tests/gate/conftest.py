"""The command line of these tests."""

from pathlib import Path

import pytest

from tests.cli.running import CommandLine


@pytest.fixture
def command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """Return the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return CommandLine(tmp_path, capsys, monkeypatch)
