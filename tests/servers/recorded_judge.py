"""Judges and models that answer from the recorded public results, whatever prompt asks them.

The judge finds the instruction and the two outputs in the prompt, sees which output stands first, and says
what GPT-4 said of that pair, in the form and with the labels that the request asks for.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.recorded import load_recorded
from tests.servers.answers import Answer, Body, prompt_text
from tests.servers.forms import Labels, Ruling, in_form, labels_in

_MASK = "\0"
_EDGE = "\n\"'`>"


@dataclass(frozen=True)
class RecordedPair:
    """One recorded judgment. `preference` is as recorded (0 is an old spelling of 1.5, None is missing)."""

    output_1: str
    output_2: str
    preference: float | None
    choice: Mapping[str, Any] | None


class InstructionFinder:
    """Finds which of many instructions a prompt is about."""

    def __init__(self, instructions: Iterable[str]) -> None:
        self._instructions = sorted(set(instructions), key=len, reverse=True)
        self._by_first_line = defaultdict(list)
        for instruction in self._instructions:
            self._by_first_line[_first_line(instruction)].append(instruction)

    def find(self, text: str) -> str | None:
        """Return the longest instruction that the text contains."""
        lines = {line.strip() for line in text.split("\n")}
        likely = [found for line in lines for found in self._by_first_line.get(line, ())]
        for candidates in (sorted(likely, key=len, reverse=True), self._instructions):
            for instruction in candidates:
                if instruction.strip() in text:
                    return instruction
        return None


@dataclass
class RecordedJudge:
    """Answers with the recorded preferences of one model's annotations against the reference.

    Args:
        folder: `alpaca_eval_1` or `alpaca_eval_2` of the recorded data.
        model: whose annotations; change it to ask about another one.
        labels: what the prompt calls the outputs; by default this is read from the prompt.
    """

    folder: Path
    model: str
    labels: Labels | None = None

    def __call__(self, body: Body) -> Answer:
        """Answer one request; one that is about no recorded pair gets an error that says so."""
        text = prompt_text(body)
        instruction = self._finder.find(text)
        for pair in self._pairs(self.model).get(instruction or "", ()):
            places = _places(text, (instruction or "", pair.output_1, pair.output_2))
            if places is not None:
                at_1, at_2, frame = places
                return in_form(
                    body,
                    frame,
                    _ruling(instruction or "", pair, at_1 < at_2),
                    self.labels or labels_in(frame),
                )
        return Answer("the prompt is about no recorded pair", status=400)

    @cached_property
    def _finder(self) -> InstructionFinder:
        return InstructionFinder(row["instruction"] for row in self._rows(self.model))

    def _rows(self, model: str) -> list[dict[str, Any]]:
        return load_recorded(self.folder / model / "annotations.json.gz")

    def _pairs(self, model: str) -> Mapping[str, list[RecordedPair]]:
        if not hasattr(self, "_index"):
            self._index: dict[str, dict[str, list[RecordedPair]]] = {}
        if model not in self._index:
            pairs = self._index[model] = defaultdict(list)
            for row in self._rows(model):
                pair = RecordedPair(
                    row["output_1"], row["output_2"], row["preference"], row.get("raw_completion")
                )
                pairs[row["instruction"]].append(pair)
        return self._index[model]


@dataclass
class RecordedModel:
    """Answers an instruction with the output that a model gave to it. `folder` is `alpaca_eval_1`."""

    folder: Path
    model: str

    def __call__(self, body: Body) -> Answer:
        """Answer one request; one with no recorded instruction gets an error that says so."""
        instruction = self._finder.find(prompt_text(body))
        if instruction is None:
            return Answer("the prompt holds no recorded instruction", status=400)
        return Answer(self._outputs[instruction])

    @cached_property
    def _outputs(self) -> dict[str, str]:
        rows = load_recorded(self.folder / self.model / "model_outputs.json.gz")
        return {row["instruction"]: row["output"] for row in rows}

    @cached_property
    def _finder(self) -> InstructionFinder:
        return InstructionFinder(self._outputs)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0].strip()


def _ruling(instruction: str, pair: RecordedPair, is_1_first: bool) -> Ruling:
    """Turn a recorded judgment to the order in which the prompt shows the outputs."""
    preference = pair.preference if pair.preference != 0 else 1.5
    if preference is not None and not is_1_first:
        preference = 3 - preference
    return Ruling(preference, pair.choice, is_as_recorded=is_1_first != _was_switched(instruction))


def _was_switched(instruction: str) -> bool:
    """Return whether AlpacaEval showed output 2 first when this pair was judged."""
    return random.Random(f"is_switched_outputs{instruction}0").choices([False, True], k=1)[0]


def _places(text: str, parts: tuple[str, str, str]) -> tuple[int, int, str] | None:
    """Find the instruction and both outputs, each in a place of its own.

    Returns:
        Where output 1 and output 2 begin, and the text with all three masked; None where one is missing.
    """
    places: dict[int, int] = {}
    order = [0, *sorted((1, 2), key=lambda i: len(parts[i]), reverse=True)]
    for i in order:
        place = _place(text, parts[i].strip())
        if place is None:
            return None
        places[i] = place
        length = len(parts[i].strip())
        text = text[:place] + _MASK * length + text[place + length :]
    if parts[1].strip() == parts[2].strip():  # only the space around them tells them apart
        narrow, wide = sorted((places[1], places[2]), key=lambda place: _space_around(text, place))
        places = {1: narrow, 2: wide} if len(parts[1]) < len(parts[2]) else {1: wide, 2: narrow}
    return places[1], places[2], text


def _space_around(text: str, place: int) -> int:
    before, after = text[:place], text[place:].lstrip(_MASK)
    return len(before) - len(before.rstrip()) + len(after) - len(after.lstrip())


def _place(text: str, part: str) -> int | None:
    """Return where `part` occurs, preferring a place where it fills its lines, then the first one."""
    if not part:
        empty = re.search(r"\n[ \t]*\n(?=[^\n]*$|[^\n]+\n)", text)
        return None if empty is None else empty.start() + 1
    anywhere: int | None = None
    place = text.find(part)
    while place >= 0:
        before = text[:place].rstrip(" \t")[-1:]
        after = text[place + len(part) :].lstrip(" \t")[:1]
        if (not before or before in _EDGE) and (not after or after in _EDGE):
            return place
        anywhere = place if anywhere is None else anywhere
        place = text.find(part, place + 1)
    return anywhere
