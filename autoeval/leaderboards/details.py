"""What the preferences behind a board tell beyond its rows: subsets, and which models differ.

They are computed from the stored preferences, or read from a JSON file beside a board whose preferences are
not ours to ship.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import IO, Any

import numpy as np

from autoeval.data.loading import describe
from autoeval.errors import UsageError
from autoeval.leaderboards.preferences import Preference, path_beside, read_preferences
from autoeval.metrics.estimates import WinRate
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.win_rate import win_rate

SIGNIFICANT = 0.05
_DIGITS = 6
_LARGEST = 1e15
_COMPARED = ("difference", "n", "p", "p_holm")


@dataclass(frozen=True)
class SubsetRate:
    """A model's win rate on one subset with its 95% interval, in percent, and how many pairs were judged."""

    win_rate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """Two models on the same instructions.

    `difference` is the first one's win rate minus the second one's, in points; `p` is the two-sided p-value of
    the paired t-test, `p_holm` the same adjusted over every pair of models of the board.
    """

    difference: float
    n: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class Details:
    """`subsets` has a model's rates by subset, `comparisons` is by two models in the order of the preferences."""

    subsets: Mapping[str, Mapping[str, SubsetRate]]
    comparisons: Mapping[tuple[str, str], Comparison]

    def comparison(self, one: str, other: str) -> Comparison | None:
        """Return how `one` compares with `other`, whichever was first; None where it is not known."""
        found = self.comparisons.get((one, other))
        if found:
            return found
        turned = self.comparisons.get((other, one))
        return Comparison(-turned.difference, turned.n, turned.p, turned.p_holm) if turned else None

    def rank_interval(self, model: str, models: Sequence[str]) -> tuple[int, int] | None:
        """Return the ranks that a model can have with 95% confidence, simultaneously for all models.

        It is behind those that are significantly better and before those that are significantly worse (Mogstad,
        Romano, Shaikh and Wilhelm 2024), with Holm's adjustment. None where a comparison is not known.
        """
        others = [self.comparison(model, other) for other in models if other != model]
        known = [other for other in others if other]
        if len(known) < len(others):
            return None
        significant = [other.difference for other in known if other.p_holm < SIGNIFICANT]
        n_better = sum(difference < 0 for difference in significant)
        n_worse = sum(difference > 0 for difference in significant)
        return 1 + n_better, len(models) - n_worse


def details_path(board: Path) -> Path:
    """Return where the details of a board lie whose preferences are not shipped."""
    return board.with_name(f"{board.stem}.details.json")


def board_details(board: Path) -> Details:
    """Return a board's details from its preferences, or else from the file beside it; without either, none."""
    preferences = read_preferences(path_beside(board))
    if preferences:
        return compute_details(preferences)
    path = details_path(board)
    return read_details(path) if path.exists() else Details({}, {})


def compute_details(preferences: Mapping[str, Sequence[Preference]]) -> Details:
    """Compute the details of models from the preferences of each."""
    subsets = {model: _by_subset(rows) for model, rows in preferences.items()}
    return Details(subsets, _comparisons(preferences))


def read_details(path: Path) -> Details:
    """Read what `write_details` wrote.

    Raises:
        UsageError: it is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        subsets = {
            model: {subset: SubsetRate(**_figures(rate)) for subset, rate in rates.items()}
            for model, rates in data["subsets"].items()
        }
        comparisons = {
            (str(one), str(other)): Comparison(**_figures(dict(zip(_COMPARED, figures, strict=True))))
            for one, other, *figures in data["comparisons"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} does not hold a board's details: {error}.") from None
    return Details(subsets, comparisons)


def _figures(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return figures, having checked that each is a finite number, and n a whole one."""
    for name, value in fields.items():
        is_number = isinstance(value, int if name == "n" else int | float) and not isinstance(value, bool)
        if not is_number or not abs(value) < _LARGEST:
            raise ValueError(f"{name} is {describe(value)}, not a number")
    return fields


