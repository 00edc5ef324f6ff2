"""alpaca_eval 0.6.6 in an environment of its own, asked what it does."""

import json
from pathlib import Path
from typing import Any

from tests.processes.peer import run_peer

_SIDE = Path(__file__).with_name("peer_side.py")


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
    run_peer(_SIDE, command, asked, answered, folder=folder, variables=environment)
    return json.loads(answered.read_text(encoding="utf-8"))
