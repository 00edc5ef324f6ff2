"""AlpacaEval's files: recorded judgments are imported, and nothing is asked again."""

import csv
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autoeval.annotators.alpaca_eval.parsers import ranking_parser
from autoeval.annotators.kinds.draws import is_switched
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.import_annotations import import_annotations
from autoeval.runs.result import Evaluation
from autoeval.types import Unparsed
from tests.alpaca_eval.configs import write_evaluators
from tests.alpaca_eval.peer import ask_peer
from tests.alpaca_eval.recorded_outputs import evaluated, recorded
from tests.recorded import recorded_data, recorded_models
from tests.servers import JudgeServer, always

COLUMNS = ("win_rate", "standard_error", "n_wins", "n_wins_base", "n_draws", "n_total", "avg_length")


@pytest.fixture
def evaluators(tmp_path: Path) -> Path:
    return write_evaluators(tmp_path / "evaluators_configs")


@pytest.fixture(autouse=True)
def _no_key_in_reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a key, a request would end the run."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def published(eval_set: str, model: str) -> dict[str, float]:
    with (recorded_data() / eval_set / "published_leaderboard.csv").open(newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row[""] == model)
    return {column: float(row[column]) for column in COLUMNS}


def check_row(result: Evaluation, eval_set: str, model: str) -> None:
    assert {name: result.row[name] for name in COLUMNS} == pytest.approx(published(eval_set, model), abs=1e-9)


@pytest.mark.parametrize(
    ("eval_set", "model", "judge", "kind"),
    [
        ("alpaca_eval_1", "vicuna-13b", "alpaca_eval_gpt4", "verdicts"),
        ("alpaca_eval_2", "Qwen-14B-Chat", "weighted_alpaca_eval_gpt4_turbo", "replies"),
    ],
)
def test_imported_judgments_are_not_asked_again_and_give_the_published_row(
    tmp_path: Path, evaluators: Path, eval_set: str, model: str, judge: str, kind: str
) -> None:
    rows = recorded(eval_set, model)
    cache = tmp_path / "replies.sqlite"
    done = import_annotations(
        recorded_data() / eval_set / model / "annotations.json.gz",
        annotators_config=judge,
        annotators_config_dir=evaluators,
        caching_path=cache,
    )
    ((_, imported),) = done.files
    assert getattr(imported, kind) == imported.total
    assert imported.total + imported.identical == len(rows)
    result = evaluated(
        rows, annotators_config=judge, annotators_config_dir=evaluators, caching_path=cache, min_coverage=0
    )
    assert result.ask.n_asked == 0
    assert result.ask.n_cached == result.ask.n_requests
    check_row(result, eval_set, model)


def test_raw_replies_without_log_probabilities_are_imported_as_replies(
    tmp_path: Path, evaluators: Path
) -> None:
    rows = []
    for row in recorded("alpaca_eval_1", "vicuna-13b")[:50]:
        is_first = is_switched(row["instruction"], 0) == (row["preference"] == 2)
        names = ("model_1", "model_2") if is_first else ("model_2", "model_1")
        ranking = [{"model": name, "rank": rank} for rank, name in enumerate(names, 1)]
        rows.append({**row, "preference_raw_completion": repr(ranking), "preference": row["preference"]})
    binary = [row for row in rows if row["preference"] in (1, 2)]
    done = import_annotations(
        binary,
        annotators_config="alpaca_eval_gpt4",
        annotators_config_dir=evaluators,
        caching_path=tmp_path / "c.sqlite",
    )
    ((_, imported),) = done.files
    assert imported.replies + imported.identical == len(binary)
    result = evaluated(
        binary,
        annotators_config="alpaca_eval_gpt4",
        annotators_config_dir=evaluators,
        caching_path=tmp_path / "c.sqlite",
    )
    assert result.rows is not None
    assert [row["preference"] for row in result.rows] == [row["preference"] for row in binary]
    assert [row["raw_completion"] for row in result.rows] == [
        row["preference_raw_completion"] for row in binary
    ]


