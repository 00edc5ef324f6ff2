"""A finished run as what it measures, whatever kind it is of: quantities by name."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from autoeval.data.annotations import is_of_one_output, of_one_model, read_annotations, read_score
from autoeval.data.loading import Row, describe, read_rows
from autoeval.data.scored_rows import check_scored
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.aspects import Aspects
from autoeval.leaderboards.counts import Counts
from autoeval.leaderboards.grades import Grades
from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.table import read_board
from autoeval.leaderboards.tally import Tally
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.quantities import SHARES, Quantity, by_subset, categories_of, of_grades, quantities
from autoeval.runs.run_json import RUN_NAME, aspects_of, judges_of, part, scale_of, told_beside
from autoeval.runs.saving import BOARD_NAME
from autoeval.types import Annotation, Scale

LENGTH_CONTROLLED = "length_controlled_winrate"
WIN_RATE = "win_rate"
_KEPT = ("instruction", "dataset", "task_id", "refusal", "is_safe", "others", "observations", "parts")
"""What of a checked answer its quantities are computed from, besides the score."""


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
        quantities: by name, the headline first.
        coverage: the share that has a verdict or score.
        subsets: the headline of each subset or category, where there are several.
        failures: why verdicts or scores are missing.
        counts: everything that was counted.
    """

    path: Path
    model: str
    annotator: str
    reference: str
    quantities: Mapping[str, Quantity | Adjusted]
    coverage: float
    subsets: Mapping[str, Quantity] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    counts: Counts = field(default_factory=Counts, repr=False)

    @property
    def name(self) -> str:
        """What the headline is called: `win_rate`, `score`, `refusal`, …."""
        return next(iter(self.quantities))

    @property
    def title(self) -> str:
        """What people call the headline."""
        return self.name.replace("_", " ")

    @property
    def headline(self) -> Quantity:
        """The quantity that the run comes to."""
        found = self.quantities[self.name]
        assert isinstance(found, Quantity)  # what is adjusted stands behind what it adjusts
        return found

    @property
    def plain(self) -> dict[str, Quantity]:
        """The quantities that are means of observations."""
        return {name: one for name, one in self.quantities.items() if isinstance(one, Quantity)}

    @property
    def turns(self) -> tuple[str, ...]:
        """The turns of its conversations among the quantities."""
        counts = self.counts
        return tuple(counts.by_turn()) if isinstance(counts, Grades) else ()

    def quantity(self, name: str) -> Quantity | Adjusted:
        """Return a quantity.

        Raises:
            UsageError: the run measures no such thing.
        """
        if name not in self.quantities:
            raise UsageError(f"the run {self.path} has no {name!r}. {nearest(name, self.quantities)}")
        return self.quantities[name]


def measure(run: str | Path) -> Measured:
    """Read a run as a gate takes it: of evaluate, check or refusal; of scores, run.json has to say their scale.

    Raises:
        UsageError: there is none, a row is wrong (the message names file and row), or nothing tells the scale.
    """
    path = find_annotations(run)
    rows = list(read_rows(path, "run"))
    if is_of_one_output(rows[0]):
        _require_scale(path, rows)
    return measured(path, rows)


def measured(path: Path, rows: Iterable[Row]) -> Measured:
    """Return what the rows of a run measure; each is read once, and of its texts nothing is kept.

    Args:
        path: its annotations, beside which run.json tells the judge's scale.
        rows: of the annotations, all of one model.

    Raises:
        UsageError: a row or run.json is wrong; the message names file and row.
    """
    every = iter(rows)
    first = next(every)
    is_scored = is_of_one_output(first)
    return (_of_scores if is_scored else _of_pairs)(path, chain([first], every))


@dataclass
class _Names:
    """Who is in the rows of a run, noted as they pass by."""

    models: dict[str, None] = field(default_factory=dict)
    references: dict[str, None] = field(default_factory=dict)
    annotators: dict[str, None] = field(default_factory=dict)

    def noted(self, annotations: Iterable[Annotation]) -> Iterator[Annotation]:
        for each in annotations:
            self.models[each.case.generator] = None
            self.references[each.case.outputs[0].generator if len(each.case.outputs) > 1 else ""] = None
            self.annotators[each.annotator or "unknown"] = None
            yield each

    def model(self, path: Path) -> str:
        """Return who was evaluated."""
        return next(iter(self.models)) or path.parent.name

    def measured(
        self,
        path: Path,
        quantities_by_name: Mapping[str, Quantity | Adjusted],
        subsets: Mapping[str, Quantity],
        counts: Counts,
    ) -> Measured:
        """Put together what a run measures."""
        return Measured(
            path=path,
            model=self.model(path),
            annotator=", ".join(self.annotators),
            reference=", ".join(self.references),
            quantities=quantities_by_name,
            coverage=counts.coverage,
            subsets=subsets,
            failures=counts.failures,
            counts=counts,
        )


