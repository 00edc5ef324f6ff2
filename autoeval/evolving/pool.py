"""All instructions of an evolution: those that were given, those that were made and kept, and what was dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from autoeval.evolving.elimination import unfit
from autoeval.evolving.operations import Operation, drawn
from autoeval.evolving.similarity import Candidate, Forbidden, copies
from autoeval.evolving.steps import Drop, Evolved, Lack, Reason, Reply, Step


@dataclass(frozen=True)
class Pool:
    """The state of an evolution between two rounds. It depends on the replies alone, whenever they came.

    Attributes:
        given: the instructions to begin with.
        seed: decides which step is tried first on an instruction.
        forbidden: texts that nothing that is made may overlap with.
        kept: what was made and is of use, in the order of rounds and of what was given.
        dropped: what was made and is of none.
        lacking: steps without a reply, or without a verdict on it.
    """

    given: tuple[Evolved, ...]
    seed: int = 0
    forbidden: Forbidden = field(default_factory=Forbidden)
    kept: tuple[Evolved, ...] = ()
    dropped: tuple[Drop, ...] = ()
    lacking: tuple[Lack, ...] = ()

    @cached_property
    def newest(self) -> Mapping[int, Evolved]:
        """The newest instruction of each lineage."""
        return {one.lineage: one for one in (*self.given, *self.kept)}

    def steps(self, number: int) -> list[Step]:
        """Return what a round tries: a step on the newest instruction of each lineage.

        Where a step on it was dropped before, another one is tried; a lineage on which all of them were ends.
        """
        tried: dict[str, set[Operation]] = {}
        for drop in self.dropped:
            tried.setdefault(drop.step.parent.text, set()).add(drop.step.operation)
        found = []
        for one in self.newest.values():
            left = [op for op in drawn(one.text, self.seed) if op not in tried.get(one.text, ())]
            found += [Step(one, operation, number) for operation in left[:1]]
        return found

    def screened(
        self, replies: Mapping[Step, Reply], lacking: Sequence[Lack] = ()
    ) -> tuple["Pool", list[Evolved]]:
        """Eliminate what can be told without a judge.

        Args:
            replies: what the writer said to the steps of a round, in their order.
            lacking: steps without a reply.

        Returns:
            The pool with what was dropped, and the candidates that are left.
        """
        dropped, fit = [], []
        for step, reply in replies.items():
            why = unfit(step, reply)
            if why is None and (overlap := self.forbidden.overlap(reply.text)) is not None:
                why = (Reason.OVERLAP, overlap)
            if why is None:
                fit.append((step, step.to(reply.text)))
            else:
                dropped.append(Drop(step, reply.text, *why))
        there = [*self.given, *self.kept]
        found = copies([one.text for one in there], [_candidate(one, step, there) for step, one in fit])
        candidates = []
        for (step, one), other in zip(fit, found, strict=True):
            if other is None:
                candidates.append(one)
            else:
                dropped.append(Drop(step, one.text, Reason.COPY, f"it is nearly {other!r}"))
        return self._with(dropped=dropped, lacking=lacking), candidates

    def settled(self, kept: Sequence[Evolved], dropped: Sequence[Drop], lacking: Sequence[Lack]) -> "Pool":
        """Return the pool after a round: with the candidates that are kept, and those that a judge dropped."""
        return self._with(kept, dropped, lacking)

    def _with(
        self, kept: Sequence[Evolved] = (), dropped: Sequence[Drop] = (), lacking: Sequence[Lack] = ()
    ) -> "Pool":
        return replace(
            self,
            kept=(*self.kept, *kept),
            dropped=(*self.dropped, *dropped),
            lacking=(*self.lacking, *lacking),
        )


def _candidate(one: Evolved, step: Step, there: Sequence[Evolved]) -> Candidate:
    """Return what may be a copy, though not of what it descends from: of that, `nothing_gained` has told."""
    akin = (place for place, other in enumerate(there) if other.lineage == one.lineage)
    return Candidate(one.text, step.parent.subject.text, frozenset(akin))
