"""Two outputs for one instruction, each scored by itself: the one with the better score is better."""

from collections.abc import Sequence
from dataclasses import replace

from autoeval.annotators.kinds.base import Fields, View
from autoeval.annotators.kinds.single import Single
from autoeval.types import Case, Verdict

_SINGLE = Single()
_IDENTICAL = Verdict(1.5, "the outputs are identical")


class Compared:
    """A preference from 1 to 2 that follows from two scores on the judge's own scale.

    A prompt shows one output, as a judge of single outputs is asked about it, so that both judges share their replies.
    """

    name = "compared"
    n_outputs = 2
    scale = None
    variables = _SINGLE.variables
    shown = _SINGLE.shown
    padding = Case.pair(-1, "1+1=", "2", "3")

    def known(self, case: Case) -> Verdict | None:
        """Return a tie for outputs that are identical."""
        one, other = case.outputs
        return _IDENTICAL if one.turns == other.turns else None

    def views(self, case: Case, order: str, seed: int) -> Sequence[View]:
        """Return the questions about each output, turn by turn."""
        return [
            replace(view, output=place)
            for place in (1, 2)
            for view in _SINGLE.views(side(case, place), order, seed)
        ]

    def fields(self, case: Case, view: View) -> Fields:
        """Return what a prompt can show of the output that a view is about."""
        return _SINGLE.fields(side(case, view.output), view)

    def turned(self, value: float, view: View) -> float:  # noqa: ARG002 - nothing has an order
        """Return the score."""
        return value


def side(case: Case, place: int) -> Case:
    """Return one output of a pair by itself; place 0 is the only one of a case that has one."""
    return replace(case, outputs=(case.outputs[place - 1],)) if place else case
