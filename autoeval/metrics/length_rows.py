"""The part of a model's annotations that length control reads, as arrays."""

from dataclasses import dataclass

import numpy as np

from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.observations import Floats, clean_preferences
from autoeval.metrics.tables import Table, column, only_value


@dataclass(frozen=True)
class LengthRows:
    """One model's annotations, a row each, before difficulties are looked up.

    Attributes:
        keys: their instructions, by `instruction_key`.
        preferences: in [1, 2], NaN where missing; shape (n,).
        lengths: see `length_feature`; shape (n,).
        reference: name of the generator compared against, where the table has one.
        annotator: name of the judge, where the table has one.
        is_baseline: whether the model is the reference itself.
    """

    keys: list[str]
    preferences: Floats
    lengths: Floats
    reference: str | None
    annotator: str | None
    is_baseline: bool

    @classmethod
    def of(cls, table: Table) -> "LengthRows":
        """Read a table with instruction, output_1, output_2, preference and perhaps the names."""
        texts = zip(column(table, "output_1"), column(table, "output_2"), strict=True)
        differences = np.array([len(first or "") - len(second or "") for first, second in texts], dtype=float)
        reference, model = only_value(table, "generator_1"), only_value(table, "generator_2")
        return cls(
            keys=[instruction_key(str(text)) for text in column(table, "instruction")],
            preferences=clean_preferences(column(table, "preference")),
            lengths=length_feature(differences),
            reference=reference,
            annotator=only_value(table, "annotator"),
            is_baseline=reference is not None and reference == model,
        )

    @property
    def n_judged(self) -> int:
        """How many judgments are not missing."""
        return int((~np.isnan(self.preferences)).sum())


def length_feature(differences: Floats) -> Floats:
    """Return tanh(Δ/s), s the n−1 standard deviation of Δ; zeros where s is 0 or there is one row.

    Args:
        differences: Δ, characters of the reference minus characters of the output, shape (n,).
    """
    spread = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return np.asarray(np.tanh(differences / spread)) if spread > 0 else np.zeros(len(differences))
