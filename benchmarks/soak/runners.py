"""Running `evaluate` as users do: as a command, which can be stopped in the middle."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from benchmarks.processes import ours

ENVIRONMENT = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none"}


class Runner(Protocol):
    """Runs `evaluate` to its end."""

    def evaluate(self, parameters: Mapping[str, Any], limit: float) -> int | None:
        """Return the exit code; None if it was not done within `limit` seconds."""


class CommandLine:
    """Runs `evaluate` as a command."""

    def evaluate(self, parameters: Mapping[str, Any], limit: float) -> int | None:
        """Return the exit code; None if it was not done within `limit` seconds."""
        return wait(start(parameters), limit)


def start(parameters: Mapping[str, Any]) -> "subprocess.Popen[bytes]":
    """Start the command, with parameters as the Python function takes them."""
    command = ours("evaluate", *(f"--{name}={value}" for name, value in parameters.items()))
    environment = {**os.environ, **command.environment, **ENVIRONMENT}
    with Path(parameters["output_path"]).with_suffix(".log").open("ab") as log:
        return subprocess.Popen(command.arguments, env=environment, stdout=subprocess.DEVNULL, stderr=log)


def wait(process: "subprocess.Popen[bytes]", limit: float) -> int | None:
    """Wait for a process to end; one that does not within `limit` seconds is killed, which gives None."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
