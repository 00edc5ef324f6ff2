"""What is asked of a board of recorded judgments, and what comes of it; how it is made stands in `recorded_board`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError
from autoeval.leaderboards.table import Board


@dataclass(frozen=True)
class RecordedBoard:
    """A board as it was written.

    `cautions` are what a reader must know of each model's numbers, `notes` of all of them.
    """

    path: Path
    board: Board
    cautions: Mapping[str, Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Recorded:
    """What a board of recorded judgments is made of; see make_leaderboard for each.

    All but `judgments` and `compatible` are Arena-Hard's.
    """

    judgments: Any
    compatible: bool = False
    baseline: str | None = None
    style_control: bool = False
    control_features: Any = None
    answers: Any = None
    style_metadata: Any = None

    def refuse_without_judgments(self) -> None:
        """Refuse what says how judgments are counted where there are none.

        Raises:
            UsageError: naming the flag.
        """
        for flag in fields(self):
            if getattr(self, flag.name) != flag.default and flag.name != "judgments":
                raise UsageError(
                    f"--{flag.name} is for recorded judgments. Give --judgments, or leave it out."
                )
