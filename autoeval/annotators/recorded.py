"""Judgments that were recorded elsewhere: annotation files and caches, ours and AlpacaEval's, become cache entries.

Nothing that was paid for is paid again: a raw reply goes into the cache where this annotator reads the recorded
preference from it, and otherwise the verdict alone, both under the key of the request that the plan would make.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autoeval.annotators.plan import Plan, Question
from autoeval.annotators.read import turned
from autoeval.completions.cache import Cache, Entry, RecordedVerdict
from autoeval.completions.keys import request_key
from autoeval.completions.providers.logprobs import read_logprobs
from autoeval.data.loading import Row, is_missing
from autoeval.data.records import read_instruction
from autoeval.errors import UsageError
from autoeval.types import Completion, Pair, Unparsed

_TOLERANCE = 1e-6
_MISSING, _OLD_TIE = -1, 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A judgment as a file has it. `preference` is in the pair's own order, None where there was no verdict."""

    pair: Pair
    annotator: str | None
    preference: float | None
    raw: Any
    price: float | None
    seconds: float | None


@dataclass
class Imported:
    """What came of an import: counts of pairs.

    `known` were in the cache already, `identical` have equal outputs and need no judge, `incomplete` belong to
    prompts on several pairs that are not all there, and `foreign` were judged by annotators that do not judge here.
    """

    replies: int = 0
    verdicts: int = 0
    known: int = 0
    identical: int = 0
    incomplete: int = 0
    foreign: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many pairs need no request any more."""
        return self.replies + self.verdicts + self.known


def read_recorded(rows: Iterable[Row]) -> Iterator[Recorded]:
    """Read judgments from the rows of an annotation file or of an AlpacaEval cache.

    Raises:
        UsageError: a field is missing or wrong; the message names file and row.
    """
    for index, row in enumerate(rows):
        fields = row.fields
        yield Recorded(
            pair=Pair(
                index,
                read_instruction(row),
                _text(row, "output_1"),
                _text(row, "output_2"),
                str(fields.get("generator_1", "")),
                str(fields.get("generator_2", "")),
            ),
            annotator=_first(fields, "annotator"),
            preference=preference_of(row),
            raw=_first(fields, "raw_completion", "preference_raw_completion"),
            price=_first(fields, "price_per_example", "preference_price_per_example"),
            seconds=_first(fields, "time_per_example", "preference_time_per_example"),
        )


def texts_of(pair: Pair) -> tuple[str, str, str]:
    """Return what tells pairs apart."""
    return pair.instruction, pair.output_1, pair.output_2


def import_recorded(plan: Plan, judgments: Mapping[tuple[str, str, str], Recorded], cache: Cache) -> Imported:
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
    asked: dict[bytes, list[tuple[Question, Recorded | None]]] = defaultdict(list)
    for planned in plan:
        if len(planned.questions) > 1:
            raise UsageError(
                f"{plan.annotator.name} asks {len(planned.questions)} questions a pair, so a recorded verdict on a "
                "pair answers none of them. Import into an annotator that asks one."
            )
        recorded = judgments.get(texts_of(planned.pair))
        if planned.known or not planned.questions:
            imported.identical += recorded is not None
            continue
        (question,) = planned.questions
        if recorded and recorded.annotator and recorded.annotator not in names:
            imported.foreign[recorded.annotator] += 1
            recorded = None
        if question.request is not None:
            asked[request_key(question.request)].append((question, recorded))
    known = cache.known(list(asked))
    imported.known = sum(recorded is not None for key in known for _, recorded in asked[key])
    cache.put_many(_entries({key: asked[key] for key in asked if key not in known}, imported))
    return imported


def _entries(
    asked: Mapping[bytes, list[tuple[Question, Recorded | None]]], imported: Imported
) -> Iterator[tuple[bytes, Entry]]:
    """Make an entry of each request all of whose pairs have a judgment."""
    for key, answers in asked.items():
        judged = [(question, recorded) for question, recorded in answers if recorded is not None]
        if len(judged) < len(answers):
            imported.incomplete += len(judged)
            continue
        completion = completion_of(judged[0][1].raw, judged[0][1].seconds)
        if completion is not None and all(_agrees(question, completion, one) for question, one in judged):
            imported.replies += len(judged)
            yield key, completion
        else:
            imported.verdicts += len(judged)
            yield key, _verdict(judged)


def _agrees(question: Question, completion: Completion, recorded: Recorded) -> bool:
    """Whether this judge reads the recorded preference from a reply."""
    assert question.judge.parser is not None
    readings = question.judge.parser.read(completion)
    if len(readings) != question.n_places:
        return recorded.preference is None
    reading = readings[question.place]
    if isinstance(reading, Unparsed) or recorded.preference is None:
        return isinstance(reading, Unparsed) and recorded.preference is None
    return abs(turned(reading.preference, question.is_switched) - recorded.preference) <= _TOLERANCE


def _verdict(judged: list[tuple[Question, Recorded]]) -> RecordedVerdict:
    preferences: list[float | None] = [None] * judged[0][0].n_places
    for question, recorded in judged:
        if recorded.preference is not None:
            preferences[question.place] = turned(recorded.preference, question.is_switched)
    return RecordedVerdict(tuple(preferences), judged[0][1].price, judged[0][1].seconds)


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


def preference_of(row: Row) -> float | None:
    """Return a row's preference, its old spellings of a tie (0) and of a missing verdict (-1) translated.

    Raises:
        UsageError: there is none, or it is no preference.
    """
    value = row.fields.get("preference")
    if "preference" not in row.fields:
        raise UsageError(f"{row.where} has no field 'preference'. Is it a file of annotations?")
    if is_missing(value) or value == _MISSING:
        return None
    if not isinstance(value, int | float) or not (value == _OLD_TIE or 1 <= value <= 2):
        raise UsageError(f"{row.where}: `preference` is {value!r}; it should be from 1 to 2, or null.")
    return float(value) or 1.5


def _text(row: Row, name: str) -> str:
    value = row.fields.get(name)
    if not isinstance(value, str):
        raise UsageError(f"{row.where} has no text in {name!r}. Is it a file of annotations?")
    return value


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if not is_missing(fields.get(name))), None)
