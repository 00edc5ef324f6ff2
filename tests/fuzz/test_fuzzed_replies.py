"""Thousands of mutated replies through what decodes and reads them: each says its verdict, or why there is none."""

import json
import math
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path as File
from typing import Any

import pytest

from autoeval.annotators.parsers import Parser
from autoeval.completions.batch.choosing import batch_api
from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.providers import create
from autoeval.completions.providers.remote import Answer, RemoteProvider
from autoeval.prompting.config import Price
from autoeval.types import Completion, Endpoint, Failure, Message, Request, Unparsed, Verdict
from tests.fuzz.mutations import Path, damaged, restructured, written
from tests.fuzz.valid_replies import Valid, as_batch_line, as_events, drawn
from tests.servers.batch_server import BatchServer

SEED = 12
N_REPLIES = 2_500
N_LINES = 400
LEAST_JUDGED = 0.3
"""Fewer than that would mean that the mutations leave nothing to read."""
Outcome = Completion | Failure


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-0123456789")


@cache
def _provider(protocol: str) -> RemoteProvider:
    made = create(Endpoint(protocol, base_url="http://127.0.0.1:9/v1"), 60)
    assert isinstance(made, RemoteProvider)
    return made


def _outcome(shape: str, content: bytes) -> Outcome:
    answer = Answer(200, {"content-type": "application/json"}, content)
    return _provider(shape.split()[0])._outcome(answer, 0.1)


def _reading(judge: Parser, outcome: Outcome) -> float | str:
    """Return the preference that is read, or the reason why there is none, in words that can be shown."""
    if isinstance(outcome, Failure):
        reason = outcome.message
    else:
        with warnings.catch_warnings(action="error"):
            (found,) = judge.read(outcome)
        if isinstance(found, Verdict):
            assert 1 <= found.value <= 2
            return found.value
        assert isinstance(found, Unparsed)
        reason = found.reason
    assert reason.strip()
    reason.encode()
    return reason


def _check_money(outcome: Outcome) -> None:
    request = Request(Endpoint("openai"), "m", (Message("user", "?"),), parameters={"max_tokens": 10})
    budget = Budget(1.0, lambda _: Price(input=1, output=1))
    assert budget.reserve(b"k", request)
    paid = budget.settle(b"k", request, outcome)
    for amount in (paid or 0.0, budget.spent, budget.at_risk):
        assert amount >= 0
        assert math.isfinite(amount)


def _check_stored(found: list[Completion], folder: File) -> None:
    """Whatever was read is written as JSON that others can read too, and comes back as it was."""
    with Cache(folder / "c.sqlite") as cache_file:
        cache_file.put_many((str(number).encode(), one) for number, one in enumerate(found))
        for (value,) in cache_file.query("SELECT value FROM replies"):
            json.loads(value, parse_constant=pytest.fail)
        back = cache_file.get_many([str(number).encode() for number in range(len(found))])
    for number, one in enumerate(found):
        assert repr(back[str(number).encode()]) == repr(one)  # NaN equals nothing


def _mutated(draw: random.Random, valid: Valid) -> tuple[bytes, tuple[Path, ...] | None]:
    """Return a body, and which places of its structure were changed: None where bytes were."""
    if valid.shape == "openai" and not valid.reads_logprobs and draw.random() < 0.2:
        return damaged(draw, as_events(valid.reply)), None
    if draw.random() < 0.4:
        content = written(draw, valid.reply)
        for _ in range(draw.choice((1, 1, 2, 5))):
            content = damaged(draw, content) or b" "
        return content, None
    reply, places = valid.reply, []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if isinstance(reply, dict) and reply:
            reply, place = restructured(draw, reply)
            places.append(place)
    return written(draw, reply), tuple(places)


def _judge(valid: Valid, before: Completion, after: Outcome, places: tuple[Path, ...] | None) -> str:
    """Check what is read from a mutated reply; returns how it ended."""
    at_first, found = _reading(valid.parser, before), _reading(valid.parser, after)
    is_same = isinstance(after, Completion) and (
        (after.text, after.tool_arguments, after.refusal)
        == (before.text, before.tool_arguments, before.refusal)
    )
    if valid.reads_logprobs:
        is_same = is_same and isinstance(after, Completion) and repr(after.logprobs) == repr(before.logprobs)
    only_accompanies = places is not None and not any(map(valid.is_about, places))
    if only_accompanies:
        assert found == at_first, "a field that does not matter cost the verdict"
    elif is_same or (places is not None and not valid.reads_logprobs):
        assert found == at_first or isinstance(found, str), "another verdict than the reply says"
    if isinstance(after, Completion):
        for count in (after.input_tokens, after.output_tokens, after.reasoning_tokens):
            assert count is None or 0 <= count <= 10**9
    return "failed" if isinstance(after, Failure) else "unparsed" if isinstance(found, str) else "judged"


