"""The test's side: a fork server for each interpreter that is needed, in each process that runs tests."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO

from tests.processes import fork_server
from tests.processes.fork_server import Request
from tests.processes.process import Process

ROOT = Path(__file__).resolve().parents[2]
_ASKING = threading.Lock()
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_OURS = [
    "anthropic.resources.messages",
    "anthropic.types.beta",
    "genai_prices.data",
    "genai_prices.data_snapshot",
    "jinja2.sandbox",
    "numpy",
    "openai.resources.chat.completions",
    "openai.types.chat",
    "pandas",
    "pycurl",
    "pygal",
    "rich.progress",
    "rich.table",
    "scipy.stats",
    "truststore",
    "autoeval.cli.commands",
    "autoeval.cli.from_function",
    "autoeval.cli.show",
    "autoeval.cli.show_evaluations",
    "autoeval.cli.show_runs",
    "autoeval.completions.ask",
    "autoeval.completions.providers.anthropic",
    "autoeval.completions.providers.openai",
    "autoeval.report.page",
    "autoeval.report.pairs",
    "autoeval.completions.batch.asking",
    "autoeval.generators.loading",
    "autoeval.journeys.line_up",
    "autoeval.journeys.evaluate",
    "autoeval.journeys.make_leaderboard",
]
"""What commands import, but for what reads the environment when it is imported."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that forks: what it has imported, and the variables that it starts with."""

    python: str = sys.executable
    imported: tuple[str, ...] = (*_OURS,)
    variables: tuple[tuple[str, str], ...] = ()


def fork(
    request: Request,
    stdin: Path = Path(os.devnull),
    stdout: IO[str] | None = None,
    interpreter: Interpreter = Interpreter(),
) -> Process:
    """Start what is asked for, with a file as its input; its output goes to another, or to the test."""
    asked = json.dumps(asdict(request)).encode()
    out, to_out = (None, os.dup(stdout.fileno())) if stdout else os.pipe()
    err, to_err = os.pipe()
    ending, to_ending = os.pipe()
    given = [os.open(stdin, os.O_RDONLY), to_out, to_err, to_ending]
    with _ASKING:
        server = _server(interpreter)
        socket.send_fds(server, [len(asked).to_bytes(4)], given)
        server.sendall(asked)
    for file in given:
        os.close(file)
    ends = os.fdopen(ending, "rb", buffering=0)
    pid = int(ends.readline())
    printed = None if out is None else os.fdopen(out, encoding="utf-8")
    return Process(pid, request.arguments, ends, printed, os.fdopen(err, encoding="utf-8"))


@cache
def _server(interpreter: Interpreter) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [interpreter.python, "-P", fork_server.__file__, str(theirs.fileno()), *interpreter.imported],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **_ONE_THREAD, **dict(interpreter.variables)},
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
