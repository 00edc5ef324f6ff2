"""What is known of a folder's runs, and what the pages are given of them."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from autoeval.errors import UsageError
from autoeval.journeys.compare import compare
from autoeval.journeys.view import documents_of, runs_folder
from autoeval.runs.catalog import Place
from autoeval.runs.checkpoints import Checkpoint, checkpoint_of
from autoeval.runs.counted_facts import facts_from_annotations
from autoeval.viewing.documents import Documents
from autoeval.viewing.index import Index
from tests.viewing.runs import finish, write_run


def documents(root: Path) -> Documents:
    return documents_of(root, keeps=False)


def run_of(found: Documents, model: str) -> str:
    ids: list[str] = [run["id"] for run in found.runs(waits=True)["runs"] if run["model"] == model]
    return ids[0]


def test_a_run_is_listed_with_its_number_whoever_wrote_it(tmp_path: Path) -> None:
    finish(tmp_path / "ours")
    write_run(tmp_path / "theirs", "other", ["x", "y", "z"], [2.0, 1.0, None])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "annotations.json").write_text('[{"instruction": "a"')
    listed = {run["folder"]: run for run in documents(tmp_path).runs(waits=True)["runs"]}
    ours, theirs, broken = listed["ours/offline"], listed["theirs"], listed["broken"]
    row = json.loads((tmp_path / "ours/offline/run.json").read_text())
    assert (ours["judge"], ours["reference"], ours["n"]) == ("offline", "example-reference", 24)
    assert ours["eval_set_name"] == row["setting"]["eval_set"]
    assert (theirs["model"], theirs["win_rate"], theirs["n"], theirs["n_missing"]) == ("other", 50, 2, 1)
    assert "annotations.json" in broken["problem"]


def test_the_short_way_and_the_long_way_to_a_number_agree(tmp_path: Path) -> None:
    folder = finish(tmp_path / "run")
    short = documents(tmp_path).runs(waits=True)["runs"][0]
    os.utime(folder / "leaderboard.csv", (0, 0))  # older than the annotations, so it says nothing of them
    long = documents(tmp_path).runs(waits=True)["runs"][0]
    same = ("win_rate", "low", "high", "n", "n_missing", "avg_length", "eval_set", "interval_name", "judge")
    assert [short[name] for name in same] == [long[name] for name in same]


def test_a_run_is_read_again_only_where_a_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (write_run(tmp_path / name, name, ["x"], [2.0]) for name in ("first", "second"))
    index = Index(tmp_path, tmp_path / "kept")
    assert [one.win_rate for one in index.runs(waits=True)] == [100, 100]
    read: list[str] = []

    def noted(where: Place) -> Any:
        read.append(where.folder)
        return facts_from_annotations(where)

    monkeypatch.setattr("autoeval.viewing.index.facts_from_annotations", noted)
    (second / "annotations.json").write_text((first / "annotations.json").read_text().replace("2.0", "1.25"))
    again = Index(tmp_path, tmp_path / "kept")
    assert [one.win_rate for one in again.runs(waits=True)] == [100, 25]
    assert read == ["second"]


def test_a_list_can_be_asked_for_again_and_again_while_runs_are_read(tmp_path: Path) -> None:
    for number in range(60):
        write_run(tmp_path / f"run{number}", f"m{number}", ["x"], [2.0])
    index = Index(tmp_path, tmp_path / "kept")
    while not all(one.is_read for one in index.runs()):
        pass
    assert {one.win_rate for one in index.runs()} == {100.0}


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("mine-step-2000", ("mine", 2000)),
        ("org/mine/checkpoint-12k", ("org/mine", 12_000)),
        ("mine_epoch3-dpo", ("mine-dpo", 3)),
        ("mine.ckpt.1.5", ("mine", 1.5)),
        ("vicuna-13b-v1.5", None),
        ("step-by-step-7b", None),
        ("gpt-4-1106", None),
    ],
)
def test_checkpoints_are_known_by_their_names(model: str, known: tuple[str, float] | None) -> None:
    assert checkpoint_of(model) == (known and Checkpoint(*known))


def test_a_comparison_has_the_numbers_of_the_command_compare(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawn = {name: [float(p) for p in rng.choice([1, 1.5, 2], 30)] for name in ("one", "other")}
    for name, preferences in drawn.items():
        write_run(tmp_path / name, name, ["x"] * 30, list(preferences))
    found = documents(tmp_path)
    (got,) = found.comparison([run_of(found, "one"), run_of(found, "other")])["differences"]
    tests = compare(str(tmp_path / "one"), str(tmp_path / "other")).tests
    assert [got[name] for name in ("value", "low", "high")] == pytest.approx(
        [tests.value, tests.low, tests.high]
    )
    interval = stats.ttest_rel(drawn["one"], drawn["other"]).confidence_interval()
    assert [got["low"], got["high"]] == pytest.approx([100 * interval.low, 100 * interval.high])
    with pytest.raises(UsageError, match="2 to 5"):
        found.comparison([run_of(found, "one")])


def test_a_search_finds_whatever_its_case_in_every_text(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "m", ["Straße nach ÄGYPTEN", 'a "quoted"\nword', "x"], [2.0, 1.0, None])
    found = documents(tmp_path)
    run = run_of(found, "m")
    assert found.search(run, "ägypten") == [1]
    assert found.search(run, '"QUOTED"\nword') == [2]
    assert found.search(run, "thing 3") == [3]
    assert found.search(run, "recorded as missing") == [3]
    with pytest.raises(KeyError):
        found.pair(run, 4)


def test_tags_are_kept_beside_the_runs(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "m", ["x"], [2.0])
    found = documents(tmp_path)
    assert found.tags.set("run", [" good  one ", "", "good one", "b"]) == ["good one", "b"]
    assert documents(tmp_path).runs(waits=True)["runs"][0]["tags"] == ["good one", "b"]
    with pytest.raises(UsageError, match="at most"):
        found.tags.set("run", ["x" * 41])


@pytest.mark.parametrize("content", ["", '{"run": ["a"', "[]", "null", "[" * 100_000, "\udcff"])
def test_a_damaged_file_of_tags_is_not_written_over(tmp_path: Path, content: str) -> None:
    write_run(tmp_path / "run", "m", ["x"], [2.0])
    (tmp_path / "tags.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    found = documents(tmp_path)
    assert found.runs(waits=True)["runs"][0]["tags"] == []
    with pytest.raises(UsageError, match=r"tags\.json holds no tags, or is damaged"):
        found.tags.set("run", ["good"])
    assert (tmp_path / "tags.json").read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        runs_folder(tmp_path / "nothing")


def test_a_run_of_graded_conversations_has_its_score_and_every_turn(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"Say {number}.",
            "user_turns": [f"Say {number}.", "And again?"],
            "dataset": "writing",
            "generator": "m",
            "output": "one\n\n**two**",
            "turns": ["one", "**two**"],
            "annotator": "grader",
            "score": score,
            "parts": {"turn_1": score},
            "failure": None if score else "cut off",
        }
        for number, score in enumerate([8.0, 6.0, None], 1)
    ]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "annotations.json").write_text(json.dumps(rows))
    found = documents(tmp_path)
    (listed,) = found.runs(waits=True)["runs"]
    interval = stats.ttest_1samp([8, 6], 0).confidence_interval()
    assert (listed["score"], listed["n"], listed["n_missing"], listed["win_rate"]) == (7, 2, 1, None)
    assert [listed["low"], listed["high"]] == pytest.approx([interval.low, interval.high])
    document = found.run(listed["id"])
    assert [pair.get("score") for pair in document["pairs"]] == [8, 6, None]
    pair = found.pair(listed["id"], 1)
    assert pair["turns"][1] == ["And again?", "**two**"]
    assert "<strong>two</strong>" in pair["turns_html"][1][1]
