"""The judge says how sure it is, in words of its reply: a probability, or one of a few levels.

What log probabilities say of a one-token reply, a reply of a few tokens says of itself, from any model.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import field_validator, model_validator

from autoeval.annotators.parsers.against import is_turned
from autoeval.annotators.parsers.base import Parser, Reading, agreed, body, is_complete
from autoeval.annotators.parsers.contradicted import fields_of, lines_of, unless_contradicted
from autoeval.annotators.parsers.corrected import unless_taken_back
from autoeval.annotators.parsers.labels import PACKAGING, Labels, plain
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.literals import values_in
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Completion, Unfinished, Unparsed, Verdict

_CUT_OFF = Unfinished("the reply was cut off, so its grade may not be whole; raise the judge's token limit")
_NUMBER = lazy_pattern(r"(?P<number>\d{1,3}(?:[.,]\d{1,2})?)\s*(?P<unit>%|/ ?100|per ?cent)?", re.IGNORECASE)
_AROUND = re.escape(PACKAGING.replace(".", "").replace(",", ""))
_PERCENT = 100.0
_TURNED = lazy_pattern(
    r"\b(?:not|no|never|nor|neither|cannot|un\w+|worse|worst|los\w+|against|reject\w*)\b|n['’]t\b",
    re.IGNORECASE,
)
"""In what announces a grade, these make it perhaps the grade of the opposite."""


def _may_turn(announcement: str) -> bool:
    return _TURNED.search(announcement) is not None or is_turned(announcement)


class _GradeParser(Parser):
    """Reads a grade from a JSON field, a line that is nothing but the grade, or what follows a line's last colon."""

    field: str | None = None
    """The field of a JSON reply that holds the grade; without it, the grade stands in the text."""
    explanation: str | None = None
    """The field that says why, shown beside the verdict."""

    @property
    def has_tags(self) -> bool:
        """Whether what looks like a tag in a reply is one."""
        return True

    @model_validator(mode="after")
    def _explains_in_json(self) -> "_GradeParser":
        if self.explanation is not None and self.field is None:
            raise ValueError("'explanation' names a field of a JSON reply: give 'field' too")
        return self

    def read(self, completion: Completion) -> list[Reading]:
        """Read the one grade that the reply gives."""
        text = body(completion)
        if isinstance(text, Unparsed):
            return [text]
        if not is_complete(completion):
            return [_CUT_OFF]
        reading = self._read(text)
        return [unless_taken_back(reading, text, self._read) or reading]

    def _read(self, text: str) -> Reading:
        return self._consistent(self._of_json(text) if self.field else self._of_text(text), text)

    def _consistent(self, grade: Reading, text: str) -> Reading:  # noqa: ARG002 - what of the text speaks against it
        return grade

    def _of_json(self, text: str) -> Reading:
        verdicts = []
        for value in values_in(text):
            if not isinstance(value, Mapping) or self.field not in value:
                continue
            grade = self._grade(value[self.field])
            if grade is None:
                return Unparsed(
                    f"the field {self.field!r} holds {repr(value[self.field])[:80]}, which is no grade"
                )
            why = value.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(grade, None if why is None else str(why)))
        return agreed(verdicts, f"the reply has no field {self.field!r}")

    def _of_text(self, text: str) -> Reading:
        lines = without_markup(text, has_tags=self.has_tags).splitlines()
        found = [grade for line in lines for grade in self._of_line(line)]
        if None in found:
            return Unparsed(
                "the reply gives a grade that can be read in more than one way, or none of those asked for"
            )
        hints = [grade for line in lines for part in fields_of(line) for grade in self._of_line(part)]
        verdicts = [Verdict(grade) for grade in found if grade is not None]
        return agreed(verdicts, "the reply gives no grade", [grade for grade in hints if grade is not None])

    def _of_line(self, line: str) -> Iterator[float | None]:
        """Give the grade of a line that has one; None where there is one that cannot be read."""
        raise NotImplementedError

    def _grade(self, value: Any) -> float | None:
        """Return the preference that a grade says, None where it is no grade."""
        raise NotImplementedError


