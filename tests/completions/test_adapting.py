"""Servers that refuse a parameter: adapted to once, said in a line, and found again without a request."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from autoeval.completions.ask import AskOptions, AskReport, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.completions.ledger import StopReason
from autoeval.types import Completion, Endpoint, FailureKind, Request
from tests.completions.requests import AT_ONCE, PRICE, request
from tests.journeys.small import evaluate_small
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Answerer, Body


class Listener(Silent):
    """Keeps what is announced."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def announce(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "c.sqlite") as opened:
        yield opened


def picky(*refused: str, status: int = 400, text: str = "a > b") -> Answerer:
    """Answer, but refuse parameters one by one, as OpenAI's servers do."""

    def answer(body: Body) -> Answer:
        name = next((name for name in refused if name in body), None)
        if name is None:
            return Answer(text)
        return Answer(f"Unsupported parameter: '{name}' is not supported with this model.", status=status)

    return answer


def asked(requests: Sequence[Request], cache: Cache, **options: object) -> tuple[AskReport, list[str]]:
    listener = Listener()
    made = AskOptions(retries=AT_ONCE, **options)  # type: ignore[arg-type]
    return ask(requests, cache, made, lambda _: PRICE, listener), listener.lines


@pytest.mark.parametrize("provider", ["openai", "openai_compatible", "azure", "openrouter", "together"])
@pytest.mark.parametrize(
    "name", ["temperature", "top_p", "seed", "stop", "response_format", "reasoning_effort"]
)
def test_a_parameter_that_is_refused_is_left_out_from_then_on(provider: str, name: str, cache: Cache) -> None:
    value = {"response_format": {"type": "json_object"}, "stop": ["."], "reasoning_effort": "low"}.get(
        name, 1
    )
    with JudgeServer(picky(name)) as server:
        endpoint = Endpoint(provider, base_url=server.base_url, api_key_env="OPENAI_API_KEY")
        requests = [
            Request(
                endpoint, "m", request(str(n), server).messages, parameters={name: value, "max_tokens": 9}
            )
            for n in range(20)
        ]
        report, lines = asked(requests, cache)
        assert server.n_requests == 21
        again, _ = asked(requests, cache)
        assert server.n_requests == 21
    assert (report.n_asked, dict(report.failures), again.n_cached) == (20, {}, 20)
    assert report.adapted == {f"{name} left out"}
    assert [line for line in lines if name in line] == lines
    assert len(lines) == 1
    entries = cache.get_many([request_key(one) for one in requests])
    assert {one.adapted for one in entries.values() if isinstance(one, Completion)} == {(f"{name} left out",)}


@pytest.mark.parametrize("status", [400, 422])
def test_several_are_left_out_one_after_the_other(status: int, cache: Cache) -> None:
    with JudgeServer(picky("temperature", "top_p", "seed", status=status)) as server:
        requests = [request(str(n), server, temperature=0, top_p=1.0, seed=1) for n in range(5)]
        report, lines = asked(requests, cache)
        assert server.n_requests == 8
        assert server.bodies[-1].keys() == {"model", "messages", "max_completion_tokens"}
    assert (report.n_asked, len(lines)) == (5, 3)


@pytest.mark.parametrize(
    ("provider", "refused", "sent"),
    [
        ("openai", "max_completion_tokens", "max_tokens"),
        ("openai_compatible", "max_tokens", "max_completion_tokens"),
    ],
)
def test_the_limit_is_sent_under_its_other_name(provider: str, refused: str, sent: str, cache: Cache) -> None:
    with JudgeServer(picky(refused)) as server:
        endpoint = Endpoint(provider, base_url=server.base_url)
        one = Request(endpoint, "m", request("q", server).messages, parameters={refused: 9})
        report, _ = asked([one], cache)
        assert (server.bodies[0][refused], server.bodies[1][sent]) == (9, 9)
        assert refused not in server.bodies[1]
    assert report.adapted == {f"{refused} sent as {sent}"}


def test_a_limit_without_any_name_is_left_out_and_paid_for_as_none(cache: Cache) -> None:
    with JudgeServer(picky("max_tokens", "max_completion_tokens")) as server:
        report, _ = asked([request("q", server)], cache, max_cost=1.0)
        assert server.n_requests == 2  # the third could cost 131 dollars
    assert report.stop is not None
    assert report.stop.reason is StopReason.BUDGET


def test_reasoning_that_cannot_be_turned_off_gets_room(cache: Cache) -> None:
    def answer(body: Body) -> Answer:
        if body.get("reasoning_effort") == "none":
            return Answer("Unsupported value: 'reasoning_effort' does not support 'none'.", status=400)
        return Answer("a > b")

    with JudgeServer(answer) as server:
        asked([request("q", server, reasoning_effort="none")], cache)
        assert server.bodies[1]["max_completion_tokens"] > 1000


def test_what_is_in_flight_when_the_first_refusal_comes_is_sent_anew(cache: Cache) -> None:
    """The first requests have nothing to refuse, so that many of the others go out together."""
    with JudgeServer(picky("seed")) as server:
        requests = [request(f"plain {n}", server) for n in range(40)]
        requests += [request(f"seeded {n}", server, seed=1) for n in range(40)]
        report, lines = asked(requests, cache)
    assert (report.n_asked, dict(report.failures), len(lines)) == (80, {}, 1)


def test_a_server_that_is_never_content_is_not_asked_for_ever(cache: Cache) -> None:
    def answer(body: Body) -> Answer:
        return Answer("'temperature' is not supported", status=400)

    with JudgeServer(answer) as server:
        report, _ = asked([request("q", server, temperature=0)], cache)
        assert server.n_requests == 2
    assert {failure.kind for failure in report.failures.values()} == {FailureKind.INVALID_REQUEST}


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_run_is_adapted_and_says_so_in_run_json_also_when_all_is_cached(
    protocol: str, tmp_path: Path
) -> None:
    with JudgeServer(picky("temperature")) as server:
        result = evaluate_small(tmp_path, server, protocol)
        n_requests = server.n_requests
        again = evaluate_small(tmp_path, server, protocol)
        assert server.n_requests == n_requests == 21
    assert (result.exit_code, result.tally.n_judged, again.tally.n_judged) == (0, 20, 20)
    record = json.loads((again.folder or tmp_path).joinpath("run.json").read_text())
    assert record["adapted"] == ["temperature left out"]
    assert record["requests"]["asked"] == 0


@pytest.mark.parametrize("parser", ["logprobs", "ranking"])
def test_log_probabilities_are_left_out_unless_the_verdict_is_in_them(parser: str, tmp_path: Path) -> None:
    labels = (
        "{kind: logprobs, first: a, second: b}"
        if parser == "logprobs"
        else "{kind: ranking, first: a, second: b}"
    )
    config = tmp_path / "judge.yaml"
    config.write_text(
        "provider: openai_compatible\nmodel: some-model\n"
        "parameters: {max_tokens: 5, logprobs: true, top_logprobs: 5}\n"
        "messages: [{role: user, content: '{{ first }} or {{ second }}?'}]\n"
        f"parser: {labels}\n"
    )
    with JudgeServer(picky("logprobs")) as server:
        result = evaluate_small(tmp_path, server, annotators_config=config)
        if parser == "ranking":
            assert result.tally.n_judged == 20
            assert "top_logprobs" not in server.bodies[-1]
        else:
            assert (result.exit_code, server.n_requests) == (5, 1)
            assert "gives log probabilities" in str(result.ask.stop)
