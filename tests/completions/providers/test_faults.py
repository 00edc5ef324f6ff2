"""Every way in which asking can fail, over real HTTP, for both protocols."""

import asyncio
import gc
import resource
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from autoeval.completions.providers import create
from autoeval.types import Completion, Endpoint, Failure, FailureKind
from tests.completions.providers.asking import (
    KEY,
    PATIENCE,
    PROTOCOLS,
    ask,
    ask_all,
    endpoint_of,
    fail,
    request_to,
)
from tests.completions.virtual_time import Forward
from tests.servers import Answer, Fault, JudgeServer, always, in_turn, rate_limited

pytestmark = pytest.mark.parametrize("protocol", PROTOCOLS)


def failure(protocol: str, answer: Answer) -> Failure:
    clock = Forward()
    with JudgeServer(in_turn(answer), on_hanging=clock.jump) as server:
        found = fail(request_to(endpoint_of(server, protocol)), PATIENCE, clock)
        assert server.n_requests == 1, "a provider never repeats a request itself"
    assert KEY not in found.message
    return found


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.INVALID_REQUEST),
        (401, FailureKind.REFUSED),
        (402, FailureKind.REFUSED),
        (403, FailureKind.REFUSED),
        (404, FailureKind.REFUSED),
        (408, FailureKind.TIMEOUT),
        (409, FailureKind.SERVER_ERROR),
        (413, FailureKind.INVALID_REQUEST),
        (415, FailureKind.REFUSED),
        (418, FailureKind.INVALID_REQUEST),
        (421, FailureKind.SERVER_ERROR),
        (422, FailureKind.INVALID_REQUEST),
        (426, FailureKind.REFUSED),
        (429, FailureKind.RATE_LIMITED),
        (431, FailureKind.INVALID_REQUEST),
        (444, FailureKind.INVALID_REQUEST),
        (500, FailureKind.SERVER_ERROR),
        (503, FailureKind.SERVER_ERROR),
        (529, FailureKind.SERVER_ERROR),
    ],
)
def test_status_decides_the_kind_of_failure(protocol: str, status: int, kind: FailureKind) -> None:
    found = failure(protocol, Answer("the server's explanation", status=status))
    assert found.kind is kind
    assert "the server's explanation" in found.message
    assert str(status) in found.message


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            Answer("You exceeded your current quota", status=429, code="insufficient_quota"),
            FailureKind.REFUSED,
        ),
        (Answer("Your credit balance is too low", status=400), FailureKind.REFUSED),
        (Answer("API key not valid. Please pass a valid API key.", status=400), FailureKind.REFUSED),
        (Answer("no such model", status=400, code="model_not_found"), FailureKind.REFUSED),
    ],
)
def test_what_cannot_succeed_is_refused_whatever_its_status(
    protocol: str, answer: Answer, kind: FailureKind
) -> None:
    assert failure(protocol, answer).kind is kind


def test_wrong_key_is_refused_and_not_repeated_in_the_message(protocol: str) -> None:
    with JudgeServer(key="another key") as server:
        found = fail(request_to(endpoint_of(server, protocol)))
    assert found.kind is FailureKind.REFUSED
    assert not found.retryable
    assert "Incorrect API key" in found.message


def test_a_server_that_echoes_the_key_does_not_bring_it_into_the_message(protocol: str) -> None:
    found = failure(protocol, Answer(f"Incorrect API key provided: {KEY}\x1b[31m", status=401))
    assert found.message.startswith("Incorrect API key provided: [key]")
    assert "\x1b" not in found.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(protocol: str, headers: dict[str, str], seconds: float | None) -> None:
    assert failure(protocol, Answer("slow down", status=429, headers=headers)).retry_after == seconds


def test_retry_after_as_a_date_is_measured_by_the_servers_clock(protocol: str) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    headers = {
        "Date": format_datetime(long_ago, usegmt=True),
        "Retry-After": format_datetime(long_ago + timedelta(seconds=90), usegmt=True),
    }
    assert failure(protocol, Answer("slow down", status=503, headers=headers)).retry_after == 90


def test_rate_limit_headers_come_back_with_good_and_bad_replies(protocol: str) -> None:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    headers = {
        "openai": {
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-limit-tokens": "30000",
            "x-ratelimit-remaining-tokens": "300",
            "x-ratelimit-reset-tokens": "1m6s",
        },
        "anthropic": {
            "Date": format_datetime(now, usegmt=True),
            "anthropic-ratelimit-requests-limit": "500",
            "anthropic-ratelimit-requests-remaining": "499",
            "anthropic-ratelimit-requests-reset": "2026-11-22T10:00:01Z",
            "anthropic-ratelimit-tokens-limit": "30000",
            "anthropic-ratelimit-tokens-remaining": "300",
            "anthropic-ratelimit-tokens-reset": "2026-11-22T10:01:06Z",
        },
    }[protocol]
    answers = in_turn(Answer("a", headers=headers), Answer("wait", status=429, headers=headers), Answer("a"))
    with JudgeServer(answers) as server:
        replies = ask_all([request_to(endpoint_of(server, protocol))] * 3)
    for reply in replies[:2]:
        assert reply.quota is not None
        assert (reply.quota.remaining_requests, reply.quota.remaining_tokens) == (499, 300)
        assert reply.quota.request_refill == pytest.approx(1 / (0.12 if protocol == "openai" else 1))
        assert reply.quota.token_refill == pytest.approx(29_700 / 66)
    assert replies[2].quota is None


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.SLOW_BODY])
def test_no_reply_in_time_is_a_timeout(protocol: str, fault: Fault) -> None:
    found = failure(protocol, Answer(fault=fault))
    assert found == Failure(FailureKind.TIMEOUT, "no complete reply within 600 seconds")


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.HALF_BODY])
def test_a_connection_that_breaks_off_is_a_connection_failure(protocol: str, fault: Fault) -> None:
    found = failure(protocol, Answer(fault=fault))
    assert found.kind is FailureKind.CONNECTION
    assert found.message


