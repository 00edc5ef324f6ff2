"""Asking on a Ray cluster: of this machine, with two workers, one of which dies."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.ask import AskOptions, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.errors import UsageError
from autoeval.journeys.parameters.forwarding import defaults
from autoeval.journeys.parameters.limits import Limits, ask_options
from tests.completions.requests import AT_ONCE, PRICE, request
from tests.servers import Answer, JudgeServer, always, prompt_text
from tests.servers.answers import Body

N = 600


def _limits(**given: Any) -> Limits:
    return Limits(**{**defaults(Limits), **given})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"engine": "rya"}, "ray"),
        ({"ray_address": "auto"}, "--engine ray"),
        ({"engine": "ray", "batch": True}, "--batch"),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ask_options(_limits(**given))


def test_where_it_is_not_installed_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with JudgeServer(always("a")) as server, Cache(tmp_path / "c.sqlite") as cache:
        with pytest.raises(UsageError, match=r"pip install 'autoeval\[ray\]'"):
            _ask(server, cache, N)
        assert server.n_requests == 0


def _ask(server: JudgeServer, cache: Cache, n: int, **options: Any) -> Any:
    given = AskOptions(retries=AT_ONCE, engine="ray", **options)
    return ask([request(str(number), server) for number in range(n)], cache, given, lambda _: PRICE, Silent())


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestCluster:
    """One cluster for all of them."""

    @pytest.fixture(autouse=True, scope="class")
    def _cluster(self) -> Iterator[None]:
        ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()

    def test_a_worker_that_dies_loses_nothing(self, tmp_path: Path) -> None:
        killed = threading.Event()

        def answer(body: Body) -> Answer:
            if server.n_requests > N // 4 and not killed.is_set():
                killed.set()
                os.kill(_workers()[0], signal.SIGKILL)
            return Answer(text=prompt_text(body), delay=0.005)

        with JudgeServer(answer) as server, Cache(tmp_path / "c.sqlite") as cache:
            report = _ask(server, cache, N)
            assert (report.n_asked, dict(report.failures), report.stop) == (N, {}, None)
            found = cache.get_many([request_key(request(str(number), server)) for number in range(N)])
            assert len(found) == N
            n_asked = server.n_requests
            assert N <= n_asked <= N + 256
            again = _ask(server, cache, N)
            assert (again.n_cached, again.n_asked, server.n_requests) == (N, 0, n_asked)
        assert killed.is_set()

    def test_the_budget_is_kept(self, tmp_path: Path) -> None:
        with JudgeServer(always("a")) as server, Cache(tmp_path / "c.sqlite") as cache:
            report = _ask(server, cache, N, max_cost=2.0)
        assert report.stop is not None
        assert 0 < report.spent <= 2.0

    def test_a_refused_key_ends_the_run(self, tmp_path: Path) -> None:
        with JudgeServer(always(status=401)) as server, Cache(tmp_path / "c.sqlite") as cache:
            report = _ask(server, cache, N)
            assert server.n_requests <= 4
        assert report.stop is not None
        assert len(report.failures) == N


def _workers() -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if command.startswith(b"ray::ask_part"):
                found.append(int(folder.name))
    return found
