"""What a judge prefers whatever the content: the longer output, the list, the one it was shown first.

Probabilities are between 0 and 1, 0.5 where there is no tendency. That a judge prefers longer outputs is no
proof of a bias: people do too. Compare with the figure of the human votes on the same pairs, or run an audit,
which changes nothing but the length.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from autoeval.analysis.results import Statistic, as_probability
from autoeval.analysis.tables import PAIR, number_pairs, one_row_a_judgment, preferences_of, require
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT_DIFFERENCE = 30  # characters
_ITEM = r"^[^\S\n]*(?:[-*•+]|\d{1,3}[.)]|[A-Za-z][.)])[^\S\n]+\S"
# What alpaca-eval 0.6.6 takes for a list: also one line, and also "1.5 million" or "**Title**" at its start.
_PEERS_ITEM = r"^\s*(?:[-*•]|\d+[.)]|[A-Za-z][.)]\s)\W*\w"


def length_preference(annotations: pd.DataFrame, compatible: bool = False) -> Statistic:
    """Estimate the probability that the longer output is preferred.

    The share of votes for the longer output among those that name a winner, on pairs whose outputs are more
    than 30 characters apart.

    Args:
        annotations: a row a vote (`instruction`, `output_1`, `output_2`, `preference`).
        compatible: take the first vote on each pair only, as alpaca-eval 0.6.6 does.

    Returns:
        The probability with its interval clustered by instruction; NaN with n = 0 where no vote counts.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = _first_votes(annotations) if compatible else require(annotations, "annotations")
    first, second = (
        np.asarray(table[column].str.len(), dtype=np.float64) for column in ("output_1", "output_2")
    )
    longer = second - first
    return _share_of_wins(table, longer, np.abs(longer) > SIGNIFICANT_DIFFERENCE)


def list_preference(annotations: pd.DataFrame, compatible: bool = False) -> Statistic:
    """Estimate the probability that the output with a list is preferred.

    The share of votes for it among those that name a winner, on pairs of which exactly one output has two
    lines or more that start with a bullet, a number or a letter as list items do.

    Args:
        annotations: a row a vote (`instruction`, `output_1`, `output_2`, `preference`).
        compatible: take the first vote on each pair, and for a list what alpaca-eval 0.6.6 takes for one.

    Returns:
        The probability with its interval clustered by instruction; NaN with n = 0 where no vote counts.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = _first_votes(annotations) if compatible else require(annotations, "annotations")
    first, second = (has_list(table[column], compatible) for column in ("output_1", "output_2"))
    return _share_of_wins(table, np.where(second, 1.0, -1.0), first != second)


def has_list(outputs: pd.Series[str], compatible: bool = False) -> npt.NDArray[np.bool_]:
    """Say which outputs have a list; shape (n,).

    Args:
        outputs: texts.
        compatible: take for a list what alpaca-eval 0.6.6 takes for one.
    """
    import re

    import pandas as pd

    pattern, needed = (_PEERS_ITEM, 1) if compatible else (_ITEM, 2)
    item = re.compile(pattern, re.MULTILINE)
    codes, texts = pd.factorize(outputs)
    found = [sum(1 for _ in islice(item.finditer(text), needed)) for text in texts]
    return np.array(found)[codes] >= needed


def first_shown_preference(annotations: pd.DataFrame) -> Statistic:
    """Estimate the probability that the output shown first is preferred.

    The mean over judgments of 2 − preference (of preference − 1 where `is_switched_outputs`); a tie counts
    half. Meaningful where the order was drawn at random or both orders were asked.

    Args:
        annotations: a row a pair with `is_switched_outputs`, or with several `judgments` that have it. Rows
            where it is null (the judge was shown nothing) are left out.

    Returns:
        The probability with its interval clustered by instruction.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = _shown(annotations)
    switched = table["is_switched_outputs"].to_numpy(dtype=bool)
    preferences = preferences_of(table, "annotations")
    return as_probability(
        mean_interval(
            np.where(switched, preferences - 1, 2 - preferences), clusters=table["instruction"].tolist()
        )
    )


def flip_rate(annotations: pd.DataFrame) -> Estimate:
    """Estimate how often the verdict changes when the two outputs change places, in percent.

    Over the pairs judged in both orders: 1 where the two orders name different winners, ½ where one of them
    sees a tie, 0 where they agree. Several judgments in one order are averaged first.

    Args:
        annotations: rows (or `judgments` in them) with `is_switched_outputs`, both orders of a pair.

    Returns:
        The rate with its interval clustered by instruction; NaN with n = 0 where no pair has both orders.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = _shown(annotations)
    (pairs,), instructions = number_pairs([table])
    switched = table["is_switched_outputs"].to_numpy(dtype=bool)
    preferences = preferences_of(table, "annotations")
    winners = [
        _winner_by_pair(pairs[order], preferences[order], len(instructions))
        for order in (~switched, switched)
    ]
    return mean_interval(np.abs(winners[0] - winners[1]) / 2, clusters=instructions)


def share_parsed(annotations: pd.DataFrame) -> Estimate:
    """Give the share of judgments from which a preference could be read, in percent.

    Args:
        annotations: rows with `instruction` and `preference`, null where nothing could be read.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    table = require(annotations, "annotations", ("instruction", "preference"))
    parsed = ~np.isnan(preferences_of(table, "annotations"))
    return mean_interval(parsed.astype(float), clusters=table["instruction"].tolist())


def _first_votes(annotations: pd.DataFrame) -> pd.DataFrame:
    return require(annotations, "annotations").drop_duplicates(subset=list(PAIR))


def _share_of_wins(table: pd.DataFrame, advantage: Floats, counts: npt.NDArray[np.bool_]) -> Statistic:
    """Give the share of wins of the side that `advantage` (positive: output 2) points to."""
    winner = np.sign(preferences_of(table, "annotations") - 1.5)
    won = np.where(counts & (winner != 0) & ~np.isnan(winner), winner == np.sign(advantage), np.nan)
    return as_probability(mean_interval(won, clusters=table["instruction"].tolist()))


def _shown(annotations: pd.DataFrame) -> pd.DataFrame:
    table = require(
        one_row_a_judgment(annotations), "annotations", (*PAIR, "preference", "is_switched_outputs")
    )
    return table[table["is_switched_outputs"].notna()]


def _winner_by_pair(pairs: npt.NDArray[np.int64], preferences: Floats, n_pairs: int) -> Floats:
    """Say who wins each pair on average: −1, 0 or 1, NaN without a judgment; shape (P,)."""
    judged = ~np.isnan(preferences)
    counts = np.bincount(pairs[judged], minlength=n_pairs)
    sums = np.bincount(pairs[judged], weights=preferences[judged] - 1.5, minlength=n_pairs)
    return np.where(counts > 0, np.sign(np.round(sums, 9)), np.nan)
