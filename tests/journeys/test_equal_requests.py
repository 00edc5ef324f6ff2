"""What is said of a run's requests counts each once, however many models and pairs need it, and adds up."""

import json
from pathlib import Path
from typing import Any

import autoeval
from autoeval.completions.ask import AskOptions, AskReport, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from tests.completions.requests import request
from tests.faults.counting import PaidJudge
from tests.servers import JudgeServer, always

N = 210
"""More than are looked up at once."""


def _write(folder: Path, name: str, texts: list[str]) -> Path:
    path = folder / f"{name}.json"
    rows = [
        {"instruction": f"Do thing {number}.", "output": text, "generator": name}
        for number, text in enumerate(texts)
    ]
    path.write_text(json.dumps(rows))
    return path


def _arguments(folder: Path, server: JudgeServer, models: list[Path]) -> dict[str, Any]:
    return {
        "leaderboard_path": folder / "board.csv",
        "annotators_config": "gpt4_ranking",
        "all_model_outputs": models,
        "reference_outputs": _write(folder, "reference", [f"reference {n}" for n in range(N)]),
        "judge_base_url": server.base_url,
        "caching_path": folder / "cache.sqlite",
        "output_path": None,
    }


def _counts(report: AskReport) -> tuple[int, int, int]:
    assert report.n_requests == report.n_cached + report.n_asked + len(report.failures)
    return report.n_requests, report.n_cached, report.n_asked


def test_models_with_equal_texts_on_one_board(tmp_path: Path) -> None:
    texts = [f"answer {number}" for number in range(N)]
    models = [_write(tmp_path, name, texts) for name in ("one", "other")]
    with JudgeServer(PaidJudge()) as server:
        given = _arguments(tmp_path, server, models)
        assert autoeval.make_leaderboard(**given, dry_run=True).n_requests == N
        made = autoeval.make_leaderboard(**given)
        assert server.n_requests == N
        assert _counts(made.ask) == (N, 0, N)

        half = [*texts[: N // 2], *(f"another answer {number}" for number in range(N // 2, N))]
        given["all_model_outputs"] = [*models, _write(tmp_path, "half", half)]
        given["leaderboard_path"] = tmp_path / "another.csv"
        made = autoeval.make_leaderboard(**given)
        assert _counts(made.ask) == (N + N // 2, N, N // 2)
        given["leaderboard_path"] = tmp_path / "third.csv"
        made = autoeval.make_leaderboard(**given)
        assert _counts(made.ask) == (N + N // 2, N + N // 2, 0)


def test_parts_of_models_with_equal_texts(tmp_path: Path) -> None:
    texts = [f"answer {number}" for number in range(N)]
    with JudgeServer(PaidJudge()) as server:
        given = _arguments(tmp_path, server, [_write(tmp_path, name, texts) for name in ("one", "other")])
        given["caching_path"] = f"{tmp_path}/caches/"
        parts = [autoeval.make_leaderboard(**given, shard=f"{number}/3") for number in (1, 2, 3)]
        assert server.n_requests == N
    assert sum(_counts(part.ask)[2] for part in parts) == N
    for part in parts:
        n = part.ask.n_asked
        assert f"{n} of {n} requests are answered, {n} of them now" in str(part)


def test_what_is_asked_anew_is_asked_anew_once() -> None:
    with JudgeServer(always("a")) as server, Cache(None) as cache:
        requests = [request(str(number % N), server) for number in range(2 * N)]

        def once(again: frozenset[bytes]) -> AskReport:
            return ask(requests, cache, AskOptions(max_concurrency=1), lambda _: None, Silent(), again)

        assert _counts(once(frozenset())) == (N, 0, N)
        assert _counts(once(frozenset(map(request_key, requests)))) == (N, 0, N)
        assert server.n_requests == 2 * N
