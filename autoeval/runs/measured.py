"""A finished run as what it measures, whatever kind it is of: quantities by name, to be held against rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.annotations import of_one_model, read_preference
from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_instruction, read_label
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.table import read_board
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.quantities import Quantity, quantities
from autoeval.runs.run_json import RUN_NAME, part, told_beside
from autoeval.runs.saving import BOARD_NAME

LENGTH_CONTROLLED = "length_controlled_winrate"


@dataclass(frozen=True)
class Adjusted:
    """A quantity that is no mean of observations: its value and the error of it, in percent, and of how many."""

    value: float
    standard_error: float
    n: int


@dataclass(frozen=True)
class Measured:
    """What a run measures.

    Attributes:
        path: its annotations.
        model: who was evaluated.
        annotator: who judged, or what checked.
        reference: what it was compared with; empty where each output stands alone.
        quantities: by name.
        coverage: the share that has a verdict or score.
    """

    path: Path
    model: str
    annotator: str
    reference: str
    quantities: Mapping[str, Quantity | Adjusted]
    coverage: float

    def quantity(self, name: str) -> Quantity | Adjusted:
        """Return a quantity.

        Raises:
            UsageError: the run measures no such thing.
        """
        if name not in self.quantities:
            raise UsageError(f"the run {self.path} has no {name!r}. {nearest(name, self.quantities)}")
        return self.quantities[name]


def measure(run: str | Path) -> Measured:
    """Read a run of evaluate, check or refusal.

    Raises:
        UsageError: there is none, or a row is wrong; the message names file and row.
    """
    path = find_annotations(run)
    rows = list(read_rows(path, "run"))
    return _of_pairs(path, rows) if "preference" in rows[0].fields else _of_scores(path, rows)


def _of_pairs(path: Path, rows: list[Row]) -> Measured:
    values, clusters = [], []
    for row in of_one_model(rows):
        preference = read_preference(row)
        values.append(float("nan") if preference is None else preference - 1)
        clusters.append(read_instruction(row))
    rate = Quantity(values, clusters)
    model = read_label(rows[0], "generator_2") or path.parent.name
    found: dict[str, Quantity | Adjusted] = {
        "win_rate": rate,
        **_adjusted(path.with_name(BOARD_NAME), model, len(rows)),
    }
    references = dict.fromkeys(read_label(row, "generator_1") or "" for row in rows)
    return Measured(
        path, model, _annotators(rows), ", ".join(references), found, 1 - rate.n_missing / len(rows)
    )


def _of_scores(path: Path, rows: list[Row]) -> Measured:
    _refuse_other_scales(path)
    checked = [_scored(row) for row in rows]
    names = dict.fromkeys(read_label(row, "generator") or "" for row in rows)
    if len(names) > 1:
        raise UsageError(f"{path} is of several models ({', '.join(names)}). A run is of one.")
    missing = sum(row["score"] is None for row in checked)
    coverage = 1 - missing / len(rows)
    return Measured(
        path, next(iter(names)) or path.parent.name, _annotators(rows), "", quantities(checked), coverage
    )


def _refuse_other_scales(path: Path) -> None:
    """Refuse a run whose scores are no shares, also where none of them shows it: a 1 of 10 would be 100%.

    Raises:
        UsageError: naming judge and scale, or saying that nothing tells the scale.
    """
    annotator = part(told_beside(path), "annotator")
    if not annotator:
        raise UsageError(
            f"{path} has scores, and no {RUN_NAME} beside it says on which scale. Keep the two files together: a gate "
            "takes scores from 0 to 1, as shares."
        )
    judges = annotator.get("judges")  # a check has none, and its scores are shares
    for judge in judges if isinstance(judges, list) else ():
        scale = judge.get("scale") if isinstance(judge, Mapping) else None
        if scale != [0, 1]:
            name = judge.get("name") if isinstance(judge, Mapping) else describe(judge)
            raise UsageError(
                f"{path} is judged by {name} on another scale ({scale}), and a gate takes scores from 0 to 1, as "
                "shares. It is not for grades or rewards."
            )


def _scored(row: Row) -> dict[str, Any]:
    fields = dict(row.fields)
    if "score" not in fields:
        raise UsageError(
            f"{row.where} has neither `preference` nor `score`. {nearest('score', map(str, fields))} Is it a run?"
        )
    read_instruction(row)
    if is_missing(fields["score"]):
        fields["score"] = None
    elif not isinstance(fields["score"], int | float) or isinstance(fields["score"], bool):
        raise UsageError(
            f"{row.where}: `score` is {describe(fields['score'])}; it should be a number or null."
        )
    if fields["score"] is not None and not 0 <= fields["score"] <= 1:
        raise UsageError(
            f"{row.where}: `score` is {fields['score']:g}, and a gate takes scores from 0 to 1, as shares. It is not "
            "for grades or rewards."
        )
    if not isinstance(fields.get("parts") or {}, Mapping):
        raise UsageError(f"{row.where}: `parts` is {describe(fields['parts'])}; it should be an object.")
    return fields


def _annotators(rows: Iterable[Row]) -> str:
    return ", ".join(dict.fromkeys(read_label(row, "annotator") or "unknown" for row in rows))


def _adjusted(path: Path, model: str, n: int) -> dict[str, Adjusted]:
    """Return what stands on the run's own board and is no plain mean."""
    row = read_board(path).rows.get(model, {}) if path.is_file() else {}
    value, error = row.get(LENGTH_CONTROLLED), row.get("lc_standard_error")
    if isinstance(value, int | float) and isinstance(error, int | float):
        return {LENGTH_CONTROLLED: Adjusted(float(value), float(error), n)}
    return {}
