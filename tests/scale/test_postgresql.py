"""A cache that many machines share: a real server, killed clients, and one budget and pace for all."""

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from autoeval.completions.ask import AskReport
from autoeval.completions.batch.asking import BatchPendingError
from autoeval.completions.cache import Cache, RecordedVerdict
from autoeval.completions.storage import postgresql_schema
from autoeval.completions.storage.sharing import Sharing
from autoeval.errors import UsageError
from autoeval.journeys.cache import cache as look_after
from autoeval.types import Completion
from tests.completions.requests import ask_all, request
from tests.faults.counting import PaidJudge
from tests.journeys.small import evaluate_small, write_outputs
from tests.processes import start_command
from tests.scale.test_cache_command import FULL, key
from tests.scale.test_claims import check_claims_are_seen_by_all
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body
from tests.servers.postgresql import PostgresqlTestServer

pytestmark = pytest.mark.database
KEYS = [key(number) for number in range(6)]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlTestServer]:
    with PostgresqlTestServer() as started:
        yield started


@pytest.fixture
def address(server: PostgresqlTestServer) -> str:
    import psycopg

    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {postgresql_schema.SCHEMA} CASCADE")
    return server.address


def test_entries_come_back_as_they_went_in_and_may_be_replaced_and_deleted(address: str) -> None:
    verdict = RecordedVerdict((1.25, None), 0.01, 2.0)
    with Cache(address) as cache, Cache(address) as another:
        cache.put_many([(KEYS[0], FULL), (KEYS[1], verdict), (KEYS[2], Completion("old\x00"))])
        cache.put(KEYS[2], Completion("new"))
        assert another.get_many(KEYS) == {KEYS[0]: FULL, KEYS[1]: verdict, KEYS[2]: Completion("new")}
        assert another.delete(KEYS[1:]) == 2
        assert cache.known(KEYS) == {KEYS[0]}
        cache.put_many([(KEYS[3], Completion("first")), (KEYS[4], verdict), (KEYS[3], Completion("last"))])
        cache.put_many([])
        assert another.get_many(KEYS[1:]) == {KEYS[3]: Completion("last"), KEYS[4]: verdict}


def test_claims_are_seen_by_all(address: str) -> None:
    check_claims_are_seen_by_all(address)


