"""The test's side of the fork server: one for each process that runs tests, started when it is first needed."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO

from tests.processes import fork_server
from tests.processes.fork_server import Request
from tests.processes.process import Process

ROOT = Path(__file__).resolve().parents[2]
_ASKING = threading.Lock()


def fork(request: Request, stdin: Path, stdout: IO[str] | None) -> Process:
    """Start what is asked for, with a file as its input; its output goes to another, or to the test."""
    asked = json.dumps(asdict(request)).encode()
    out, to_out = (None, os.dup(stdout.fileno())) if stdout else os.pipe()
    err, to_err = os.pipe()
    ending, to_ending = os.pipe()
    given = [os.open(stdin, os.O_RDONLY), to_out, to_err, to_ending]
    with _ASKING:
        socket.send_fds(_server(), [len(asked).to_bytes(4)], given)
        _server().sendall(asked)
    for file in given:
        os.close(file)
    ends = os.fdopen(ending, "rb", buffering=0)
    pid = int(ends.readline())
    printed = None if out is None else os.fdopen(out, encoding="utf-8")
    return Process(pid, request.arguments, ends, printed, os.fdopen(err, encoding="utf-8"))


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", str(Path(fork_server.__file__)), str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C that ends the tests is not for it: it ends with the socket
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
