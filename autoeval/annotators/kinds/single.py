"""One output for an instruction, judged by itself: how good is it?"""

from collections.abc import Sequence

from autoeval.annotators.kinds.base import (
    Fields,
    View,
    as_text,
    asked_now,
    n_turns,
    parts_of,
    right_answers,
    said_before,
)
from autoeval.prompting.fastchat import grading_fields
from autoeval.prompting.templates import nonce
from autoeval.types import Case, Output, Verdict


class Single:
    """A grade, a score or a reward on the judge's own scale, turn by turn where there are several.

    A prompt shows `instruction` and `output`; `history` is what was said before the turn that is asked about,
    `reference` the right answers, where the case has some.
    """

    name = "single"
    n_outputs = 1
    scale = None
    variables = frozenset({"instruction", "output", "history", "reference", "nonce"})
    shown = ("output",)
    padding = Case(-1, ("1+1=",), (Output(("2",)),))

    def known(self, case: Case) -> Verdict | None:  # noqa: ARG002 - every output has to be looked at
        """Return nothing: no output is known beforehand."""
        return None

    def views(self, case: Case, order: str, seed: int) -> Sequence[View]:  # noqa: ARG002 - nothing has an order
        """Return the turns of a case."""
        return [View(part) for part in parts_of(case)]

    def fields(self, case: Case, view: View) -> Fields:
        """Return what a prompt can show of an output."""
        n = n_turns(case, view)
        turns, replies = case.turns[:n], case.outputs[0].turns[:n]
        reference = right_answers(case, n)
        return {
            **{name: as_text(value) for name, value in case.fields.items()},
            **grading_fields(turns, replies, reference),
            "instruction": asked_now(case, turns),
            "output": replies[-1],
            "history": said_before(case, turns, replies),
            "reference": "\n\n".join(reference),
            "nonce": nonce(*turns, *replies, *reference),
        }

    def turned(self, value: float, view: View) -> float:  # noqa: ARG002
        """Return the value: a view of one output shows it as it is."""
        return value
