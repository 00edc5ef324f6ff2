"""People's votes on the pairs of a run, to be shown beside the judge's."""

from hashlib import sha256
from typing import Any

from autoeval.data.annotations import read_preference
from autoeval.data.loading import Row, read_rows
from autoeval.data.records import read_instruction, read_text
from autoeval.types import Case


class HumanVotes:
    """Mean votes by pair, found whichever output stands first."""

    def __init__(self, source: Any = None) -> None:
        """Read the votes.

        Args:
            source: rows with `instruction`, `output_1`, `output_2` and `preference` (1 to 2, empty where somebody
                did not decide), as many a pair as there are votes; None for no votes.

        Raises:
            UsageError: it cannot be read, or a row lacks a column.
        """
        self._votes: dict[str, list[float]] = {}
        for row in [] if source is None else read_rows(source, "--human_annotations"):
            self._add(row)

    def __call__(self, pair: Case) -> float | None:
        """Return the mean vote on a pair, None where nobody voted."""
        votes = self._votes.get(_key(pair.instruction, pair.output_1, pair.output_2))
        return sum(votes) / len(votes) if votes else None

    @property
    def digest(self) -> str:
        """A hash of the votes."""
        return sha256(repr(sorted(self._votes.items())).encode()).hexdigest()

    def _add(self, row: Row) -> None:
        vote = read_preference(row)
        instruction, first, second = (
            read_instruction(row),
            read_text(row, "output_1"),
            read_text(row, "output_2"),
        )
        if vote is None:
            return
        self._votes.setdefault(_key(instruction, first, second), []).append(vote)
        if first != second:
            self._votes.setdefault(_key(instruction, second, first), []).append(3 - vote)


def _key(*texts: str) -> str:
    return sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
