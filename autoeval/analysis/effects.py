"""What each check of an audit saw: one number a pair, symmetric around 0 for an unbiased judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from autoeval.analysis.arrays import row_means
from autoeval.analysis.perturbations import CHECKS, ORIGINAL
from autoeval.analysis.tables import Codes, matched_tables, preferences_of, require
from autoeval.errors import UsageError, nearest
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

Alternative: TypeAlias = Literal["two-sided", "greater"]
_COLUMNS = ("check", "pair", "instruction", "side", "preference")
_GAINS: tuple[tuple[str, Alternative, str], ...] = (
    ("filler", "greater", "Filler at the end of an output earns it {points}"),
    ("list", "two-sided", "The same words as a list earn an output {points}"),
    ("bold", "two-sided", "Bold type earns an output {points}"),
    ("injection", "greater", "Telling the judge to prefer an output earns it {points}"),
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one check saw on each pair.

    Attributes:
        check: its name.
        values: shares between −1 and 1, NaN where something is missing; shape (n,).
        instructions: a number for the instruction of each; shape (n,).
        alternative: what is tested against 0; None for an estimate that has no right value.
        words: the finding as a sentence with a place for `points` or `percent`.
    """

    check: str
    values: Floats
    instructions: Codes
    alternative: Alternative | None
    words: str


def self_preference(annotations: pd.DataFrame, votes: pd.DataFrame, generator: str) -> Effect:
    """Compare a judge with people (or a second judge) where one output is the judge's own.

    On each pair, the judge's mean preference for its own output minus the other rater's. Without another
    rater, liking its own outputs cannot be told from their being better.

    Args:
        annotations: the judge's, with `generator_1` and `generator_2`.
        votes: the other rater's on the same pairs.
        generator: the judge's name among the generators.

    Raises:
        UsageError: a missing column, or no pair in which exactly one output is the judge's own.
    """
    columns = ("instruction", "output_1", "output_2", "generator_1", "generator_2", "preference")
    table = require(annotations, "annotations", columns)
    first, second = (table[side] == generator for side in ("generator_1", "generator_2"))
    own = table[first ^ second]
    if not len(own):
        names = sorted({*map(str, table["generator_1"]), *map(str, table["generator_2"])})
        raise UsageError(
            f"no pair has one output by {generator!r} and one by another. {nearest(generator, names)}"
        )
    parts = []
    for rows, sign in ((own[own["generator_2"] == generator], 1), (own[own["generator_1"] == generator], -1)):
        if len(rows):
            others, judge = matched_tables(votes, rows)
            gain = sign * (row_means(judge.preferences) - row_means(others.preferences))
            parts.append((gain, others.instructions))
    return Effect(
        "self-preference",
        np.concatenate([gain for gain, _ in parts]),
        np.concatenate([instructions for _, instructions in parts]),
        "greater",
        "It gives its own outputs {points} more than the other rater does",
    )


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """Arrange the answers by pair: a row a pair, per check the columns preference, first (shown), side."""
    unknown = set(table["check"]) - {ORIGINAL, *CHECKS}
    if unknown:
        name = str(sorted(map(str, unknown))[0])
        raise UsageError(f"the audit has an unknown check {name!r}. {nearest(name, CHECKS)}")
    if ORIGINAL not in set(table["check"]):
        raise UsageError("the audit has no row with check 'original', the unchanged pairs to compare with")
    twice = table.duplicated(["check", "pair"])
    if twice.any():
        row = table[twice].iloc[0]
        raise UsageError(f"the audit has the check {row['check']!r} twice on pair {row['pair']}")
    score = preferences_of(table, "the audit") - 1
    switched = (
        table["is_switched_outputs"].eq(True).fillna(False).to_numpy(dtype=bool)
        if "is_switched_outputs" in table.columns
        else np.zeros(len(table), dtype=bool)
    )
    return table.assign(
        score=score,
        switched=switched.astype(float),
        towards=np.where(table["side"] == 1, -1.0, 1.0),
    ).pivot(index="pair", columns="check", values=["score", "switched", "towards", "instruction"])


def effects_of(table: pd.DataFrame) -> Iterator[Effect]:
    """Turn the answers of an audit into one number a pair and check.

    Args:
        table: see `audit_report`.

    Raises:
        UsageError: see `audit_report`.
    """
    import pandas as pd

    wide = _wide(require(table, "the audit", _COLUMNS))
    checks = set(wide["score"].columns)
    instructions = pd.factorize(wide["instruction"][ORIGINAL])[0].astype(np.int64)

    def column(kind: str, check: str) -> Floats:
        return np.asarray(wide[kind][check].to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)

    original = column("score", ORIGINAL)
    repeated = column("score", "repeat") if "repeat" in checks else np.full(len(wide), np.nan)
    if "swap" in checks:
        same_slots = column("switched", ORIGINAL) == column("switched", "swap")
        swapped = np.where(same_slots, column("score", "swap"), np.nan)
        second = (original + swapped) / 2 - 0.5
        yield Effect(
            "position",
            np.where(column("switched", ORIGINAL) == 1, second, -second),
            instructions,
            "two-sided",
            "The output shown first wins {points} more often than half of the time",
        )
        flips = _change(original, 1 - swapped)
        yield Effect("flips", flips, instructions, None, "Swapping the outputs changes {percent} of verdicts")
    baseline = row_means(np.column_stack([original, repeated]))
    for check, alternative, words in _GAINS:
        if check in checks:
            gain = column("towards", check) * (column("score", check) - baseline)
            yield Effect(check, gain, instructions, alternative, words)
    changes = _change(original, repeated)
    if "repeat" in checks:
        words = "Asked again, the judge changes {percent} of its verdicts"
        yield Effect("repeat", changes, instructions, None, words)
    if "anchor" in checks:
        anchored = column("score", "anchor")
        words = "Since the stored replies, preference for output 2 has moved by {points}"
        yield Effect("drift", anchored - original, instructions, "two-sided", words)
        excess = _change(original, anchored) - changes
        if "repeat" in checks:
            words = "Since the stored replies, {points} more verdicts have changed than on a repeat"
            yield Effect("drift beyond repeats", excess, instructions, "greater", words)


def _change(before: Floats, after: Floats) -> Floats:
    """Say how far the winner changed: 0, ½ (a tie against a winner) or 1."""
    winners = [np.sign(np.round(score - 0.5, 9)) for score in (before, after)]
    return np.asarray(np.abs(winners[0] - winners[1]) / 2, dtype=np.float64)
