"""A run whose answers were scored one by one: its numbers, and its files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Estimate
from autoeval.runs.exits import EXIT_INCOMPLETE, EXIT_OK, is_enough
from autoeval.runs.quantities import Quantity
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.saving import BOARD_NAME, save_json, save_records

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ScoredRun:
    """What came of scoring a model's answers.

    Attributes:
        name: the model.
        annotator: who or what scored.
        rows: of annotations.json.
        quantities: what they measure, the headline first.
        subsets: the headline of each subset, where there are several.
        settings: how it was scored, for run.json.
        cautions: what a reader must know of the numbers.
        min_coverage: the share that must have a score.
        n_unanswered: questions without an answer.
        folder: where the files are; None for none.
    """

    name: str
    annotator: str
    rows: Sequence[Row]
    quantities: Mapping[str, Quantity]
    subsets: Mapping[str, Quantity] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    cautions: Sequence[str] = ()
    min_coverage: float = 0.99
    n_unanswered: int = 0
    folder: Path | None = None

    @cached_property
    def estimates(self) -> Mapping[str, Estimate]:
        """Each quantity with its interval, in percent."""
        return {name: quantity.estimate() for name, quantity in self.quantities.items()}

    @cached_property
    def by_subset(self) -> Mapping[str, Estimate]:
        """The headline of each subset with its interval, in percent."""
        return {name: quantity.estimate() for name, quantity in self.subsets.items()}

    @property
    def failures(self) -> Counter[str]:
        """Why scores are missing."""
        return Counter(str(row["failure"]) for row in self.rows if row.get("failure"))

    @property
    def n_missing(self) -> int:
        """How many questions or answers have no score."""
        return sum(row["score"] is None for row in self.rows) + self.n_unanswered

    @property
    def coverage(self) -> float:
        """The share that has a score."""
        total = len(self.rows) + self.n_unanswered
        return (total - self.n_missing) / total if total else 0.0

    @property
    def exit_code(self) -> int:
        """3 where too little has a score, else 0."""
        return EXIT_OK if is_enough(self.coverage, self.min_coverage) else EXIT_INCOMPLETE

    @property
    def board(self) -> Board:
        """The row of leaderboard.csv."""
        return Board({self.name: self._cells()}, ())

    @property
    def paths(self) -> list[Path]:
        """The files."""
        names = ("annotations.json", BOARD_NAME, RUN_NAME)
        return [self.folder / name for name in names] if self.folder else []

    def save(self) -> None:
        """Write annotations.json, leaderboard.csv and run.json.

        Raises:
            UsageError: one cannot be written.
        """
        if self.folder is None:
            return
        save_records(self.rows, self.folder / "annotations.json")
        save_board(self.board, self.folder / BOARD_NAME)
        save_json(self._run(), self.folder / RUN_NAME)

    def _cells(self) -> dict[str, Cell]:
        headline = next(iter(self.estimates.values()))
        cells: dict[str, Cell] = {next(iter(self.estimates)): None, "standard_error": headline.standard_error}
        for name, estimate in self.estimates.items():
            cells |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        return {
            **cells,
            "n_total": len(self.rows) - self.n_missing + self.n_unanswered,
            "n_missing": self.n_missing,
            "annotator": self.annotator,
        }

    def _run(self) -> dict[str, Any]:
        return {
            "setting": {"model": self.name, "judge": self.annotator, **self.settings},
            "annotator": {"name": self.annotator},
            "numbers": {name: asdict(one) for name, one in self.estimates.items()},
            "counts": {
                "scored": len(self.rows) + self.n_unanswered - self.n_missing,
                "missing": self.n_missing,
                "failures": dict(self.failures),
            },
            "cautions": list(self.cautions),
        }
