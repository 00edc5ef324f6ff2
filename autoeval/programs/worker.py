"""A worker: takes one program after another on standard input, runs each in a sandbox of its own, says how it ended.

It is a process of its own, without the keys in the environment of the one that started it. For a program it forks
three times: the first child takes the namespaces, the second is process 1 among them (when it ends, everything in there
ends), the third is the program.
"""

import contextlib
import json
import os
import secrets
import select
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from autoeval.programs import confinement
from autoeval.programs.confinement import Limits

PASSED, TIMED_OUT, OUT_OF_MEMORY = "passed", "timed out", "out of memory"
_LOOK_EVERY = 0.05
_GRACE = 2.0
_LONGEST_REPORT = 4096
_LONGEST_TOLD = 500
_SET_UP = "the sandbox: "


def main(folder: str) -> None:
    """Answer each line `{"program", "limits"}` with a line `{"result"}`, until there is none any more."""
    for line in sys.stdin:
        asked = json.loads(line)
        result = run(asked["program"], Limits(**asked["limits"]), folder)
        sys.stdout.write(json.dumps({"result": result}) + "\n")
        sys.stdout.flush()


def run(program: str, limits: Limits, folder: str) -> str:
    """Run a program in a sandbox.

    Args:
        program: Python.
        limits: what it may use.
        folder: an empty folder of ours.

    Returns:
        `passed` where it came to its end, else why not; beginning with `the sandbox: ` where there is no sandbox.
    """
    token = secrets.token_hex(16)
    said, ended, ready, go = os.pipe(), os.pipe(), os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        _as_child(
            lambda: _take_namespaces(program, token, limits, folder, said[1], ended[1], ready[1], go[0])
        )
    for end in (said[1], ended[1], ready[1], go[0]):
        os.close(end)
    try:
        if os.read(ready[0], 1):
            try:
                confinement.map_users(child)
            except OSError as error:
                return f"{_SET_UP}{error}"
            os.write(go[1], b"1")
        return _wait(child, said[0], ended[0], token, limits)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for end in (said[0], ended[0], ready[0], go[1]):
            os.close(end)


def _wait(child: int, said: int, ended: int, token: str, limits: Limits) -> str:
    """Wait for process 1 to say how the program ended, no longer than the program has and no more memory."""
    until = time.monotonic() + limits.patience + _GRACE
    while not select.select([ended], [], [], _LOOK_EVERY)[0]:
        if time.monotonic() > until:
            return TIMED_OUT
        if sum(_resident(pid) for pid in _descendants(child)) > limits.memory:
            return OUT_OF_MEMORY
    how = os.read(ended, _LONGEST_REPORT).decode(errors="replace")
    told = b""
    if select.select([said], [], [], 0)[0]:
        told = os.read(said, _LONGEST_REPORT)
    text = told.decode(errors="replace")
    if how == "exited 0" and text == token + PASSED:
        return PASSED
    if how == "exited 0" or not how:
        return "failed: it ended before its end" if how else f"{_SET_UP}it ended too early"
    return text if how == "exited 1" and text.startswith("failed: ") else how


def _take_namespaces(
    program: str, token: str, limits: Limits, folder: str, said: int, ended: int, ready: int, go: int
) -> None:
    confinement.die_with_parent()
    _keep_only(said, ended, ready, go)
    with _saying(ended):
        confinement.unshare()
        os.write(ready, b"1")
        os.read(go, 1)
    os.close(ready)
    os.close(go)
    first = os.fork()
    if first == 0:
        _as_child(lambda: _be_process_1(program, token, limits, folder, said, ended))
    os.close(said)
    os.close(ended)
    os.waitpid(first, 0)


def _be_process_1(program: str, token: str, limits: Limits, folder: str, said: int, ended: int) -> None:
    confinement.die_with_parent()

    def is_over(*_: object) -> NoReturn:
        os.write(ended, TIMED_OUT.encode())
        os._exit(0)

    with _saying(ended):
        confinement.enter_root(folder, limits)
        signal.signal(signal.SIGALRM, is_over)
        signal.setitimer(signal.ITIMER_REAL, limits.patience)
        running = os.fork()
    if running == 0:
        _as_child(lambda: _be_program(program, token, limits, said, ended))
    os.close(said)
    while True:
        pid, status = os.wait()  # also of orphans, who come to process 1
        if pid == running:
            break
    os.write(ended, _how(status).encode())


def _be_program(program: str, token: str, limits: Limits, said: int, ended: int) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with _saying(ended):
        confinement.give_up_rights(limits)
    os.close(ended)
    module = types.ModuleType("program")
    sys.modules["program"] = module
    own = os.getpid()
    try:
        exec(compile(program, "program", "exec"), module.__dict__)
        told, code = token + PASSED, 0
    except BaseException as error:
        told, code = f"failed: {type(error).__name__}: {error}"[:_LONGEST_TOLD], 1
    if os.getpid() == own:  # a child that the program forked comes here too
        os.write(said, told.encode(errors="replace"))
    os._exit(code)


def _how(status: int) -> str:
    if os.WIFEXITED(status):
        return f"exited {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    return TIMED_OUT if number == signal.SIGXCPU else f"failed: ended by signal {number}"


def _as_child(work: Callable[[], None]) -> NoReturn:
    """Do a child's work and end it without anything of the parent's."""
    code = 1
    try:
        work()
        code = 0
    except OSError:
        code = 3
    finally:
        os._exit(code)


@contextlib.contextmanager
def _saying(ended: int) -> Iterator[None]:
    """Say that there is no sandbox where making one fails."""
    try:
        yield
    except OSError as error:
        os.write(ended, f"{_SET_UP}{error}".encode())
        os._exit(2)


def _keep_only(*kept: int) -> None:
    """Close every file but those, and let the standard ones lead nowhere."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - names, not paths
        if number > 2 and number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)


def _descendants(pid: int) -> Iterator[int]:
    """Name a process's children, and theirs."""
    with contextlib.suppress(OSError):
        for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            yield child
            yield from _descendants(child)


def _resident(pid: int) -> int:
    """Return how many bytes of memory a process has."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return 0
