"""alpaca_eval 0.6.6 in an environment of its own, asked what it does."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_SIDE = Path(__file__).with_name("peer_side.py")


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
    result = subprocess.run([peer_python(), "-c", find], capture_output=True, text=True, check=True)
    return Path(result.stdout.strip())


def ask_peer(command: str, question: Any, folder: Path, **environment: str) -> Any:
    """Run a command of `peer_side.py` there.

    Args:
        command: the command's name.
        question: what it gets, as JSON.
        folder: a folder for the files in between.
        environment: variables to set.

    Returns:
        What the command returned, through JSON.
    """
    asked, answered = folder / "question.json", folder / "answer.json"
    asked.write_text(json.dumps(question), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "PYTHON"))}
    defaults = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none", "IS_ALPACA_EVAL_2": "False"}
    result = subprocess.run(
        [peer_python(), str(_SIDE), command, str(asked), str(answered)],
        env={**clean, **defaults, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(answered.read_text(encoding="utf-8"))
