"""Arena-Hard's judgments to boards: published figures, upstream's formula made again, and files as they really are."""

import csv
import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoeval.data.arena_hard import SETS, read_judgments
from autoeval.errors import UsageError
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.journeys.recorded import RecordedBoard
from autoeval.leaderboards.arena import means
from autoeval.leaderboards.arena_games import games_by_category
from autoeval.leaderboards.arena_style import Styles, controlled, counted_style
from autoeval.metrics.observations import Floats
from tests.cli.running import CommandLine
from tests.recorded import recorded_data

Row = dict[str, Any]
FIRST = "arena_hard_v0.1"
SECOND = "arena_hard_v2.0"


def old(model: str, question: str, *scores: Any) -> Row:
    games = [{"user_prompt": "u", "judgment": f"[[{score}]]", "score": score} for score in scores]
    return {"question_id": question, "model": model, "judge": "j", "games": games}


def new(model: str, question: str, category: str, *scores: Any) -> Row:
    games = [{"score": score, "judgment": {"answer": f"[[{score}]]"}, "prompt": []} for score in scores]
    known = {"uid": question, "category": category, "judge": "j", "model": model}
    return {**known, "baseline": SETS[SECOND].baselines[category], "games": games}


def board(rows: list[Row], eval_set: str = FIRST, **flags: Any) -> RecordedBoard:
    made = make_leaderboard(
        eval_set=eval_set, judgments=rows, leaderboard_path=Path("board.csv").absolute(), **flags
    )
    assert isinstance(made, RecordedBoard)
    return made


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def korean() -> Path:
    return recorded_data() / "arena_hard" / "ko_arena_hard"


def published(name: str) -> dict[str, float]:
    with (korean() / "leaderboard" / f"{name}_20250423.csv").open() as file:
        return {row["model"]: float(row["score"]) for row in csv.DictReader(file)}


def of_korean(**flags: Any) -> RecordedBoard:
    return board(str(korean() / "judgment_ensemble"), baseline="claude-3.7-sonnet", **flags)  # type: ignore[arg-type]


def rank_correlation(one: dict[str, float], other: dict[str, float]) -> float:
    from scipy.stats import spearmanr

    names = sorted(one.keys() & other.keys())
    return float(spearmanr([one[name] for name in names], [other[name] for name in names]).statistic)


def scores(found: RecordedBoard) -> dict[str, float]:
    return {name: float(row["score"] or 0) for name, row in found.board.rows.items()}


def test_the_published_scores_of_76_models_come_out() -> None:
    ours, theirs = scores(of_korean()), published("no_control")
    assert ours.keys() == theirs.keys()
    far = {name for name in theirs if abs(ours[name] - theirs[name]) > 0.02}
    assert far <= {"claude-3.7-sonnet", "o4-mini-high"}
    assert rank_correlation(ours, theirs) >= 0.999
    compatible = scores(of_korean(compatible=True))
    apart = {name: abs(compatible[name] - theirs[name]) for name in theirs}
    assert {name for name in theirs if apart[name] > 0.02} <= {"o4-mini-high"}
    assert max(apart.values()) < 0.06


@pytest.mark.slow
def test_style_control_comes_near_the_published_one() -> None:
    """Four models' answers are absent, so that the regression is not quite upstream's."""
    metadata = korean() / "conv_metadata.jsonl.gz"
    for compatible in (False, True):
        ours = scores(of_korean(style_control=True, style_metadata=metadata, compatible=compatible))
        theirs = {name: score for name, score in published("style_control").items() if name in ours}
        apart = [abs(ours[name] - score) for name, score in theirs.items()]
        assert len(apart) == 72
        assert np.median(apart) < 0.5
        assert max(apart) < 2.2
        assert rank_correlation(ours, theirs) >= 0.999


def simulated(n: int = 60) -> tuple[list[Row], list[Row]]:
    """Simulate judgments of three models, and what is counted of all answers."""
    rng = np.random.default_rng(2)
    labels = ["A>>B", "A>B", "A=B", "B>A", "B>>A"]
    rows, counted = [], []
    for model, edge in (("gpt-4-0314", 0.0), ("good", 0.6), ("fair", 0.0), ("poor", -0.8)):
        for question in range(n):
            style = {
                "token_len": int(rng.integers(50, 900)),
                "header_count": {"h1": int(rng.integers(3)), "h2": 0},
                "list_count": {"ordered": int(rng.integers(5)), "unordered": int(rng.integers(9))},
                "bold_count": {"**": int(rng.integers(6)), "__": 0},
            }
            counted.append({"question_id": f"q{question}", "model_id": model, "conv_metadata": style})
            if model != "gpt-4-0314":
                better = int(np.clip(np.round(2 + 1.2 * edge + rng.normal()), 0, 4))
                worse = int(np.clip(np.round(2 + 1.2 * edge + rng.normal()), 0, 4))
                rows.append(old(model, f"q{question}", labels[better], labels[4 - worse]))
    return rows, counted


