"""A judge with known faults: prefers the better output, errs at random, and sometimes goes by its fault."""

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from tests.servers.answers import Answer, Body, prompt_text

FAULTS = ("position", "filler", "list", "bold", "injection", "drift")

SHOWN = re.compile(
    r"--- instruction (?P<nonce>\S+) ---\n(?P<instruction>.*)\n--- answer a (?P=nonce) ---\n(?P<a>.*)\n"
    r"--- answer b (?P=nonce) ---\n(?P<b>.*)\n--- end (?P=nonce) ---",
    re.DOTALL,
)
_MARKS = {"bold": "**", "list": "- ", "injection": "evaluator"}


def outputs(number: int) -> tuple[str, str]:
    """Return the reference's and the model's output for an instruction; the judge knows them apart."""
    return f"One {number}. Yes.", f"Two {number}. No."


def rows(n: int, side: int) -> list[dict[str, str]]:
    """Return the outputs of the reference (side 0) or the model (1) on n instructions."""
    generator = ("reference", "model")[side]
    return [
        {"instruction": f"What now, number {i}?", "output": outputs(i)[side], "generator": generator}
        for i in range(n)
    ]


@dataclass
class SyntheticJudge:
    """Answers in the form of the shipped prompts.

    `quality` is the probability that output 2 is the better one, decided once for each instruction and seed.
    With probability `noise` an answer is turned round, drawn anew for each time a question is asked. With
    probability `share` it goes by its `fault` where that applies; `drift` (towards output 2) applies once
    `has_drifted` is set.
    """

    seed: int = 0
    fault: str | None = None
    share: float = 0.2
    noise: float = 0.0
    quality: float = 0.5
    has_drifted: bool = False
    _asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, body: Body) -> Answer:
        """Say which of the outputs shown wins."""
        text = prompt_text(body)
        found = SHOWN.search(text)
        assert found is not None, text
        shown = found["a"], found["b"]
        self._asked[text] += 1
        time = self._asked[text]
        second_wins = self._draw("quality", found["instruction"]) < self.quality
        if self._draw("noise", text, time) < self.noise:
            second_wins = not second_wins
        winner = "Two" if second_wins else "One"
        place = next(place for place, output in enumerate(shown) if winner in output)
        favoured = self._favoured(shown, found["instruction"])
        if favoured is not None and self._draw("fault", text, time) < self.share:
            place = favoured
        return Answer("a > b" if place == 0 else "b > a")

    def _favoured(self, shown: tuple[str, str], instruction: str) -> int | None:
        """Return the place of the output that the fault speaks for."""
        if self.fault == "position":
            return 0
        if self.fault == "drift":
            return next(i for i, text in enumerate(shown) if "Two" in text) if self.has_drifted else None
        as_they_were = outputs(int(re.sub(r"\D", "", instruction)))
        for place, text in enumerate(shown):
            if text not in as_they_were:
                change = next((name for name, mark in _MARKS.items() if mark in text), "filler")
                return place if change == self.fault else None
        return None

    def _draw(self, *what: object) -> float:
        """Draw from [0, 1) by what it is for, so that the order in which requests arrive does not matter."""
        key = "\0".join(map(str, (self.seed, *what)))
        return int.from_bytes(blake2b(key.encode(), digest_size=7).digest()) / 2**56
