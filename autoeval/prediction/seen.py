"""What is seen of one model's pairs before a judge is asked, and how close two models' answers are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.observations import Floats
from autoeval.prediction.texts import counts, squashed, terms
from autoeval.texts.vectors import tfidf

if TYPE_CHECKING:
    from autoeval.texts.vectors import Vectors

_LENGTH_SHARE = 0.25


@dataclass(frozen=True)
class Seen:
    """One model's answers to N instructions, as numbers.

    Attributes:
        keys: of the instructions, N.
        columns: counts and what else is seen of each pair, shape (N, k).
        log_lengths: log(1 + characters of the answer), shape (N,).
        vectors: TF-IDF of the answers, N rows; None where only their lengths are known.
    """

    keys: tuple[str, ...]
    columns: Floats
    log_lengths: Floats
    vectors: "Vectors | None"

    def closeness(self, other: "Seen") -> Floats:
        """How close the answers are to another model's on the same instructions, row by row; shape (N,).

        The cosine of their words plus a quarter of e^(−|difference of log lengths|); only the latter, in full, where
        the words are not known.
        """
        as_long = np.exp(-np.abs(self.log_lengths - other.log_lengths))
        if self.vectors is None or other.vectors is None:
            return np.asarray(as_long)
        return rowwise(self.vectors, other.vectors) + _LENGTH_SHARE * as_long

    def at(self, rows: npt.ArrayLike) -> "Seen":
        """The same for some of the instructions, in another order."""
        index = np.asarray(rows, dtype=np.intp)
        return Seen(
            tuple(self.keys[i] for i in index),
            self.columns[index],
            self.log_lengths[index],
            None if self.vectors is None else self.vectors[index],
        )


class TextReader:
    """Reads pairs of one reference; what it knows of instructions and references is measured once.

    Words are weighed by how often they stand in instructions and references, which are the same for all models.
    """

    def __init__(
        self, instructions: Sequence[str], references: Sequence[str], frequencies: Floats | None = None
    ) -> None:
        """Measure instructions and references; `frequencies` weighs words as an earlier reader did."""
        self.keys = tuple(map(instruction_key, instructions))
        self._instructions = instructions
        both, self.frequencies = tfidf([*instructions, *references], terms, frequencies)
        self._asked, self._reference = both[: len(instructions)], both[len(instructions) :]
        self._counted = _counted(instructions, references)
        self._related = rowwise(self._asked, self._reference)

    def read(self, outputs: Sequence[str]) -> Seen:
        """Return what is seen of the answers to all instructions, in their order."""
        counted = _counted(self._instructions, outputs)
        vectors, _ = tfidf(outputs, terms, self.frequencies)
        columns = np.column_stack(
            [
                squashed(counted),
                squashed(counted - self._counted),
                rowwise(vectors, self._reference),
                rowwise(vectors, self._asked),
                self._related,
            ]
        )
        return Seen(self.keys, columns, np.log1p([len(output) for output in outputs]), vectors)


def read_lengths(keys: Sequence[str], of_reference: Floats, of_output: Floats) -> Seen:
    """Return what is seen where only the lengths in characters are known."""
    difference = of_output - of_reference
    columns = [squashed(of_output), squashed(difference), squashed(of_reference), np.tanh(difference / 500)]
    return Seen(tuple(keys), np.column_stack(columns), np.log1p(of_output), None)


def rowwise(left: "Vectors", right: "Vectors") -> Floats:
    """Scalar products of equal rows; shape (N,)."""
    return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float64).ravel()


def _counted(instructions: Iterable[str], texts: Iterable[str]) -> Floats:
    return np.array([counts(i, text) for i, text in zip(instructions, texts, strict=True)], dtype=np.float64)
