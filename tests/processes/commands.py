"""How tests start autoeval's command, or any Python."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.processes.fork_server import Request
from tests.processes.forking import ROOT, fork
from tests.processes.process import Process


def start_command(
    *arguments: object,
    folder: Path = ROOT,
    stdout: IO[str] | None = None,
    limits: Mapping[str, int] | None = None,
    is_new: bool = False,
    **variables: str,
) -> Process:
    """Start `alpaca_eval` in a process of its own, with a key for OpenAI; see `start_python`."""
    settings = {"OPENAI_API_KEY": "sk-test", **variables}
    command = ["-m", "autoeval", *arguments]
    return start_python(
        *command, folder=folder, stdout=stdout, limits=limits, is_new=is_new, variables=settings
    )


def start_python(
    *arguments: object,
    folder: Path = ROOT,
    stdin: Path = Path(os.devnull),
    stdout: IO[str] | None = None,
    limits: Mapping[str, int] | None = None,
    is_new: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Process:
    """Start what `python` is with these arguments, in a process of its own.

    Args:
        arguments: `-m module`, `-c code` or a script, and what it is given.
        folder: the working directory.
        stdin: what it reads.
        stdout: where its output goes; by default to the test.
        limits: the operating system's limits, as RLIMIT_FSIZE.
        is_new: whether it must be an interpreter that starts from nothing, and not a fork that has imported
            everything already: where the start itself, what is imported, or the command line is what is tested.
        variables: environment variables besides those of the test.
    """
    words = [str(word) for word in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(variables or {})}
    return fork(Request(words, str(folder), environment, dict(limits or {}), is_new), stdin, stdout)
