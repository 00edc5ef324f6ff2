"""Replies of status 200 as gateways really give them: errors that are named, fields that do not matter, odd bodies."""

import gzip
import json
import math
import zlib
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.budget import Budget
from autoeval.completions.cache import Cache
from autoeval.completions.providers import anthropic
from autoeval.completions.providers.failures import status_failure
from autoeval.completions.providers.openai import read
from autoeval.completions.providers.unpacking import Unpacker
from autoeval.prompting.config import Price
from autoeval.types import Completion, Failure, FailureKind
from tests.annotators.parsing import parser, reading
from tests.completions.providers.asking import ask, endpoint_of, fail, request_to
from tests.servers import JudgeServer, always
from tests.servers.odd_replies import FAILING, SAYING_A, good


@pytest.mark.parametrize("name", SAYING_A)
def test_what_only_accompanies_a_verdict_costs_no_reply(name: str, tmp_path: Path) -> None:
    found = read(json.loads(json.dumps(SAYING_A[name])), 0.1)
    assert isinstance(found, Completion)
    assert found.text == "a > b"
    for count in (found.input_tokens, found.output_tokens, found.reasoning_tokens):
        assert count is None or 0 <= count < 10**9
    with Cache(tmp_path / "c.sqlite") as cache:
        cache.put(b"k", found)
        (stored,) = cache.query("SELECT value FROM replies")[0]
        assert not {"NaN", "Infinity"} & set(stored.replace('"NaN"', "").replace(",", ":").split(":"))
        assert repr(cache.get_many([b"k"])[b"k"]) == repr(found)  # NaN equals nothing


@pytest.mark.parametrize("name", FAILING)
def test_an_error_with_status_200_is_the_error_it_names(name: str) -> None:
    reply, kind, word = FAILING[name]
    with JudgeServer(always(raw=reply if reply is not None else b"null")) as server:
        found = fail(request_to(endpoint_of(server)))
        assert server.n_requests == 1
    assert found.kind is kind
    assert word in found.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, FailureKind.SERVER_ERROR),
        ({"type": "rate_limit_error", "message": "slow"}, FailureKind.RATE_LIMITED),
        ({"type": "authentication_error", "message": "invalid x-api-key"}, FailureKind.REFUSED),
        ({"type": "invalid_request_error", "message": "credit balance is too low"}, FailureKind.REFUSED),
        ({"type": "invalid_request_error", "message": "messages: too long"}, FailureKind.INVALID_REQUEST),
    ],
)
def test_anthropics_error_with_status_200(error: dict[str, str], kind: FailureKind) -> None:
    with JudgeServer(always(raw={"type": "error", "error": error})) as server:
        found = fail(request_to(endpoint_of(server, "anthropic")))
    assert (found.kind, found.is_answered) == (kind, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "a > b"},
        {"usage": {"input_tokens": -5, "output_tokens": "x", "cache_read_input_tokens": []}},
        {"usage": "none", "model": 7, "stop_reason": {"type": "end_turn"}},
        {
            "content": [
                {"type": "text", "text": "a > b"},
                {"type": "new"},
                None,
                {"type": "text", "text": None},
            ]
        },
    ],
)
def test_odd_fields_of_anthropics_protocol(changes: dict[str, Any]) -> None:
    reply = {"type": "message", "content": [{"type": "text", "text": "a > b"}], "usage": {}, **changes}
    found = anthropic.read(reply, 0.1)
    assert isinstance(found, Completion)
    assert found.text == "a > b"
    assert (found.input_tokens, found.output_tokens) == (None, None)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (
            403,
            {
                "message": "your input was flagged",
                "metadata": {"reasons": ["violence"], "flagged_input": "x"},
            },
        ),
        (403, {"message": "The request was rejected by our moderation"}),
        (451, {"message": "unavailable for legal reasons"}),
        (400, {"message": "triggering Azure OpenAI's content management policy", "code": "content_filter"}),
        (400, {"message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        (400, {"message": "Input data may contain inappropriate content.", "code": "data_inspection_failed"}),
    ],
)
def test_a_prompt_that_a_filter_blocks_is_filtered(status: int, error: dict[str, Any]) -> None:
    assert status_failure(status, {"error": error}, {}, "").kind is FailureKind.FILTERED