@pytest.mark.parametrize("fault", [Fault.NOT_JSON, Fault.NO_CHOICES])
def test_a_success_that_is_no_reply_is_malformed(protocol: str, fault: Fault) -> None:
    assert failure(protocol, Answer(fault=fault)).kind is FailureKind.MALFORMED


@pytest.mark.parametrize("fault", [Fault.HUGE_BODY, Fault.HUGE_CHUNKED_BODY, Fault.ZIP_BOMB])
def test_a_huge_reply_is_refused_before_it_fills_the_memory(protocol: str, fault: Fault) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = failure(protocol, Answer(fault=fault))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert found.kind is FailureKind.MALFORMED
    assert grown < 80, f"{grown:.0f} MiB"


def test_nobody_at_the_address(protocol: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        found = fail(request_to(Endpoint(protocol, base_url=address)))
    assert found.kind is FailureKind.CONNECTION
    assert "nothing answers at the address" in found.message


def test_a_name_that_does_not_resolve(protocol: str) -> None:
    found = fail(request_to(Endpoint(protocol, base_url="http://judge.invalid/v1")))
    assert found.kind is FailureKind.CONNECTION
    assert "cannot be resolved" in found.message


def test_a_server_without_tls_at_an_https_address(protocol: str) -> None:
    with JudgeServer() as server:
        address = server.base_url.replace("http:", "https:")
        found = fail(request_to(Endpoint(protocol, base_url=address)))
    assert found.kind is FailureKind.CONNECTION
    assert "no secure connection" in found.message


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"])
def test_what_is_no_json_is_an_invalid_request(protocol: str, value: object) -> None:
    with JudgeServer() as server:
        found = fail(request_to(endpoint_of(server, protocol), metadata=value))
        assert server.n_requests == 0
    assert found.kind is FailureKind.INVALID_REQUEST


def test_the_connection_survives_errors(protocol: str) -> None:
    answers = in_turn(rate_limited(), Answer(fault=Fault.DROP), Answer(fault=Fault.NOT_JSON), Answer("fine"))
    with JudgeServer(answers) as server:
        replies = ask_all([request_to(endpoint_of(server, protocol))] * 4)
    assert [isinstance(reply.outcome, Completion) for reply in replies] == [False, False, False, True]


def test_one_provider_serves_two_event_loops_one_after_the_other(protocol: str) -> None:
    with JudgeServer(always("a")) as server:
        request = request_to(endpoint_of(server, protocol))
        provider = create(request.endpoint, 10)

        async def once() -> None:
            reply = await provider.complete(request)  # type: ignore[union-attr]
            assert isinstance(reply.outcome, Completion), reply
            await provider.close()  # type: ignore[misc]

        asyncio.run(once())
        asyncio.run(once())


def test_nothing_stays_open(caplog: pytest.LogCaptureFixture, protocol: str) -> None:
    with JudgeServer(in_turn(Answer(fault=Fault.HUGE_BODY), Answer("a"))) as server:
        ask_all([request_to(endpoint_of(server, protocol))] * 2)
    gc.collect()  # unclosed connectors complain when they are collected
    assert not caplog.records


def test_many_requests_share_one_provider(protocol: str) -> None:
    with JudgeServer(always("a")) as server:
        request = request_to(endpoint_of(server, protocol))

        async def run() -> list[object]:
            provider = create(request.endpoint, 10)
            try:
                return list(await asyncio.gather(*(provider.complete(request) for _ in range(200))))  # type: ignore[union-attr]
            finally:
                await provider.close()  # type: ignore[misc]

        replies = asyncio.run(run())
        assert server.n_requests == 200
    assert {reply.outcome.text for reply in replies} == {"a"}  # type: ignore[attr-defined]


def test_a_reply_carries_text_tokens_model_and_time(protocol: str) -> None:
    with JudgeServer(always("first", model="some-model-2026-01-01", delay=0.05)) as server:
        completion = ask(request_to(endpoint_of(server, protocol), max_tokens=10))
    assert (completion.text, completion.finish_reason) == ("first", "stop")
    assert completion.model == "some-model-2026-01-01"
    assert completion.input_tokens
    assert completion.output_tokens
    assert completion.seconds >= 0.05


def test_truncated_and_filtered_replies_are_completions(protocol: str) -> None:
    for reason in ("length", "content_filter"):
        with JudgeServer(always("I", finish_reason=reason)) as server:
            assert ask(request_to(endpoint_of(server, protocol))).finish_reason == reason
