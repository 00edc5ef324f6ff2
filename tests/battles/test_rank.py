"""Battles to ratings: real files' spellings, golden ratings, intervals that cover, and what is refused."""

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autoeval
from autoeval.data.battle_columns import read_battle_files
from autoeval.data.battles import Battles, read_battles
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.metrics.battle_ratings import rate, rate_by_elo
from autoeval.metrics.observations import Floats
from autoeval.metrics.rank_intervals import ranks
from autoeval.metrics.strengths import Contests, fit, fit_with_errors
from tests.cli.running import CommandLine
from tests.recorded import recorded_data

Row = dict[str, Any]


def battle(one: Any, other: Any, winner: Any, **more: Any) -> Row:
    return {"model_a": one, "model_b": other, "winner": winner, **more}


CYCLE = [battle("a", "b", "model_a"), battle("b", "c", "model_a"), battle("c", "a", "model_a")]


def simulated(rng: np.random.Generator, truth: Floats, n: int, groups: int = 0) -> tuple[Contests, list[Any]]:
    """Simulate battles; with groups, those of a group lean the same way, as one voter's do."""
    m = len(truth)
    first = rng.integers(m, size=n)
    second = (first + 1 + rng.integers(m - 1, size=n)) % m
    lean = np.zeros(n)
    codes = []
    if groups:
        codes = [rng.integers(groups, size=n)]
        lean = (
            rng.normal(0, 1, (groups, m))[codes[0], first] - rng.normal(0, 1, (groups, m))[codes[0], second]
        )
    z = truth[first] - truth[second] + lean
    wins = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    wins[rng.random(n) < 0.2] = 0.5
    return Contests.of(m, first, second, wins), codes


@pytest.mark.parametrize("name", ["simple", "food", "llmfao"])
def test_golden_ratings_come_out(name: str, tmp_path: Path) -> None:
    folder = recorded_data() / "evalica_llmfao"
    golden: dict[str, dict[str, float]] = {}
    for row in read_rows(folder / f"{name}-golden.csv.gz", "golden"):
        golden.setdefault(row.fields["algorithm"], {})[row.fields["item"]] = float(row.fields["score"])
    found = autoeval.rank(folder / f"{name}.csv.gz", leaderboard_path=tmp_path / "board.csv")
    factors = [
        math.log(golden["bradley_terry"][model]) - (float(row["rating"] or 0) - 1000) * math.log(10) / 400
        for model, row in found.board.rows.items()
    ]
    assert max(factors) - min(factors) < 1e-6
    elo = autoeval.rank(folder / f"{name}.csv.gz", method="elo", resamples=10)
    assert {model: row["rating"] for model, row in elo.board.rows.items()} == pytest.approx(
        golden["elo"], rel=1e-6
    )
    header = (tmp_path / "board.csv").read_text().splitlines()[0].split(",")
    assert {"rating", "low", "high", "rank_low", "rank_high", "n"} <= set(header)


