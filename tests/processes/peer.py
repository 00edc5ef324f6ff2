"""alpaca_eval 0.6.6 in an environment of its own: it is imported once, and forks for each question."""

import os
from functools import cache
from pathlib import Path

import pytest

from tests.processes.fork_server import Request
from tests.processes.forking import Interpreter, fork
from tests.processes.process import Done

_ITS_OWN = {
    "IS_ALPACA_EVAL_2": "False",
    "OPENAI_API_KEY": "none",
    "ANTHROPIC_API_KEY": "none",
    "PYTHONPATH": "",
}
_IMPORTED = ("alpaca_eval.main", "alpaca_eval.analyze", "alpaca_eval.metrics.glm_winrate")


def run_peer(*arguments: object, folder: Path, variables: dict[str, str] | None = None) -> Done:
    """Run what its Python is with these arguments; the calling test is skipped where there is none."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "PYTHON"))}
    environment = {**clean, **_ITS_OWN, **(variables or {})}
    words = [str(word) for word in arguments]
    interpreter = Interpreter(peer_python(), _IMPORTED, tuple(_ITS_OWN.items()))
    done = fork(Request(words, str(folder), environment, {}, False), interpreter=interpreter).finish()
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def peer_python() -> str:
    """Return the Python that has alpaca_eval 0.6.6; the calling test is skipped where there is none."""
    python = os.environ.get("AUTOEVAL_PEER_PYTHON")
    if not python:
        pytest.skip("no alpaca_eval 0.6.6 to compare with (set AUTOEVAL_PEER_PYTHON)")
    return python


@cache
def peer_package() -> Path:
    """Return the folder of its package."""
    find = "import importlib.util as u; print(u.find_spec('alpaca_eval').submodule_search_locations[0])"
    return Path(run_peer("-c", find, folder=Path("/")).stdout.strip())
