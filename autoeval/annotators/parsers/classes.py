"""The judge puts one output into a class, such as a full refusal, a partial one or none."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from autoeval.annotators.parsers.base import Reading, TextParser, agreed
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.labels import PACKAGING
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.literals import found_in, prose_around
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unparsed, Verdict

_MARKED = lazy_pattern(r"\[\[([^\[\]\n]{1,60})\]\]")
_HEADED = lazy_pattern(r"(?P<head>[^\n]{1,200})[:：](?P<held>[^:：\n]{1,60})")
_BETWEEN = lazy_pattern(r"[\s_-]+")


class ClassesParser(TextParser):
    """A class by its name, marked as `[[partial]]` or on a line that is nothing else (`partial`, `Refusal: partial`).

    A reply that names several classes, marks what is none, or denies what it marks, holds none. The verdict is the
    class's number; its parts are 1 for the class and 0 for the others, so that their means are how often each occurs.
    """

    kind: Literal["classes"]
    """Names this parser."""
    classes: Mapping[str, float] = Field(min_length=2)
    """The classes, each with its number on the judge's scale."""
    also: Mapping[str, tuple[str, ...]] = {}
    """Other names of a class, as judges write them."""

    @field_validator("also")
    @classmethod
    def _as_text(cls, also: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        names = [_plain(name) for names in also.values() for name in names]
        if len(set(names)) < len(names):
            raise ValueError("a name stands for two classes")
        return also

    def model_post_init(self, _: object) -> None:
        """Refuse names of classes that there are not, or that are another class's."""
        known = {_plain(name) for name in self.classes}
        for name, others in self.also.items():
            if name not in self.classes:
                raise ValueError(f"'also' names {name!r}, which is none of the classes")
            if taken := next((other for other in others if _plain(other) in known - {_plain(name)}), None):
                raise ValueError(f"{taken!r} is a class, and cannot also be {name!r}")

    def verdict(self, name: str, explanation: str | None = None) -> Verdict:
        """Return the verdict that a class is."""
        return Verdict(self.classes[name], explanation, {one: float(one == name) for one in self.classes})

    def _of_text(self, text: str) -> Reading:
        seen = without_markup(text)
        lines = list(self._lines(seen))
        found = [*marked, *filter(None, lines)] if (marked := list(self._marked(seen))) else lines
        if None in found:
            return Unparsed("the reply marks something that is not clearly one of the classes")
        verdicts = [self.verdict(name, text) for name in found if name is not None]
        if len({*found}) > 1:
            return Unparsed("the reply names several classes")
        return agreed(verdicts, f"the reply names none of {', '.join(self.classes)}")

    def _is_entire(self, text: str) -> bool:
        match = _MARKED.fullmatch(text.strip())
        return match is not None and self._named(match[1]) is not None

    def _marked(self, text: str) -> Iterator[str | None]:
        """Walk through what is marked; None for what is no class, or is denied."""
        for match in _MARKED.finditer(text):
            yield None if is_doubted(text, match.start(), match.end()) else self._named(match[1])

    def _lines(self, text: str) -> Iterator[str | None]:
        """Walk through the fields and the lines that are nothing but a class, whatever they call it."""
        fields = found_in(text)
        for value, start, end in fields:
            for name in filter(None, map(self._named, _held(value))):
                yield None if is_doubted(text, start, end) else name
        for line in prose_around(fields, text).splitlines():
            if (whole := self._named(line)) is not None:
                yield whole
            elif (match := _HEADED.fullmatch(line.strip())) and (held := self._named(match["held"])):
                is_clear = self._named(match["head"]) is None and not is_doubted(
                    line, match.end("head"), len(line)
                )
                yield held if is_clear else None

    def _named(self, text: str) -> str | None:
        return self._names.get(_plain(text))

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The classes by all their names."""
        return {_plain(name): name for name in self.classes} | {
            _plain(other): name for name, others in self.also.items() for other in others
        }


def _held(value: Any) -> list[str]:
    """Return the texts that an object or a list holds."""
    items = value.values() if isinstance(value, Mapping) else value
    return [item for item in items if isinstance(item, str)]


def _plain(name: str) -> str:
    return _BETWEEN.sub(" ", name.strip(PACKAGING + "/=|>#")).casefold()
