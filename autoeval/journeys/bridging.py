"""What a bridge is built from: the board of the old judge, the anchors on it, and the rows that come of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.analysis.linking import FEWEST_ANCHORS, Anchor, Placement, Rate, log_odds
from autoeval.annotators.judges import Annotator
from autoeval.data.pairing import Pairs
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.rows import Conditions
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell

_OUTPUTS = ("*/model_outputs.*", "*.json*", "*.csv*", "*.tsv*", "*.parquet")


@dataclass(frozen=True)
class OldBoard:
    """A board whose judge is to be outlived. `rates` are those that the judge itself has given."""

    judge: str
    path: Path
    board: Board
    rates: Mapping[str, Rate]

    @classmethod
    def of(cls, board: Board, path: Path) -> "OldBoard":
        """Take the rows of a board that were judged; bridged ones and the reference's own are none of these.

        Raises:
            UsageError: several judges stand on it.
        """
        judges = sorted({str(row["annotator"]) for row in board.rows.values() if row.get("annotator")})
        if len(judges) > 1:
            raise UsageError(
                f"--board: {path} has rows of several judges ({', '.join(judges)}), so it has no scale of its own."
            )
        rates = {name: rate for name, row in board.rows.items() if (rate := _rate(row))}
        return cls(judges[0] if judges else path.stem, path, board, rates)

    def refuse(self, annotator: Annotator, pairs: Pairs, is_sample: bool) -> None:
        """Refuse a judge and pairs that the board cannot be bridged to.

        Raises:
            UsageError: the judge is the board's own, or reference or instructions are others.
        """
        ours = Conditions.of(annotator, pairs, set())
        for row in self.board.rows.values():
            told = row.get("fingerprint")
            if annotator.name == self.judge and (not told or told == annotator.fingerprint):
                raise UsageError(
                    f"{annotator.name} is the board's own judge: there is nothing to bridge. Judge the model with: "
                    "alpaca_eval evaluate."
                )
            for what, theirs, here in (
                ("reference", row.get("reference"), ours.reference),
                ("set of instructions", None if is_sample else row.get("eval_set"), ours.eval_set),
            ):
                if theirs and theirs != here:
                    raise UsageError(
                        f"--board: its {what} is {theirs}, but that of the outputs is {here}. A bridge crosses from "
                        "one judge to another, on the same questions."
                    )


def _rate(row: Mapping[str, Cell]) -> Rate | None:
    """Return the win rate of a row that a judge gave; 50% without an error is the reference against itself."""
    rate, error, n = row.get("win_rate"), row.get("standard_error"), row.get("n_total")
    if row.get("bridged_from") or not isinstance(rate, int | float) or math.isnan(rate) or n == 0:
        return None
    if rate == 50 and not error:
        return None
    error = float(error) if isinstance(error, int | float) else None
    return Rate(float(rate), int(n) if isinstance(n, int | float) else 805, error)


def output_source(source: Any) -> Any:
    """Return what a source of many models' outputs names; of a folder its files, as <model>/model_outputs.json.

    Raises:
        UsageError: the folder has no outputs.
    """
    if not isinstance(source, str | Path) or not Path(source).expanduser().is_dir():
        return source
    folder = Path(source).expanduser()
    for pattern in _OUTPUTS:
        if found := sorted(folder.glob(pattern)):
            return found
    raise UsageError(
        f"--anchor_outputs: the folder {folder} has neither <model>/model_outputs.json nor files of outputs."
    )


def choose_anchors(
    board: OldBoard, available: Iterable[str], wanted: int, named: Sequence[str] | None
) -> list[str]:
    """Choose the models that are judged again: those named, else some spread over the board's range.

    Args:
        board: the old judge's.
        available: models whose outputs are there.
        wanted: how many.
        named: models that the user wants.

    Returns:
        The models from the lowest to the highest old win rate.

    Raises:
        UsageError: a named one is not there, or there are too few.
    """
    shared = sorted(set(available) & board.rates.keys(), key=lambda name: board.rates[name].win_rate)
    for name in named or ():
        if name not in shared:
            raise UsageError(
                f"--anchors: {name!r} is no model of the board with outputs. {nearest(name, shared)}"
            )
    if named is not None:
        shared = [name for name in shared if name in named]
    if len(shared) < FEWEST_ANCHORS:
        told = ", ".join(shared) or "none"
        raise UsageError(
            f"a bridge needs at least {FEWEST_ANCHORS} models that stand on {board.path.name} and whose outputs are "
            f"there; there are {len(shared)} ({told}). Give more outputs with --anchor_outputs."
        )
    return shared if named is not None else _spread(shared, board.rates, wanted)


def _spread(names: list[str], rates: Mapping[str, Rate], wanted: int) -> list[str]:
    """Take the ends and, between them, the models nearest to equal steps of the log odds."""
    places = {name: log_odds(rates[name].win_rate, rates[name].n) for name in names}
    low, high = places[names[0]], places[names[-1]]
    left = list(names)
    chosen = []
    steps = range(min(wanted, len(names)))
    for step in sorted(steps, key=lambda step: 0 < step < len(steps) - 1):  # the ends first
        goal = low + (high - low) * step / (len(steps) - 1)
        chosen.append(min(left, key=lambda name: abs(places[name] - goal)))
        left.remove(chosen[-1])
    return sorted(chosen, key=names.index)


def bridged_row(
    placed: Placement,
    new: Rate,
    pairs: Pairs,
    annotator: Annotator,
    board: OldBoard,
    anchors: Sequence[Anchor],
) -> dict[str, Cell]:
    """Return the row of a model that only the new judge has seen.

    It has the old scale's win rate and no count of wins, and says which judge it comes from over which anchors.
    """
    return {
        "win_rate": placed.win_rate,
        "n_total": new.n,
        "mode": "community",
        "low": placed.low,
        "high": placed.high,
        "annotator": board.judge,
        "reference": pairs.generator_1,
        "eval_set": pairs.eval_set_hash,
        "bridged_from": f"{annotator.name} ({annotator.fingerprint}), {len(anchors)} anchors",
        "bridged_win_rate": new.win_rate,
    }
