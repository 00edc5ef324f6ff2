"""Measure how often the embedded judges agree with people and with GPT-4 on pairs that none was fitted on.

    python -m benchmarks.measure_offline_judge

Agreement is the share of pairs on which a judge takes the recorded side (a tie of the judge counts half;
recorded ties are left out, since there is no side to take). Standard errors are clustered by instruction,
because the pairs of one instruction are not independent.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from autoeval.annotators.builtin import longest, offline
from benchmarks.judge_data import GPT4_SOURCES, HUMAN_SOURCE, Judged, held_out_pairs

_JUDGES = {"offline": offline, "longest": longest}
JUDGES = tuple(_JUDGES)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement with one source, in percent, with its standard error; `gain` is offline's over longest's."""

    source: str
    pairs: int
    instructions: int
    models: int
    offline: tuple[float, float]
    longest: tuple[float, float]
    gain: tuple[float, float]


def agreement(source: str) -> Agreement:
    """Measure both judges on the held-out pairs of one source."""
    pairs = held_out_pairs(source)
    scores = {judge: [_agrees(judge, pair) for pair in pairs] for judge in JUDGES}
    instructions = [pair.instruction for pair in pairs]
    gains = [a - b for a, b in zip(scores["offline"], scores["longest"], strict=True)]
    return Agreement(
        source=source,
        pairs=len(pairs),
        instructions=len(set(instructions)),
        models=len({name for pair in pairs for name in pair.model.split(" v ")}),
        offline=_percent(scores["offline"], instructions),
        longest=_percent(scores["longest"], instructions),
        gain=_percent(gains, instructions),
    )


def rank_correlation(source: str) -> tuple[int, dict[str, float]]:
    """Compare the order of held-out models by win rate with GPT-4's, on held-out instructions.

    Returns:
        How many models, and Spearman's rank correlation of each judge.
    """
    from scipy.stats import spearmanr

    by_model: dict[str, list[Judged]] = defaultdict(list)
    for pair in held_out_pairs(source):
        by_model[pair.model].append(pair)
    recorded = [_mean([pair.preference for pair in pairs]) for pairs in by_model.values()]
    return len(by_model), {
        judge: float(
            spearmanr(
                recorded, [_mean([_preference(judge, p) for p in pairs]) for pairs in by_model.values()]
            )[0]
        )
        for judge in JUDGES
    }


def _preference(judge: str, pair: Judged) -> float:
    return _JUDGES[judge](pair.instruction, pair.output_1, pair.output_2)


def _agrees(judge: str, pair: Judged) -> float:
    preference = _preference(judge, pair)
    return 0.5 if preference == 1.5 else float((preference > 1.5) == (pair.preference > 1.5))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _percent(values: Sequence[float], clusters: Sequence[str]) -> tuple[float, float]:
    """Return the mean and its cluster-robust standard error, times 100."""
    mean = _mean(values)
    sums: dict[str, float] = defaultdict(float)
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] += value - mean
    n = len(sums)
    error = math.sqrt(n / (n - 1) * math.fsum(s * s for s in sums.values())) / len(values)
    return 100 * mean, 100 * error


def main() -> None:
    print("Agreement in percent (standard error) on instructions and models that were not fitted on\n")
    print(f"{'':15}{'pairs':>7}{'instr.':>8}{'models':>8}{'offline':>15}{'longest':>15}{'gain':>15}")
    for source in (HUMAN_SOURCE, *GPT4_SOURCES):
        row = agreement(source)
        figures = "".join(
            f"{f'{mean:.1f} ({se:.1f})':>15}" for mean, se in (row.offline, row.longest, row.gain)
        )
        print(f"{source:15}{row.pairs:>7,}{row.instructions:>8}{row.models:>8}{figures}")
    n, correlations = rank_correlation("alpaca_eval_1")
    figures = ", ".join(f"{judge} {value:.2f}" for judge, value in correlations.items())
    print(f"\nSpearman's rank correlation with GPT-4's win rates ({n} models of alpaca_eval_1): {figures}")


if __name__ == "__main__":
    main()