def exploded(rows: list[Row], counted: list[Row]) -> tuple[list[str], Floats, Floats, Floats]:
    """Return models, their places, wins and the style of both, a row a battle; a clear win is three of them."""
    values = {"A>>B": (0.0, 3), "A>B": (0.0, 1), "A=B": (0.5, 1), "B>A": (1.0, 1), "B>>A": (1.0, 3)}
    style: dict[tuple[str, str], list[float]] = {}
    for row in counted:
        c = row["conv_metadata"]
        sums = [float(sum(c[name].values())) for name in ("header_count", "list_count", "bold_count")]
        style[row["model_id"], row["question_id"]] = [float(c["token_len"]), *sums]
    models = list(dict.fromkeys(row["model"] for row in rows))
    battles = []
    for row in rows:
        for place, game in enumerate(row["games"]):
            win, times = values[game["score"]]
            ours, theirs = style[row["model"], row["question_id"]], style["gpt-4-0314", row["question_id"]]
            one = [models.index(row["model"]), win if place == 0 else 1 - win, *ours, *theirs]
            battles += [one] * times
    table = np.array(battles, dtype=float)
    return models, table[:, 0].astype(int), table[:, 1], table[:, 2:]


def test_style_control_is_upstreams_formula_where_that_is_wanted() -> None:
    """v0.1: sklearn's penalised regression on every battle twice, in powers of ten; made again here."""
    from sklearn.linear_model import LogisticRegression

    rows, counted = simulated()
    models, place, wins, style = exploded(rows, counted)
    n, m = len(wins), len(models)
    features = (style[:, 4:] - style[:, :4]) / (style[:, 4:] + style[:, :4] + 1)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    design = np.zeros((n, m + 1))
    design[:, m] = math.log(10)
    design[np.arange(n), place] = -math.log(10)
    design = np.concatenate([design, features], axis=1)
    doubled = np.concatenate([design, design])
    baseline_won = np.concatenate([wins < 1, wins == 0])
    model = LogisticRegression(fit_intercept=False, tol=1e-10, max_iter=10_000).fit(doubled, baseline_won)
    strength = model.coef_[0]
    expected = {name: 100 / (1 + 10 ** (strength[m] - strength[i])) for i, name in enumerate(models)}
    found = board(rows, style_control=True, style_metadata=counted, compatible=True)
    assert {name: scores(found)[name] for name in models} == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("controls", ["length", "markdown", "length,markdown"])
def test_ours_is_the_maximum_of_the_likelihood_at_equal_style(controls: str) -> None:
    """Upstream's `length` alone drops the models from its design; ours keeps them."""
    from scipy.optimize import minimize

    rows, counted = simulated()
    models, place, wins, style = exploded(rows, counted)
    features = (style[:, :4] - style[:, 4:]) / (style[:, 4:] + style[:, :4] + 1)
    wanted = [
        i for name, places in (("length", [0]), ("markdown", [1, 2, 3])) if name in controls for i in places
    ]
    features = features[:, wanted] / features[:, wanted].std(axis=0)

    def loss(beta: Floats) -> float:
        z = beta[place] + features @ beta[len(models) :]
        return float((np.logaddexp(0, z) - wins * z).sum())

    best = minimize(loss, np.zeros(len(models) + len(wanted)), tol=1e-10).x[: len(models)]
    found = board(rows, control_features=controls, style_metadata=counted)
    expected = dict(zip(models, 100 / (1 + np.exp(-best)), strict=True))
    assert {name: scores(found)[name] for name in models} == pytest.approx(expected, abs=0.01)
    assert all(float(found.board.rows[name]["low"] or 0) < expected[name] for name in models)


