"""The judge grades one output with a number: `[[5]]`, `Rating: 7`, a field of a JSON reply, or the number alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.contradicted import same_measure
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.labels import PACKAGING
from autoeval.annotators.parsers.markup import shown, without_markup
from autoeval.annotators.parsers.numbers import NUMBER, as_number, bare, goes_on, out_of
from autoeval.annotators.parsers.words import SCORE, WHOLE, pattern_of
from autoeval.texts.literals import found_in, is_one_value, prose_around
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unfinished, Unparsed, Verdict

_GRADE = rf"(?P<grade>{NUMBER}){out_of()}"
_MARKED = lazy_pattern(r"\[\[(?P<held>[^\[\]]*)\]\]")
_BRACKETED = lazy_pattern(rf"(?<![\[\w])\[\s*(?P<held>{NUMBER}(?:\s*/\s*{NUMBER})?)\s*\](?![\](])")
_AROUND = r"[\s*_`\"'“”]{0,6}"
_NO_GRADE_BY_ITSELF = (
    "scores ratings grades points mark marks probability probabilities notes notas puntos pontos punkty оценки "
    "баллы баллов бали النقاط wahrscheinlichkeit probabilité"
)
_NAME = rf"{pattern_of(SCORE - frozenset(_NO_GRADE_BY_ITSELF.split()))}(?:\s+{pattern_of(WHOLE)})?"
_BETWEEN = rf"{_AROUND}(?:(?:is|of|:|=|为|為|是){_AROUND}|\s+(?=\S+\s*$)|(?=[\"'`*_]))"
_NAMED = lazy_pattern(rf"{_NAME}{_BETWEEN}(?<![\d.,\w-]){_GRADE}", re.IGNORECASE | re.MULTILINE)
_LARGEST = lazy_pattern(
    r"\b(?:max\w*|highest|largest|best|top|possible|perfect|full|min\w*|lowest)\s+(?:possible\s+)?$",
    re.IGNORECASE,
)
_ALONE = lazy_pattern(_GRADE)
_PLACEHOLDERS = frozenset({"rating", "score", "grade", "number", "x", "n"})
_NO_GRADE = "the reply gives no grade"


class GradeParser(TextParser):
    """A grade as a number. What is marked as `[[5]]` counts before everything else that the reply says.

    Without such a mark, it is a number in brackets (`[5]`), named (`Rating: 5`) or alone on the last line. A reply
    whose grades differ, however they are given, holds none; nor does one that denies or asks its grade, or gives a
    range (`[[5-6]]`) or one of another total (`5/20`).
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
        seen = shown(text)
        alone = self._read(seen.strip().splitlines()[-1])
        named, bracketed = list(self._named(seen)), list(self._bracketed(seen))
        others = [grade for grade in (*named, alone) if grade is not None]
        for found in (list(self._marked(seen)), named + bracketed):
            if found:
                return self._one(found, text, others)
        return Unfinished(_NO_GRADE) if alone is None else Verdict(alone, text)

    def _is_entire(self, text: str) -> bool:
        """Whether a text is nothing but a grade whose end shows that it is the end."""
        return _MARKED.fullmatch(text.strip()) is not None or (self.field is not None and is_one_value(text))

    def _marked(self, text: str) -> Iterator[float | None]:
        for match in _MARKED.finditer(text):
            if match["held"].strip().strip(PACKAGING).casefold() not in _PLACEHOLDERS:
                yield None if is_doubted(text, *match.span()) else self._read(match["held"])

    def _bracketed(self, text: str) -> Iterator[float | None]:
        for match in _BRACKETED.finditer(text):
            yield None if is_doubted(text, *match.span()) else self._read(match["held"])

    def _named(self, text: str) -> Iterator[float | None]:
        text = without_markup(text)
        for match in _NAMED.finditer(text):
            is_other = _LARGEST.search(text, max(0, match.start() - 40), match.start()) is not None
            if not is_other:
                is_unclear = is_doubted(text, *match.span()) or goes_on(text, match.end())
                yield None if is_unclear else self._value(match)

    def _one(self, grades: list[float | None], text: str, hints: list[float]) -> Reading:
        if None in grades:
            return Unparsed(
                _NO_GRADE if len(grades) == 1 else "the reply gives a grade that is not one number"
            )
        return agreed([Verdict(grade, text) for grade in grades if grade is not None], _NO_GRADE, hints)

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
        verdicts: list[Verdict] = []
        others: list[float | None] = []
        found = found_in(text)
        for value, start, end in found:
            if not isinstance(value, Mapping) or field not in value:
                continue
            grade = self._read_value(value[field])
            if grade is None or is_doubted(text, start, end):
                return Unparsed(f"the field {field!r} holds {repr(value[field])[:80]}, which is no grade")
            why = value.get(self.explanation) if self.explanation else None
            verdicts.append(Verdict(grade, None if why is None else str(why)))
            others += [self._read_value(value[name]) for name in same_measure(value, field)]
        said = re.findall(
            rf"(?<!\w){re.escape(field)}[\s\"'`*_]{{0,6}}[:=]([^\n]*)", prose_around(found, text)
        )
        hints = [grade for grade in [*others, *map(self._read, said)] if grade is not None]
        return agreed(verdicts, f"the reply has no field {field!r}", hints)

    def _read_value(self, value: Any) -> float | None:
        if isinstance(value, bool):
            return None
        return float(value) if isinstance(value, int | float) else self._read(str(value))

    def _read(self, text: str) -> float | None:
        """Return the grade that a text is, None where it is something else."""
        match = _ALONE.fullmatch(bare(text))
        return None if match is None else self._value(match)

    def _value(self, match: re.Match[str]) -> float | None:
        total = match["total"]
        if total is not None and as_number(total) != self.out_of:
            return None
        return as_number(match["grade"])
