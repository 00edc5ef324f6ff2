"""Flex processing over HTTP: asked for, priced as a batch, and what happens where there is no capacity."""

from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.providers import flex
from autoeval.completions.retries import Retries
from autoeval.types import Failure, FailureKind
from tests.journeys.small import evaluate_small
from tests.servers import JudgeServer
from tests.servers.answers import Answer, Body

N = 6


class OpenAI:
    """A server with flex capacity for some requests only, or whose model has none."""

    def __init__(self, capacity: int = 1000, knows_flex: bool = True) -> None:
        self.capacity, self.knows_flex = capacity, knows_flex
        self.tiers: list[str | None] = []

    def __call__(self, body: Body) -> Answer:
        tier = body.get("service_tier")
        self.tiers.append(tier)
        if tier and not self.knows_flex:
            return Answer("Unsupported parameter: 'service_tier'", status=400, code="unsupported_parameter")
        if tier:
            self.capacity -= 1
            if self.capacity < 0:
                return Answer("Resource Unavailable", status=429, code="resource_unavailable")
        said = {"role": "assistant", "content": "a > b"}
        return Answer(
            raw={
                "choices": [{"index": 0, "finish_reason": "stop", "message": said}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
                "service_tier": tier or "default",
            }
        )


@pytest.fixture
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the local server be OpenAI's own."""
    monkeypatch.setattr(flex, "_OWN_HOSTS", frozenset({"127.0.0.1", "localhost"}))


def run(folder: Path, answerer: OpenAI, **parameters: Any) -> Any:
    with JudgeServer(answerer) as server:
        return run_at(server, folder, **parameters)


def run_at(server: JudgeServer, folder: Path, **parameters: Any) -> Any:
    given = {"flex": True, "max_concurrency": 1, "no_report": True, **parameters}
    return evaluate_small(folder, server, n=N, **given)


@pytest.mark.usefixtures("_own")
def test_replies_by_flex_are_priced_as_a_batch_and_are_the_same_in_the_cache(tmp_path: Path) -> None:
    with JudgeServer(openai := OpenAI()) as server:
        cheap = run_at(server, tmp_path)
        assert openai.tiers == ["flex"] * N
        assert run_at(server, tmp_path, flex=False).exit_code == 0
        assert len(openai.tiers) == N, "what flex replied is not asked again"
    dear = run(tmp_path / "dear", OpenAI(), flex=False)
    price = [row["price_per_example"] for row in dear.records()]
    assert [row["price_per_example"] for row in cheap.records()] == pytest.approx([p / 2 for p in price])
    assert cheap.ask.spent == pytest.approx(dear.ask.spent / 2)
    halves = [run(tmp_path / "dry", OpenAI(), dry_run=True, flex=given).cost for given in (True, False)]
    assert halves[0] == pytest.approx(halves[1] / 2)


@pytest.mark.usefixtures("_own")
def test_without_capacity_the_full_price_is_paid_or_one_waits_as_told(tmp_path: Path) -> None:
    openai = OpenAI(capacity=2)
    result = run(tmp_path, openai)
    assert (result.exit_code, len(result.records())) == (0, N)
    assert openai.tiers == ["flex"] * 2 + ["flex", None] * (N - 2)
    prices = sorted(row["price_per_example"] for row in result.records())
    assert prices[2] == pytest.approx(2 * prices[1])

    class Late(OpenAI):
        def __call__(self, body: Body) -> Answer:
            self.capacity = 0 if len(self.tiers) < 12 else 1000
            return super().__call__(body)

    late = Late()
    waited = run(tmp_path / "waits", late, wait=True, max_attempts=2)
    assert (waited.exit_code, len(waited.records())) == (0, N), "longer than other failures are put up with"
    assert set(late.tiers) == {"flex"}
    refused = Failure(FailureKind.RATE_LIMITED, "no capacity")
    assert Retries(most_attempts=2, is_patient=True).delay(refused, 10_000, endpoint_works=False)
    assert Retries(most_attempts=2).delay(refused, 2, endpoint_works=True) is None


@pytest.mark.usefixtures("_own")
def test_a_model_that_has_no_flex_is_asked_without(tmp_path: Path) -> None:
    openai = OpenAI(knows_flex=False)
    assert run(tmp_path, openai).exit_code == 0
    assert openai.tiers[0] == "flex"
    assert openai.tiers[-N + 1 :] == [None] * (N - 1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "OpenAI's own, and http://.* is another server"),
        ({"judge_base_url": None, "annotators_config": "claude"}, "'anthropic' has none"),
        ({"batch": True}, "choose one"),
        ({"flex": False, "wait": True}, "--batch or --flex"),
    ],
)
def test_it_is_refused_elsewhere_before_anything_is_asked(
    tmp_path: Path, parameters: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-for-tests")
    openai = OpenAI()
    with pytest.raises(autoeval.UsageError, match=message):
        run(tmp_path, openai, **parameters)
    assert not openai.tiers
