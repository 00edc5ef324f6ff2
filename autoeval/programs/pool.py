"""A pool of workers that run programs in sandboxes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from autoeval.errors import UsageError
from autoeval.programs.confinement import Limits

PASSED = "passed"
_NO_SANDBOX = "the sandbox: "
_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, {root!r}); from autoeval.programs.worker import main; sys.path.pop(0); "
    "main({folder!r})"
)
_KEPT = ("LD_LIBRARY_PATH",)
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


class Sandboxes:
    """Sandboxes for programs, several at a time. A context: its workers end with it.

    Raises:
        UsageError: on opening, where this machine has none; a program is never run without one.
    """

    def __init__(self, n_workers: int | None = None, limits: Limits | None = None) -> None:
        """Take how many programs run at a time (default: one a processor), and what each may use."""
        self._n_workers = n_workers or os.cpu_count() or 1
        self._limits = limits or Limits()
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._folder = tempfile.TemporaryDirectory(prefix="autoeval-sandbox-")

    def __enter__(self) -> Self:
        """Start the workers, and see that a program comes to its end in a sandbox."""
        try:
            _require_linux()
            self._workers = [_Worker(self._folder.name) for _ in range(self._n_workers)]
            for worker in self._workers:
                self._idle.put(worker)
            result = self._workers[0].run("", self._limits)
            if result != PASSED:
                raise _no_sandbox(result.removeprefix(_NO_SANDBOX))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers and whatever still runs in them."""
        for worker in self._workers:
            worker.end()
        self._folder.cleanup()

    def run(self, programs: Iterable[str]) -> Iterator[str]:
        """Run programs.

        Args:
            programs: Python, each a whole program.

        Yields:
            How each ended, in their order: `passed`, `timed out`, `out of memory`, or `failed: ` and why.

        Raises:
            UsageError: a sandbox could not be made any more.
        """
        with ThreadPoolExecutor(self._n_workers) as threads:
            yield from threads.map(self._run_one, programs)

    def _run_one(self, program: str) -> str:
        worker = self._idle.get()
        try:
            result = worker.run(program, self._limits)
        finally:
            self._idle.put(worker)
        if result.startswith(_NO_SANDBOX):
            raise _no_sandbox(result.removeprefix(_NO_SANDBOX))
        return result


class _Worker:
    """A worker's process, started again where it is gone."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process = self._started()

    def run(self, program: str, limits: Limits) -> str:
        if "\0" in program:
            return "failed: SyntaxError: source code string cannot contain null bytes"
        asked = json.dumps({"program": program, "limits": asdict(limits)})
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(asked + "\n")
            self._process.stdin.flush()
            result = str(json.loads(self._process.stdout.readline())["result"])
        except (OSError, ValueError, RecursionError):
            self.end()
            self._process = self._started()
            return "failed: its worker ended"
        return result

    def end(self) -> None:
        """End the process; what runs in it dies with it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    def _started(self) -> "subprocess.Popen[str]":
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START.format(root=str(_ROOT), folder=self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={"LANG": "C.UTF-8", "HOME": "/tmp", **_ONE_THREAD, **kept},
            start_new_session=True,
        )


def _require_linux() -> None:
    if sys.platform != "linux":
        raise _no_sandbox(f"it needs Linux's namespaces, and this is {sys.platform}")


def _no_sandbox(why: str) -> UsageError:
    return UsageError(
        f"model-written code runs only in a sandbox, and there is none here ({why}). Run it where user namespaces are "
        "allowed: on Linux itself, or in a container that is started with --security-opt seccomp=unconfined "
        "(and, for Docker, --security-opt systempaths=unconfined)."
    )
