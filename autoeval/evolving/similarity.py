"""Elimination by what there is already: near copies of other instructions, and overlaps with texts of one's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autoeval.data.loading import Row, shorten
from autoeval.texts.vectors import tfidf
from autoeval.texts.words import runs_of, stems, words

NEAR = 0.8
"""Cosine of two instructions' words, weighted by rarity, from which one is a copy of the other."""
_OWN_SHARE = 0.2
"""A text that lacks this share of the words of an instruction's subject is not what it copies."""
STRETCH = 8
"""So many successive words of a text that must not be met make an overlap."""
_SHORTEST = 5
"""A text with fewer words overlaps only with its equal."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be a copy. It may be like those `akin` to it, which it descends from (places among the texts).

    `subject` is what it descends from: a text that lacks the words which it keeps of that is not its original.
    """

    text: str
    subject: str
    akin: frozenset[int] = frozenset()

    @property
    def own(self) -> frozenset[str]:
        """The words that it has from its subject."""
        return frozenset(stems(self.subject)) & frozenset(stems(self.text))

    @property
    def faithfulness(self) -> float:
        """How much of the words of its subject it keeps, 0 to 1."""
        return len(self.own) / max(1, len(frozenset(stems(self.subject))))

    def is_its_own_beside(self, other: str) -> bool:
        """Whether it has words from its subject that another text lacks."""
        lacking = self.own - frozenset(stems(other))
        return len(lacking) >= _OWN_SHARE * max(1, len(frozenset(stems(self.subject)))) and bool(lacking)


def copies(texts: Sequence[str], candidates: Sequence[Candidate]) -> list[str | None]:
    """Return of each candidate the text that it is a near copy of, None for those that are their own.

    Similarity is the cosine of TF-IDF vectors of words (Salton and Buckley 1988). Of two candidates that are alike, the
    one that keeps more of its subject is the original; where they keep as much, the first.

    Args:
        texts: what there is already.
        candidates: what is looked at.
    """
    if not candidates:
        return []
    everything = [*texts, *(one.text for one in candidates)]
    vectors, _ = tfidf(everything, _terms)
    likeness = (vectors[len(texts) :] @ vectors.T).tocsr()
    found: dict[int, str | None] = {}
    for place in sorted(range(len(candidates)), key=lambda place: -candidates[place].faithfulness):
        one, row = candidates[place], slice(*likeness.indptr[place : place + 2])
        near = [
            (value, other)
            for other, value in zip(likeness.indices[row], likeness.data[row], strict=True)
            if value >= NEAR
            and other not in one.akin
            and (other < len(texts) or found.get(other - len(texts), "not looked at") is None)
            and not one.is_its_own_beside(everything[other])
        ]
        found[place] = everything[max(near)[1]] if near else None
    return [found[place] for place in range(len(candidates))]


def _terms(text: str) -> list[str]:
    return stems(text) or words(text) or [text]


@dataclass
class Forbidden:
    """Texts that nothing may overlap with, by their stretches of `n` successive words."""

    n: int = STRETCH
    _stretches: dict[tuple[str, ...], str] = field(default_factory=dict)
    _lengths: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Iterable[Row], n: int = STRETCH) -> "Forbidden":
        """Take every text of rows, whatever its column."""
        made = cls(n)
        for row in rows:
            for text in _texts(list(row.fields.values())):
                made.add(text, row.where)
        return made

    def add(self, text: str, where: str) -> None:
        """Take one text; `where` says where it stands."""
        found = words(text)
        if found:
            self._lengths.add(min(len(found), self.n))
            for run in runs_of(found, self.n):
                self._stretches.setdefault(run, where)

    def overlap(self, text: str) -> str | None:
        """Say what a text shares with them, and with which; None where nothing."""
        found = words(text)
        for length in self._lengths:
            if len(found) < length or (length < min(self.n, _SHORTEST) and len(found) != length):
                continue
            for run in runs_of(found, length):
                if run in self._stretches:
                    return f"{self._stretches[run]} has its {length} words {shorten(' '.join(run))}"
        return None


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
