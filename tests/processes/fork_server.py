"""A Python that has imported what a command imports, and forks for each command that a test starts.

To start an interpreter and import the SDKs takes longer than most commands take. A fork of this process is a
process as any other, with a pid, files, signals, limits and an end of its own, but for that time. It never has a
second thread, because a lock that another thread holds stays locked in a fork.

The test's side is `forking.py`. A request is JSON after its length, and comes with four files: what is to be standard
input, output and error, and a pipe. That gets a line with the pid, and another with the wait status when it ended.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_N_FILES = 4


@dataclass(frozen=True)
class Request:
    """What a fork is to be: a Python with these arguments, in this folder, with these variables and limits."""

    arguments: list[str]
    folder: str
    variables: Mapping[str, str]
    limits: Mapping[str, int]
    is_new: bool


def main() -> None:
    """Given a socket's number and modules: import them and serve there; in a fork, be what was asked for."""
    number, *modules = sys.argv[1:]
    for module in modules:
        importlib.import_module(module)
    assert threading.active_count() == 1
    gc.freeze()  # what is shared with the forks is not looked through by each of them
    request = _Server(socket.socket(fileno=int(number))).serve()
    if request is not None:
        become(request)


class _Server:
    def __init__(self, served: socket.socket) -> None:
        self._served = served
        self._running: dict[int, int] = {}  # pipes by pid
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        signal.pthread_sigmask(
            signal.SIG_BLOCK, [signal.SIGINT]
        )  # or a new fork loses one while it takes shape
        signal.set_wakeup_fd(self._waking.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # woken for nothing, were it ignored

    def serve(self) -> Request | None:
        """Return what to run in a fork; None, in the process that forks, when there is nobody to serve any more."""
        with selectors.DefaultSelector() as selector:
            for each in (self._served, self._woken):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._woken in ready:
                    self._woken.recv(4096)
                    self._bury()
                if self._served not in ready:
                    continue
                length, files, _, _ = socket.recv_fds(self._served, 4, _N_FILES)
                if not length:
                    self._end()
                    return None
                if request := self._fork(self._read(int.from_bytes(length)), files):
                    return request

    def _read(self, length: int) -> Request:
        read = b""
        while len(read) < length:
            read += self._served.recv(length - len(read))
        return Request(**json.loads(read))

    def _fork(self, request: Request, files: list[int]) -> Request | None:
        *standard, pipe = files
        pid = os.fork()
        if not pid:
            self._let_go()
            os.close(pipe)
            for number, file in enumerate(standard):
                os.dup2(file, number)
                os.close(file)
            return request
        os.write(pipe, b"%d\n" % pid)
        self._running[pid] = pipe
        for file in standard:
            os.close(file)
        return None

    def _let_go(self) -> None:
        """Keep nothing of the server's in a fork: its signals, sockets and the pipes of other forks."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._served, self._woken, self._waking):
            each.close()
        for pipe in self._running.values():
            os.close(pipe)

    def _bury(self) -> None:
        """Tell of every fork that ended."""
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            pipe = self._running.pop(pid)
            with suppress(BrokenPipeError):  # nobody wants to know
                os.write(pipe, b"%d\n" % status)
            os.close(pipe)

    def _end(self) -> None:
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)


def become(request: Request) -> None:
    """Be what an interpreter with these arguments is, until it ends."""
    os.environ.clear()
    os.environ.update(request.variables)
    os.chdir(request.folder)
    for name, value in request.limits.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        resource.setrlimit(getattr(resource, name), (value, hard))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if request.is_new:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; a shell does not
            signal.signal(number, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, *request.arguments])
    first, *rest = request.arguments
    if first == "-m":
        sys.argv = ["-m", *rest[1:]]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        scope: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(rest[0], "<string>", "exec"), scope)
    else:
        sys.argv = request.arguments
        sys.path.insert(0, os.path.dirname(first))  # noqa: PTH120 - as the interpreter does
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