def test_every_usual_spelling_of_a_battle_is_read(tmp_path: Path) -> None:
    spelt: dict[float, list[Any]] = {
        0.0: ["model_a", "A", "left", "Model A", "model_1", "first", "x", "one"],
        1.0: ["model_b", "b", "right", "MODEL_B", "2", 2, "second", "other"],
        0.5: ["tie", "Tie", "tie (bothbad)", "both_bad", "bothbad", "draw", "tie (inconsistent)"],
    }
    for share, winners in spelt.items():
        found = read_battles(read_rows([battle("one", "other", winner) for winner in winners], "FILES"))
        assert found.shares.tolist() == [share] * len(winners)
    one_hot = {
        "model_a": "one",
        "model_b": "other",
        "winner_model_a": 0,
        "winner_model_b": 0,
        "winner_tie": 1,
    }
    games = {"model_1": "one", "model_2": "other", "g1_winner": "model_2", "g2_winner": "tie"}
    annotation = {"generator_1": "one", "generator_2": "other", "instruction": "q", "preference": 1.75}
    for row, share in ((one_hot, 0.5), (annotation, 0.75), (games, 0.75)):
        assert read_battles(read_rows([row], "FILES")).shares.tolist() == [share]
    names = [("left", "right"), ("model_1", "model_2"), ("player_a", "player_b")]
    for one, other in names:
        path = tmp_path / f"{one}.csv"
        path.write_text(f"{one},{other},winner\nx,y,tie\n")
        assert read_battles(read_rows(path, "FILES")).models == ("x", "y")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"model_a": "x", "winner": "tie"}], r"row 1 does not name two models"),
        ([{"model_a": "x", "model_b": "y", "winer": "tie"}], r"row 1 has no column 'winner'.*'winer'"),
        ([*CYCLE, battle("a", "b", "nobody")], r"row 4: `winner` is text \('nobody'\)"),
        ([*CYCLE, battle("a", "b", None)], r"row 4: `winner` is null"),
        ([*CYCLE, battle("a", "b", float("nan"))], r"row 4: `winner` is null"),
        ([*CYCLE, battle("a", "", "tie")], r"row 4: `model_b` names no model"),
        ([*CYCLE, battle("a", None, "tie")], r"row 4: `model_b` names no model"),
        ([battle("2", "1", "1")], r"row 1: `winner` is '1', which can be read two ways"),
        ([battle("a", "a", "tie")], r"no judged battle of two different models"),
        ([*CYCLE, battle("y", "z", "tie")], r"no chain of battles links y, z with a, b, c"),
        ([*CYCLE, battle("a", "z", "model_a")], r"z never win against the rest"),
        ([*CYCLE, battle("z", "a", "model_a")], r"z never lose to the rest"),
        (
            [*CYCLE, {"generator_1": "a", "generator_2": "b", "instruction": "q", "preference": 2}],
            "another kind",
        ),
    ],
)
def test_what_cannot_be_ranked_is_said_with_its_row(rows: list[Row], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        autoeval.rank(rows)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"leave_out": "d"}, r"--leave_out: no battle is of the model 'd'"),
        ({"cluster": "voter"}, r"row 1 has no column 'voter' \(--cluster\)"),
        ({"method": "glicko"}, "--method"),
        ({"interval": "exact"}, "--interval"),
        ({"method": "elo", "style_control": True}, "--method elo"),
        ({"style_control": True}, "row 1: --style_control needs the texts"),
    ],
)
def test_wrong_parameters_are_refused(flags: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        autoeval.rank(CYCLE, **flags)


def test_wrong_files_end_the_command_with_2_and_name_file_and_row(command: CommandLine) -> None:
    files = {"empty.csv": "", "header.csv": "model_a,model_b,winner\n"}
    files["wrong.csv"] = "model_a,model_b,winner\nx,y,model_a\nx,y,wat\n"
    for name, text in files.items():
        found = command("rank", command.write(name, text), "--leaderboard_path", "board.csv")
        assert found.code == 2
        assert name in found.err
        assert "row 2" in found.err or name != "wrong.csv"
        assert not (command.folder / "board.csv").exists()


def test_a_model_that_only_loses_can_be_left_out() -> None:
    found = autoeval.rank([*CYCLE, battle("a", "z", "model_a")], leave_out="z")
    assert set(found.board.rows) == {"a", "b", "c"}


def test_several_files_of_several_formats_are_one_ranking(command: CommandLine) -> None:
    one = command.write("1.jsonl", "".join(json.dumps(row) + "\n" for row in CYCLE))
    other = command.write("2.csv.gz", gzip.compress(b"left,right,winner\na,b,tie\nc,b,right\n"))
    found = command("rank", one, other, "--output_format", "json")
    rows = {row["name"]: row for row in json.loads(found.out)}
    assert {name: row["n"] for name, row in rows.items()} == {"a": 3, "b": 4, "c": 3}
    table = command("rank", one, other, "--output_format", "table")
    assert "5 battles of 3 models" in table.out


def test_closed_form_errors_are_those_of_the_bootstrap() -> None:
    contests, codes = simulated(np.random.default_rng(1), np.linspace(-1, 1, 5), 3000, groups=60)
    for clusters in ([], codes):
        closed = rate("abcde", contests, clusters)
        drawn = rate("abcde", contests, clusters, "bootstrap", resamples=300)
        ratio = (drawn.high - drawn.low) / (closed.high - closed.low)
        assert np.all((ratio > 0.75) & (ratio < 1.3))
    wide, narrow = rate("abcde", contests, codes), rate("abcde", contests)
    assert np.all(wide.high - wide.low > narrow.high - narrow.low)


def test_a_tie_as_half_a_win_is_the_maximum_of_the_likelihood() -> None:
    from scipy.optimize import minimize

    contests, _ = simulated(np.random.default_rng(3), np.array([1.0, 0.2, -0.4, -0.8]), 300)
    features = np.random.default_rng(4).normal(size=(300, 2))
    contests = Contests.of(4, contests.first, contests.second, contests.wins, features).reweighted()

    def loss(beta: Floats) -> float:
        z = beta[contests.first] - beta[contests.second] + features @ beta[4:]
        likelihood = contests.weights * (contests.wins * z - np.logaddexp(0, z))
        return float(-likelihood.sum() + 1e-9 * beta @ beta)

    theirs = minimize(loss, np.zeros(6), tol=1e-12).x
    theirs[:4] -= theirs[:4].mean()
    assert fit(contests) == pytest.approx(theirs, abs=1e-3)


def test_two_ways_of_belonging_together_are_both_counted() -> None:
    contests, (codes,) = simulated(np.random.default_rng(5), np.zeros(4), 2000, groups=40)
    alone = np.arange(2000)
    once = fit_with_errors(contests, [codes]).covariance
    twice = fit_with_errors(contests, [codes, alone]).covariance
    assert twice == pytest.approx(once, rel=0.02, abs=1e-6)


def test_ranks_that_the_data_cannot_tell_apart_are_wide() -> None:
    covariance = np.diag([1.0, 1.0, 1.0, 1.0])
    found = ranks(np.array([30.0, 10.0, 9.9, -10.0]), covariance)
    assert found.rank.tolist() == [1, 2, 3, 4]
    assert found.low.tolist() == [1, 2, 2, 4]
    assert found.high.tolist() == [1, 3, 3, 4]


def test_elo_moves_by_k_in_the_order_of_the_battles() -> None:
    contests = Contests.of(2, np.array([0, 0]), np.array([1, 1]), np.array([1.0, 0.5]))
    found = rate_by_elo("ab", contests, k=8.0, resamples=10)
    expected = 1 / (1 + 10 ** (-8 / 400))
    assert found.ratings[0] == pytest.approx(1004 + 8 * (0.5 - expected))
    with pytest.raises(UsageError, match="no chain of battles"):
        autoeval.rank([battle("a", "b", "tie"), battle("c", "d", "tie")], method="elo")


def styled(count: Callable[[int], Row]) -> list[Row]:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(800):
        n, extra = int(rng.integers(100, 1000)), float(rng.uniform(1, 3))
        lengths = (n, int(n * extra)) if rng.random() < 0.8 else (int(n * extra), n)
        edge = 2 * (lengths[1] - lengths[0]) / sum(lengths)
        winner = "model_b" if rng.random() < 1 / (1 + math.exp(-edge)) else "model_a"
        rows.append(battle("brief", "wordy", winner, **count(lengths[0]), **_of_b(count(lengths[1]))))
    return rows


def _of_b(fields: Row) -> Row:
    return {name.replace("_a", "_b"): value for name, value in fields.items()}


def test_equal_models_of_unequal_length_are_equal_at_equal_style() -> None:
    rows = styled(lambda n: {"response_a": "x" * n})
    plain, controlled = autoeval.rank(rows), autoeval.rank(rows, style_control=True)
    assert float(plain.board.rows["wordy"]["low"] or 0) > 1000
    wordy = controlled.board.rows["wordy"]
    assert abs(float(wordy["rating"] or 0) - 1000) < 3 * float(wordy["standard_error"] or 0)
    assert float(wordy["rating"] or 0) < float(plain.board.rows["wordy"]["low"] or 0)
    value, error = controlled.style["length"]
    assert value > 2 * error


def test_chatbot_arenas_counts_are_style_too() -> None:
    def metadata(row: Row) -> Row:
        counts: Row = {}
        for side, text in (("a", row.pop("response_a")), ("b", row.pop("response_b"))):
            counts[f"sum_assistant_{side}_tokens"] = len(text)
            counts[f"header_count_{side}"] = {"h1": 0, "h2": 0}
            counts[f"list_count_{side}"] = {"ordered": 0, "unordered": 0}
            counts[f"bold_count_{side}"] = {"**": 0, "__": 0}
        return {**row, "conv_metadata": counts}

    texts = styled(lambda n: {"response_a": "x" * n})
    found = autoeval.rank([metadata(dict(row)) for row in texts], style_control=True)
    counted = autoeval.rank(texts, style_control=True).style
    assert list(found.style["length"]) == pytest.approx(list(counted["length"]))


def test_differences_are_written_with_adjusted_p_values(tmp_path: Path) -> None:
    rows = [battle("a", "b", "a")] * 90 + [battle("a", "b", "b")] * 10 + [battle("b", "c", "tie")] * 100
    found = autoeval.rank(rows, differences_path=tmp_path / "differences.csv")
    told = [row.fields for row in read_rows(tmp_path / "differences.csv", "differences")]
    assert (told[0]["model"], told[0]["against"]) == ("a", "b")
    assert found.n_different == (2, 3)
    assert float(told[-1]["p_holm"]) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("n", "groups"), [(1500, 0), (3000, 80)])