def test_answers_of_both_versions_are_counted_alike() -> None:
    rows, _ = simulated(20)
    text = "# Title\n\n- one **bold**\n- two\n```\n# no header\n- no item\n```\n"
    first, second = [], []
    for model in ("gpt-4-0314", "good", "fair", "poor"):
        for q in range(20):
            said = text * (1 + (q + len(model)) % 3)
            first.append(
                {"question_id": f"q{q}", "model_id": model, "choices": [{"turns": [{"content": said}]}]}
            )
            answer = [{"role": "user", "content": "?"}, {"role": "assistant", "content": {"answer": said}}]
            second.append({"uid": f"q{q}", "model": model, "messages": answer})
    said_otherwise = [{**row, "metadata": {} if n else {"temperature": 0}} for n, row in enumerate(second)]
    found = [
        scores(board(rows, control_features="length", answers=answers))
        for answers in (first, second, said_otherwise)
    ]
    assert found[0] == found[1] == found[2]
    half = [{**first[0], "metadata": {"token_len": 9}}, *first[1:]]
    with pytest.raises(UsageError, match=r"`metadata.header_count` is null"):
        board(rows, style_control=True, answers=half)
    assert counted_style(text) == (len(text), 1, 2, 1)


def test_a_clear_win_counts_three_times_and_a_question_without_both_verdicts_not_at_all() -> None:
    rows = [
        old("m", "1", "B>>A", "A>B"),  # 3 wins and 1
        old("m", "2", "A>B", "A=B"),  # a loss and a tie
        old("m", "3", "A>B", None),
        old("m", "4", "A>B", "A"),  # the judge made up a label
        old("m", "5", "B>A"),
    ]
    rows[2]["games"][1] = None
    row = board(rows).board.rows["m"]
    assert row["score"] == pytest.approx(100 * 4.5 / 6)
    assert (row["n_total"], row["n_missing"]) == (2, 3)
    assert board(rows, compatible=True).board.rows["m"]["score"] == pytest.approx(100 * 5.5 / 9)
    baseline = board(rows).board.rows["gpt-4-0314"]
    assert (baseline["score"], baseline["low"], baseline["high"]) == (50, 50, 50)


def test_two_games_are_one_question() -> None:
    """Both games of a question always agree here, so they say no more than one of them would."""
    rng = np.random.default_rng(0)
    rows = []
    for question in range(200):
        is_won = bool(rng.random() < 0.5)
        rows.append(old("m", str(question), "B>A" if is_won else "A>B", "A>B" if is_won else "B>A"))
    ours, theirs = (board(rows, compatible=compatible).board.rows["m"] for compatible in (False, True))
    assert float(ours["standard_error"] or 0) == pytest.approx(100 * 0.5 / math.sqrt(200), rel=0.02)
    assert float(theirs["standard_error"] or 0) < 0.8 * float(ours["standard_error"] or 0)


def test_categories_have_their_own_baselines_and_columns() -> None:
    rows = [new("m", f"h{i}", "hard_prompt", "B>A", "A>B") for i in range(4)]
    rows += [new("m", f"c{i}", "creative_writing", "A>B", "A=B") for i in range(2)]
    rows += [new("gemini-2.0-flash-001", f"h{i}", "hard_prompt", "A>B", "A=B") for i in range(4)]
    found = board(rows, SECOND).board.rows
    assert (found["m"]["hard_prompt"], found["m"]["creative_writing"]) == (100, 25)
    assert found["m"]["score"] == pytest.approx((4 * 100 + 2 * 25) / 6)
    assert found["m"]["baseline"] == "o3-mini-2025-01-31 gemini-2.0-flash-001"
    assert found["gemini-2.0-flash-001"]["hard_prompt"] == 25
    assert found["gemini-2.0-flash-001"].get("creative_writing") is None


def test_files_of_either_version_and_of_forks_come_back_as_they_were(tmp_path: Path) -> None:
    mixed = {**old("m", "1", "A>B", "B>A"), "uid": "1"}
    mixed.pop("question_id")
    bare = {"question_id": "1", "model": "m", "judge": "ensemble", "games": [{"score": "A<<B"}, None]}
    rows = [old("m", "1", "A>B", None), new("m", "1", "hard_prompt", "A=B", "B>>A"), mixed, bare]
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = list(read_judgments(tmp_path))
    assert [one.row for one in read] == rows
    assert [one.question_id for one in read] == ["1"] * 4
    assert read[0].games[0].reply == read[2].games[0].reply == "[[A>B]]"
    assert read[1].games[0].reply == "[[A=B]]"
    assert [game.label for game in read[3].games] == ["A<<B", None]


