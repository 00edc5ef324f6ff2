"""A finished run as what it measures, whatever kind it is of: quantities by name, to be held against rules."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.annotations import of_one_model, read_preference
from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_instruction, read_label
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.table import read_board
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.quantities import SHARES, Quantity, quantities
from autoeval.runs.run_json import RUN_NAME, part, told_beside
from autoeval.runs.saving import BOARD_NAME
from autoeval.types import Scale

_TURN = re.compile(r"turn_\d+")
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
        scale: of its scores.
    """

    path: Path
    model: str
    annotator: str
    reference: str
    quantities: Mapping[str, Quantity | Adjusted]
    coverage: float
    scale: Scale = SHARES

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
    scale, aspects = _told_scale(path)
    checked = [_scored(row, scale, aspects) for row in rows]
    names = dict.fromkeys(read_label(row, "generator") or "" for row in rows)
    if len(names) > 1:
        raise UsageError(f"{path} is of several models ({', '.join(names)}). A run is of one.")
    missing = sum(row["score"] is None for row in checked)
    coverage = 1 - missing / len(rows)
    model, found = next(iter(names)) or path.parent.name, quantities(checked, scale)
    return Measured(path, model, _annotators(rows), "", found, coverage, scale)


def _told_scale(path: Path) -> tuple[Scale, Collection[str]]:
    """Return on which scale a run's scores are, and which aspects were rated on it.

    No score shows it: a 1 is all of a share, and the least of 10. So run.json has to say.

    Raises:
        UsageError: nothing tells the scale, or there are several.
    """
    annotator = part(told_beside(path), "annotator")
    if not annotator:
        raise UsageError(
            f"{path} has scores, and no {RUN_NAME} beside it says on which scale. Keep the two files together."
        )
    judges = annotator.get("judges")  # a check has none, and its scores are shares
    if not isinstance(judges, list) or not judges:
        return SHARES, ()
    scales = [_scale_of(judge, path) for judge in judges]
    if len(set(scales)) > 1:
        raise UsageError(f"{path} is judged on several scales ({', '.join(map(str, scales))}).")
    listed = [judge.get("aspects") for judge in judges]
    return scales[0], {name for names in listed if isinstance(names, list) for name in names}


def _scale_of(judge: Any, path: Path) -> Scale:
    told = judge.get("scale") if isinstance(judge, Mapping) else None
    if (
        isinstance(told, list)
        and len(told) == 2
        and all(end is None or (isinstance(end, int | float) and not isinstance(end, bool)) for end in told)
        and (None in told or told[0] < told[1])
    ):
        return Scale(*told)
    name = judge.get("name") if isinstance(judge, Mapping) else describe(judge)
    raise UsageError(
        f"{path}: {RUN_NAME} does not say on which scale {name} judges (`scale` is {describe(told)})."
    )


def _scored(row: Row, scale: Scale, aspects: Collection[str]) -> dict[str, Any]:
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
    if fields["score"] is not None and not scale.holds(fields["score"]):
        raise UsageError(
            f"{row.where}: `score` is {fields['score']:g}, and {RUN_NAME} says that its scale goes {scale}."
        )
    parts = fields.get("parts") or {}
    if not isinstance(parts, Mapping):
        raise UsageError(f"{row.where}: `parts` is {describe(parts)}; it should be an object.")
    if scale != SHARES:  # other parts, such as classes, are on no scale of scores
        fields["parts"] = {
            name: value for name, value in parts.items() if name in aspects or _TURN.fullmatch(str(name))
        }
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
