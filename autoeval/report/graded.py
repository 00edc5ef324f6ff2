"""The report's page of outputs that were judged by themselves: scores, a radar of categories, the judge's words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.metrics.estimates import Correlation, Estimate
from autoeval.pages import charts
from autoeval.pages.document import fragment, render
from autoeval.report.pairs import text_of
from autoeval.types import Annotation, Judgment

_HERE = Path(__file__).parent
TEMPLATE, SCRIPT = _HERE / "graded.html.jinja", _HERE / "graded.js"
FACTS = _HERE / "graded_facts.html.jinja"
MOST_OUTPUTS = 1000
_FEWEST_AXES = 3
_LONGEST_TITLE = 90


@dataclass(frozen=True)
class Part:
    """A number of a run with its interval, and how many of its values are missing."""

    estimate: Estimate
    n_missing: int


@dataclass(frozen=True)
class AspectFacts:
    """An aspect: how many outputs it does not apply to, and how it goes with each of the others."""

    name: str
    n_inapplicable: int
    correlations: Mapping[str, Correlation]


@dataclass(frozen=True)
class GradedFacts:
    """A run in numbers and names.

    `title` is what its number is called, `parts` are its turns, aspects or further rates, `categories` its number by
    category, `aspects` its aspects besides their numbers. Rates are in percent; `ends` are the lowest and the highest
    that a number can be, None for no end. `settings` are names and values as they are shown.
    """

    model: str
    title: str
    score: Part
    ends: tuple[float | None, float | None]
    parts: Mapping[str, Part]
    categories: Mapping[str, Part]
    failures: Mapping[str, int]
    cautions: Sequence[str]
    judge_description: str
    settings: Mapping[str, str]
    interval_name: str
    aspects: Sequence[AspectFacts] = ()

    @property
    def is_in_percent(self) -> bool:
        """Whether its numbers are rates."""
        return self.ends == (0.0, 100.0)

    @property
    def digits(self) -> int:
        """With how many digits its numbers are shown."""
        return 1 if self.is_in_percent else 2

    @property
    def scale(self) -> str:
        """Say what its numbers lie on."""
        low, high = self.ends
        return "" if self.is_in_percent or low is None or high is None else f" from {low:g} to {high:g}"


def graded_page(
    facts: GradedFacts,
    turns: Sequence[str],
    annotations: Iterable[Annotation],
    digest: str,
    asked: Collection[str] = (),
) -> str:
    """Make the page of a run.

    Args:
        facts: the run in numbers.
        turns: the names of a conversation's turns among its parts.
        annotations: its outputs with what the judge said.
        digest: written into the page, so that a later run knows whether the page is still true.
        asked: the aspects that the judge was asked about one by one.
    """
    entries: list[dict[str, Any]] = []
    n_left_out = 0
    for annotation in annotations:
        if len(entries) < MOST_OUTPUTS:
            entries.append(_entry(annotation, asked))
        else:
            n_left_out += 1
    return render(
        TEMPLATE,
        SCRIPT,
        digest=digest,
        **_drawn(facts),
        categories=facts.categories,
        turns=turns,
        entries=entries,
        n_left_out=n_left_out,
    )


def graded_fragment(facts: GradedFacts) -> str:
    """Make the part of a page that says what a run came to, without its outputs."""
    return fragment(FACTS, **_drawn(facts))


def _drawn(facts: GradedFacts) -> dict[str, Any]:
    return {"facts": facts, "radar": _radar(facts)}


def _radar(facts: GradedFacts) -> Any:
    low, high = facts.ends
    if len(facts.categories) < _FEWEST_AXES or low is None or high is None:
        return None
    values = [part.estimate.value for part in facts.categories.values()]
    scores = [None if value != value else value for value in values]
    title = f"{facts.model}: {facts.title} by category"
    return charts.radar(title, list(facts.categories), {facts.model: scores}, (low, high))


def _entry(annotation: Annotation, asked: Collection[str]) -> dict[str, Any]:
    """Return an output as the page shows it, turn by turn; one whose aspects were rated, as a whole."""
    case = annotation.case
    said = dict.fromkeys(judgment.part for judgment in annotation.judgments)
    parts = [part for part in said if part not in asked] or [""]
    grades = [annotation.parts.get(part) if part else annotation.value for part in parts]
    is_by_turn = len(parts) == len(case.turns)
    reference: Any = case.fields.get("reference") or ()
    answers = [reference] if isinstance(reference, str) else list(reference)
    return {
        "title": _short(case.instruction),
        "category": case.dataset or "",
        "grades": " · ".join("no grade" if grade is None else f"{grade:g}" for grade in grades),
        "turns": [
            {
                "part": part,
                "grade": "" if grade is None else f"{grade:g}",
                "user": case.turns[place] if is_by_turn else case.conversation,
                "answer": case.outputs[0].turns[place] if is_by_turn else case.output,
                "reference": answers[place] if is_by_turn and place < len(answers) else "",
                "judgments": _words(annotation, part) if parts != [""] else _all_words(annotation),
            }
            for place, (part, grade) in enumerate(zip(parts, grades, strict=True))
        ],
    }


def _words(annotation: Annotation, part: str) -> list[dict[str, str]]:
    """Return what each judge said of a part, or why it said nothing."""
    return [
        {"by": judgment.annotator, "text": text_of(judgment.raw_completion) or judgment.failure or ""}
        for judgment in annotation.judgments
        if judgment.part == part
    ]


def _all_words(annotation: Annotation) -> list[dict[str, str]]:
    """Return what each judge said of the whole, and why it rated each aspect so."""
    return [
        {"by": _heading(judgment), "text": judgment.explanation or judgment.failure or ""}
        for judgment in annotation.judgments
        if judgment.part
    ] or _words(annotation, "")


def _heading(judgment: Judgment) -> str:
    rated = "no rating" if judgment.value is None else f"{judgment.value:g}"
    said = rated if judgment.applies else "does not apply"
    return f"{judgment.part.replace('_', ' ')}: {said} · {judgment.annotator}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"
