"""A bridge from a judge that is gone: what it says beforehand, asks, places, refuses, and how it is marked."""

import csv
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from autoeval.analysis.linking import fit_link
from autoeval.errors import UsageError
from autoeval.journeys import bridge_look
from autoeval.journeys.bridge import bridge
from autoeval.journeys.bridge_plan import BridgePlan
from autoeval.journeys.bridge_result import Bridge
from autoeval.journeys.citation import bridged_citation
from autoeval.journeys.site import site
from autoeval.leaderboards.table import Board, read_board
from autoeval.metrics.columns import Cell
from tests.processes import start_command
from tests.recorded import recorded_data, recorded_models
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body
from tests.servers.recorded_judges import RecordedJudges

N = 40
OLD = {"m0": 8.0, "m1": 22.0, "m2": 35.0, "m3": 52.0, "m4": 66.0, "m5": 80.0, "m6": 93.0}
NEW = {"m0": 0.15, "m1": 0.3, "m2": 0.45, "m3": 0.5, "m4": 0.6, "m5": 0.75, "m6": 0.85, "fresh": 0.55}
"""How often the old judge prefers each model's outputs, in percent, and how often the new one does."""


def new_judge(body: Body) -> Answer:
    """Prefer a model's output as often as its strength says, the same for the same prompt."""
    text = prompt_text(body)
    found = re.search(r"strength ([\d.]+), number (\d+)", text)
    assert found
    wins = zlib.crc32(found[2].encode()) / 2**32 < float(found[1])
    is_reference_first = text.index("reference answer") < text.index("strength")
    return Answer("a > b" if wins != is_reference_first else "b > a")


def outputs_of(name: str, strength: float) -> list[dict[str, str]]:
    return [
        {
            "instruction": f"Do thing {i}.",
            "output": f"{name} of strength {strength}, number {i}",
            "generator": name,
        }
        for i in range(N)
    ]


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """A board with its models' outputs in a folder, and a judge that can be asked."""
    reference = [
        {"instruction": f"Do thing {i}.", "output": f"reference answer {i}", "generator": "reference"}
        for i in range(N)
    ]
    (tmp_path / "reference.json").write_text(json.dumps(reference))
    for name in OLD:
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "model_outputs.json").write_text(json.dumps(outputs_of(name, NEW[name])))
    write_board(tmp_path / "gone.csv", OLD)
    return {
        "board": tmp_path / "gone.csv",
        "annotators_config": "gpt4_ranking",
        "anchor_outputs": tmp_path / "models",
        "reference_outputs": tmp_path / "reference.json",
        "model_outputs": outputs_of("fresh", NEW["fresh"]),
        "caching_path": tmp_path / "cache.sqlite",
        "output_path": tmp_path / "results",
        "retry_delay": 0,
    }


def write_board(path: Path, rates: dict[str, float], reference: str = "reference") -> None:
    rows: dict[str, dict[str, Cell]] = {
        name: {"win_rate": rate, "standard_error": 1.5, "n_total": 805, "reference": reference}
        for name, rate in rates.items()
    }
    with path.open("w") as file:
        Board(rows).write(file)


def run(given: dict[str, Any], **changes: Any) -> Any:
    with JudgeServer(new_judge) as server:
        result = bridge(**{**given, "judge_base_url": server.base_url, **changes})
        return result, server.n_requests


def test_a_new_model_is_placed_by_the_link_of_the_anchors(given: dict[str, Any]) -> None:
    with JudgeServer(new_judge) as server:
        result = bridge(**given, judge_base_url=server.base_url)
        assert server.n_requests == 8 * N
        again = bridge(**given, judge_base_url=server.base_url)
        assert server.n_requests == 8 * N  # the second time, all is in the cache
    assert isinstance(result, Bridge)
    assert again.bridged == result.bridged
    assert [anchor.name for anchor in result.anchors] == list(OLD)
    assert result.link == fit_link(result.anchors)
    (one,) = result.bridged
    assert one.placement == result.link.place(one.new)
    assert OLD["m3"] < one.placement.win_rate < OLD["m4"]
    assert len(result.left_out) == 7
    assert result.exit_code == 0