def test_intervals_cover(n: int, groups: int) -> None:
    """Ties are half wins, which pull strengths in: the truth is what an endless sample would give."""
    truth = np.linspace(-0.5, 0.5, 8)
    endless, codes = simulated(np.random.default_rng(0), truth, 2_000_000, groups and 200_000)
    limit = fit(endless)
    rng = np.random.default_rng(7)
    held, ranked = [], []
    names = [str(i) for i in range(len(truth))]
    true_rank = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    for _ in range(400):
        contests, codes = simulated(rng, truth, n, groups)
        found = rate(names, contests, codes)
        rating = 1000 + 400 / math.log(10) * limit
        held.append((found.low <= rating) & (rating <= found.high))
        ranked.append((found.ranks.low <= true_rank) & (true_rank <= found.ranks.high))
    assert 0.93 <= np.mean(held) <= 0.97
    assert np.mean(ranked) >= 0.93


PLAIN_OR_NOT = [
    "model_a,model_b,winner\nx,y,model_a\ny,z,tie\nx,x,model_b\nz,x,both_bad\n",
    ",left,right,winner\n0,x,y,x\n1,y,z,z\n2,z,x,Tie (both bad)\n",  # by their names
    "model_a\tmodel_b\twinner\nx\ty\tA\n",
    'sep=;\nmodel_a;model_b;winner\n"x, 1";y;b\n',
    "model_a,model_b,winner\ntie,y,tie\ny,tie,model_a\n",  # a model that is called as a verdict is
    "model_a,model_b,winner\nx,y,model_a\nx,,model_b\n",
    "model_a,model_b,winner\nx,y,model_a\nx,y,nobody\n",
    "model_a,model_b,winner\nx,y\n",
    "model_a,model_b,winner\nx,x,tie\n",
    "model_a,model_b,g1_winner,g2_winner,winner\nx,y,model_1,tie,model_a\n",
    "model_a,model_b,preference\nx,y,1.25\ny,x,\n",
]


@pytest.mark.parametrize("text", PLAIN_OR_NOT)
def test_plain_files_are_read_at_once_as_they_are_row_by_row(text: str, tmp_path: Path) -> None:
    path = tmp_path / ("b.tsv" if "\t" in text else "b.csv")
    path.write_text(text, encoding="utf-8")
    found: list[Any] = []
    readers: list[Callable[[], Battles]] = [
        lambda: read_battle_files(str(path), "FILES"),
        lambda: read_battles(read_rows(str(path), "FILES")),
    ]
    for read in readers:
        try:
            one = read()
            found.append(
                (one.models, *map(list, (one.first, one.second, one.shares)), one.n_missing, one.n_self)
            )
        except UsageError as error:
            found.append(str(error))
    assert found[0] == found[1]
