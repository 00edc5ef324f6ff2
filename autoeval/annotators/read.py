"""Read: take replies from the cache in the pairs' order, parse them, and say the final word on each pair."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from autoeval.annotators.builtin import BUILTIN
from autoeval.annotators.combine import combine
from autoeval.annotators.config import Judge
from autoeval.annotators.parsers import Reading
from autoeval.annotators.plan import PlannedPair, Question
from autoeval.annotators.silence import why_silent
from autoeval.completions.cache import Entry, RecordedVerdict
from autoeval.completions.keys import request_key
from autoeval.completions.pricing import BATCH, cost
from autoeval.completions.providers.failures import whole
from autoeval.completions.providers.logprobs import to_json
from autoeval.completions.trial import WhyUnread
from autoeval.prompting.config import Price
from autoeval.types import (
    PREFERENCE,
    Annotation,
    Completion,
    Endpoint,
    Failure,
    Judgment,
    Pair,
    Request,
    Unparsed,
    Verdict,
)

_READ_AT_ONCE = 200
PriceOf = Callable[[Request], Price | None]


class Replies(Protocol):
    """Where replies are found; a cache, usually."""

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Entry]:
        """Return the entries of those of `keys` that have one."""


def read(
    plan: Iterable[PlannedPair],
    annotator_name: str,
    cache: Replies,
    failures: Mapping[bytes, Failure],
    price_of: PriceOf,
) -> Iterator[Annotation]:
    """Annotate every planned pair from what the cache has.

    Args:
        plan: the pairs with their questions.
        annotator_name: goes into the annotations.
        cache: has the replies.
        failures: why a request has no reply, by cache key.
        price_of: the price of a request's model.

    Yields:
        One annotation per pair, in the plan's order.
    """
    source = iter(plan)
    while chunk := list(islice(source, _READ_AT_ONCE)):
        requests = [
            question.request for planned in chunk for question in planned.questions if question.request
        ]
        keys = {id(request): request_key(request) for request in requests}
        entries = cache.get_many(list(set(keys.values())))
        for planned in chunk:
            judgments = []
            for question in planned.questions:
                key = keys.get(id(question.request), b"")
                judgments.append(
                    _judgment(planned.pair, question, entries.get(key), failures.get(key), price_of)
                )
            yield combine(planned, annotator_name, judgments)


def unparsed_keys(plan: Iterable[PlannedPair], cache: Replies) -> frozenset[bytes]:
    """Return the keys of the planned requests whose cached reply holds no verdict."""
    questions = (question for planned in plan for question in planned.questions)
    unparsed: set[bytes] = set()
    while chunk := list(islice(questions, _READ_AT_ONCE)):
        asked = [(request_key(question.request), question) for question in chunk if question.request]
        entries = cache.get_many(list({key for key, _ in asked}))
        unparsed.update(
            key for key, question in asked if key in entries and _holds_no_verdict(question, entries[key])
        )
    return frozenset(unparsed)


def _holds_no_verdict(question: Question, entry: Entry) -> bool:
    if isinstance(entry, RecordedVerdict):
        return None in entry.preferences
    return isinstance(_reading(question, entry), Unparsed)


def _judgment(
    pair: Pair, question: Question, entry: Entry | None, failure: Failure | None, price_of: PriceOf
) -> Judgment:
    name, is_switched = question.judge.name, question.is_switched
    if question.request is None:
        reading = within_scale(
            Verdict(BUILTIN[question.judge.model](pair.instruction, pair.output_1, pair.output_2))
        )
        if isinstance(reading, Unparsed):
            return Judgment(name, None, price=0.0, seconds=0.0, failure=_unparsed(reading))
        return Judgment(name, reading.preference, price=0.0, seconds=0.0)
    if entry is None:
        reason = f"{failure.kind}: {failure.message}" if failure else "not asked"
        return Judgment(name, None, is_switched, failure=reason)
    if isinstance(entry, RecordedVerdict):
        recorded = entry.preferences[question.place]
        return Judgment(
            annotator=name,
            preference=None if recorded is None else turned(recorded, is_switched),
            is_switched=is_switched,
            price=entry.price,
            seconds=entry.seconds,
            failure="unparsed: the imported judgment holds no verdict" if recorded is None else None,
        )
    return _parsed(question, entry, price_of(question.request))


def _parsed(question: Question, completion: Completion, price: Price | None) -> Judgment:
    reading = _reading(question, completion)
    verdict = None if isinstance(reading, Unparsed) else reading
    is_batch = completion.processing == BATCH
    paid = cost(price, completion.input_tokens, completion.output_tokens, is_batch)
    return Judgment(
        annotator=question.judge.name,
        preference=turned(verdict.preference, question.is_switched) if verdict else None,
        is_switched=question.is_switched,
        raw_completion=raw_completion(completion),
        explanation=whole(verdict.explanation) if verdict and verdict.explanation else None,
        price=None if paid is None else paid / question.n_places,
        seconds=completion.seconds / question.n_places,
        failure=_unparsed(reading) if isinstance(reading, Unparsed) else None,
        model=completion.model,
        adapted=completion.adapted,
    )


def _reading(question: Question, completion: Completion) -> Reading:
    assert question.request is not None
    readings = readings_of(question.judge, question.request, completion)
    if len(readings) == question.n_places:
        return readings[question.place]
    if len(readings) == 1 and isinstance(readings[0], Unparsed):
        return readings[0]
    return Unparsed(f"the reply has {len(readings)} verdicts for {question.n_places} pairs")


def within_scale(reading: Reading) -> Reading:
    """Return a reading, but none for a verdict outside of its scale, whoever gave it."""
    if isinstance(reading, Unparsed) or PREFERENCE.holds(reading.preference):
        return reading
    low, high = PREFERENCE.low, PREFERENCE.high
    return Unparsed(f"the verdict {reading.preference!r} is not a number from {low:g} to {high:g}")


def _unparsed(reading: Unparsed) -> str:
    return f"unparsed: {reading.reason}"


def readings_of(judge: Judge, request: Request, completion: Completion) -> list[Reading]:
    """Return what a judge's reply says of each pair that its request asks about."""
    assert judge.parser is not None
    if (silent := why_silent(request, completion)) is not None:
        return [Unparsed(silent)]
    return [within_scale(reading) for reading in judge.parser.read(completion)]


def why_unread(judges: Iterable[Judge]) -> WhyUnread:
    """Return what says why no judge's parser finds a verdict in a reply, None where one does."""
    asked: dict[tuple[Endpoint, str], list[Judge]] = defaultdict(list)
    for judge in judges:
        asked[judge.endpoint, judge.model].append(judge)

    def why(request: Request, completion: Completion) -> str | None:
        found = [
            reading
            for judge in asked[request.endpoint, request.model]
            for reading in readings_of(judge, request, completion)
        ]
        reasons = [reading.reason for reading in found if isinstance(reading, Unparsed)]
        return None if len(reasons) < len(found) else next(iter(reasons), "the reply holds no verdict")

    return why


def turned(preference: float, is_switched: bool) -> float:
    """Turn a preference from the order shown into the pair's own, or back."""
    return 3 - preference if is_switched else preference


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