def test_an_old_cache_is_imported_and_left_as_it_is(tmp_path: Path, evaluators: Path) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")
    kept = ("instruction", "output_1", "output_2", "annotator", "preference")
    missing = -1  # how it stores that there was no verdict
    cached = [
        {name: row[name] for name in kept} | ({"preference": missing} if row["preference"] is None else {})
        for row in rows
    ]
    path = tmp_path / "annotations_seed0_configs.json"
    path.write_text(json.dumps(cached))
    before = path.read_bytes()
    result = evaluated(
        rows,
        annotators_config="alpaca_eval_gpt4",
        annotators_config_dir=evaluators,
        caching_path=path,
        min_coverage=0,
    )
    assert result.ask.n_asked == 0
    check_row(result, "alpaca_eval_1", "vicuna-13b")
    assert path.read_bytes() == before


def test_judgments_of_another_annotator_are_refused(tmp_path: Path, evaluators: Path) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")[:5]
    with pytest.raises(UsageError, match="judgments of 'alpaca_eval_gpt4', none of 'weighted_alpaca_eval"):
        import_annotations(
            rows,
            annotators_config="weighted_alpaca_eval_gpt4_turbo",
            annotators_config_dir=evaluators,
            caching_path=tmp_path / "c.sqlite",
        )


def test_an_imported_missing_verdict_is_asked_again_only_on_request(
    tmp_path: Path, evaluators: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "preference": None} for row in recorded("alpaca_eval_1", "vicuna-13b")[:3]]
    ranking = "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]"
    with JudgeServer(always(ranking)) as server:
        common: dict[str, Any] = {
            "annotators_config": "alpaca_eval_gpt4",
            "annotators_config_dir": evaluators,
            "caching_path": tmp_path / "c.sqlite",
            "judge_base_url": server.base_url,
        }
        import_annotations(rows, **common)
        with pytest.raises(NothingJudgedError, match="not one of 3 pairs"):
            evaluated(rows, min_coverage=0, **common)
        assert server.n_requests == 0
        again = evaluated(rows, is_reask_unparsed=True, **common)
        assert (again.tally.n_missing, server.n_requests) == (0, 3)


@pytest.mark.parametrize("is_packed", [False, True])
def test_recomputing_reads_their_annotations_and_asks_nobody(
    tmp_path: Path, evaluators: Path, is_packed: bool
) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")
    folder = tmp_path / "results" / "alpaca_eval_gpt4"
    folder.mkdir(parents=True)
    (folder / "annotations.json").write_text(json.dumps(rows))
    before = (folder / "annotations.json").read_bytes()
    result = evaluated(
        rows,
        annotators_config="alpaca_eval_gpt4",
        annotators_config_dir=evaluators,
        caching_path=None,
        output_path=tmp_path / "results",
        is_recompute_metrics_only=True,
        fn_metric="get_length_controlled_winrate" if is_packed else "get_winrate",
        length_control_file=None,
        min_coverage=0,
    )
    check_row(result, "alpaca_eval_1", "vicuna-13b")
    assert (result.row.get("length_controlled_winrate") is not None) == is_packed
    assert (folder / "annotations.json").read_bytes() == before
    assert (folder / "leaderboard.csv").exists()


def test_recomputing_without_annotations_says_where_they_should_be(tmp_path: Path, evaluators: Path) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")[:5]
    with pytest.raises(UsageError, match=r"alpaca_eval_gpt4/annotations\.json"):
        evaluated(
            rows,
            annotators_config="alpaca_eval_gpt4",
            annotators_config_dir=evaluators,
            output_path=tmp_path,
            is_recompute_metrics_only=True,
        )