def _is_said(valid: Valid, before: Outcome) -> bool:
    """Whether a valid reply's verdict is read as it is said: a few forms are said too loosely for some parsers."""
    assert isinstance(before, Completion)
    found = _reading(valid.parser, before)
    if valid.reads_logprobs:
        assert isinstance(found, float)
        assert abs(found - valid.preference) < 0.2
    else:
        assert found == valid.preference or isinstance(found, str)
    return isinstance(found, float)


def test_a_mutated_reply_says_its_verdict_or_why_there_is_none(tmp_path: File) -> None:
    draw = random.Random(SEED)
    ends: Counter[str] = Counter()
    stored = []
    for number in range(N_REPLIES):
        valid = drawn(draw)
        before = _outcome(valid.shape, json.dumps(valid.reply).encode())
        if not _is_said(valid, before):
            ends["said too loosely"] += 1
        assert isinstance(before, Completion)
        content, places = _mutated(draw, valid)
        try:
            after = _outcome(valid.shape, content)
            ends[_judge(valid, before, after, places)] += 1
            _check_money(after)
        except BaseException as error:
            error.add_note(f"reply {number} of seed {SEED}: {content!r}, from {valid}")
            raise
        if isinstance(after, Completion):
            stored.append(after)
    assert ends["judged"] > LEAST_JUDGED * N_REPLIES, ends
    assert min(ends[end] for end in ("failed", "unparsed")) > N_REPLIES / 20, ends
    _check_stored(stored, tmp_path)


def _of_protocol(draw: random.Random, protocol: str) -> Iterator[Valid]:
    while True:
        valid = drawn(draw)
        if valid.shape.startswith(protocol):
            yield valid


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_mutated_line_of_a_batch_says_its_verdict_or_why_there_is_none(protocol: str) -> None:
    draw = random.Random(f"{SEED} {protocol}")
    valids: dict[str, Valid] = {}
    places: dict[str, tuple[Path, ...] | None] = {}

    def mutate(lines: list[str]) -> list[str]:
        sent = []
        for line, valid in zip(lines, _of_protocol(draw, protocol), strict=False):
            name = json.loads(line)["custom_id"]
            valids[name] = valid
            entry: Any = as_batch_line(valid.shape, valid.reply, name)
            if draw.random() < 0.6:
                entry, place = restructured(draw, entry)
                places[name] = (place,)
                sent.append(written(draw, entry).decode("utf-8", "replace").replace("\n", " "))
            else:
                places[name] = None
                sent.append(damaged(draw, json.dumps(entry).encode()).decode("utf-8", "replace"))
        return sent

    with BatchServer(is_instant=True, lines_sent=mutate) as server:
        address = server.base_url if protocol == "openai" else server.address
        api = batch_api(Endpoint(protocol, base_url=address), 600)
        request = Request(Endpoint(protocol), "m", (Message("user", "?"),), parameters={"max_tokens": 10})
        names = [f"n{number}" for number in range(N_LINES)]
        job = api.submit([api.line(name, request) for name in names], "note")
        found = dict(api.results(job))
        api.close()
    ends = Counter(_end_of_line(valids[name], found[name], places[name]) for name in names if name in found)
    assert ends["judged"] > LEAST_JUDGED * N_LINES, ends
    assert ends["failed"] > N_LINES / 20, ends


def _end_of_line(valid: Valid, outcome: Outcome, places: tuple[Path, ...] | None) -> str:
    before = _outcome(valid.shape, json.dumps(valid.reply).encode())
    assert isinstance(before, Completion)
    if places is not None and not {"body", "message"} & set(places[0]):
        places = (("content",),)  # what is around the reply decides whether there is one
    try:
        _check_money(outcome)
        return _judge(valid, before, outcome, places)
    except BaseException as error:
        error.add_note(f"{outcome}, from {valid}")
        raise


def test_nothing_of_this_is_drawn_twice_alike() -> None:
    """The seed decides everything, on every version of Python."""
    first, second = (random.Random(SEED) for _ in range(2))
    assert [written(first, drawn(first).reply) for _ in range(50)] == [
        written(second, drawn(second).reply) for _ in range(50)
    ]
