"""Each request is asked by one process at a time, and what a process leaves is taken over."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autoeval.completions.cache import Cache
from autoeval.completions.storage import claims as claims_module
from autoeval.completions.storage.claims import Claims
from autoeval.types import Completion
from tests.completions.requests import ask_all, request
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body

KEYS = [number.to_bytes(32, "big") for number in range(6)]
REPLY = Completion("a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sqlite"


def test_what_one_run_has_claimed_another_leaves_until_it_is_answered_or_given_up(path: Path) -> None:
    check_claims_are_seen_by_all(path)


def check_claims_are_seen_by_all(address: Path | str) -> None:
    with Cache(address) as here, Cache(address) as there:
        first, second = here.claims(), there.claims()
        assert first.take(KEYS[:4]).ours == set(KEYS[:4])
        assert second.take(KEYS).ours == set(KEYS[4:])
        here.put(KEYS[0], REPLY)
        first.release([KEYS[1]])
        taken = second.take(KEYS[:4])
        assert taken.known == {KEYS[0]}
        assert taken.ours == {KEYS[1]}
        first.close()
        assert second.take(KEYS[2:4]).ours == set(KEYS[2:4])


def test_a_run_that_ends_or_is_answered_leaves_no_claims_behind(path: Path) -> None:
    with Cache(path) as cache:
        ending = cache.claims()
        ending.take(KEYS)
        cache.put_many((key, REPLY) for key in KEYS[:3])
        assert cache.query("SELECT count(*) FROM claims") == [(3,)]
        ending.close()
        for table in ("claims", "claimants"):
            assert cache.query(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_killed_process_of_this_machine_is_taken_over_at_once(path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with Cache(path) as cache:
        _claim_as(cache, f"{socket.gethostname()}:{gone.pid}", until=time.time() + 1_000)
        assert cache.claims().take(KEYS).ours == set(KEYS)


def test_a_run_elsewhere_is_taken_over_when_its_lease_has_ended(path: Path) -> None:
    with Cache(path) as cache:
        _claim_as(cache, f"elsewhere:{os.getpid()}", until=time.time() + 1_000)
        assert not cache.claims().take(KEYS).ours
        cache.query("UPDATE claimants SET until = ?", (time.time() - 1,))
        assert cache.claims().take(KEYS).ours == set(KEYS)


def test_a_lease_is_renewed_while_a_run_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cache(path) as cache:
        mine = cache.claims()
        mine.take(KEYS)
        cache.query("UPDATE claimants SET until = 0")
        mine.renew()
        cache.query("UPDATE claimants SET process = 'elsewhere:1'")
        assert not cache.claims().take(KEYS).ours


def _claim_as(cache: Cache, process: str, until: float) -> None:
    claimed = Claims(cache.database)
    claimed.take(KEYS)
    cache.query("UPDATE claimants SET process = ?, until = ?", (process, until))


def test_two_runs_that_start_together_ask_each_question_once(tmp_path: Path) -> None:
    """The second run begins while the first one is at its first question, which both have to ask."""
    from threading import Thread

    second: list[Thread] = []
    reports = []

    def ask_too() -> None:
        with Cache(tmp_path / "c.sqlite") as cache:
            reports.append(ask_all([request(str(number), server) for number in range(300)], cache))

    def answer(body: Body) -> Answer:
        if not second:
            second.append(Thread(target=ask_too))
            second[0].start()
        return Answer(text=prompt_text(body), delay=0.005)

    with JudgeServer(answer) as server:
        ask_too()
        second[0].join()
        assert server.n_requests == 300
    assert sorted(report.n_asked + report.n_cached for report in reports) == [300, 300]
    assert not any(report.failures for report in reports)


def test_what_another_run_gives_up_is_asked_here(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "LEASE_SECONDS", 0.2)
    with JudgeServer(always("a")) as server, Cache(path) as cache:
        other = Claims(cache.database)
        from autoeval.completions.keys import request_key

        question = request("q", server)
        other.take([request_key(question)])  # and never renews it
        cache.query("UPDATE claimants SET process = 'elsewhere:1'")
        assert ask_all([question], cache).n_asked == 1
