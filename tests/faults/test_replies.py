"""Replies that go wrong in every way, a share of them, through a whole run in both protocols."""

import asyncio
from pathlib import Path

import pytest

from tests.completions.virtual_time import Forward
from tests.faults.counting import N_PAIRS, PaidJudge, n_stored, run
from tests.servers import Answer, Fault, JudgeServer, always, rate_limited

EACH_PROTOCOL = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@EACH_PROTOCOL
@pytest.mark.parametrize(
    "fault",
    [
        rate_limited(),
        rate_limited(retry_after=0.01),
        Answer("overloaded", status=503),
        Answer("overloaded", status=529),
        Answer(fault=Fault.DROP),
        Answer(fault=Fault.HALF_BODY),
        Answer(fault=Fault.NOT_JSON),
        Answer(fault=Fault.NO_CHOICES),
    ],
    ids=lambda fault: f"{fault.fault or fault.status}{'' if not fault.headers else ' retry after'}",
)
def test_a_twentieth_of_faults_costs_no_pair_and_no_reply_twice(
    protocol: str, fault: Answer, tmp_path: Path
) -> None:
    judge = PaidJudge(faults=[fault])
    with JudgeServer(judge) as server:
        result = run(tmp_path, server, protocol)
        assert server.n_requests > N_PAIRS, "no fault was met"
    assert (result.exit_code, result.tally.n_judged) == (0, N_PAIRS)
    assert (judge.n_paid_twice, n_stored(tmp_path / "cache.sqlite")) == (0, N_PAIRS)


@EACH_PROTOCOL
@pytest.mark.parametrize("fault", [Fault.SLOW_BODY, Fault.HANG])
def test_replies_that_do_not_come_cost_no_pair_and_no_reply_twice(
    protocol: str, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, clock = PaidJudge(faults=[Answer(fault=fault)]), Forward()
    monkeypatch.setattr(asyncio, "run", clock.run)
    with JudgeServer(judge, on_hanging=clock.jump) as server:
        result = run(tmp_path, server, protocol, max_concurrency=1)
        assert server.n_requests > N_PAIRS, "no fault was met"
    assert (result.exit_code, result.tally.n_judged) == (0, N_PAIRS)
    assert (judge.n_paid_twice, n_stored(tmp_path / "cache.sqlite")) == (0, N_PAIRS)


def test_all_of_them_at_once(tmp_path: Path) -> None:
    faults = [rate_limited(0.01), Answer(status=500), Answer(fault=Fault.DROP), Answer(fault=Fault.NOT_JSON)]
    judge = PaidJudge(faults=faults, share=0.1)
    with JudgeServer(judge) as server:
        result = run(tmp_path, server)
    assert (result.exit_code, result.tally.n_judged, judge.n_paid_twice) == (0, N_PAIRS, 0)


@EACH_PROTOCOL
@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "unparsed: the reply is empty"), ("Both are fine.", "unparsed: the reply does not")],
)
def test_replies_without_a_verdict_are_kept_and_counted(
    protocol: str, text: str, reason: str, tmp_path: Path
) -> None:
    judge = PaidJudge(faults=[Answer(text)])
    with JudgeServer(judge) as server:
        result = run(tmp_path, server, protocol)
        again = run(tmp_path, server, protocol)
        assert server.n_requests == N_PAIRS
    failures = [row["failure"] for row in result.records() if row["preference"] is None]
    assert failures
    assert all(failure.startswith(reason) for failure in failures)
    assert result.tally.n_judged + len(failures) == N_PAIRS
    assert result.exit_code == again.exit_code == 3


@pytest.mark.parametrize("fault", [Fault.HUGE_BODY, Fault.HUGE_CHUNKED_BODY, Fault.ZIP_BOMB])
def test_a_huge_reply_is_refused_and_asked_again(fault: Fault, tmp_path: Path) -> None:
    judge = PaidJudge(faults=[Answer(fault=fault)])
    with JudgeServer(judge) as server:
        result = run(tmp_path, server)
        assert server.n_requests > N_PAIRS
    assert (result.exit_code, result.tally.n_judged, judge.n_paid_twice) == (0, N_PAIRS, 0)


def test_what_always_fails_is_counted_by_reason_and_asked_in_the_next_run(tmp_path: Path) -> None:
    with JudgeServer(lambda body: is_broken(str(body))) as server:
        result = run(tmp_path, server, max_attempts=2)
    assert result.tally.failures == {"malformed reply": 1}
    assert result.tally.n_judged == N_PAIRS - 1
    with JudgeServer(always("a > b")) as server:
        again = run(tmp_path, server, judge_base_url=server.base_url)
        assert again.tally.n_judged == N_PAIRS


def is_broken(body: str) -> Answer:
    return Answer(fault=Fault.NOT_JSON) if "Do thing 7." in body else Answer("a > b")
