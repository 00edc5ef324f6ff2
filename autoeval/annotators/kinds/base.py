"""What a kind of judging is: what is asked about a case, and how the answers become its value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from autoeval.data.instructions import SAID
from autoeval.prompting.templates import nonce
from autoeval.types import Case, Scale, Verdict

Fields = Mapping[str, str]
_SPEAKERS = {"user": "User", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class View:
    """One question about a case: which part of it is asked about, and whether its outputs change places.

    `part` names a turn (`turn_1`, …); it is empty where the whole case is asked about at once. `aspect` names what of
    an output is rated (`honesty`), where a judge rates several. `output` is the one of a pair that is shown alone, 1 or
    2; 0 where all are. Where one reply answers several questions, `place` is the answer's place in it, of `n_places`.
    """

    part: str = ""
    is_switched: bool = False
    aspect: str = ""
    output: int = 0
    place: int = 0
    n_places: int = 1

    @property
    def order(self) -> bool | None:
        """Whether the outputs change places; None where one is shown by itself."""
        return None if self.output and self.n_places == 1 else self.is_switched

    @property
    def name(self) -> str:
        """What its verdict is about: an aspect, or a turn; empty for the whole."""
        return self.aspect or self.part


class Kind(Protocol):
    """What is asked of a judge."""

    @property
    def name(self) -> str:
        """What configs call it."""

    @property
    def n_outputs(self) -> int:
        """How many outputs a case has."""

    @property
    def scale(self) -> Scale | None:
        """Which numbers its verdicts are; None where each judge says so."""

    @property
    def variables(self) -> frozenset[str]:
        """What a prompt may use."""

    @property
    def shown(self) -> tuple[str, ...]:
        """What a prompt must show of the outputs."""

    @property
    def padding(self) -> Case:
        """What stands for a case in a prompt on several, where there are not enough."""

    def known(self, case: Case) -> Verdict | None:
        """Return the verdict that needs no question, None where somebody has to be asked."""

    def views(self, case: Case, order: str, seed: int) -> Sequence[View]:
        """Return the questions about a case.

        Args:
            case: the case.
            order: which output is shown first: `random`, `both` or `fixed`.
            seed: of the run.
        """

    def fields(self, case: Case, view: View) -> Fields:
        """Return what a prompt can show of a case in a view."""

    def turned(self, value: float, view: View) -> float:
        """Turn a value from how a view shows the case into the case's own order, or back."""


def parts_of(case: Case) -> tuple[str, ...]:
    """Return the names of a case's turns, of one turn the empty name that stands for the whole."""
    return ("",) if len(case.turns) == 1 else tuple(f"turn_{n}" for n in range(1, len(case.turns) + 1))


def n_turns(case: Case, view: View) -> int:
    """Return how many turns a view shows."""
    return parts_of(case).index(view.part) + 1


def history(turns: Sequence[str], replies: Sequence[str]) -> str:
    """Return what was said before the last of some turns, as a prompt shows it; empty before the first one."""
    said = zip(turns[:-1], replies, strict=False)
    return "\n\n".join(f"User: {turn}\n\nAssistant: {reply}" for turn, reply in said)


def asked_now(case: Case, turns: Sequence[str]) -> str:
    """Return what the user says in the last of some turns; of a conversation that has gone on, its last words."""
    said = case.fields.get(SAID)
    return str(said[-1][1]) if said and len(turns) == 1 else turns[-1]


def said_before(case: Case, turns: Sequence[str], replies: Sequence[str]) -> str:
    """Return what was said before the last of some turns, with what a conversation began with that had gone on."""
    opening = [f"{_SPEAKERS[role]}: {words}" for role, words in case.fields.get(SAID) or ()]
    if not opening:
        return history(turns, replies)
    if len(turns) == 1:
        return "\n\n".join(opening[:-1])
    later = history((*turns[1:-1], ""), replies[1:])
    return "\n\n".join(part for part in (*opening, f"Assistant: {replies[0]}", later) if part)


def said_by(case: Case, output: int = 0) -> str:
    """Return an output as it is shown among others: of several turns, with what the user said between them."""
    replies = case.outputs[output - 1].turns
    return replies[0] if len(case.turns) == 1 else history((*case.turns, ""), replies)


def shown_together(rows: Sequence[Fields], outputs: Sequence[str]) -> Fields:
    """Return what one prompt can show of several outputs for one instruction.

    Args:
        rows: the fields of each output by itself; what is no output's own is the first one's.
        outputs: the outputs, in the order that they are shown in.
    """
    mark = nonce(rows[0]["instruction"], *outputs)
    blocks = [f"--- output {place} {mark} ---\n{output}" for place, output in enumerate(outputs, 1)]
    return {**rows[0], "outputs": "\n".join(blocks), "n_outputs": str(len(outputs)), "nonce": mark}


def right_answers(case: Case, n: int) -> tuple[str, ...]:
    """Return the reference answers to the first n turns of a case; none where it has none."""
    found = case.fields.get("reference") or ()
    return (found,) if isinstance(found, str) else tuple(map(as_text, found[:n]))


def as_text(value: object) -> str:
    """Return a further column of a case as a prompt shows it; a list becomes a line an item."""
    if isinstance(value, list | tuple):
        return "\n".join(map(as_text, value))
    return "" if value is None else value if isinstance(value, str) else str(value)
