"""One model on several servers: shared out by speed, and none of them is missed for long."""

import asyncio
from pathlib import Path

import pytest

from autoeval.completions.cache import Cache
from autoeval.completions.endpoints import make_endpoint
from autoeval.completions.keys import request_key
from autoeval.completions.providers import several
from autoeval.types import Endpoint, Message, Request
from tests.completions.requests import ask_all
from tests.servers import Answer, JudgeServer, always


def _requests(endpoint: Endpoint, n: int) -> list[Request]:
    return [Request(endpoint, "m", (Message("user", str(number)),)) for number in range(n)]


def _endpoint(*servers: JudgeServer, cache_as: str | None = None) -> Endpoint:
    addresses = ", ".join(server.base_url for server in servers)
    return make_endpoint("openai_compatible", "m", addresses, cache_as=cache_as)


def test_the_first_address_names_the_server_and_with_a_name_no_address_does() -> None:
    def key(addresses: str, cache_as: str | None = None) -> bytes:
        endpoint = make_endpoint("openai_compatible", "m", addresses, cache_as=cache_as)
        return request_key(Request(endpoint, "m", (Message("user", "q"),)))

    one, two = "http://a/v1", "http://b/v1"
    assert key(f"{one},{two}") == key(one) == key(f"{one} , {two},{two}")
    assert key(f"{two},{one}") == key(two) != key(one)
    assert len({key(text, "mine") for text in (one, two, f"{one},{two}", f"{two},{one},http://c/v1")}) == 1


def test_shares_are_by_speed(tmp_path: Path) -> None:
    with (
        JudgeServer(always("a", delay=0.01)) as fast,
        JudgeServer(always("a", delay=0.05)) as slow,
        Cache(tmp_path / "c.sqlite") as cache,
    ):
        report = ask_all(_requests(_endpoint(slow, fast), 400), cache, max_concurrency=16)
        assert (report.n_asked, dict(report.failures)) == (400, {})
        assert fast.n_requests > 1.5 * slow.n_requests > 0


def test_one_that_dies_is_left_out_and_asked_again_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(several, "_FIRST_REST", 0.01)
    monkeypatch.setattr(several, "_LONGEST_REST", 0.02)
    back: list[JudgeServer] = []

    def answer(body: object) -> Answer:
        if steady.n_requests == 40:
            dying.__exit__()
        if steady.n_requests == 150:
            back.append(JudgeServer(always("a"), port=dying.port).__enter__())
        return Answer(text="a", delay=0.005)

    dying = JudgeServer(always("a", delay=0.005)).__enter__()
    with JudgeServer(answer) as steady, Cache(tmp_path / "c.sqlite") as cache:
        report = ask_all(_requests(_endpoint(steady, dying), 600), cache, max_concurrency=8)
    back[0].__exit__()
    assert (report.n_asked, dict(report.failures), report.stop) == (600, {}, None)
    assert back[0].n_requests > 20


def test_where_none_answers_it_is_a_failure_like_that_of_one() -> None:
    endpoint = make_endpoint("openai_compatible", "m", "http://127.0.0.1:9/v1,http://127.0.0.1:10/v1")

    async def ask() -> str:
        from autoeval.completions.providers import create

        provider = create(endpoint, 5)
        assert isinstance(provider, several.SeveralServers)
        reply = await provider.complete(_requests(endpoint, 1)[0])
        await provider.close()
        return str(reply.outcome)

    assert "nothing answers" in asyncio.run(ask())


def test_a_limit_of_one_server_sends_its_requests_to_the_other(tmp_path: Path) -> None:
    full = always("slow down", status=429, headers={"Retry-After": "30"})
    with (
        JudgeServer(full) as limited,
        JudgeServer(always("a")) as free,
        Cache(tmp_path / "c.sqlite") as cache,
    ):
        report = ask_all(_requests(_endpoint(limited, free), 50), cache)
        assert (report.n_asked, dict(report.failures)) == (50, {})
        assert free.n_requests == 50
        assert limited.n_requests <= 2
