"""Asking until it is clear who is better, over HTTP: rounds, both populations, another run, kills and refusals."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autoeval
from autoeval.cli.show import show
from autoeval.metrics.betting import decide
from autoeval.runs.paying.claims import read_claims
from autoeval.runs.paying.deciding import DecidedResult
from autoeval.runs.result import Evaluation
from tests.journeys.small import evaluate_small, write_outputs
from tests.servers import JudgeServer
from tests.servers.answers import Answer, Body, prompt_text

N = 160


class Liking:
    """A judge that prefers the model's answer to some of the instructions, until its key is refused."""

    def __init__(self, wins: int, answers: int = 10_000) -> None:
        self.won = {i for i in range(N) if (i + 1) * wins // N > i * wins // N}
        self.left, self.asked = answers, 0

    def __call__(self, body: Body) -> Answer:
        self.asked += 1
        if self.left <= 0:
            return Answer("the key is refused", status=401, code="invalid_api_key")
        self.left -= 1
        text = prompt_text(body)
        number = int(re.findall(r"answer of the model, number (\d+)", text)[-1])
        is_first = text.rindex("answer of the model") < text.rindex("reference answer")
        return Answer("a > b" if is_first == (number in self.won) else "b > a")


def decided(result: Evaluation) -> DecidedResult:
    assert isinstance(result.paid, DecidedResult)
    return result.paid


def run(folder: Path, server: JudgeServer, **parameters: Any) -> Evaluation:
    return evaluate_small(
        folder, server, n=N, **{"until_decided": "reference", "max_concurrency": 1, **parameters}
    )


def test_a_clear_winner_costs_a_few_rounds_and_both_claims_are_named(tmp_path: Path) -> None:
    judge = Liking(wins=N)
    with JudgeServer(judge) as server:
        result = run(tmp_path, server)
    found = decided(result)
    assert judge.asked == found.n_paid == len(result.records()) == 16
    assert found.sides == {"these": "above", "like_these": "above"}
    text = "\n".join(found.lines)
    assert f"on these {N} instructions: decided: better than reference" in text
    assert "on instructions like these: decided: better" in text
    assert found.estimate.low > 50
    assert (result.row["n_paid"], result.row["method"]) == (16, "until decided")
    facts = json.loads((tmp_path / "results" / "gpt4_ranking" / "run.json").read_text())["sample"]
    assert facts["on_these"]["decided"] == "better"


def test_a_loser_is_named_one_and_a_close_race_is_judged_to_its_end(tmp_path: Path) -> None:
    with JudgeServer(Liking(wins=0)) as server:
        assert decided(run(tmp_path / "loser", server)).sides["these"] == "below"
    judge = Liking(wins=N // 2)
    with JudgeServer(judge) as server:
        close = run(tmp_path / "close", server)
    assert judge.asked == N
    assert decided(close).sides == {"these": None, "like_these": None}
    assert close.exit_code == 0
    assert decided(close).estimate.value == pytest.approx(50)
    assert "not decided" in "\n".join(decided(close).lines)


def test_killed_runs_go_on_where_they_were_and_end_as_if_at_once(tmp_path: Path) -> None:
    at_once = Liking(wins=105)
    with JudgeServer(at_once) as server:
        expected = run(tmp_path / "at once", server)
    judge = Liking(wins=105, answers=21)
    with JudgeServer(judge) as server:
        stopped = run(tmp_path / "broken", server)
        assert stopped.exit_code == 5
        assert decided(stopped).n_paid == 21, "what came is said, though nothing is decided"
        judge.left = 10_000
        resumed = run(tmp_path / "broken", server)
    assert judge.asked - 1 == at_once.asked == decided(expected).n_paid
    assert decided(resumed) == decided(expected) or _same(decided(resumed), decided(expected))
    assert [row["instruction"] for row in resumed.records()] == [
        row["instruction"] for row in expected.records()
    ]


def _same(one: DecidedResult, other: DecidedResult) -> bool:
    return one.facts() == other.facts()


def test_it_stops_at_the_round_in_which_the_betting_does(tmp_path: Path) -> None:
    with JudgeServer(Liking(wins=105)) as server:
        result = run(tmp_path, server)
    values = np.array([row["preference"] - 1 for row in result.records()])
    ends = [n for n in range(16, N + 1, 16) if decide(values[:n], N, "these").side is not None]
    assert len(values) <= (ends[0] if ends else N), "a prediction may only help here"
    assert len(values) % 16 == 0 or len(values) == N


def test_another_run_is_the_one_to_be_better_than(tmp_path: Path) -> None:
    with JudgeServer(Liking(wins=40)) as server:
        weak = run(tmp_path / "weak", server, until_decided=None, name="weak")
    judge = Liking(wins=N)
    with JudgeServer(judge) as server:
        strong = run(tmp_path / "strong", server, until_decided=weak.folder, name="strong")
        with pytest.raises(autoeval.UsageError, match="another reference"):
            _against_other_reference(tmp_path, server, weak)
    assert decided(strong).sides["these"] == "above"
    assert judge.asked < N
    ahead = decided(strong).differences["these"]
    assert 0 < ahead.low < 75 < ahead.high + 15
    assert "decided: better than weak" in "\n".join(decided(strong).lines)


def _against_other_reference(tmp_path: Path, server: JudgeServer, weak: Evaluation) -> None:
    assert weak.folder is not None
    rows = json.loads((weak.folder / "annotations.json").read_text())
    for row in rows:
        row["output_1"] += " (another)"
    (tmp_path / "other.json").write_text(json.dumps(rows))
    run(tmp_path / "refused", server, until_decided=tmp_path / "other.json")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_paid": 60}, "give one of them"),
        ({"until_decided": "refrence"}, "Did you mean 'reference'"),
        ({"is_recompute_metrics_only": True}, "asks nobody"),
        ({"batch": True}, "leave --batch and --batch_files out"),
    ],
)
def test_what_is_refused(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    with JudgeServer(Liking(N)) as server, pytest.raises(autoeval.UsageError, match=message):
        run(tmp_path, server, **parameters)


def _check_what_is_kept(tmp_path: Path, made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The claims lie beside the board, whole: who was asked how often, at which error, about which instructions."""
    path = tmp_path / "one.decided.json"
    kept = json.loads(path.read_text())["runs"]
    assert [decided for _, decided in read_claims(path)] == [made.decided]
    assert kept[0]["judge"]["name"] == "longest"
    assert (kept[0]["family_wise_error"], kept[0]["n_instructions"]) == (0.05, N)
    assert kept[0]["n_asked"] == {name: row["n_paid"] for name, row in made.board.rows.items()}
    these, like_these = (kept[0]["populations"][name] for name in ("these", "like_these"))
    assert these["name"] == f"on these {N} instructions"
    assert {"better": "good", "worse": "bad"} in these["decided"]
    assert ["fair", "like"] in like_these["open"]
    for shown in (tmp_path / "one.csv", path):
        show(autoeval.show(str(shown)))
        assert "good: better than fair, like, bad" in capsys.readouterr().out
    whole = path.read_text()
    for damaged in (whole[:99], "[]", '{"runs": [3]}', whole.replace('"worse": "bad"', '"worse": "nobody"')):
        path.write_text(damaged)
        with pytest.raises(autoeval.UsageError, match="does not hold what make_leaderboard"):
            autoeval.show(str(tmp_path / "one.csv"))
    path.write_text(whole)


def test_every_two_of_several_models_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two that differ much are decided at once and no more asked about; two that are alike stay open to the end."""
    outputs, reference = write_outputs(tmp_path, N)
    rng = np.random.default_rng(0)
    rows = [
        {**row, "generator": name, "output": "long " * 90 if rng.random() < rate else ""}
        for name, rate in (("good", 0.95), ("fair", 0.5), ("like", 0.5), ("bad", 0.05))
        for row in json.loads(outputs.read_text())
    ]

    def make(folder: str, rows: list[dict[str, Any]] = rows, **parameters: Any) -> Any:
        return autoeval.make_leaderboard(
            tmp_path / f"{folder}.csv",
            "longest",
            rows,
            reference,
            output_path=tmp_path / folder,
            caching_path=tmp_path / "cache.db",
            **{"until_decided": True, **parameters},
        )

    made = make("one")
    paid = {name: row["n_paid"] for name, row in made.board.rows.items()}
    assert max(paid["good"], paid["bad"]) < paid["fair"] == paid["like"]
    assert all(n % 16 == 0 or n == N for n in paid.values())
    assert {row["method"] for row in made.board.rows.values()} == {"until decided"}
    assert all(row["low"] <= row["win_rate"] <= row["high"] for row in made.board.rows.values())
    these = made.decided.sides["these"]
    assert {two: side for two, side in these.items() if two != (1, 2)} == dict.fromkeys(
        [(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)], "above"
    )
    assert f"on these {N} instructions" in made.decided.lines[0]
    assert any(line.startswith("  good: better than fair, like, bad") for line in made.decided.lines)
    files = {
        name: json.loads((tmp_path / "one" / name / "paid_annotations.json").read_text()) for name in paid
    }
    assert {name: len(file) for name, file in files.items()} == paid
    first = [{row["instruction"] for row in files[name]} for name in ("bad", "fair")]
    assert first[0] <= first[1], "asked about the same instructions"
    again = make("two")  # replies come from the cache: as a run that was stopped and goes on
    assert again.decided == made.decided
    _check_what_is_kept(tmp_path, made, capsys)
    make("one", [{**row, "generator": name} for name in ("new", "newer") for row in rows[:N]])
    assert [len(decided.models) for _, decided in read_claims(tmp_path / "one.decided.json")] == [4, 2]
    half = make("half", [*rows[: N // 2], *rows[N : 2 * N]], is_allow_partial=True).decided
    assert (
        f"on those of these {N} instructions that two models have in common ({N // 2} at least)"
        in half.lines[0]
    )
    assert max(half.n_asked) <= N
    (tmp_path / "damaged.decided.json").write_text("{}")
    with pytest.raises(autoeval.UsageError, match="does not hold what"):
        make("damaged")
    assert not (tmp_path / "damaged").exists(), "nobody was asked"
    make("one", rows[:N], until_decided=False, is_overwrite_leaderboard=True, is_mixed_allowed=True)
    assert [decided.models for _, decided in read_claims(tmp_path / "one.decided.json")] == [("new", "newer")]
    assert again.board.rows["fair"]["low"] == made.board.rows["fair"]["low"]
    for parameters, said in (
        ({"n_paid": 60}, "give one of them"),
        ({"check": True}, "--check judges all pairs"),
        ({"batch": True}, "leave --batch"),
        ({"shard": "1/2"}, "--shard"),
        ({"rows": rows[:N]}, "there is 1 to judge"),
    ):
        with pytest.raises(autoeval.UsageError, match=said):
            make("three", **parameters)