class ProbabilityParser(Labels, _GradeParser):
    """A probability in per cent that one of the outputs is the better one: `73`, `73%`, `a: 73%`.

    A bare number between 0 and 1 is no verdict, for it could be a share of 1 or of 100; `0.7%` and `1%` are.
    """

    kind: Literal["probability"]
    """Names this parser."""
    of: Literal["first", "second"] = "first"
    """Whose probability of being better the prompt asks for."""

    def _consistent(self, grade: Reading, text: str) -> Reading:
        values, _, prose = self.parts_of(text)
        beside = values if self.field else values + lines_of(prose)
        return unless_contradicted(grade, beside, self, self.field or "")

    def _of_line(self, line: str) -> Iterator[float | None]:
        announcement, colon, rest = line.rpartition(":")
        if re.fullmatch(rf"[{_AROUND}]*{_NUMBER.pattern}[{_AROUND}.]*", rest.strip(), re.IGNORECASE) is None:
            return
        if not colon or not announcement.strip(PACKAGING):
            yield self._grade(rest)
            return
        labelled = self.preference(announcement)
        if labelled in (1.0, 2.0):
            share = self._share(rest)
            yield None if share is None else (2 - share if labelled == 1.0 else 1 + share)
        else:
            yield None if self._is_turned(announcement) else self._grade(rest)

    def _is_turned(self, announcement: str) -> bool:
        """Whether an announcement speaks of the other output or of being worse, so that its number may be of that."""
        other = 2.0 if self.of == "first" else 1.0
        is_named = any(self.preference(named) == other for named in self.either.findall(announcement))
        return is_named or _may_turn(announcement)

    def _grade(self, value: Any) -> float | None:
        share = self._share(value)
        if share is None:
            return None
        return 2 - share if self.of == "first" else 1 + share

    def _share(self, value: Any) -> float | None:
        """Return a probability from 0 to 1, None where there is none or it has no certain unit."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        text = str(value).strip(PACKAGING.replace(".", "").replace(",", "")).rstrip(".")
        match = _NUMBER.fullmatch(text)
        if match is None:
            return None
        number = float(match["number"].replace(",", "."))
        is_of_unknown_unit = match["unit"] is None and 0 < number <= 1
        return None if is_of_unknown_unit or number > _PERCENT else number / _PERCENT


class LevelsParser(_GradeParser):
    """One of a few levels, from the output shown first being much better to the second one being so.

    The levels lie at equal distances from 1 to 2; of an odd number, the middle one is a tie.
    """

    kind: Literal["levels"]
    """Names this parser."""
    levels: tuple[str, ...]
    """What the judge may say, from the first output much better to the second one much better."""

    @property
    def has_tags(self) -> bool:
        """Whether what looks like a tag in a reply is one; no where levels look so."""
        return not any("<" in level for level in self.levels)

    @field_validator("levels")
    @classmethod
    def _distinct(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        words = {_squeezed(level) for level in levels}
        if len(levels) < 3 or len(words) < len(levels) or not all(words):
            raise ValueError("'levels' needs at least three different ones (case and spaces do not count)")
        return levels

    def _of_line(self, line: str) -> Iterator[float | None]:
        announcement, _, rest = line.rpartition(":")
        whole, announced = self._grade(line), self._grade(rest)
        if whole is not None:
            yield whole
        elif announced is not None:
            yield None if _may_turn(announcement) else announced

    def _grade(self, value: Any) -> float | None:
        return self._by_word.get(_squeezed(value)) if isinstance(value, str | int) else None

    @cached_property
    def _by_word(self) -> dict[str, float]:
        step = 1 / (len(self.levels) - 1)
        return {_squeezed(level): 1 + place * step for place, level in enumerate(self.levels)}


def _squeezed(level: Any) -> str:
    """Return a level as it is compared: without packaging, case and spaces."""
    return re.sub(r"\s+", "", plain(level))
