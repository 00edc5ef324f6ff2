"""What holds for all tests."""

import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cli.running import CommandLine

# How fast a machine is decides nothing: neither how long an example takes nor how long it took to make.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

TODAY = "2026-11-26"
"""The day on which these tests run, whenever that is: models come and go."""


def pytest_configure() -> None:
    """Make all machines equal: the day, an empty cache, no hub but the usual one, and Ctrl-C that is not ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith(("HF_", "DATASETS_"))]:
        del os.environ[name]
    os.environ.setdefault("AUTOEVAL_TODAY", TODAY)
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="autoeval-tests-")


_LONG = ("slow", "peer", "model", "browser", "database")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests begin first, or the last process to end works alone."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, _LONG)))


def pytest_collection_finish() -> None:
    """Let what is there until the end not be looked through again and again for what could be thrown away."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.fixture
def command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """Return the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return CommandLine(tmp_path, capsys, monkeypatch)