@pytest.mark.parametrize(
    "message", ["Your account was flagged for abuse", "This API key has been flagged by moderation"]
)
def test_an_account_that_is_flagged_is_refused(message: str) -> None:
    assert status_failure(403, {"error": {"message": message}}, {}, "").kind is FailureKind.REFUSED


def _bodies() -> dict[str, tuple[bytes, dict[str, str]]]:
    plain = json.dumps(good()).encode()
    raw = zlib.compressobj(wbits=-15)
    deltas: list[dict[str, Any]] = [{"role": "assistant"}, {"content": "a >"}, {"content": " b"}]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return {
        "gzip": (gzip.compress(plain), {"Content-Encoding": "gzip"}),
        "gzip in two parts": (
            gzip.compress(plain[:9]) + gzip.compress(plain[9:]),
            {"Content-Encoding": "x-gzip"},
        ),
        "deflate": (zlib.compress(plain), {"Content-Encoding": "deflate"}),
        "deflate without a header": (raw.compress(plain) + raw.flush(), {"Content-Encoding": "deflate"}),
        "events": (stream + b"data: [DONE]\n\n", {"Content-Type": "text/event-stream"}),
        "events called JSON": (b": ping\n\n".replace(b": ping\n\n", b"") + stream + b"data: [DONE]\n\n", {}),
        "byte order mark": (b"\xef\xbb\xbf" + plain, {}),
        "utf-16": (json.dumps(good()).encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}),
        "latin-1 beside": (plain.replace(b'"x"', b'"caf\xe9"'), {}),
        "padded": (b"\n   \n" + plain, {}),
        "a bare line end": (plain.replace(b'"x"', b'"x\ny"'), {}),
        "5000 digits": (plain.replace(b"100", b"1" * 5000), {}),
    }


@pytest.mark.parametrize("name", _bodies())
def test_odd_bodies_are_read(name: str) -> None:
    content, headers = _bodies()[name]
    with JudgeServer(always(raw=content, headers=headers)) as server:
        assert ask(request_to(endpoint_of(server))).text == "a > b"


