"""Folding the verdicts on a case into the final word on it: turns, both orders, juries, repeated samples."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

from autoeval.annotators.plan import Planned, Question
from autoeval.types import Annotation, Judgment

_TIE = 1.5
_NOTHING_APPLIES = "unparsed: nothing that was asked about applies"


def combine(planned: Planned, annotator: str, judgments: Sequence[Judgment]) -> Annotation:
    """Average the judgments on a case, turn by turn; one of them missing makes it missing, never a guess.

    Args:
        planned: the case with its questions.
        annotator: who judged.
        judgments: the answer to each question.
    """
    case = planned.case
    if planned.known is not None:
        verdict = planned.known
        known = Judgment(annotator, verdict.value, explanation=verdict.explanation, price=0.0, seconds=0.0)
        return Annotation(case, annotator, verdict.value, judgments=(known,), weight=verdict.weight)
    if len(judgments) == 1 and not judgments[0].part:
        only = judgments[0]
        return Annotation(
            case, annotator, only.value, only.failure, tuple(judgments), only.parts, only.weight
        )
    is_compared = any(question.judge.comparison for question in planned.questions)
    folded = _compared(planned.questions, judgments) if is_compared else _fold(planned.questions, judgments)
    return Annotation(
        case,
        annotator,
        folded.value,
        folded.failure,
        tuple(judgments),
        folded.parts,
        sum(judgment.weight for judgment in judgments) / len(judgments) if judgments else 1.0,
    )


@dataclass(frozen=True, slots=True)
class _Folded:
    """What several judgments come to; `value` is None where `failure` says why."""

    value: float | None
    failure: str | None
    parts: Mapping[str, float]


def _fold(questions: Sequence[Question], judgments: Sequence[Judgment]) -> _Folded:
    """Average judgments by part, and then the parts."""
    by_part: dict[str, list[Judgment]] = {}
    for judgment in _settled(questions, judgments):
        if judgment.applies:
            by_part.setdefault(judgment.part, []).append(judgment)
    parts = {name: mean for name, group in by_part.items() if (mean := _mean(group)) is not None}
    missing = next((judgment for judgment in judgments if judgment.applies and judgment.value is None), None)
    why = (missing.failure or "unknown") if missing else None if by_part else _NOTHING_APPLIES
    named = {name: value for name, value in parts.items() if name} | _aspects(judgments)
    return _Folded(None if why else sum(parts.values()) / len(parts), why, named)


def _compared(questions: Sequence[Question], judgments: Sequence[Judgment]) -> _Folded:
    """Turn each judge's scores of both outputs into its preference, and average those; the scores are the parts."""
    preferences, failure = [], None
    scores: dict[str, list[float]] = {}
    for judge in {question.judge.name: question.judge for question in questions}.values():
        of_outputs = []
        for output in (1, 2):
            asked = [
                (question, judgment)
                for question, judgment in zip(questions, judgments, strict=True)
                if question.judge.name == judge.name and judgment.output == output
            ]
            folded = _fold([question for question, _ in asked], [judgment for _, judgment in asked])
            failure = failure or folded.failure
            if folded.value is not None:
                scores.setdefault(f"output_{output}", []).append(folded.value)
                of_outputs.append(folded.value)
        if len(of_outputs) == 2 and judge.comparison is not None:
            preferences.append(judge.comparison.preference(*of_outputs))
    parts = {name: sum(values) / len(values) for name, values in scores.items()}
    return _Folded(None if failure else sum(preferences) / len(preferences), failure, parts)


def is_flipped(annotation: Annotation) -> bool | None:
    """Return whether a judge prefers one output in one order and the other one in the other order.

    None where no judge gave verdicts in both orders. A tie in either order is no flip.
    """
    if len(annotation.judgments) < 2:
        return None
    flips = [
        leaning * other < 0
        for (asked, is_switched, leaning), (asked_too, is_other, other) in combinations(
            _leanings(annotation.judgments), 2
        )
        if asked == asked_too and {is_switched, is_other} == {True, False}
    ]
    return any(flips) if flips else None


def _leanings(judgments: Iterable[Judgment]) -> Iterator[tuple[tuple[str, str], bool | None, float]]:
    """Walk through what was said of a pair: by whom of which part, in which order, and how far it is for output 2."""
    scores: dict[tuple[str, str, bool | None], dict[int, list[float]]] = {}
    for one in judgments:
        if one.value is None:
            continue
        if not one.output:
            yield (one.annotator, one.part), one.is_switched, one.value - _TIE
        else:
            asked = (one.annotator, one.part, one.is_switched)
            scores.setdefault(asked, {}).setdefault(one.output, []).append(one.value)
    for (annotator, part, is_switched), by_output in scores.items():
        if len(by_output) == 2:
            yield (annotator, part), is_switched, fmean(by_output[2]) - fmean(by_output[1])


def _mean(judgments: Sequence[Judgment]) -> float | None:
    """Return the mean of judgments, each as often as it counts; None where one is missing."""
    values = [judgment.value for judgment in judgments if judgment.value is not None]
    if len(values) < len(judgments):
        return None
    weights = [judgment.weight for judgment in judgments]
    if len(set(weights)) == 1:
        return sum(values) / len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _aspects(judgments: Iterable[Judgment]) -> dict[str, float]:
    """Return the mean of each aspect that verdicts are made of."""
    found: dict[str, list[float]] = {}
    for judgment in judgments:
        for name, value in judgment.parts.items():
            found.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in found.items()}


def _settled(questions: Sequence[Question], judgments: Sequence[Judgment]) -> Sequence[Judgment]:
    """Make ties of what a judge says in two orders, where it is to name a winner in both."""
    strict = {question.judge.name for question in questions if question.judge.disagreement == "tie"}
    if not strict:
        return judgments
    sides: dict[tuple[str, str], set[int]] = {}
    for judgment in judgments:
        if judgment.value is not None:
            side = (judgment.value > _TIE) - (judgment.value < _TIE)
            sides.setdefault((judgment.annotator, judgment.part), set()).add(side)
    return [
        replace(judgment, value=_TIE)
        if judgment.value is not None
        and judgment.annotator in strict
        and len(sides[judgment.annotator, judgment.part]) > 1
        else judgment
        for judgment in judgments
    ]
