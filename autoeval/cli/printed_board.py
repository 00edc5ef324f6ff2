"""A journey's result as a board that another program reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from autoeval.leaderboards.table import Board


@dataclass(frozen=True)
class PrintedBoard:
    """The board that a result is, its columns where there is no room for all, and what shows the rest."""

    board: Board
    columns: Sequence[str]
    show_rest: Callable[[Console, Any], None]
