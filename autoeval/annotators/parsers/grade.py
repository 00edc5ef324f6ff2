"""The judge grades one output with a number: `[[5]]`, `Rating: 7`, a field of a JSON reply, or the number alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.labels import PACKAGING
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.literals import is_one_value, values_in
from autoeval.types import Unfinished, Unparsed, Verdict

_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_OUT_OF = rf"(?:\s*(?:/|out of|of)\s*(?P<total>{_NUMBER}))?"
_GRADE = rf"(?P<grade>{_NUMBER}){_OUT_OF}"
_MARKED = re.compile(r"\[\[(?P<held>[^\[\]]*)\]\]")
_BRACKETED = re.compile(rf"(?<![\[\w])\[\s*(?P<held>{_NUMBER}(?:\s*/\s*{_NUMBER})?)\s*\](?![\](])")
_AROUND = r"[\s*_`\"'“”]{0,6}"
_NAMED = re.compile(
    rf"(?<!\w)(?:rating|score|grade|note|punkte|puntuación|punteggio|nota|оценка|评分|分数|得分|評価|평점|التقييم)"
    rf"{_AROUND}(?:is|of|:|=|：)?{_AROUND}(?<![\d.,\w-]){_GRADE}(?![\d\w]|[.,]\d|\s*[-–—]\s*\d|\s*/)",
    re.IGNORECASE,
)
_ALONE = re.compile(_GRADE)
_PLACEHOLDERS = frozenset({"rating", "score", "grade", "number", "x", "n"})
_NO_GRADE = "the reply gives no grade"


class GradeParser(TextParser):
    """A grade as a number. What is marked as `[[5]]` counts before everything else that the reply says.

    Without such a mark, it is a number in brackets (`[5]`), named (`Rating: 5`) or alone on the last line. A reply
    whose grades differ, or one that is a range (`[[5-6]]`) or of another total (`5/20`), holds none.
    """

    kind: Literal["grade"]
    """Names this parser."""
    field: str | None = None
    """The field of a JSON reply that holds the grade; without it, the grade stands in the text."""
    explanation: str | None = None
    """The field that says why, shown beside the grade; without `field`, the whole reply does."""
    after: Annotated[str | None, Field(min_length=1, exclude_if=lambda after: after is None)] = None
    """What stands before the grade, such as `[RESULT]`, where a reply is words, this, and the grade. What stands before
    it is the explanation."""
    out_of: float = 10.0
    """The highest grade, which a judge may write behind it (`7/10`)."""

    def _of_text(self, text: str) -> Reading:
        if self.field is not None:
            return self._of_fields(text, self.field)
        if self.after is not None:
            return self._of_results(text, self.after)
        for found in (self._marked(text), self._bracketed(text), self._named(text)):
            readings = list(found)
            if readings:
                return self._one(readings, text)
        grade = self._read(text.strip().splitlines()[-1])
        return Unfinished(_NO_GRADE) if grade is None else Verdict(grade, text)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a grade whose end shows that it is the end."""
        return _MARKED.fullmatch(text.strip()) is not None or (self.field is not None and is_one_value(text))

    def _marked(self, text: str) -> Iterator[float | None]:
        for match in _MARKED.finditer(text):
            if match["held"].strip().strip(PACKAGING).casefold() not in _PLACEHOLDERS:
                yield self._read(match["held"])

    def _bracketed(self, text: str) -> Iterator[float | None]:
        return (self._read(match["held"]) for match in _BRACKETED.finditer(text))

    def _named(self, text: str) -> Iterator[float | None]:
        return (self._value(match) for match in _NAMED.finditer(without_markup(text)))

    def _one(self, grades: list[float | None], text: str) -> Reading:
        if None in grades:
            return Unparsed(
                _NO_GRADE if len(grades) == 1 else "the reply gives a grade that is not one number"
            )
        return agreed([Verdict(grade, text) for grade in grades if grade is not None], _NO_GRADE)

    def _of_results(self, text: str, mark: str) -> Reading:
        """Read the grade behind each mark: it is all that the line says there, and all of them agree."""
        words, *results = re.split(re.escape(mark), text, flags=re.IGNORECASE)
        lines = [result.strip().partition("\n")[0] for result in results]
        if not lines:
            return Unfinished(f"the reply has no {mark}")
        grades = [self._read(line) for line in lines]
        if None in grades:
            return Unparsed(f"what follows {mark} is not one number")
        why = re.sub(r"^\s*feedback\s*:\s*", "", words, flags=re.IGNORECASE).strip()
        return agreed([Verdict(grade, why or text) for grade in grades if grade is not None], _NO_GRADE)

    def _of_fields(self, text: str, field: str) -> Reading:
        verdicts = []
        for value in values_in(text):
            if not isinstance(value, Mapping) or field not in value:
                continue
            grade = self._read_value(value[field])
            if grade is None:
                return Unparsed(f"the field {field!r} holds {repr(value[field])[:80]}, which is no grade")
            why = value.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(grade, None if why is None else str(why)))
        return agreed(verdicts, f"the reply has no field {field!r}")

    def _read_value(self, value: Any) -> float | None:
        if isinstance(value, bool):
            return None
        return float(value) if isinstance(value, int | float) else self._read(str(value))

    def _read(self, text: str) -> float | None:
        """Return the grade that a text is, None where it is something else."""
        match = _ALONE.fullmatch(text.strip(PACKAGING.replace("-", "")))
        return None if match is None else self._value(match)

    def _value(self, match: re.Match[str]) -> float | None:
        total = match["total"]
        if total is not None and _as_number(total) != self.out_of:
            return None
        return _as_number(match["grade"])


def _as_number(text: str) -> float | None:
    """Return a number with a decimal point or comma; None for thousands (`1,000`)."""
    return None if re.fullmatch(r"[-+]?\d{1,3},\d{3}", text) else float(text.replace(",", "."))