def test_recorded_forks_are_read() -> None:
    folder = recorded_data() / "arena_hard" / "forks"
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            rows = [json.loads(line) for line in file]
        assert [one.row for one in read_judgments(path)] == rows
        found = board(str(path)).board  # type: ignore[arg-type]
        (row,) = (row for name, row in found.rows.items() if name == rows[0]["model"])
        assert int(row["n_total"] or 0) + int(row["n_missing"] or 0) == len(rows)


GOOD = old("m", "1", "A>B", "B>A")


@pytest.mark.parametrize(
    ("rows", "flags", "told"),
    [
        ([{**GOOD, "games": "x"}], {}, r"row 1: `games` is text"),
        ([GOOD, {**GOOD, "games": [{"winner": "A"}]}], {}, r"row 2, game 1 has no field 'score'"),
        ([GOOD, old("m", "2", 5, 4)], {}, r"row 2, game 1: `score` is a number \(5\)"),
        ([GOOD, old("m", "2", "model_a", "A>B")], {}, r"row 2, game 1: `score` is text"),
        ([{"model": "m"}], {}, "row 1 has no field 'uid' or 'question_id'"),
        ([GOOD, {**GOOD, "model": None}], {}, "row 2: `model` is null"),
        ([GOOD, {**GOOD, "judge": "other"}], {}, "row 2: the judge is 'other'"),
        ([{**GOOD, "baseline": "x"}], {"baseline": "y"}, "row 1: the model met 'x'"),
        ([GOOD], {"style_control": True}, "--style_control needs what the answers look like"),
        ([GOOD], {"answers": "x"}, "are for --style_control"),
        ([GOOD], {"control_features": "size", "answers": "x"}, "--control_features: 'size'"),
        ([old("m", "1", None, None)], {}, "no model has a question with a verdict"),
        ([old("m", "1", None, None)], {"compatible": True}, "no model has a question with a verdict"),
        ([], {}, "there is no row"),
    ],
)
def test_wrong_judgments_are_refused_with_their_row(rows: list[Row], flags: Row, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        board(rows, **flags)


def test_a_misspelt_baseline_is_said_where_styles_tell() -> None:
    rows, counted = simulated(20)
    with pytest.raises(UsageError, match=r"of the baseline 'gpt-4-314'. Did you mean 'gpt-4-0314'"):
        board(rows, baseline="gpt-4-314", style_control=True, style_metadata=counted)


def test_a_row_without_counts_is_named(tmp_path: Path) -> None:
    rows, counted = simulated(20)
    path = tmp_path / "styles.jsonl"
    path.write_text(
        "".join(
            json.dumps({**row, **lack}) + "\n"
            for row, lack in ((counted[0], {}), (counted[1], {"conv_metadata": None}))
        )
    )
    with pytest.raises(UsageError, match=r"styles\.jsonl, row 2 has no counts"):
        board(rows, style_control=True, style_metadata=path)


def test_what_is_not_counted_and_who_never_wins_is_left_out_and_said() -> None:
    rows, counted = simulated(30)
    rows += [old("loser", f"q{i}", "A>>B", "B>>A") for i in range(30)]
    counted += [{**row, "model_id": "loser"} for row in counted if row["model_id"] == "good"]
    counted = [row for row in counted if row["model_id"] != "fair"]
    _, categories = games_by_category(read_judgments(rows), SETS[FIRST], None, keeps_lone=False)
    found = board(rows, style_control=True, style_metadata=counted)
    assert {"fair", "loser"} <= found.cautions.keys()
    assert set(found.board.rows) == {"good", "poor", "gpt-4-0314"}
    assert means(categories[0])["loser"].value == 0
    with pytest.raises(UsageError, match="nothing is counted of any"):
        controlled(
            categories[0], Styles({("gpt-4-0314", "q0"): (1, 1, 1, 1)}, ["length"]), SETS[FIRST], False
        )


def test_the_command_writes_the_board_and_says_what_is_missing(command: CommandLine) -> None:
    rows = [*(old("m", str(i), "B>A", "A>B") for i in range(5)), old("m", "9", None, "A>B")]
    command.write("judge/m.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    flags = ["--eval_set", FIRST, "--judgments", "judge", "--leaderboard_path", "b.csv"]
    found = command("make_leaderboard", *flags)
    assert found.code == 0
    header, first, _ = (command.folder / "b.csv").read_text().splitlines()
    assert header.startswith(",score,standard_error,low,high,n_total,n_missing")
    assert first.startswith("m,100.0,")
    assert command("make_leaderboard", *flags[:2], "--judgments", ".", *flags[4:]).code == 2
