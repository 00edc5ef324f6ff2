"""Two outputs for one instruction, both scored in one reply: what is each worth beside the other?"""

from collections.abc import Sequence
from dataclasses import replace

from autoeval.annotators.kinds.base import Fields, View
from autoeval.annotators.kinds.pairwise import Pairwise
from autoeval.types import Case, Verdict

_PAIRWISE = Pairwise()


class Reviewed:
    """A score of each output on the judge's own scale, and the preference that follows from the two.

    A prompt shows what a judge of pairs sees, in the orders that it is asked in. Its reply holds a score of each
    output, in the order shown, so that two questions share a request.
    """

    name = "reviewed"
    n_outputs = 2
    scale = None
    variables = _PAIRWISE.variables
    shown = _PAIRWISE.shown
    padding = _PAIRWISE.padding

    def known(self, case: Case) -> Verdict | None:  # noqa: ARG002 - also what is identical is worth something
        """Return nothing: that outputs are identical does not say how good they are."""
        return None

    def views(self, case: Case, order: str, seed: int) -> Sequence[View]:
        """Return the questions about each output, in one order or in both."""
        return [
            replace(view, output=output, place=int((output == 2) != view.is_switched), n_places=2)
            for view in _PAIRWISE.views(case, order, seed)
            for output in (1, 2)
        ]

    def fields(self, case: Case, view: View) -> Fields:
        """Return what a prompt can show of a pair."""
        return _PAIRWISE.fields(case, view)

    def turned(self, value: float, view: View) -> float:  # noqa: ARG002 - a score is of its output in any order
        """Return the score."""
        return value