def write_details(file: IO[str], details: Details, source: str) -> None:
    """Write details as JSON, one comparison a line, saying where the preferences came from."""
    comparisons = [
        [
            one,
            other,
            round(c.difference, _DIGITS),
            c.n,
            _significant_digits(c.p),
            _significant_digits(c.p_holm),
        ]
        for (one, other), c in details.comparisons.items()
    ]
    subsets = {
        model: {subset: _rounded(rate) for subset, rate in rates.items()}
        for model, rates in details.subsets.items()
    }
    subset_lines = ",\n".join(
        f"  {json.dumps(model)}: {json.dumps(rates)}" for model, rates in subsets.items()
    )
    lines = ",\n".join(f"  {json.dumps(row)}" for row in comparisons)
    file.write(f'{{"source": {json.dumps(source)},\n"subsets": {{\n{subset_lines}\n}},\n')
    file.write(f'"comparisons": [\n{lines}\n]}}\n')


def _rounded(rate: SubsetRate) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in asdict(rate).items()}


def _significant_digits(p: float) -> float:
    return float(f"{p:.4g}")


def _by_subset(rows: Sequence[Preference]) -> dict[str, SubsetRate]:
    groups: dict[str, list[Preference]] = {}
    for row in rows:
        groups.setdefault(row.subset, []).append(row)
    rates = {subset: _rate(group) for subset, group in groups.items() if subset}
    return {
        subset: SubsetRate(rate.win_rate, rate.low, rate.high, rate.n_total) for subset, rate in rates.items()
    }


def _rate(rows: Sequence[Preference]) -> WinRate:
    values = np.array([np.nan if row.preference is None else row.preference for row in rows])
    return win_rate(values, weights=[row.weight for row in rows] if _is_weighted(rows) else None)


def _is_weighted(rows: Iterable[Preference]) -> bool:
    return any(row.weight != 1 for row in rows)


def _comparisons(preferences: Mapping[str, Sequence[Preference]]) -> dict[tuple[str, str], Comparison]:
    from autoeval.analysis.significance import holm, t_test

    pairs = list(combinations(preferences, 2))
    if not pairs:
        return {}
    scores = _scores(preferences)
    first, second = np.triu_indices(len(preferences), 1)
    differences = scores[:, first] - scores[:, second]
    judged = ~np.isnan(differences)
    n = judged.sum(axis=0)
    means = np.where(judged, differences, 0).sum(axis=0) / np.maximum(n, 1)
    p = t_test(differences)
    columns = zip(pairs, means, n, p, holm(p), strict=True)
    return {
        pair: Comparison(100 * float(mean), int(count), float(value), float(adjusted))
        for pair, mean, count, value, adjusted in columns
    }


def _scores(preferences: Mapping[str, Sequence[Preference]]) -> Floats:
    """Return mean scores, instructions by models; NaN where a model has none.

    Where some pairs count more than once, the scores are the linearised ones, whose mean is the weighted win rate.
    """
    instructions: dict[str, int] = {}
    for rows in preferences.values():
        for row in rows:
            instructions.setdefault(row.instruction, len(instructions))
    totals, counts = np.zeros((2, len(instructions), len(preferences)))
    for column, rows in enumerate(preferences.values()):
        judged = [row for row in rows if row.preference is not None]
        at = [instructions[row.instruction] for row in judged]
        if _is_weighted(judged):
            shares = np.array([(row.preference or 0) - 1 for row in judged])
            observed = Observations.of(shares, at, [row.weight for row in judged])
            places = list(dict.fromkeys(at))
            totals[places, column], counts[places, column] = observed.linearised, 1
            continue
        np.add.at(totals[:, column], at, [row.preference - 1 for row in judged])  # type: ignore[operator]
        np.add.at(counts[:, column], at, 1)
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, totals / counts, np.nan)
