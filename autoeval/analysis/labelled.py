"""What a judge is worth on pairs with a right answer: how often it is right, and how far the order sways it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from autoeval.data.labelled import Format, Labelled, LabelledPair, RecordedJudge, Verdicts
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats, Observations
from autoeval.metrics.student import student_quantile

LEVEL = 0.95


@dataclass(frozen=True)
class Worth:
    """What a judge is worth on some pairs, each in percent; None where it was not asked so that this is known.

    Attributes:
        accuracy: how often it is right; no verdict is not right.
        accuracy_both: how often it is right in both orders.
        agreement: how often it says the same in both orders.
        first_shown: how often it prefers what is shown first.
    """

    accuracy: Estimate
    accuracy_both: Estimate | None = None
    agreement: Estimate | None = None
    first_shown: Estimate | None = None

    @property
    def statistics(self) -> dict[str, Estimate]:
        """Return those that are known, by name."""
        named = {
            "accuracy": self.accuracy,
            "accuracy_both": self.accuracy_both,
            "agreement": self.agreement,
            "first_shown": self.first_shown,
        }
        return {name: found for name, found in named.items() if found is not None}


@dataclass(frozen=True)
class JudgeWorth:
    """A judge's worth over all, by subset and by section.

    `shares` has how right it is on each pair, by key; `n_missing` counts pairs without a record of it, and
    `n_unparsed` those with an order in which it gave no verdict.
    """

    name: str
    whole: Worth
    subsets: Mapping[str, Worth]
    sections: Mapping[str, Worth]
    shares: Mapping[str, float]
    n_missing: int
    n_unparsed: int


@dataclass(frozen=True)
class Contrast:
    """Two judges on the same pairs: how much more often the better one is right, in points.

    `p_holm` is `p` adjusted over all contrasts.
    """

    better: str
    other: str
    difference: float
    low: float
    high: float
    n: int
    p: float
    p_holm: float = field(default=1.0)


def judge_worth(labelled: Labelled, form: Format, judge: RecordedJudge) -> JudgeWorth:
    """Say what a judge is worth.

    Args:
        labelled: the pairs.
        form: how their format counts.
        judge: what it said.
    """
    if judge.accuracies:
        return _of_accuracies(labelled, judge)
    covered = [pair for pair in labelled.pairs if pair.key in judge.verdicts]
    shares = {pair.key: _share(pair, judge.verdicts[pair.key], form) for pair in covered}
    subsets: dict[str, list[LabelledPair]] = {}
    for pair in covered:
        if pair.subset is not None:
            subsets.setdefault(pair.subset, []).append(pair)
    by_subset = {name: _worth(pairs, judge, shares) for name, pairs in subsets.items()}
    sections = _sections(labelled, by_subset)
    whole = _worth(covered, judge, shares)
    return JudgeWorth(
        name=judge.name,
        whole=_mean_of_sections(whole, sections) if sections else whole,
        subsets=by_subset,
        sections=sections,
        shares=shares,
        n_missing=len(labelled.pairs) - len(covered),
        n_unparsed=sum(
            any(verdict is None for _, verdict in judge.verdicts[pair.key].given) for pair in covered
        ),
    )


def contrasts(judges: Sequence[JudgeWorth], labelled: Labelled) -> list[Contrast]:
    """Compare every two judges on the pairs that both judged: a paired t test, instructions as observations."""
    instructions = {pair.key: pair.instruction for pair in labelled.pairs}
    found = []
    for one, other in combinations([judge for judge in judges if judge.shares], 2):
        keys = [key for key in one.shares if key in other.shares]
        if len({instructions[key] for key in keys}) > 1:
            found.append(_contrast(one, other, keys, [instructions[key] for key in keys]))
    order = sorted(range(len(found)), key=lambda i: found[i].p)
    adjusted, least = [0.0] * len(found), 0.0
    for place, i in enumerate(order):
        least = max(least, min(1.0, found[i].p * (len(found) - place)))
        adjusted[i] = least
    return [
        Contrast(c.better, c.other, c.difference, c.low, c.high, c.n, c.p, p)
        for c, p in zip(found, adjusted, strict=True)
    ]


def _contrast(
    one: JudgeWorth, other: JudgeWorth, keys: Sequence[str], instructions: Sequence[str]
) -> Contrast:
    from scipy.special import stdtr

    differences = np.array([one.shares[key] - other.shares[key] for key in keys])
    if differences.mean() < 0:
        one, other, differences = other, one, -differences
    observed = Observations.of(differences, instructions)
    mean, error = float(observed.mean), float(observed.standard_error)
    half = student_quantile(observed.n - 1, LEVEL) * error
    p = float(2 * stdtr(observed.n - 1, -mean / error)) if error > 0 else float(mean == 0)
    return Contrast(one.name, other.name, 100 * mean, 100 * (mean - half), 100 * (mean + half), len(keys), p)


def _side(preference: float) -> int:
    return int(np.sign(preference - 1.5))


def _right(pair: LabelledPair, preference: float | None, credit: float = 0.0) -> float:
    if preference is None:
        return 0.0
    if _side(preference) == _side(pair.label):
        return 1.0
    return credit if _side(preference) == 0 else 0.0


def _share(pair: LabelledPair, verdicts: Verdicts, form: Format) -> float:
    """Return how right a judge is on a pair, from 0 to 1."""
    said = [verdict for _, verdict in verdicts.given]
    if not form.is_accuracy_combined:
        return sum(_right(pair, verdict, form.credit_of_a_tie) for verdict in said) / len(said)
    votes = sum(_side(verdict) * _side(pair.label) for verdict in said if verdict is not None)
    return float(votes > 0)


def _worth(pairs: Sequence[LabelledPair], judge: RecordedJudge, shares: Mapping[str, float]) -> Worth:
    both = [pair for pair in pairs if len(judge.verdicts[pair.key].given) > 1]
    ordered = [(pair, _first_shown(judge.verdicts[pair.key])) for pair in pairs]
    swayed = [(pair, share) for pair, share in ordered if share is not None]
    return Worth(
        accuracy=_mean(pairs, lambda pair: shares[pair.key]),
        accuracy_both=_mean(both, lambda pair: _in_both(pair, judge.verdicts[pair.key])) if both else None,
        agreement=_mean(both, lambda pair: _agrees(judge.verdicts[pair.key])) if both else None,
        first_shown=_estimate([share for _, share in swayed], [pair for pair, _ in swayed])
        if swayed
        else None,
    )


def _mean(pairs: Sequence[LabelledPair], value: Callable[[LabelledPair], float]) -> Estimate:
    return _estimate([value(pair) for pair in pairs], pairs)


def _estimate(values: Sequence[float], pairs: Sequence[LabelledPair]) -> Estimate:
    return mean_interval(np.array(values), level=LEVEL, clusters=[pair.instruction for pair in pairs])


def _in_both(pair: LabelledPair, verdicts: Verdicts) -> float:
    return float(all(_right(pair, verdict) == 1 for _, verdict in verdicts.given))


def _agrees(verdicts: Verdicts) -> float:
    sides = {None if verdict is None else _side(verdict) for _, verdict in verdicts.given}
    return float(len(sides) == 1 and None not in sides)


def _first_shown(verdicts: Verdicts) -> float | None:
    """Return how often what was shown first was preferred, a tie being half; None where that is not known."""
    found = [
        (1 + (1 if is_switched else -1) * _side(verdict)) / 2
        for is_switched, verdict in verdicts.given
        if verdict is not None and is_switched is not None
    ]
    return sum(found) / len(found) if found else None


def _sections(labelled: Labelled, subsets: Mapping[str, Worth]) -> dict[str, Worth]:
    """Average the subsets of each section by weight; a subset that is not there has none."""
    found = {}
    for section, names in labelled.sections.items():
        present = [name for name in names if name in subsets]
        if present:
            weights = np.array([labelled.weights.get(name, subsets[name].accuracy.n) for name in present])
            found[section] = Worth(_weighted([subsets[name].accuracy for name in present], weights))
    return found


def _mean_of_sections(whole: Worth, sections: Mapping[str, Worth]) -> Worth:
    parts = [worth.accuracy for worth in sections.values()]
    return Worth(
        _weighted(parts, np.ones(len(parts))), whole.accuracy_both, whole.agreement, whole.first_shown
    )


def _weighted(parts: Sequence[Estimate], weights: Floats) -> Estimate:
    """Average independent estimates; the ends by recovering each one's variance (Zou and Donner 2008)."""
    share = weights / weights.sum()
    value = float(sum(w * part.value for w, part in zip(share, parts, strict=True)))

    def spread(ends: Sequence[float]) -> float:
        return float(np.sqrt(sum((w * end) ** 2 for w, end in zip(share, ends, strict=True))))

    return Estimate(
        value=value,
        standard_error=spread([part.standard_error for part in parts]),
        low=value - spread([part.value - part.low for part in parts]),
        high=value + spread([part.high - part.value for part in parts]),
        n=sum(part.n for part in parts),
    )