@pytest.mark.parametrize(
    ("content", "headers", "told"),
    [
        (
            b"<!doctype html><html><title>x</title><body>Open WebUI</body></html>",
            {},
            "Open WebUI) (HTTP 200) (check",
        ),
        (b" ", {}, "the reply is empty (HTTP 200)"),
        (b"upstream says no", {}, "not JSON (HTTP 200): 'upstream says no'"),
        (b"x", {"Content-Encoding": "br"}, "compressed with 'br'"),
        (gzip.compress(gzip.compress(b"{}")), {"Content-Encoding": "gzip, gzip"}, "compressed with"),
        (gzip.compress(b"{}")[:-9], {"Content-Encoding": "gzip"}, "cut short"),
        (b"no gzip", {"Content-Encoding": "gzip"}, "damaged"),
        (b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', {}, "broke off"),
        (b'event: message_start\ndata: {"type":"message_start"}\n\n', {}, "another protocol"),
    ],
    ids=range(9),
)
def test_bodies_that_are_no_reply_are_named(content: bytes, headers: dict[str, str], told: str) -> None:
    with JudgeServer(always(raw=content, headers=headers)) as server:
        found = fail(request_to(endpoint_of(server)))
    assert found.kind is FailureKind.MALFORMED
    assert told in found.message


def test_a_compressed_error_keeps_its_words() -> None:
    content = gzip.compress(json.dumps({"error": {"message": "Incorrect API key provided"}}).encode())
    with JudgeServer(always(raw=content, status=401, headers={"Content-Encoding": "gzip"})) as server:
        found = fail(request_to(endpoint_of(server)))
    assert (found.kind, found.message) == (FailureKind.REFUSED, "Incorrect API key provided (HTTP 401)")


def test_an_error_in_a_stream_of_events_is_named() -> None:
    content = b'data: {"error": {"message": "overloaded", "code": 503}}\n\n'
    with JudgeServer(always(raw=content, headers={"Content-Type": "text/event-stream"})) as server:
        found = fail(request_to(endpoint_of(server)))
    assert (found.kind, "overloaded" in found.message) == (FailureKind.SERVER_ERROR, True)


def test_unpacking_stops_at_its_bound() -> None:
    unpacker = Unpacker("gzip", most=1000)
    with pytest.raises(ValueError, match="larger than"):
        list(unpacker.feed(gzip.compress(b" " * 1001)))
    assert b"".join(Unpacker("gzip", most=1000).feed(gzip.compress(b" " * 1000))) == b" " * 1000


def test_half_characters_are_replaced_wherever_they_stand() -> None:
    raw = (
        b'{"model":"j\\ud83d","choices":[{"message":{"content":"a > b \\ud83d","refusal":"\\udc00"},'
        b'"finish_reason":"\\uD83D","logprobs":{"content":[{"token":"\\ud83d","logprob":-1}]}}]}'
    )
    with JudgeServer(always(raw=raw)) as server:
        found = ask(request_to(endpoint_of(server)))
    texts = (found.model, found.text, found.refusal, found.finish_reason, found.logprobs[0].token)
    assert texts == ("j\ufffd", "a > b \ufffd", "\ufffd", "\ufffd", "\ufffd")


def test_log_probabilities_are_handed_on_as_they_are() -> None:
    tops = [
        {"token": "b", "logprob": None},
        {"token": "c", "logprob": "-2.5"},
        {"token": "d", "logprob": float("nan")},
        {"token": "e"},
    ]
    found = read(
        good(choice={"logprobs": {"content": [{"token": "a", "logprob": -0.1, "top_logprobs": tops}]}}), 0
    )
    assert isinstance(found, Completion)
    numbers = dict(found.logprobs[0].top)
    assert (numbers["b"], numbers["c"]) == (-math.inf, -2.5)
    assert math.isnan(numbers["d"])
    assert math.isnan(numbers["e"])


@pytest.mark.parametrize("arguments", [{"better": "a"}, '{"better": "a"}'])
def test_tool_arguments_may_be_an_object(arguments: Any) -> None:
    for message in (
        {"tool_calls": [{"function": {"arguments": arguments}}]},
        {"function_call": {"arguments": arguments}},
    ):
        found = read(good(None, message=message), 0)
        assert isinstance(found, Completion)
        assert found.tool_arguments == '{"better": "a"}'


@pytest.mark.parametrize(
    ("better", "expected"), [("ab", "contradict"), ("ba", "contradict"), ("aa", 1.0), ("bbb", 2.0)]
)
def test_several_tool_calls_must_say_the_same(better: str, expected: float | str) -> None:
    given = [{"better": label} for label in better]
    calls = [{"function": {"name": "choose", "arguments": json.dumps(one)}} for one in given]
    uses = [{"type": "tool_use", "input": one} for one in given]
    for found in (read(good(None, message={"tool_calls": calls}), 0), anthropic.read({"content": uses}, 0)):
        assert isinstance(found, Completion)
        said = reading(parser("tool", field="better"), found)
        assert said == expected if isinstance(expected, float) else expected in str(said)


def test_reasoning_is_counted() -> None:
    usage = {
        "prompt_tokens": 1,
        "completion_tokens": 9,
        "completion_tokens_details": {"reasoning_tokens": 7},
    }
    found = read(
        good(None, message={"reasoning_content": "hm"}, choice={"finish_reason": "length"}, usage=usage), 0
    )
    assert isinstance(found, Completion)
    assert (found.text, found.has_reasoning, found.reasoning_tokens) == ("", True, 7)


@pytest.mark.parametrize("usage", [{"prompt_tokens": -(10**7), "completion_tokens": -(10**7)}, {}, "none"])
def test_no_count_makes_a_reply_cost_less_than_nothing(usage: Any) -> None:
    request = request_to(endpoint_of(JudgeServer()), max_tokens=10)
    budget = Budget(1.0, lambda _: Price(input=1, output=1))
    assert budget.reserve(b"k", request)
    most = budget.most(request)
    found = read(good(usage=usage), 0)
    assert isinstance(found, Completion)
    budget.settle(b"k", request, found)
    assert budget.spent == most > 0


def test_an_error_in_a_reply_may_have_been_charged() -> None:
    request = request_to(endpoint_of(JudgeServer()), max_tokens=10)
    budget = Budget(1.0, lambda _: Price(input=1, output=1))
    assert budget.reserve(b"k", request)
    found = read(good(error={"message": "went away", "code": 502}), 0)
    assert isinstance(found, Failure)
    budget.settle(b"k", request, found)
    assert budget.at_risk == budget.most(request) > 0