def _of_pairs(path: Path, rows: Iterable[Row]) -> Measured:
    tally, names = Tally(), _Names()
    for _ in tally.counted(names.noted(read_annotations(of_one_model(rows)))):
        pass
    stored = list(tally.stored())
    subsets: dict[str, list[Preference]] = {}
    for one in stored:
        subsets.setdefault(one.subset or "(none)", []).append(one)
    return names.measured(
        path,
        {WIN_RATE: _rate(stored), **_adjusted(path.with_name(BOARD_NAME), names.model(path), len(stored))},
        {name: _rate(members) for name, members in subsets.items()} if len(subsets) > 1 else {},
        tally,
    )


def _rate(preferences: Sequence[Preference]) -> Quantity:
    values = [math.nan if one.preference is None else one.preference - 1 for one in preferences]
    weights = [one.weight for one in preferences]
    is_weighted = any(weight != 1 for weight in weights)
    return Quantity(
        values, [one.instruction for one in preferences], weights=weights if is_weighted else None
    )


def _of_scores(path: Path, rows: Iterable[Row]) -> Measured:
    kept: list[dict[str, Any]] = []
    scale, names = _scale_beside(path), _Names()
    grades = Grades(scale=scale, aspects=Aspects(scale, aspects_of(told_beside(path))))
    rows = of_one_model(_kept(rows, kept, scale == SHARES), compares=False)
    for _ in grades.counted(names.noted(read_annotations(rows))):
        pass
    _check(path, grades)
    found, subsets = (
        (quantities(kept), by_subset(kept))
        if grades.scale == SHARES
        else (of_grades(grades), categories_of(grades))
    )
    return names.measured(path, found, subsets, grades)


def _kept(rows: Iterable[Row], kept: list[dict[str, Any]], are_shares: bool) -> Iterator[Row]:
    """Pass rows on, and keep of each what its quantities are computed from, of shares where it is right."""
    for row in rows:
        if are_shares:
            check_scored(row)
        kept.append(
            {"score": read_score(row)} | {name: row.fields[name] for name in _KEPT if name in row.fields}
        )
        yield row


def _scale_beside(path: Path) -> Scale:
    """Return the scale that run.json tells: shares of a check, which has no judges; unbounded where nothing does."""
    told = told_beside(path)
    if part(told, "annotator") and not judges_of(told):
        return SHARES
    return next((scale for judge in judges_of(told) if (scale := scale_of(judge))), Scale())


def _check(path: Path, grades: Grades) -> None:
    for (_, turn), several in grades.values.items():
        for score in several:
            if score is not None and not grades.scale.holds(score):
                of_turn = f" of {turn}" if turn else ""
                raise UsageError(
                    f"{path}: a score{of_turn} is {score:g}, and the judge's scale is {grades.scale}. "
                    "Remove the row, or correct run.json."
                )


def _require_scale(path: Path, rows: Iterable[Row]) -> None:
    """Refuse scores whose scale nothing tells, or that lie off it: no score shows whether a 1 is all or the least.

    Raises:
        UsageError: naming the judge, or the row.
    """
    annotator = part(told_beside(path), "annotator")
    if not annotator:
        raise UsageError(
            f"{path} has scores, and no {RUN_NAME} beside it says on which scale. Keep the two files together."
        )
    judges = annotator.get("judges")  # a check has none, and its scores are shares
    scales = [_required_scale(judge, path) for judge in judges] if isinstance(judges, list) else []
    if len(set(scales)) > 1:
        raise UsageError(f"{path} is judged on several scales: {', '.join(map(str, scales))}.")
    scale = scales[0] if scales else SHARES
    for row in rows:
        score = read_score(row)
        if score is not None and not scale.holds(score):
            raise UsageError(
                f"{row.where}: `score` is {score:g}, and {RUN_NAME} says that its scale goes {scale}."
            )


def _required_scale(judge: Any, path: Path) -> Scale:
    scale = scale_of(judge) if isinstance(judge, Mapping) else None
    if scale is None:
        name = judge.get("name") if isinstance(judge, Mapping) else describe(judge)
        raise UsageError(f"{path}: {RUN_NAME} does not say on which scale {name} judges.")
    return scale


def _adjusted(path: Path, model: str, n: int) -> dict[str, Adjusted]:
    """Return what stands on the run's own board and is no plain mean."""
    row = read_board(path).rows.get(model, {}) if path.is_file() else {}
    value, error = row.get(LENGTH_CONTROLLED), row.get("lc_standard_error")
    if isinstance(value, int | float) and isinstance(error, int | float):
        return {LENGTH_CONTROLLED: Adjusted(float(value), float(error), n)}
    return {}