@pytest.mark.peer
def test_their_readers_read_what_we_write(tmp_path: Path, evaluators: Path) -> None:
    rows = recorded("alpaca_eval_2", "Qwen-14B-Chat")
    import_annotations(
        rows,
        annotators_config="weighted_alpaca_eval_gpt4_turbo",
        annotators_config_dir=evaluators,
        caching_path=tmp_path / "c.sqlite",
    )
    result = evaluated(
        rows,
        annotators_config="weighted_alpaca_eval_gpt4_turbo",
        annotators_config_dir=evaluators,
        caching_path=tmp_path / "c.sqlite",
        output_path=tmp_path / "out",
        preset="alpaca_eval_2",
        length_control_file=None,
    )
    assert result.folder is not None
    question = {
        "annotations": str(result.folder / "annotations.json"),
        "leaderboard": str(result.folder / "leaderboard.csv"),
    }
    theirs = ask_peer("metrics", question, tmp_path)
    expected = published("alpaca_eval_2", "Qwen-14B-Chat")
    assert {
        name: theirs["win_rate"][name] for name in theirs["win_rate"] if name in expected
    } == pytest.approx({name: expected[name] for name in expected if name in theirs["win_rate"]}, abs=1e-9)
    assert theirs["models"] == ["Qwen-14B-Chat"]
    on_the_website = {"win_rate", "avg_length", "length_controlled_winrate", "mode"}
    assert on_the_website | {"standard_error", "n_total", "discrete_win_rate"} <= set(theirs["columns"])


def test_annotation_files_may_be_packed(tmp_path: Path, evaluators: Path) -> None:
    """The recorded ones are; an unpacked copy gives the same."""
    source = recorded_data() / "alpaca_eval_1" / "vicuna-13b" / "annotations.json.gz"
    unpacked = tmp_path / "annotations.json"
    with gzip.open(source) as packed, unpacked.open("wb") as file:
        shutil.copyfileobj(packed, file)
    counts = [
        import_annotations(
            path,
            annotators_config="alpaca_eval_gpt4",
            annotators_config_dir=evaluators,
            caching_path=tmp_path / f"{number}.sqlite",
        ).files[0][1]
        for number, path in enumerate((source, unpacked))
    ]
    assert counts[0] == counts[1]


@pytest.mark.slow
@pytest.mark.parametrize("eval_set", ["alpaca_eval_1", "alpaca_eval_2"])
def test_recorded_files_import_and_give_their_published_rows(
    tmp_path: Path, evaluators: Path, eval_set: str
) -> None:
    """Of every sixth model; all of them are imported in `tests/contracts`, whose rows are the published ones."""
    judge = {"alpaca_eval_1": "alpaca_eval_gpt4", "alpaca_eval_2": "weighted_alpaca_eval_gpt4_turbo"}[
        eval_set
    ]
    for model in recorded_models(eval_set)[::6]:
        rows = recorded(eval_set, model)
        common: dict[str, Any] = {
            "annotators_config": judge,
            "annotators_config_dir": evaluators,
            "caching_path": tmp_path / f"{model}.sqlite",
        }
        import_annotations(rows, **common)
        result = evaluated(rows, min_coverage=0, **common)
        assert result.ask.n_asked == 0
        check_row(result, eval_set, model)


@pytest.mark.parametrize("kind", ["not asked", "rate limited", "timeout", "refused", "unparsed"])
def test_pairs_that_nobody_answered_are_no_verdicts_and_are_asked(
    kind: str, tmp_path: Path, evaluators: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    whole = [
        {"instruction": f"Do {i}.", "output_1": "a", "output_2": "bb", "generator_1": "r", "generator_2": "m"}
        for i in range(4)
    ]
    rows = [{**row, "dataset": None, "preference": 1.0} for row in whole]
    rows[3] = {**rows[3], "preference": None, "failure": f"{kind}: for some reason"}
    ranking = "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]"
    with JudgeServer(always(ranking)) as server:
        common: dict[str, Any] = {
            "annotators_config": "alpaca_eval_gpt4",
            "annotators_config_dir": evaluators,
            "caching_path": tmp_path / "c.sqlite",
            "judge_base_url": server.base_url,
        }
        ((_, imported),) = import_annotations(rows, **common).files
        evaluated(rows, min_coverage=0, **common)
        is_answer = kind == "unparsed"
        assert server.n_requests == (0 if is_answer else 1)
        assert imported.failed == (0 if is_answer else 1)


def test_why_a_reply_cannot_be_read_is_the_same_in_every_run() -> None:
    (first,), (second,) = (ranking_parser("[{'model': name, 'rank': 1}]") for _ in range(2))
    assert isinstance(first, Unparsed)
    assert first == second
    assert "0x" not in first.reason
