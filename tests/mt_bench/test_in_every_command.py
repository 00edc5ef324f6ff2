"""Finished MT-Bench runs in the commands that take runs: each shows the figures that evaluating them gave."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scipy import stats

import autoeval
from autoeval.cli.commands import group
from autoeval.errors import UsageError
from autoeval.exports.record import read_record
from autoeval.journeys.compare import compare
from autoeval.journeys.export import export
from autoeval.journeys.site import site
from autoeval.journeys.view import documents_of
from autoeval.leaderboards.boards import read_any
from autoeval.metrics.estimates import MeanGrade
from tests.mt_bench.test_judging import FIGURES, ORPO, PHI, folder, grader, judged
from tests.servers import JudgeServer

NAMES = [model for _, model in FIGURES]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both runs, the board that make_leaderboard makes of the same answers, and what it asked."""
    root = tmp_path_factory.mktemp("graded")
    with (
        pytest.MonkeyPatch.context() as patch,
        JudgeServer(grader(*(owner for owner, _ in FIGURES))) as server,
    ):
        patch.chdir(root)
        patch.setenv("OPENAI_API_KEY", "sk-test")
        for of in FIGURES:
            judged(server, of)
        asked = server.n_requests
        made = board(server)
        assert server.n_requests == asked, "what was asked once is not asked again"
        assert made.judged == ("phi-3-dpo", "mistral-orpo-trl")
    return root


def board(server: JudgeServer, **more: Any) -> Any:
    outputs = [
        str(folder() / "runs" / owner / "model_answer" / f"{model}.jsonl.gz") for owner, model in FIGURES
    ]
    return autoeval.make_leaderboard(
        Path("boards") / "mt_bench" / "graded.csv",
        "mt_bench_grade",
        outputs,
        eval_set="mt_bench",
        judge_prompts=folder() / "judge_prompts.jsonl.gz",
        reference_answers=folder() / "runs" / PHI[0] / "reference_answer" / "gpt-4.jsonl.gz",
        judge_base_url=server.base_url,
        caching_path="replies.sqlite",
        **more,
    )


def run(home: Path, of: tuple[str, str]) -> Path:
    return home / "out" / of[1] / "mt_bench_grade"


def rows(home: Path, of: tuple[str, str]) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((run(home, of) / "annotations.json").read_text())
    return read


def test_show_prints_the_figures_turn_by_turn_and_by_category(home: Path) -> None:
    said = CliRunner().invoke(group, ["show", str(run(home, PHI))]).output
    assert "phi-3-dpo, judged by mt_bench_grade" in said
    shown = dict(re.findall(r"^ (\w+) +(\d\.\d\d) ", said, re.MULTILINE))
    wanted = {"score": "8.20", "turn_1": "8.36", "turn_2": "8.04", "math": "6.15"}
    assert {name: shown[name] for name in wanted} == wanted
    assert "160 of 160 scored" in said


def test_compare_pairs_by_question(home: Path) -> None:
    found = compare(str(run(home, PHI)), str(run(home, ORPO)))
    a, b = ({row["instruction"]: row["score"] for row in rows(home, of)} for of in (PHI, ORPO))
    expected = stats.ttest_rel([a[name] for name in a], [b[name] for name in a])
    interval = expected.confidence_interval()
    assert found.tests.n == 80
    assert found.tests.value == pytest.approx(8.2 - 7.165625)
    assert (found.tests.low, found.tests.high) == pytest.approx((interval.low, interval.high))
    assert found.tests.p_t == pytest.approx(expected.pvalue)
    assert found.tests.n_better == sum(a[name] > b[name] for name in a)
    assert abs(found.contrasts[0].difference) == max(abs(a[name] - b[name]) for name in a)
    said = CliRunner().invoke(group, ["compare", str(run(home, PHI)), str(run(home, ORPO))]).output
    assert "A has the higher score" in " ".join(said.split())
    assert "points" not in said


def test_runs_that_measure_different_things_do_not_compare(home: Path, tmp_path: Path) -> None:
    pair = {"instruction": "q", "output_1": "x", "output_2": "y", "generator_2": "m", "preference": 2}
    score = {"instruction": "q", "output": "y", "generator": "m", "score": 4.0}
    for name, row, said in (("pairs", pair, "a win rate"), ("bare", score, "without ends")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "annotations.json").write_text(json.dumps([row]))
        with pytest.raises(UsageError, match=said):
            compare(str(run(home, PHI)), str(tmp_path / name))


