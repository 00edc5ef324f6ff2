"""What an evaluation came to: the number, how sure it is, what is missing, and where it was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.completions.ask import AskReport
from autoeval.completions.ledger import StopReason
from autoeval.leaderboards.table import Board, Cell
from autoeval.metrics.intervals import Estimate
from autoeval.metrics.win_rate import WinRate

if TYPE_CHECKING:
    import pandas as pd

EXIT_OK = 0
EXIT_INCOMPLETE = 3
EXIT_BUDGET = 4
EXIT_REFUSED = 5


@dataclass(frozen=True)
class Setting:
    """What a number depends on, in words: two numbers compare only where these are the same."""

    judge: str
    models: tuple[str, ...]
    reference: str
    eval_set: str
    preset: str
    fingerprint: str
    seed: int
    board: str | None

    def line(self) -> str:
        """Say it in one line."""
        models = ", ".join(self.models)
        judge = self.judge if models in ("", self.judge) else f"{self.judge} ({models})"
        board = f"comparable with {self.board}" if self.board else "no shipped board has this judge and reference"
        return (
            f"judge {judge} · reference {self.reference} · eval set {self.eval_set} · preset {self.preset} · {board}"
        )


@dataclass(frozen=True)
class Evaluation:
    """One model's result.

    `row` is its leaderboard row under the name `shown_as`; `board` holds it among the others; `annotations_path`
    is None where nothing was written and `rows` then has the annotations.
    """

    name: str
    shown_as: str
    setting: Setting
    win_rate: WinRate
    estimate: Estimate
    interval_method: str
    by_subset: Mapping[str, WinRate]
    row: Mapping[str, Cell]
    board: Board
    failures: Mapping[str, int]
    n_unpaired: int
    flip_rate: float | None
    ask: AskReport
    price: float | None
    min_coverage: float
    version: str
    paths: tuple[Path, ...] = ()
    annotations_path: Path | None = None
    rows: tuple[dict[str, Any], ...] | None = None

    @property
    def n_pairs(self) -> int:
        """Pairs planned."""
        return self.win_rate.n_total + self.win_rate.n_missing

    @property
    def coverage(self) -> float:
        """Judged pairs as a share of those planned, 0 to 1."""
        return self.win_rate.n_total / self.n_pairs if self.n_pairs else 0.0

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        if self.ask.stop and self.ask.stop.reason is StopReason.BUDGET:
            return EXIT_BUDGET
        if self.ask.stop and self.ask.stop.reason is StopReason.REFUSED:
            return EXIT_REFUSED
        return EXIT_INCOMPLETE if self.coverage < self.min_coverage else EXIT_OK

    @cached_property
    def leaderboard(self) -> "pd.DataFrame":
        """The board as a DataFrame, a row a model, best first."""
        import pandas as pd

        return pd.DataFrame.from_dict({name: dict(row) for name, row in self.board.rows.items()}, orient="index")

    @cached_property
    def annotations(self) -> "pd.DataFrame":
        """The annotations as a DataFrame, a row a pair, in the columns of annotations.json."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def records(self) -> list[dict[str, Any]]:
        """Return the annotations as dictionaries, a row a pair."""
        if self.rows is not None:
            return list(self.rows)
        if self.annotations_path is None:
            return []
        import json

        loaded: list[dict[str, Any]] = json.loads(self.annotations_path.read_text(encoding="utf-8"))
        return loaded
