"""Read: take replies from the cache in the cases' order, parse them, and say the final word on each case."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from autoeval.annotators.builtin import BUILTIN
from autoeval.annotators.combine import combine
from autoeval.annotators.finishing import talks_about
from autoeval.annotators.judges import Judge
from autoeval.annotators.parsers import Reading
from autoeval.annotators.plan import Plan, Question
from autoeval.annotators.readings import is_unread, readings_of, within_scale
from autoeval.completions.cache import Entry, RecordedVerdict
from autoeval.completions.keys import request_key
from autoeval.completions.pricing import AT_BATCH_PRICE, cost
from autoeval.completions.providers.failures import whole
from autoeval.completions.providers.logprobs import to_json
from autoeval.completions.replies import Replies, stretches
from autoeval.prompting.asker import Asker
from autoeval.prompting.config import Price
from autoeval.types import (
    Annotation,
    Case,
    Completion,
    Failure,
    Inapplicable,
    Judgment,
    Unparsed,
    Verdict,
)

PREFERENCE_TIE = 1.5
PriceOf = Callable[[Asker], Price | None]


def read(
    plan: Plan,
    annotator_name: str,
    cache: Replies,
    failures: Mapping[bytes, Failure],
    price_of: PriceOf,
) -> Iterator[Annotation]:
    """Annotate every planned case from what the cache has.

    Args:
        plan: the cases with their questions.
        annotator_name: goes into the annotations.
        cache: has the replies.
        failures: why a request has no reply, by cache key.
        price_of: what a judge costs.

    Yields:
        One annotation per case, in the plan's order.
    """
    for stretch in stretches(plan):
        keys = {question.key for planned in stretch for question in planned.questions if question.key}
        entries = dict(cache.get_many(list(keys)))
        talks = talks_about(plan, stretch, entries, cache)
        entries |= {key: talk.whole for key, talk in talks.items()}
        unanswered = {key: talk for key, talk in talks.items() if talk.open_key}
        for planned in stretch:
            judgments = []
            for question in planned.questions:
                key = question.key or b""
                judgment = _judgment(planned.case, question, entries.get(key), failures.get(key), price_of)
                if key in unanswered:  # what was said is kept, and why there is no more
                    reason = _why_missing(failures.get(unanswered[key].open_key or b""))
                    judgment = replace(judgment, failure=reason)
                judgments.append(judgment)
            yield combine(planned, annotator_name, judgments)


def unparsed_keys(plan: Plan, cache: Replies) -> frozenset[bytes]:
    """Return the keys of the requests whose cached reply holds no verdict, with those of what was said to go on."""
    unparsed: set[bytes] = set()
    for stretch in stretches(plan):
        questions = [one for planned in stretch for one in planned.questions if one.key]
        entries = dict(cache.get_many(list({one.key for one in questions if one.key})))
        talks = talks_about(plan, stretch, entries, cache)
        entries |= {key: talk.whole for key, talk in talks.items()}
        for question in questions:
            key = question.key or b""
            if key in entries and _holds_no_verdict(question, entries[key]):
                unparsed |= {key, *(map(request_key, talks[key].requests) if key in talks else ())}
    return frozenset(unparsed)


def _holds_no_verdict(question: Question, entry: Entry) -> bool:
    if isinstance(entry, RecordedVerdict):
        return None in entry.preferences
    return is_unread(_reading(question, entry))


def _judgment(
    case: Case, question: Question, entry: Entry | None, failure: Failure | None, price_of: PriceOf
) -> Judgment:
    judge, view = question.judge, question.view
    if question.key is None:
        return _of_builtin(judge, case)
    if entry is None:
        return Judgment(
            judge.name, None, view.order, failure=_why_missing(failure), part=view.name, output=view.output
        )
    if isinstance(entry, RecordedVerdict):
        recorded = entry.preferences[question.place]
        return Judgment(
            annotator=judge.name,
            value=None if recorded is None else _settled(case, judge, judge.kind.turned(recorded, view)),
            is_switched=view.order,
            price=entry.price,
            seconds=entry.seconds,
            failure="unparsed: the imported judgment holds no verdict" if recorded is None else None,
            part=view.name,
            output=view.output,
        )
    parsed = _parsed(question, entry, price_of(judge))
    if parsed.value is None or judge.slight_win_margin is None:
        return parsed
    return replace(parsed, value=_settled(case, judge, parsed.value))


def _settled(case: Case, judge: Judge, value: float) -> float:
    """Return a preference, a tie for a slight win of an output that is longer than its judge allows."""
    if judge.slight_win_margin is None or value in (1.0, 1.5, 2.0):
        return value
    longer_by = len(case.output_2) - len(case.output_1)
    by = longer_by if value > PREFERENCE_TIE else -longer_by
    return PREFERENCE_TIE if by > judge.slight_win_margin else value


def _why_missing(failure: Failure | None) -> str:
    return f"{failure.kind}: {failure.message}" if failure else "not asked"


def _of_builtin(judge: Judge, case: Case) -> Judgment:
    reading = within_scale(BUILTIN[judge.model].verdict(case), judge.scale)
    if isinstance(reading, Unparsed):
        return Judgment(judge.name, None, price=0.0, seconds=0.0, failure=_unparsed(reading))
    return Judgment(
        judge.name,
        reading.value,
        explanation=reading.explanation,
        price=0.0,
        seconds=0.0,
        parts=reading.parts,
        weight=reading.weight,
    )


def _parsed(question: Question, completion: Completion, price: Price | None) -> Judgment:
    view, reading = question.view, _reading(question, completion)
    verdict = reading if isinstance(reading, Verdict) else None
    words = reading.explanation if isinstance(reading, Verdict | Inapplicable) else None
    is_batch = completion.processing in AT_BATCH_PRICE
    paid = cost(price, completion.input_tokens, completion.output_tokens, is_batch)
    return Judgment(
        annotator=question.judge.name,
        value=question.judge.kind.turned(verdict.value, view) if verdict else None,
        is_switched=view.order,
        raw_completion=raw_completion(completion),
        explanation=whole(words) if words else None,
        price=None if paid is None else paid / question.n_places,
        seconds=completion.seconds / question.n_places,
        failure=_unparsed(reading) if isinstance(reading, Unparsed) and is_unread(reading) else None,
        model=completion.model,
        adapted=completion.adapted,
        part=view.name,
        parts=verdict.parts if verdict else {},
        weight=verdict.weight if verdict else 1.0,
        applies=not isinstance(reading, Inapplicable),
        output=view.output,
    )


def _reading(question: Question, completion: Completion) -> Reading:
    readings = readings_of(question.judge, completion)
    if len(readings) == question.n_places:
        return _applying(readings[question.place], question)
    if len(readings) == 1 and isinstance(readings[0], Unparsed):
        return readings[0]
    told = "pairs" if question.judge.kind.n_outputs > 1 else "outputs"
    return Unparsed(f"the reply has {len(readings)} verdicts for {question.n_places} {told}")


def _applying(reading: Reading, question: Question) -> Reading:
    """Return a reading, but none where it says that something does not apply which always does."""
    aspect = question.judge.aspects.get(question.view.aspect)
    if isinstance(reading, Inapplicable) and not (aspect and aspect.optional):
        return Unparsed("the reply says that a rating does not apply, which always does")
    return reading


def _unparsed(reading: Unparsed) -> str:
    return f"unparsed: {reading.reason}"


def raw_completion(completion: Completion) -> Any:
    """Return a reply as annotation files hold it: its text, or OpenAI's choice where log probabilities matter."""
    if completion.logprobs:
        content = [
            {
                "token": token.token,
                "logprob": to_json(token.logprob),
                "top_logprobs": [{"token": text, "logprob": to_json(logprob)} for text, logprob in token.top],
            }
            for token in completion.logprobs
        ]
        return {
            "finish_reason": completion.finish_reason,
            "index": 0,
            "logprobs": {"content": content},
            "message": {"content": completion.text, "role": "assistant"},
            "text": completion.text,
            "total_tokens": (completion.input_tokens or 0) + (completion.output_tokens or 0),
        }
    if completion.tool_arguments is not None:
        return completion.tool_arguments
    return completion.text or (json.dumps({"refusal": completion.refusal}) if completion.refusal else "")
