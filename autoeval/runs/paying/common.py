"""One common sample of instructions for several models: what they differ by is then seen on the same pairs."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import Annotator
from autoeval.checks import check_number
from autoeval.data.pairing import Pairs
from autoeval.errors import UsageError
from autoeval.metrics.columns import Cell
from autoeval.metrics.instructions import instruction_key
from autoeval.runs.judging import Judged
from autoeval.runs.paying.choosing import FEWEST_PAID
from autoeval.runs.paying.deciding import Deciding
from autoeval.runs.paying.paid import Paid
from autoeval.runs.paying.predicting import prediction_of
from autoeval.runs.paying.sample import Drawn, SomePairs, mean_length, samplable, save_paid
from autoeval.types import Case

COMMON = "the same random sample for all models"


def check_paying(n_paid: Any, *, until_decided: bool, is_check: bool, is_shard: bool) -> None:
    """Check the parameters that ask for some of the pairs.

    Raises:
        UsageError: one is out of range, both are given, a board is only to be checked, or what is asked in parts
            depends on other replies.
    """
    check_number("n_paid", n_paid, FEWEST_PAID, whole=True)
    given = "n_paid" if n_paid is not None else "until_decided"
    if until_decided and n_paid is not None:
        raise UsageError(
            "--until_decided asks until it is clear who is better, --n_paid so many pairs: give one of them."
        )
    if is_check and (until_decided or n_paid is not None):
        raise UsageError(f"--check judges all pairs: leave {given} out.")
    if is_shard and until_decided:
        raise UsageError(
            "--shard asks a part that is known beforehand; what --until_decided asks depends on the replies before. "
            "Leave it out."
        )


def common_sample(
    pairs: Mapping[str, Pairs], annotator: Annotator, n_paid: int | None, seed: int
) -> dict[str, Paid]:
    """Choose the same instructions for all models.

    Which ones depends on the seed and the instructions alone, so that a model that is added later is judged on the same
    ones, and a larger sample holds the smaller one.

    Args:
        pairs: of each model.
        annotator: the judge, whose history is looked for.
        n_paid: how many instructions; None for all.
        seed: of the draw.

    Returns:
        The sample of each model; none where all pairs are to be judged.

    Raises:
        UsageError: these pairs cannot be sampled.
    """
    import numpy as np

    from autoeval.metrics.sampling import Sample

    if n_paid is None:
        return {}
    everything = {name: samplable(pairs[name], annotator, "--n_paid") for name in pairs}
    places = {place_of(pair, seed) for of_model in everything.values() for pair in of_model}
    if len(places) <= max(n_paid, FEWEST_PAID):
        return {}
    last = sorted(places)[n_paid - 1]
    chosen = {}
    for name, of_model in everything.items():
        ranks = [place_of(pair, seed) for pair in of_model]
        order = sorted(range(len(ranks)), key=ranks.__getitem__)
        n = sum(rank <= last for rank in ranks)
        found = prediction_of(of_model, annotator)
        sample = Sample(np.ones(len(order)), np.array(order, dtype=np.intp))
        subsets = tuple(pair.dataset or "" for pair in of_model)
        some = SomePairs(pairs[name], sorted(order[:n]))
        drawn = Drawn(sample, found.shares, common_method(seed), found.reason)
        called = interval_name(annotator.name, annotator.provider)
        chosen[name] = Paid(some, drawn, n, subsets, mean_length(of_model), called)
    return chosen


def common_method(seed: int) -> str:
    """Say how a common sample was drawn, and by which seed where it is not the usual one: another draws others."""
    return f"{COMMON} (seed {seed})" if seed else COMMON


def is_enlarged(row: Mapping[str, Cell], n_paid: int | None, seed: int) -> bool:
    """Whether a row is of a smaller part of the common sample that is wanted; of any, where all pairs are wanted."""
    if n_paid is None:
        return str(row.get("method")).startswith(COMMON)
    return row.get("method") == common_method(seed) and float(row.get("n_paid") or 0) < n_paid


def expected(samples: Mapping[str, Paid | Deciding]) -> str:
    """Say before asking what a common sample will probably tell; nothing where there is none."""
    paid = [sample for sample in samples.values() if isinstance(sample, Paid)]
    if not paid:
        return ""
    halves = sorted(sample.expected_half_width for sample in paid)
    ends = dict.fromkeys(f"±{half:.1f}" for half in (halves[0], halves[-1]))
    n, count = max((sample.n, len(sample.drawn.predicted)) for sample in paid)
    return (
        f"{n} of {count} pairs of each model, {paid[0].method}; expect win rates on these instructions within about "
        f"{' to '.join(ends)} points"
    )


def save_samples(
    samples: Mapping[str, Paid | Deciding], judged: Sequence[Judged], folders: Sequence[Path] | None
) -> None:
    """Write the annotations of each model's sample into its folder, under a name that no full run has.

    Raises:
        UsageError: a file cannot be written.
    """
    for one, folder in zip(judged, folders or (), strict=bool(folders)):
        if samples:
            save_paid(one.rows or (), folder)


def place_of(pair: Case, seed: int) -> str:
    """Where an instruction stands in the random order of all there could be."""
    return sha256(f"{seed} {instruction_key(pair.instruction)}".encode()).hexdigest()
