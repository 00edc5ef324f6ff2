"""Tables of annotations as arrays: who voted what on which pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from autoeval.errors import UsageError, nearest
from autoeval.metrics.observations import Floats, clean_preferences

if TYPE_CHECKING:
    import pandas as pd

Codes: TypeAlias = npt.NDArray[np.int64]
PAIR = ("instruction", "output_1", "output_2")


@dataclass(frozen=True, slots=True)
class VoteTable:
    """The votes of one annotator (or one group of people) on P pairs, at most V each.

    Attributes:
        preferences: in [1, 2], NaN where a vote is missing, in the order of the rows; shape (P, V).
        instructions: a number for each pair's instruction; shape (P,).
    """

    preferences: Floats
    instructions: Codes

    @property
    def n_votes(self) -> int:
        """The largest number of votes that a pair has."""
        return int(self.preferences.shape[1])


def vote_table(votes: pd.DataFrame, name: str = "votes") -> VoteTable:
    """Arrange votes by pair.

    Args:
        votes: a row a vote, with `instruction`, `output_1`, `output_2` and `preference`.
        name: what to call the table in an error.

    Raises:
        UsageError: a column is missing, or a preference is not in [1, 2].
    """
    (pairs,), instructions = number_pairs([require(votes, name)])
    return VoteTable(_by_pair(pairs, preferences_of(votes, name)), instructions)


def matched_tables(votes: pd.DataFrame, annotations: pd.DataFrame) -> tuple[VoteTable, VoteTable]:
    """Arrange two tables by the pairs that both of them hold, in the same order.

    Args:
        votes: a row a vote, with `instruction`, `output_1`, `output_2` and `preference`.
        annotations: the other annotator's, in the same columns.

    Raises:
        UsageError: no pair is in both, a column is missing, or a preference is not in [1, 2].
    """
    (left, right), instructions = number_pairs([require(votes, "votes"), require(annotations, "annotations")])
    n_pairs = len(instructions)
    both = np.intersect1d(left, right)
    if not both.size:
        raise UsageError(
            f"no pair is in both tables: none of the {len(votes)} votes has the instruction, output_1 and "
            f"output_2 of one of the {len(annotations)} annotations. Annotate the pairs that were voted on."
        )
    voted = _by_pair(left, preferences_of(votes, "votes"), n_pairs)
    judged = _by_pair(right, preferences_of(annotations, "annotations"), n_pairs)
    return VoteTable(voted[both], instructions[both]), VoteTable(judged[both], instructions[both])


def number_pairs(tables: Sequence[pd.DataFrame]) -> tuple[list[Codes], Codes]:
    """Number the distinct pairs of several tables together.

    Returns:
        The pair number of each row, an array a table; and the instruction number of each pair, shape (P,).
    """
    import pandas as pd

    parts = [pd.factorize(pd.concat([table[column] for table in tables]))[0] for column in PAIR]
    instruction, *outputs = (part.astype(np.int64) for part in parts)
    combined = instruction
    for output in outputs:
        combined = combined * (output.max(initial=0) + 1) + output
    pairs, distinct = pd.factorize(combined)
    first_row = np.zeros(len(distinct), dtype=np.int64)
    first_row[pairs[::-1]] = np.arange(len(pairs))[::-1]
    ends = np.cumsum([len(table) for table in tables])[:-1]
    return [part.astype(np.int64) for part in np.split(pairs, ends)], instruction[first_row]


def preferences_of(table: pd.DataFrame, name: str) -> Floats:
    """Read the column `preference`: NaN where missing, 0 (an old spelling) as 1.5.

    Raises:
        UsageError: a preference is not a number in [1, 2].
    """
    try:
        return clean_preferences(table["preference"].to_numpy(dtype=float, na_value=np.nan))
    except (ValueError, TypeError) as error:
        raise UsageError(f"the column 'preference' of {name}: {error}") from None


def weights_of(table: pd.DataFrame, name: str) -> Floats | None:
    """Read how many times each row counts from the column `weight`; None where each counts once.

    Raises:
        UsageError: a weight is not a number above 0.
    """
    if "weight" not in table.columns:
        return None
    try:
        weights = table["weight"].to_numpy(dtype=float, na_value=1.0)
    except (ValueError, TypeError) as error:
        raise UsageError(f"the column 'weight' of {name}: {error}") from None
    if not ((weights > 0) & np.isfinite(weights)).all():
        raise UsageError(f"the column 'weight' of {name}: a weight is not above 0")
    return None if (weights == 1).all() else weights


def require(table: pd.DataFrame, name: str, columns: Iterable[str] = (*PAIR, "preference")) -> pd.DataFrame:
    """Return the table, having checked that it has rows and the columns.

    Raises:
        UsageError: it is empty, or lacks a column.
    """
    for column in columns:
        if column not in table.columns:
            raise UsageError(
                f"the table of {name} has no column {column!r}. {nearest(column, map(str, table.columns))}"
            )
    if not len(table):
        raise UsageError(f"the table of {name} has no rows")
    return table


def one_row_a_judgment(annotations: pd.DataFrame) -> pd.DataFrame:
    """Unfold the rows whose column `judgments` lists several (both orders, a jury, repeated samples).

    Args:
        annotations: a row a pair; fields that a judgment does not have are taken from its pair's row.

    Returns:
        A table with a row a judgment and without the column `judgments`.
    """
    import pandas as pd

    if "judgments" not in annotations.columns:
        return annotations
    rows = annotations.drop(columns="judgments").to_dict("records")
    unfolded = []
    for row, judgments in zip(rows, annotations["judgments"], strict=True):
        several = judgments if isinstance(judgments, list | tuple) and len(judgments) else [{}]
        unfolded += [{**row, **judgment} for judgment in several]
    return pd.DataFrame(unfolded)


def _by_pair(pairs: Codes, preferences: Floats, n_pairs: int | None = None) -> Floats:
    """Put the votes of each pair side by side, in the order of the rows; shape (P, V)."""
    order = np.argsort(pairs, kind="stable")
    counts = np.bincount(pairs, minlength=n_pairs or 0)
    starts = np.cumsum(counts) - counts
    place = np.empty(len(pairs), dtype=np.int64)
    place[order] = np.arange(len(pairs)) - starts[pairs[order]]
    votes = np.full((len(counts), int(counts.max())), np.nan)
    votes[pairs, place] = preferences
    return votes
