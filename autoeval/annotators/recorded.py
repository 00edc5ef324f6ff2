"""Judgments that were recorded elsewhere: annotation files and caches, ours and AlpacaEval's, become cache entries.

Nothing that was paid for is paid again: a raw reply goes into the cache where this annotator reads the recorded
preference from it, and otherwise the verdict alone, both under the key of the request that the plan would make.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autoeval.annotators.plan import Plan, Question
from autoeval.completions.cache import Cache, Entry, RecordedVerdict
from autoeval.completions.providers.logprobs import read_logprobs
from autoeval.data.annotations import Texts, texts_of
from autoeval.data.loading import is_missing
from autoeval.errors import UsageError
from autoeval.types import Annotation, Completion, FailureKind, Unparsed

_TOLERANCE = 1e-6
_FAILURES = frozenset(FailureKind)


@dataclass
class Imported:
    """What came of an import: counts of pairs.

    `known` were in the cache already, `identical` have equal outputs and need no judge, `incomplete` belong to
    prompts on several pairs that are not all there, `failed` say only that nobody answered, and `foreign` were judged
    by annotators that do not judge here.
    """

    replies: int = 0
    verdicts: int = 0
    known: int = 0
    identical: int = 0
    incomplete: int = 0
    failed: int = 0
    foreign: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many pairs need no request any more."""
        return self.replies + self.verdicts + self.known


def import_recorded(plan: Plan, judgments: Mapping[Texts, Annotation], cache: Cache) -> Imported:
    """Put recorded judgments into the cache.

    Args:
        plan: decides what would be asked. Each pair must depend on one question.
        judgments: by the pair's texts; those of other pairs are left out.
        cache: gets the entries; what it has already stays.

    Raises:
        UsageError: the annotator asks several questions a pair, so that no verdict is that of one.
    """
    imported = Imported()
    names = {judge.name for judge in plan.annotator.judges} | {plan.annotator.name}
    asked: dict[bytes, list[tuple[Question, Annotation | None]]] = defaultdict(list)
    for planned in plan:
        if len(planned.questions) > 1:
            raise UsageError(
                f"{plan.annotator.name} asks {len(planned.questions)} questions a pair, so a recorded verdict on a "
                "pair answers none of them. Import into an annotator that asks one."
            )
        recorded = judgments.get(texts_of(planned.case))
        if planned.known or not planned.questions:
            imported.identical += recorded is not None
            continue
        (question,) = planned.questions
        if recorded and recorded.annotator and recorded.annotator not in names:
            imported.foreign[recorded.annotator] += 1
            recorded = None
        if recorded and _has_no_reply(recorded):
            imported.failed += 1
            recorded = None
        if question.key is not None:
            asked[question.key].append((question, recorded))
    known = cache.known(list(asked))
    imported.known = sum(recorded is not None for key in known for _, recorded in asked[key])
    cache.put_many(_entries({key: asked[key] for key in asked if key not in known}, imported))
    return imported


def _entries(
    asked: Mapping[bytes, list[tuple[Question, Annotation | None]]], imported: Imported
) -> Iterator[tuple[bytes, Entry]]:
    """Make an entry of each request all of whose pairs have a judgment."""
    for key, answers in asked.items():
        judged = [(question, recorded) for question, recorded in answers if recorded is not None]
        if len(judged) < len(answers):
            imported.incomplete += len(judged)
            continue
        reply = judged[0][1].judgments
        completion = completion_of(reply[0].raw_completion, reply[0].seconds) if len(reply) == 1 else None
        if completion is not None and all(_agrees(question, completion, one) for question, one in judged):
            imported.replies += len(judged)
            yield key, completion
        else:
            imported.verdicts += len(judged)
            yield key, _verdict(judged)


def _has_no_reply(recorded: Annotation) -> bool:
    """Whether a pair of ours has no verdict because nobody answered, which the next run asks again."""
    return (recorded.failure or "").partition(":")[0] in _FAILURES


def _agrees(question: Question, completion: Completion, recorded: Annotation) -> bool:
    """Whether this judge reads the recorded preference from a reply."""
    assert question.judge.parser is not None
    readings = question.judge.parser.read(completion)
    if len(readings) != question.n_places:
        return recorded.value is None
    reading = readings[question.place]
    if isinstance(reading, Unparsed) or recorded.value is None:
        return isinstance(reading, Unparsed) and recorded.value is None
    turned = question.judge.kind.turned(reading.value, question.view)
    return abs(turned - recorded.value) <= _TOLERANCE


def _verdict(judged: list[tuple[Question, Annotation]]) -> RecordedVerdict:
    preferences: list[float | None] = [None] * judged[0][0].n_places
    for question, recorded in judged:
        if recorded.value is not None:
            preferences[question.place] = question.judge.kind.turned(recorded.value, question.view)
    first = judged[0][1].judgments[0]
    return RecordedVerdict(tuple(preferences), first.price, first.seconds)


def completion_of(raw: Any, seconds: float | None) -> Completion | None:
    """Make a reply of what a file has of it, its text or OpenAI's choice; None where it has nothing."""
    if is_missing(raw):
        return None
    if isinstance(raw, Mapping) and ("message" in raw or "logprobs" in raw):
        return _of_choice(raw, seconds or 0.0)
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    return Completion(text, seconds=seconds or 0.0)


def _of_choice(choice: Mapping[str, Any], seconds: float) -> Completion | None:
    message = choice.get("message") or {}
    logprobs = read_logprobs(choice.get("logprobs"))
    total, n_out = choice.get("total_tokens"), len(logprobs)
    is_counted = isinstance(total, int | float) and not is_missing(total) and n_out
    return Completion(
        text=str(message.get("content") or choice.get("text") or ""),
        finish_reason=choice.get("finish_reason"),
        logprobs=logprobs,
        input_tokens=int(total or 0) - n_out if is_counted else None,
        output_tokens=n_out if is_counted else None,
        seconds=seconds,
    )
