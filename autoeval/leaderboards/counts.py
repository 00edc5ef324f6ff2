"""Counting annotations as they pass by, whatever kind they are of: why some are missing, what they cost, who judged."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from autoeval.types import Annotation

_UNKNOWN = float("nan")


@dataclass
class Counts:
    """What is counted of every annotation; a kind's own numbers are counted by a class derived from it.

    `failures` counts by reason what has no verdict. `prices` has NaN where one is unknown. `models` are the names that
    servers gave for the models that judged, `adapted` says in which ways they were asked otherwise than planned.
    """

    failures: Counter[str] = field(default_factory=Counter)
    prices: array[float] = field(default_factory=lambda: array("d"))
    models: set[str] = field(default_factory=set)
    adapted: set[str] = field(default_factory=set)
    _n_outputs: int = 0
    _likely_constant: int = 0
    _constant_lead: int = 0

    def counted(self, annotations: Iterable[Annotation]) -> Iterator[Annotation]:
        """Count each annotation as it passes through."""
        for annotation in annotations:
            self.count(annotation)
            yield annotation

    def count(self, annotation: Annotation) -> None:
        """Count one annotation."""
        self._note_output(hash(annotation.case.output))
        paid: float | None = None
        for judgment in annotation.judgments:
            if judgment.price is not None:
                paid = judgment.price if paid is None else paid + judgment.price
            if judgment.model:
                self.models.add(judgment.model)
            self.adapted.update(judgment.adapted)
        self.prices.append(_UNKNOWN if paid is None else paid)

    @property
    def n_judged(self) -> int:
        """How many verdicts there are."""
        raise NotImplementedError

    @property
    def n_missing(self) -> int:
        """How many verdicts there are not."""
        raise NotImplementedError

    @property
    def avg_length(self) -> int:
        """Mean length of the model's outputs in characters, rounded down."""
        raise NotImplementedError

    @property
    def coverage(self) -> float:
        """What was judged as a share of all, 0 to 1."""
        total = self.n_judged + self.n_missing
        return self.n_judged / total if total else 0.0

    @property
    def constant_share(self) -> float:
        """The share of the model's outputs that is at least one and the same text.

        Each output outside the lead was cancelled against a different one, so the lead alone is certain; a text
        that m of n outputs are has a lead of at least (2m − n) / n.
        """
        return self._constant_lead / self._n_outputs if self._n_outputs else 0.0

    def _note_output(self, digest: int) -> None:
        """Vote for the text that most outputs are, keeping only one candidate (Boyer and Moore, 1981)."""
        self._n_outputs += 1
        if self._constant_lead == 0:
            self._likely_constant = digest
        self._constant_lead += 1 if digest == self._likely_constant else -1