def test_bridged_rows_are_marked_and_never_anchors(given: dict[str, Any], tmp_path: Path) -> None:
    result, _ = run(given, is_cache_leaderboard=True)
    (one,) = result.bridged
    for path in (given["board"], result.path.with_name("leaderboard.csv")):
        row = read_board(path).rows["fresh"]
        assert row["win_rate"] == one.placement.win_rate
        assert (row["low"], row["high"]) == (one.placement.low, one.placement.high)
        assert str(row["bridged_from"]).startswith("gpt4_ranking (")
        assert row["bridged_win_rate"] == one.new.win_rate
        assert row.get("n_wins") is None
        assert read_board(path).rows["m3"].get("bridged_from") is None
    cited = bridged_citation(result, one)
    assert "95% prediction interval" in cited
    assert "scale of gone" in cited
    assert "gpt4_ranking" in cited
    site(tmp_path / "site", result.path.parent)
    (page,) = (tmp_path / "site").glob("*/index.html")
    html = page.read_text()
    assert "bridged</span>" in html
    assert '<td class="num">≈<' in html
    model_page = page.with_name("model-fresh.html").read_text()
    assert "prediction interval" in model_page
    assert "never judged it" in model_page
    assert "Rank <strong>" not in model_page
    assert "of 7" in page.with_name("model-m0.html").read_text()
    with pytest.raises(UsageError, match="no model of the board"):
        run(given, anchors="m0,m1,m2,m3,fresh", model_outputs=None)


