"""Two outputs for one instruction: which is better?"""

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
from autoeval.annotators.kinds.draws import is_switched
from autoeval.prompting.fastchat import comparing_fields
from autoeval.prompting.templates import nonce
from autoeval.types import PREFERENCE, Case, Verdict

_IDENTICAL = Verdict(1.5, "the outputs are identical")
_SHOWN = {switched: (View(is_switched=switched),) for switched in (False, True)}
_VIEWS: dict[str, tuple[View, ...]] = {
    "both": (View(), View(is_switched=True)),
    "fixed": _SHOWN[False],
    "random": (),
}


class Pairwise:
    """A preference from 1 (output 1 is better) to 2, turn by turn where there are several.

    A prompt shows `instruction`, the output shown `first` and the one shown `second`; of a later turn,
    `history_first` and `history_second` are what was said before it.
    """

    name = "pairwise"
    n_outputs = 2
    scale = PREFERENCE
    variables = frozenset(
        {"instruction", "first", "second", "nonce", "reference", "history_first", "history_second"}
    )
    shown = ("first", "second")
    padding = Case.pair(-1, "1+1=", "2", "3")

    def known(self, case: Case) -> Verdict | None:
        """Return a tie for outputs that are identical."""
        one, other = case.outputs
        return _IDENTICAL if one.turns == other.turns else None

    def views(self, case: Case, order: str, seed: int) -> Sequence[View]:
        """Return the turns of a case, each in one order or in both."""
        if len(case.turns) == 1:
            return _VIEWS[order] or _SHOWN[is_switched(case.turns[0], seed)]
        if order == "both":
            return [View(part, switched) for part in parts_of(case) for switched in (False, True)]
        switched = order == "random" and is_switched(case.conversation, seed)
        return [View(part, switched) for part in parts_of(case)]

    def fields(self, case: Case, view: View) -> Fields:
        """Return what a prompt can show of a pair.

        `output_1` and `output_2` are the outputs as shown, under the names that AlpacaEval's templates use.
        """
        if len(case.turns) == 1 and not case.fields:
            return _of_a_pair(case, view)
        n = n_turns(case, view)
        one, other = (output.turns[:n] for output in case.outputs)
        first, second = (other, one) if view.is_switched else (one, other)
        turns = case.turns[:n]
        shown = {
            "instruction": asked_now(case, turns),
            "first": first[-1],
            "second": second[-1],
            "output_1": first[-1],
            "output_2": second[-1],
            "nonce": nonce("".join(turns), *sorted(("".join(one), "".join(other)))),
        }
        reference = right_answers(case, n)
        return {
            **{name: as_text(value) for name, value in case.fields.items()},
            **shown,
            "reference": "\n\n".join(reference),
            "history_first": said_before(case, turns, first),
            "history_second": said_before(case, turns, second),
            **comparing_fields(turns, first, second, reference),
        }

    def turned(self, value: float, view: View) -> float:
        """Turn a preference from the order shown into the pair's own, or back."""
        return 3 - value if view.is_switched else value


def _of_a_pair(case: Case, view: View) -> Fields:
    """Return the fields of a pair of one turn, which most are."""
    (instruction,) = case.turns
    one, other = case.outputs[0].turns[0], case.outputs[1].turns[0]
    first, second = (other, one) if view.is_switched else (one, other)
    low, high = (one, other) if one <= other else (other, one)
    return {
        "instruction": instruction,
        "first": first,
        "second": second,
        "output_1": first,
        "output_2": second,
        "nonce": nonce(instruction, low, high),
        "reference": "",
        "history_first": "",
        "history_second": "",
        "question": instruction,
        "question_1": instruction,
        "answer_a": first,
        "answer_b": second,
    }