def _of_accuracies(labelled: Labelled, judge: RecordedJudge) -> JudgeWorth:
    """Make a judge's worth of its accuracies by subset, where nothing is known of its verdicts."""
    sizes: dict[str, int] = {}
    for pair in labelled.pairs:
        sizes[str(pair.subset)] = sizes.get(str(pair.subset), 0) + 1
    subsets = {
        name: Worth(_of_share(share, sizes.get(name) or int(labelled.weights.get(name, 0))))
        for name, share in judge.accuracies.items()
    }
    sections = _sections(labelled, subsets)
    parts = sections or subsets
    whole = Worth(_weighted([worth.accuracy for worth in parts.values()], np.ones(len(parts))))
    return JudgeWorth(judge.name, whole, subsets, sections, {}, 0, 0)


def _of_share(share: float, n: int) -> Estimate:
    """Return a share of n right answers with its interval: Student's t after two right and two wrong ones more."""
    around = (share * n + 2) / (n + 4)
    half = student_quantile(n + 3, LEVEL) * np.sqrt(around * (1 - around) / (n + 3))
    error = np.sqrt(share * (1 - share) / max(n - 1, 1))
    low, high = min(around - half, share), max(around + half, share)
    return Estimate(
        100 * share, 100 * float(error), 100 * max(float(low), 0.0), 100 * min(float(high), 1.0), n
    )