def test_files_are_merged_into_it_and_it_into_a_file(address: str, tmp_path: Path) -> None:
    with Cache(tmp_path / "a.sqlite") as cache:
        cache.put_many((one, FULL) for one in KEYS)
    assert "6 replies now" in str(look_after("merge", tmp_path / "a.sqlite", into=address))
    assert "6 replies" in str(look_after("info", address))
    assert "6 replies now" in str(look_after("merge", address, into=tmp_path / "b.sqlite"))
    assert "6 replies" in str(look_after("export", address, into=tmp_path / "b.parquet"))
    with Cache(tmp_path / "b.sqlite") as cache:
        assert cache.get_many(KEYS) == dict.fromkeys(KEYS, FULL)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("postgresql://me:secret-word@127.0.0.1/x", "PGPASSWORD"),
        ("postgresql://127.0.0.1/x?password=secret-word", "PGPASSWORD"),
        ("postgresql://127.0.0.1:9/x?connect_timeout=2", "cannot be opened"),
    ],
)
def test_what_cannot_be_used_is_said_without_any_secret(where: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        Cache(where)
    assert "secret-word" not in str(error.value)


def test_tables_of_a_newer_version_are_left_alone(address: str) -> None:
    with Cache(address) as cache:
        cache.put(KEYS[0], FULL)
        with cache.transaction() as transaction:
            transaction.execute("INSERT INTO versions VALUES (99)")
    with pytest.raises(UsageError, match="newer version"):
        Cache(address)


def test_runs_that_go_on_while_the_server_is_restarted_ask_each_question_once(
    server: PostgresqlTestServer, address: str
) -> None:
    n, restarted = 200, threading.Event()

    def answer(body: Body) -> Answer:
        if judge.n_requests == n // 3 and not restarted.is_set():
            restarted.set()
            threading.Thread(target=restart).start()
        return Answer(text=prompt_text(body), delay=0.01)

    def restart() -> None:
        server.stop()
        server.start()

    reports: list[AskReport] = []

    def ask() -> None:
        with Cache(address) as cache:
            reports.append(ask_all([request(str(number), judge) for number in range(n)], cache))

    with JudgeServer(answer) as judge:
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert restarted.is_set()
        assert judge.n_requests == n
    assert [report.n_asked + report.n_cached for report in reports] == [n] * 3


def test_one_budget_is_that_of_all(address: str) -> None:
    """The price is that of the output's limit, 5 tokens for $0.005; several runs may spend $0.2 together."""
    reports: list[AskReport] = []

    def ask(first: int) -> None:
        with Cache(address) as cache:
            requests = [request(str(number), judge) for number in range(first, first + 100)]
            reports.append(ask_all(requests, cache, max_cost=0.2))

    with JudgeServer(always("a")) as judge:
        threads = [threading.Thread(target=ask, args=(100 * number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 0 < sum(report.spent for report in reports) <= 0.2


def test_who_stops_says_what_all_spent_together(address: str) -> None:
    with JudgeServer(always("a")) as judge, Cache(address) as cache:
        another = cache.claims()
        another.take(KEYS[:1])
        assert Sharing(cache.database, another.id).grant(0.125, 0.2)
        requests = [request(str(number), judge) for number in range(100)]
        report = ask_all(requests, cache, max_cost=0.2, max_concurrency=1)
    assert report.stop is not None
    assert report.spent > 0
    told = f"${0.125 + report.spent:.4f} are spent, or may be, by all runs that share it (${report.spent:.4f} by this"
    assert told in report.stop.message


def test_a_run_that_writes_files_of_requests_has_a_budget_of_its_own(address: str, tmp_path: Path) -> None:
    """They are asked when it is over, and no run is left to take anything of the budget of all."""
    with JudgeServer(always("a > b")) as judge:
        with pytest.raises(BatchPendingError, match="3 requests"):
            evaluate_small(
                *(tmp_path, judge), n=3, batch_files=tmp_path / "files", caching_path=address, max_cost=10.0
            )
        assert judge.n_requests == 0


@pytest.mark.slow
@pytest.mark.parametrize(("share", "code"), [(0.5, 4), (3.0, 0)])
def test_a_kill_with_requests_in_flight_passes_no_budget_and_others_take_over(
    address: str, tmp_path: Path, share: float, code: int
) -> None:
    """The budget is a share of what all replies cost; what was in flight at the kill was paid for as well."""
    n, in_flight = 300, 8
    judge, price, killed = PaidJudge(), (0, 1_000), threading.Event()

    def answer(body: Body) -> Answer:
        if served.n_requests > n // 5 and not killed.is_set():
            killed.set()
            victim.kill()
        return replace(judge(body), delay=0.02)

    with JudgeServer(always(judge.text)) as one:
        each = evaluate_small(tmp_path / "one", one, n=1, judge_price=price).ask.spent
    limit = share * n * each
    outputs, reference = write_outputs(tmp_path, n)
    with JudgeServer(answer) as served:
        arguments = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *(
                "--annotators_config=gpt4_ranking",
                f"--judge_base_url={served.base_url}",
                "--output_path=None",
            ),
            *(f"--caching_path={address}", f"--max_concurrency={in_flight}", f"--max_cost={limit}"),
            f"--judge_price=[{price[0]}, {price[1]}]",
        ]
        victim, other = start_command(*arguments), start_command(*arguments)
        victim.finish()
        done = other.finish()
        assert killed.is_set()
        assert done.returncode == code, done.stderr
        assert 0 < served.n_requests * each <= limit
    if code == 0:
        assert len(judge.paid) == n
        assert judge.n_paid_twice <= 2 * in_flight, "in flight, or on its way into the cache"


def test_grants_end_with_the_last_run_and_what_was_not_spent_comes_back(address: str) -> None:
    with Cache(address) as cache:
        first, second = cache.claims(), cache.claims()
        first.take(KEYS[:1])
        second.take(KEYS[1:2])
        ones, others = Sharing(cache.database, first.id), Sharing(cache.database, second.id)
        assert ones.grant(0.75, 1.0)
        assert not others.grant(0.5, 1.0)
        ones.settle(0.25)
        assert others.grant(0.5, 1.0)
        first.close()
        second.close()
        third = cache.claims()
        third.take(KEYS[:1])
        assert Sharing(cache.database, third.id).grant(1.0, 1.0)


def test_turns_follow_each_other_at_the_pace_of_all(address: str) -> None:
    with Cache(address) as cache:
        ones, others = Sharing(cache.database, "a"), Sharing(cache.database, "b")
        starts = [one.turns("m", 0.5, 10) for one in (ones, others, ones)]
        assert starts[0] == 0
        assert 39 < starts[1] + starts[0] + 20 <= 40 or 19 < starts[1] <= 20
        assert 39 < starts[2] <= 40
        assert others.turns("another", 0.5, 10) == 0


@pytest.mark.slow
def test_four_processes_killed_at_twenty_moments_pay_for_nothing_twice(address: str, tmp_path: Path) -> None:
    n, in_flight = 2_000, 8
    judge, draw = PaidJudge(), random.Random(0)
    outputs, reference = write_outputs(tmp_path, n)
    with JudgeServer(lambda body: replace(judge(body), delay=0.02)) as served:
        arguments = [
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--no_report"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={served.base_url}"),
            *(f"--caching_path={address}", f"--max_concurrency={in_flight}", "--output_path=None"),
        ]
        processes = [start_command(*arguments) for _ in range(4)]
        n_kills = 0
        while n_kills < 20:
            victim = draw.randrange(4)
            with suppress(subprocess.TimeoutExpired):
                processes[victim].wait(timeout=draw.uniform(0.1, 1.5))
            if processes[victim].returncode is not None:
                break
            n_kills += 1
            processes[victim].kill()
            processes[victim].finish()
            processes[victim] = start_command(*arguments)
        for process in processes:
            done = process.finish()
            assert done.returncode == 0, done.stderr
    assert len(judge.paid) == n
    assert judge.n_paid_twice <= n_kills * in_flight