def test_before_asking_it_says_widths_and_the_price(given: dict[str, Any]) -> None:
    plan, n_asked = run(given, dry_run=True)
    assert isinstance(plan, BridgePlan)
    assert n_asked == 0
    assert plan.dry_run.n_new == 8 * N
    assert plan.dry_run.cost is not None
    first = plan.offers[0]
    assert (first.n_anchors, first.n_pairs) == (7, N)
    wider = next(offer for offer in plan.offers if offer.n_anchors == 5)
    assert wider.another_maker > first.another_maker > first.same_family
    assert first.cost == pytest.approx(plan.dry_run.cost * 7 / 8, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"anchors": "m0,m2,m4,m6"}, "at least 5 models"),
        ({"n_anchors": 4}, "n_anchors"),
        ({"board": None}, "--board is missing"),
        ({"board": "missing.csv"}, "--board: there is no leaderboard"),
        ({"board": "weighted_alpaca"}, "--board: there is neither"),
        ({"anchors": "m0,m1,m2,m3,m44"}, "Did you mean 'm4'"),
        ({"model_outputs": outputs_of("m3", 0.5)}, "on the board already"),
        ({"anchor_outputs": "."}, "--anchor_outputs"),
        ({"max_cost": 1, "judge_model": "no-such-model"}, "the price of"),
    ],
)
def test_what_cannot_work_is_refused_before_asking(
    given: dict[str, Any],
    changes: dict[str, Any],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with JudgeServer(new_judge) as server:
        with pytest.raises(UsageError, match=reason):
            bridge(**{**given, "judge_base_url": server.base_url, **changes})
        assert server.n_requests == 0


def test_another_reference_and_the_boards_own_judge_are_refused(given: dict[str, Any]) -> None:
    board = read_board(given["board"])
    for column, value, reason in (
        ("reference", "other", "its reference is"),
        ("annotator", "gpt4_ranking", "own judge"),
    ):
        with given["board"].open("w") as file:
            Board({name: {**row, column: value} for name, row in board.rows.items()}).write(file)
        with pytest.raises(UsageError, match=reason):
            run(given)


def test_judges_that_rank_differently_make_no_bridge_and_models_are_not_asked_about(
    given: dict[str, Any],
) -> None:
    turned = dict(zip(OLD, [50.0, 20, 80, 10, 60, 30, 40], strict=True))
    write_board(given["board"], turned)
    with JudgeServer(new_judge) as server:
        with pytest.raises(UsageError, match="Spearman"):
            bridge(**{**given, "judge_base_url": server.base_url})
        assert server.n_requests == 7 * N


def test_a_model_far_outside_the_anchors_is_refused_and_others_are_placed(given: dict[str, Any]) -> None:
    middle = "m1,m2,m3,m4,m5"
    far = outputs_of("far", 0.999)
    with pytest.raises(UsageError, match="far: by the new judge it wins 100"):
        run(given, anchors=middle, model_outputs=far)
    result, _ = run(given, anchors=middle, model_outputs=[*far, *given["model_outputs"]])
    assert list(result.refused) == ["far"]
    assert [one.name for one in result.bridged] == ["fresh"]
    assert "far" not in result.board.rows
    assert result.exit_code == 3


def test_some_pairs_go_first_and_what_they_show_to_be_hopeless_is_not_paid_for(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_look, "FIRST", 20)
    result, n_asked = run(given)
    assert n_asked == 8 * N, "no pair is asked about twice"
    assert [report.n_requests for report in result.asks] == [7 * 20, 7 * N, 20, N]
    far = outputs_of("far", 0.001)
    result, n_asked = run(given, anchors="m3,m4,m5,m6,m2", model_outputs=[*far, *given["model_outputs"]])
    assert n_asked == 6 * N + 20
    assert "first 20 pairs" in result.refused["far"]
    assert [one.name for one in result.bridged] == ["fresh"]
    write_board(given["board"], dict(zip(OLD, reversed(OLD.values()), strict=True)))
    cache = given["caching_path"].with_name("another.sqlite")
    with JudgeServer(new_judge) as server:
        with pytest.raises(UsageError, match="on the first 20 pairs"):
            bridge(**{**given, "judge_base_url": server.base_url, "caching_path": cache})
        assert server.n_requests == 7 * 20
        short = bridge(
            **{**given, "judge_base_url": server.base_url, "caching_path": None, "max_cost": 0.001}
        )
    assert (short.exit_code, short.link, len(short.asks)) == (4, None, 1)


def test_without_models_the_link_alone_is_made(given: dict[str, Any]) -> None:
    result, n_asked = run(given, model_outputs=None, n_anchors=5)
    assert n_asked == 5 * N
    assert [anchor.name for anchor in result.anchors][::4] == ["m0", "m6"]
    facts = json.loads(result.path.read_text())
    assert facts["link"]["n_anchors"] == 5
    assert facts["bridged"] == []


def test_recorded_judgments_end_to_end_with_six_anchors_and_a_budget(tmp_path: Path) -> None:
    folder = recorded_data() / "alpaca_eval_1"
    models = [name for name in recorded_models() if (folder / name / "model_outputs.json.gz").exists()]
    held_out = "claude"
    board = tmp_path / "alpaca_eval_gpt4.csv"
    with (folder / "published_leaderboard.csv").open(newline="") as file:
        published = {row[""]: float(row["win_rate"]) for row in csv.DictReader(file)}
    truth = published.pop(held_out)
    write_board(board, {name: rate for name, rate in published.items() if name in models}, "text_davinci_003")
    arguments = ["bridge", "--board", str(board), "--annotators_config", "gpt4_ranking", "--n_anchors", "6"]
    arguments += ["--anchor_outputs", str(folder), "--is_allow_partial", "--max_instances", "40"]
    arguments += [
        "--model_outputs",
        str(folder / held_out / "model_outputs.json.gz"),
        "--min_coverage",
        "0.9",
    ]
    arguments += ["--reference_outputs", str(folder / "reference_outputs.json.gz"), "--retry_delay", "0"]
    arguments += [
        "--caching_path",
        str(tmp_path / "cache.sqlite"),
        "--output_path",
        str(tmp_path / "results"),
    ]
    with JudgeServer(RecordedJudges(folder, [*published.keys() & set(models), held_out])) as server:
        arguments += ["--judge_base_url", server.base_url]
        short = start_command(*arguments, "--max_cost", "0.05").finish()
        assert short.returncode == 4, short.stderr
        assert "95% interval, one family" in short.stderr
        assert "no bridge yet" in short.stdout
        paid = server.n_requests
        assert 0 < paid < 7 * 40
        whole = start_command(*arguments, "--max_cost", "5").finish()
        assert whole.returncode == 0, whole.stderr
        assert server.n_requests <= 7 * 40
    assert "≈" in whole.stdout
    facts = json.loads((tmp_path / "results" / "bridge.json").read_text())
    assert len(facts["anchors"]) == 6
    placed = facts["bridged"][0]["placement"]
    assert placed["low"] <= truth <= placed["high"]
