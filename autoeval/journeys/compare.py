"""Two finished runs, question by question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoeval.annotators.builtin import SAMPLING_ONLY
from autoeval.checks import check_number
from autoeval.errors import UsageError
from autoeval.runs.finished import Run, load_run

if TYPE_CHECKING:
    from autoeval.analysis.comparison import PairedTests


@dataclass(frozen=True)
class Contrast:
    """An instruction on which two runs differ: `a` and `b` are their mean preferences or scores there."""

    instruction: str
    a: float
    b: float

    @property
    def difference(self) -> float:
        """How much better the first run did; of preferences and shares from −1 to 1."""
        return self.a - self.b


@dataclass(frozen=True)
class RunComparison:
    """Two runs on the same instructions: their difference with its tests, and where they differ most.

    `caution` says why the numbers may not compare; None where they do.
    """

    a: Run
    b: Run
    tests: "PairedTests"
    contrasts: Sequence[Contrast]
    caution: str | None

    @property
    def interval_name(self) -> str:
        """What the interval of the difference is called: where an embedded judge judged, it is of the sampling only."""
        names = (self.a.interval_name, self.b.interval_name)
        return SAMPLING_ONLY if SAMPLING_ONLY in names else names[0]


def compare(run_a: str, run_b: str, n_pairs: int = 10, seed: int = 0) -> RunComparison:
    """Compare two finished runs on the instructions that both were judged on.

    The turns of a conversation and the samples of a task rise and fall together: an instruction is one observation.

    Args:
        run_a: The first run's folder, or its annotations.json.
        run_b: The second one's.
        n_pairs: How many of the instructions to name on which they differ most.
        seed: Of the permutation test.

    Returns:
        The difference of the win rates or scores (A minus B), its interval and tests, and the contrasts.

    Raises:
        UsageError: there is no such run, the runs measure different things, or no instruction is shared.
    """
    check_number("n_pairs", n_pairs, 0, whole=True)
    a, b = load_run(run_a), load_run(run_b)
    _refuse_what_does_not_compare(a, b)
    from autoeval.analysis.comparison import paired_means

    one, other = a.measured.headline, b.measured.headline
    contrasts = _contrasts(a, b)
    if not contrasts:
        raise UsageError(f"the runs share no judged instruction: {a.path} and {b.path}.")
    means = one.means(), other.means()
    both = means[0].keys() & means[1].keys()
    tests = paired_means(one.compared(both), other.compared(both), one.unit, a.is_of_pairs, seed, means)
    return RunComparison(a, b, tests, contrasts[:n_pairs], _caution(a, b))


def _refuse_what_does_not_compare(a: Run, b: Run) -> None:
    if a.measured.name != b.measured.name:
        raise UsageError(
            f"the runs do not compare: {a.path} measures a {a.measured.title}, {b.path} a {b.measured.title}."
        )
    if a.reference != b.reference:
        raise UsageError(
            f"the runs do not compare: {a.path} is against {a.reference!r}, {b.path} against {b.reference!r}."
        )
    one, other = a.measured.headline.scale, b.measured.headline.scale
    if one != other:
        raise UsageError(
            f"the runs do not compare: {a.path} has scores {str(one) or 'without ends'}, {b.path} "
            f"{str(other) or 'without ends'}."
        )


def _contrasts(a: Run, b: Run) -> list[Contrast]:
    """Return every shared instruction, the largest difference first; equal ones in the order of the first run."""
    means_a, means_b = a.measured.headline.means(), b.measured.headline.means()
    texts, least = a.instructions(), 1.0 if a.is_of_pairs else 0.0  # a preference begins at 1
    shared = [
        Contrast(texts.get(name, str(name)), least + mean, least + means_b[name])
        for name, mean in means_a.items()
        if name in means_b
    ]
    return sorted(shared, key=lambda contrast: -abs(contrast.difference))


def _caution(a: Run, b: Run) -> str | None:
    if a.judge != b.judge:
        return f"different judges: {a.judge} and {b.judge}"
    if a.fingerprint and b.fingerprint and a.fingerprint != b.fingerprint:
        return f"the judge changed between the runs (fingerprints {a.fingerprint} and {b.fingerprint})"
    return None
