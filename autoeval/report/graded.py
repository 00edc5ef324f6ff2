"""The report's page of outputs that were judged by themselves: scores, a radar of categories, the judge's words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.metrics.correlation import Correlation
from autoeval.metrics.grades import MeanGrade
from autoeval.pages import charts
from autoeval.pages.document import render
from autoeval.report.pairs import text_of
from autoeval.types import Annotation, Judgment, Scale

_HERE = Path(__file__).parent
TEMPLATE, SCRIPT = _HERE / "graded.html.jinja", _HERE / "graded.js"
MOST_OUTPUTS = 1000
_FEWEST_AXES = 3
_LONGEST_TITLE = 90


@dataclass(frozen=True)
class AspectFacts:
    """An aspect's mean, how many outputs it does not apply to, and how it goes with each of the others."""

    name: str
    mean: MeanGrade
    n_inapplicable: int
    correlations: Mapping[str, Correlation]


@dataclass(frozen=True)
class GradedFacts:
    """A run in numbers and names.

    Attributes:
        parts: turns and categories.
        aspects: what else has a mean, such as honesty.
        asked: the aspects that the judge was asked about one by one.
        settings: names and values as they are shown.
    """

    model: str
    score: MeanGrade
    scale: Scale
    parts: Mapping[str, MeanGrade]
    categories: Sequence[str]
    aspects: Sequence[AspectFacts]
    asked: Sequence[str]
    failures: Mapping[str, int]
    cautions: Sequence[str]
    judge_description: str
    settings: Mapping[str, str]


def graded_page(facts: GradedFacts, annotations: Iterable[Annotation], digest: str) -> str:
    """Make the page of a run.

    Args:
        facts: the run in numbers.
        annotations: its outputs with what the judge said.
        digest: written into the page, so that a later run knows whether the page is still true.
    """
    entries: list[dict[str, Any]] = []
    n_left_out = 0
    for annotation in annotations:
        if len(entries) < MOST_OUTPUTS:
            entries.append(_entry(annotation, facts.asked))
        else:
            n_left_out += 1
    return render(
        TEMPLATE,
        SCRIPT,
        digest=digest,
        model=facts.model,
        score=facts.score,
        scale=f" {facts.scale}" if str(facts.scale) else "",
        parts=facts.parts,
        categories=facts.categories,
        aspects=facts.aspects,
        turns=[name for name in facts.parts if name not in facts.categories],
        failures=facts.failures,
        cautions=facts.cautions,
        judge_description=facts.judge_description,
        settings=facts.settings,
        radar=_radar(facts),
        entries=entries,
        n_left_out=n_left_out,
    )


def _radar(facts: GradedFacts) -> Any:
    if len(facts.categories) < _FEWEST_AXES or facts.scale.ends is None:
        return None
    scores = [facts.parts[name].mean for name in facts.categories]
    title = f"{facts.model}: score by category"
    return charts.radar(title, facts.categories, {facts.model: scores}, facts.scale.ends)


def _entry(annotation: Annotation, asked: Sequence[str]) -> dict[str, Any]:
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
