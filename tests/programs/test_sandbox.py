"""Model-written programs run where they can harm nothing, and are never run without a sandbox."""

import os
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoeval.errors import UsageError
from autoeval.programs import pool
from autoeval.programs.confinement import Limits
from autoeval.programs.pool import Sandboxes
from tests.programs.hostile import HOSTILE

QUICK = (
    "network",
    "reads a file outside",
    "writes a file outside",
    "10 GB",
    "kills the process that watches",
    "leaves early",
)


@pytest.fixture
def sandboxes() -> Iterator[Sandboxes]:
    try:
        opened = Sandboxes(2, Limits(seconds=1, patience=6)).__enter__()
    except UsageError as error:
        pytest.skip(str(error))
    yield opened
    opened.__exit__(None, None, None)


BELOW_TMP = """
import sysconfig
from autoeval.programs.confinement import Limits
from autoeval.programs.pool import Sandboxes

packages = sysconfig.get_path("purelib")
program = f'''
import os
assert os.path.isdir({packages!r})
try:
    open({packages!r} + "/mine", "w")
except OSError:
    open("/tmp/mine", "w").write("mine")
else:
    raise SystemExit(1)
'''
with Sandboxes(1, Limits(seconds=2, patience=60)) as sandboxes:
    print(packages, *sandboxes.run([program]))
"""


def attempts(folder: Path, port: int, names: list[str]) -> list[str]:
    (folder / "secret").write_text("secret")
    (folder / "victim").write_text("whole")
    places = {
        "secret": str(folder / "secret"),
        "victim": str(folder / "victim"),
        "folder": str(folder),
        "pid": os.getpid(),
        "port": port,
    }
    return [HOSTILE[name].format(**places) for name in names]


def harmed_nothing(
    sandboxes: Sandboxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    canary = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        programs = attempts(tmp_path, server.getsockname()[1], names)
        results = dict(zip(names, sandboxes.run(programs), strict=True))
    try:
        assert {name: result for name, result in results.items() if result == "passed"} == {}
        assert canary.poll() is None
        assert (tmp_path / "secret").read_text() == "secret"
        assert (tmp_path / "victim").read_text() == "whole"
        assert list(sandboxes.run(["x = 1"])) == ["passed"]
    finally:
        canary.send_signal(signal.SIGKILL)
        canary.wait()


def test_hostile_programs_fail(sandboxes: Sandboxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    harmed_nothing(sandboxes, tmp_path, monkeypatch, list(QUICK))


@pytest.mark.slow
def test_every_hostile_program_fails_in_its_time(
    sandboxes: Sandboxes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmed_nothing(sandboxes, tmp_path, monkeypatch, list(HOSTILE))


def test_programs_end_as_they_should(sandboxes: Sandboxes) -> None:
    programs = {
        "": "passed",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: 'int'\nassert A(1).x == 1": "passed",
        "open('/tmp/mine', 'w').write('x'); assert open('/tmp/mine').read() == 'x'": "passed",
        "import os; assert not os.path.exists('/tmp/mine')": "passed",
        "import threading\nt = threading.Thread(target=len, args=('',)); t.start(); t.join()": "passed",
        "assert 1 == 2, 'no'": "failed: AssertionError: no",
        "def f(:": "failed: SyntaxError",
        "x = '\0'": "failed: SyntaxError",
        "input()": "failed: EOFError",
        "if __name__ == '__main__': raise ValueError": "passed",
    }
    results = list(sandboxes.run(programs))
    assert [result[: len(wanted)] for result, wanted in zip(results, programs.values(), strict=True)] == list(
        programs.values()
    )


def test_a_worker_that_is_killed_is_replaced(sandboxes: Sandboxes) -> None:
    for worker in sandboxes._workers:
        worker._process.kill()
    assert set(sandboxes.run(["x = 1", "x = 2"])) == {"failed: its worker ended"}
    assert list(sandboxes.run(["x = 1", "x = 2"])) == ["passed", "passed"]


def test_nothing_runs_without_a_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused = (
        "import sys; sys.path.insert(0, {root!r})\n"
        "from autoeval.programs import confinement, worker\n"
        "def refuse(): raise OSError(1, 'unshare: not permitted')\n"
        "confinement.unshare = refuse\n"
        "worker.main({folder!r})"
    )
    monkeypatch.setattr(pool, "_START", refused)
    marker = tmp_path / "ran"
    with pytest.raises(UsageError, match=r"only in a sandbox.*not permitted"), Sandboxes(1) as sandboxes:
        list(sandboxes.run([f"open({str(marker)!r}, 'w')"]))
    assert not marker.exists()


def test_there_is_no_sandbox_but_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match="darwin"), Sandboxes(1):
        pass


def test_an_environment_below_tmp_is_shown_and_not_written(sandboxes: Sandboxes, tmp_path: Path) -> None:
    """A program has a /tmp of its own, which does not hide the packages that lie in the real one."""
    venv.create(tmp_path / "env", symlinks=True)
    done = subprocess.run(
        [tmp_path / "env" / "bin" / "python", "-c", BELOW_TMP],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    packages, verdict = done.stdout.split()
    assert packages.startswith(str(tmp_path))
    assert verdict == "passed"
