"""What a run measures, as named lists of observations: of one run its estimates, of two their paired differences."""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.metrics.estimates import Estimate
from autoeval.metrics.pass_at_k import pass_at_k

_KS = (1, 10, 100)


@dataclass(frozen=True)
class Quantity:
    """A mean on [0, 1], given in percent: one value an observation.

    Attributes:
        values: NaN where missing; shape (n,).
        clusters: the question of each value; values of one question count as one observation.
    """

    values: Sequence[float]
    clusters: Sequence[Hashable]

    def estimate(self, level: float = 0.95) -> Estimate:
        """Return the mean with its interval (`t_plus4` by cluster), in percent."""
        from autoeval.metrics.intervals import mean_interval

        return mean_interval(self.values, level=level, clusters=self.clusters)

    @property
    def n_missing(self) -> int:
        """How many values are missing."""
        return sum(math.isnan(value) for value in self.values)


def quantities(rows: Iterable[Mapping[str, Any]]) -> dict[str, Quantity]:
    """Return what the rows of checked answers measure, the headline first.

    Args:
        rows: of annotations.json, with `score` and `parts`, and `task_id` where there is a task.
    """
    rows = list(rows)
    found: dict[str, Quantity] = {}
    if any("task_id" in row for row in rows):
        found |= _of_tasks(rows)
    found["score"] = Quantity([_number(row["score"]) for row in rows], [cluster(row) for row in rows])
    names = dict.fromkeys(name for row in rows for name in row.get("parts") or {})
    for name in names:
        observed = [(value, cluster(row)) for row in rows for value in _values(row, name)]
        found[name] = Quantity([value for value, _ in observed], [where for _, where in observed])
    return {"score": found.pop("score"), **found}


def cluster(row: Mapping[str, Any]) -> Hashable:
    """Return what tells a row's question from others."""
    return str(row["task_id"]) if row.get("task_id") is not None else str(row["instruction"])


def _of_tasks(rows: Sequence[Mapping[str, Any]]) -> dict[str, Quantity]:
    """Return pass@k for each k of which every task has as many answers."""
    by_task: dict[Hashable, list[float]] = defaultdict(list)
    for row in rows:
        score = _number(row["score"])
        if not math.isnan(score):
            by_task[cluster(row)].append(score)
    fewest = min(map(len, by_task.values()), default=0)
    return {
        f"pass@{k}": Quantity(
            [pass_at_k(len(scores), round(sum(scores)), k) for scores in by_task.values()], list(by_task)
        )
        for k in _KS
        if k <= fewest
    }


def _values(row: Mapping[str, Any], name: str) -> Sequence[float]:
    value = (row.get("parts") or {}).get(name)
    if isinstance(value, list | tuple):
        return [_number(one) for one in value]
    return [_number(value)]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def by_subset(rows: Iterable[Mapping[str, Any]]) -> dict[str, Estimate]:
    """Return the mean score of each subset; nothing where there are not several."""
    subsets: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        subsets[row.get("dataset") or ""].append(row)
    if len(subsets) < 2:
        return {}
    return {name or "(none)": quantities(part)["score"].estimate() for name, part in subsets.items()}
