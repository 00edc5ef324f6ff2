"""The journey that lists judges by their anchors: when each was asked first and last, and whether it has changed."""

from dataclasses import dataclass
from pathlib import Path

from autoeval.analysis.drift import Drift
from autoeval.completions.ask import Display
from autoeval.errors import UsageError
from autoeval.leaderboards import boards
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell, Column, ColumnType
from autoeval.runs.anchor_set import AnchorSet, anchors_folder, load_anchors

_COLUMNS = (
    Column("fingerprint", ColumnType.TEXT),
    Column("models", ColumnType.TEXT),
    Column("n_pairs", ColumnType.COUNT),
    Column("first_asked", ColumnType.TEXT),
    Column("last_asked", ColumnType.TEXT),
    Column("n_asked", ColumnType.COUNT),
    Column("n_compared", ColumnType.COUNT),
    Column("n_changed", ColumnType.NUMBER),
    Column("n_noise", ColumnType.NUMBER),
    Column("shift", ColumnType.NUMBER),
    Column("low", ColumnType.NUMBER),
    Column("high", ColumnType.NUMBER),
    Column("p_value", ColumnType.NUMBER),
)


@dataclass(frozen=True)
class Dates:
    """Since when a judge has anchors and what has become of it; `drift` is None where it was asked on one day only."""

    anchors: AnchorSet
    drift: Drift | None

    def row(self) -> dict[str, Cell]:
        """Return its row of the board; `n_changed` and `n_noise` are of the `n_compared` pairs."""
        first, last = self.anchors.done[0], self.anchors.done[-1]
        row: dict[str, Cell] = {
            "fingerprint": self.anchors.fingerprint,
            "models": ", ".join(last.models),
            "n_pairs": len(self.anchors.pairs),
            "first_asked": first.day,
            "last_asked": last.day,
            "n_asked": len(self.anchors.done),
        }
        found = self.drift
        return row | (
            {}
            if found is None
            else {
                "n_compared": found.n_pairs,
                "n_changed": found.n_changed,
                "n_noise": found.n_noise,
                "shift": found.shift,
                "low": found.low,
                "high": found.high,
                "p_value": found.p_value,
            }
        )


@dataclass(frozen=True)
class JudgesDates:
    """All judges with anchors, by name; `path` is the CSV file, None where none was wanted."""

    dates: tuple[Dates, ...]
    folder: Path
    path: Path | None

    @property
    def board(self) -> Board:
        """A row a judge, in the order of first_asked; one whose name others have too is told by its fingerprint."""
        names = [one.anchors.judge for one in self.dates]
        rows = {
            name if names.count(name) == 1 else f"{name} ({one.anchors.fingerprint})": one.row()
            for name, one in zip(names, self.dates, strict=True)
        }
        return Board(rows, _COLUMNS)


def anchors(
    anchors_path: str | Path = "auto",
    output_path: str | Path | None = None,
    *,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> JudgesDates:
    """List the judges that have anchors: when each was asked first and last, what has changed, and whether by chance.

    Nobody is asked. A verdict that has changed may be the judge's own noise: p says how likely a judge that is the
    same would show as much.

    Args:
        anchors_path: The folder with the anchors. `auto`: in the user's data folder.
        output_path: Write the board to this CSV file too.
        display: Has no effect.

    Returns:
        The judges, in the order in which they were first asked.

    Raises:
        UsageError: the folder is none, a file in it holds no anchors, or the CSV file cannot be written.
    """
    folder = anchors_folder(anchors_path)
    if anchors_path != "auto" and not folder.is_dir():
        raise UsageError(f"--anchors_path: {folder} is no folder.")
    found = [load_anchors(path) for path in sorted(folder.glob("*.json"))]
    kept = [one for one in found if one is not None and one.done]
    dates = [Dates(one, one.drift()) for one in kept]
    dates.sort(key=lambda one: (one.anchors.done[0].number, one.anchors.judge))
    result = JudgesDates(tuple(dates), folder, None if output_path is None else Path(output_path))
    if result.path is not None:
        boards.save_board(result.board, result.path)
    return result
