"""Two finished runs, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoeval.annotators.builtin import SAMPLING_ONLY
from autoeval.checks import check_number
from autoeval.errors import UsageError
from autoeval.runs.finished import Run, load_run

if TYPE_CHECKING:
    import pandas as pd

    from autoeval.analysis.comparison import PairedTests


@dataclass(frozen=True)
class Contrast:
    """An instruction on which two runs differ; `a` and `b` are their mean preferences, `difference` is a − b."""

    instruction: str
    a: float
    b: float

    @property
    def difference(self) -> float:
        """How much better the first run did, from −1 to 1."""
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

    Args:
        run_a: The first run's folder, or its annotations.json.
        run_b: The second one's.
        n_pairs: How many of the instructions to name on which they differ most.
        seed: Of the permutation test.

    Returns:
        The difference of the win rates (A minus B), its interval and tests, and the contrasts.

    Raises:
        UsageError: there is no such run, the references differ, or no instruction is shared.
    """
    check_number("n_pairs", n_pairs, 0, whole=True)
    a, b = load_run(run_a), load_run(run_b)
    if a.reference != b.reference:
        raise UsageError(
            f"the runs do not compare: {a.path} is against {a.reference!r}, {b.path} against {b.reference!r}."
        )
    from autoeval.analysis.comparison import paired_tests

    contrasts = _contrasts(a, b)
    if not contrasts:
        raise UsageError(f"the runs share no judged instruction: {a.path} and {b.path}.")
    tests = paired_tests(_table(a), _table(b), seed=seed)
    return RunComparison(a, b, tests, contrasts[:n_pairs], _caution(a, b))


def _table(run: Run) -> "pd.DataFrame":
    import pandas as pd

    rows = [(each.case.instruction, each.value) for each in run.annotations]
    table = pd.DataFrame(rows, columns=["instruction", "preference"])
    return table.assign(generator_1=run.reference, generator_2=run.model)


def _contrasts(a: Run, b: Run) -> list[Contrast]:
    """Return every shared instruction, the largest difference first; equal ones in the order of the first run."""
    means_a, means_b = _means(a), _means(b)
    shared = [
        Contrast(instruction, mean, means_b[instruction])
        for instruction, mean in means_a.items()
        if instruction in means_b
    ]
    return sorted(shared, key=lambda contrast: -abs(contrast.difference))


def _means(run: Run) -> dict[str, float]:
    by_instruction: dict[str, list[float]] = {}
    for each in run.annotations:
        if each.value is not None:
            by_instruction.setdefault(each.case.instruction, []).append(each.value)
    return {instruction: sum(found) / len(found) for instruction, found in by_instruction.items()}


def _caution(a: Run, b: Run) -> str | None:
    if a.judge != b.judge:
        return f"different judges: {a.judge} and {b.judge}"
    if a.fingerprint and b.fingerprint and a.fingerprint != b.fingerprint:
        return f"the judge changed between the runs (fingerprints {a.fingerprint} and {b.fingerprint})"
    return None