def test_exports_hold_every_figure_with_its_interval(home: Path) -> None:
    record = read_record(run(home, PHI))
    scalars = record.scalars()
    row = read_any(run(home, PHI) / "leaderboard.csv").rows["phi-3-dpo"]
    for name in ("score", "low", "high", "standard_error", "turn_1", "turn_2_low", "n_total", "avg_length"):
        assert scalars[name] == pytest.approx(row[name])
    for end, column in (("score", "math"), ("low", "math_low"), ("high", "math_high")):
        assert scalars[f"subset/math/{end}"] == pytest.approx(row[column])
    assert record.columns == ("instruction", "dataset", "output", "score", "turn_1", "turn_2", "failure")
    assert len(list(record.rows())) == 80
    table = export([run(home, ORPO), run(home, PHI)]).text.splitlines()
    assert table[2].startswith("| phi-3-dpo | 8.20 | 7.50 – 8.65 | 8.36 | 8.04 | 160 ")
    (told,) = json.loads(export(run(home, PHI), to="every_eval_ever").text)["evaluation_results"][:1]
    assert (told["metric_config"]["min_score"], told["metric_config"]["max_score"]) == (1, 10)
    assert "on a scale from 1 to 10" in export(run(home, PHI), to="hugging_face", dataset="a/b").text


def test_a_board_of_many_models_has_the_rows_that_evaluate_gives(home: Path) -> None:
    made = read_any(home / "boards" / "mt_bench" / "graded.csv")
    assert list(made.rows) == ["phi-3-dpo", "mistral-orpo-trl"]
    for of in FIGURES:
        alone = read_any(run(home, of) / "leaderboard.csv").rows[of[1]]
        assert made.rows[of[1]] == {**alone, "mode": "verified"}


def test_view_shows_a_radar_both_turns_and_the_judges_words(home: Path) -> None:
    found = documents_of(home / "out", keeps=False)
    listed = {one["model"]: one for one in found.runs(waits=True)["runs"]}
    assert {name: listed[name]["score"] for name in NAMES} == {
        model: pytest.approx(figures[2]) for (_, model), figures in FIGURES.items()
    }
    assert (listed["phi-3-dpo"]["ends"], listed["phi-3-dpo"]["title"]) == ((1.0, 10.0), "score")
    one, other = (listed[name]["id"] for name in NAMES)
    document = found.run(one)
    assert document["turns"] == ("turn_1", "turn_2")
    assert "<svg" in document["facts"]
    assert "humanities" in document["facts"]
    pair = found.pair(one, 31)  # of math, which has a right answer
    assert (len(pair["turns"]), len(pair["right"])) == (2, 2)
    assert [judgment["part"] for judgment in pair["judgments"]] == ["turn_1", "turn_2"]
    assert all("[[" in judgment["reply"] for judgment in pair["judgments"])
    (difference,) = found.comparison([one, other])["differences"]
    same = compare(str(run(home, PHI)), str(run(home, ORPO))).tests
    assert [difference[name] for name in ("value", "low", "high", "n")] == pytest.approx(
        [same.value, same.low, same.high, same.n]
    )


def test_the_site_has_pages_for_boards_of_scores(home: Path, tmp_path: Path) -> None:
    made = site(tmp_path / "out", home / "boards")
    assert (made.n_boards, made.n_pages) == (1, 4)
    page = (tmp_path / "out" / "mt_bench-graded" / "index.html").read_text()
    assert "By category" in page
    assert ">8.20<" in page
    assert "Score by category for the chosen models" in page
    alone = (tmp_path / "out" / "mt_bench-graded" / "model-phi-3-dpo.html").read_text()
    assert "95% interval 7.50 – 8.65" in alone
    assert "%</p>" not in alone


def test_a_dry_run_says_its_plan_in_a_line_and_as_a_table(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    with JudgeServer(grader(PHI[0])) as server:
        plan = judged(server, PHI, dry_run=True, caching_path=None)
        assert server.n_requests == 0
    assert repr(plan).startswith("<DryRun of 80 outputs: 160 requests, 160 of them new")
    assert '<th scope="row">requests</th><td>160, of which 0 cached and 160 new</td>' in plan._repr_html_()


def test_the_whole_is_a_mean_grade_by_another_way(home: Path) -> None:
    """The interval that every command gives is that of `mean_grade` on the rows of the file."""
    from autoeval.metrics.grades import mean_grade

    turns = [(row["parts"][part], row["instruction"]) for row in rows(home, PHI) for part in row["parts"]]
    again: MeanGrade = mean_grade([grade for grade, _ in turns], [question for _, question in turns])
    headline = read_record(run(home, PHI)).measured.headline.estimate()
    assert (headline.value, headline.low, headline.high) == pytest.approx((again.mean, again.low, again.high))
