"""Labels by hand: blind, kept at every key, read by `label`."""

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.label import Corrected, label
from autoeval.runs.catalog import place
from autoeval.viewing.journal import Journal
from autoeval.viewing.labelling import Desk, Task
from tests.viewing.runs import finish


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(tmp_path_factory.mktemp("runs"), "secret-model")


@pytest.fixture
def task(finished: Path, tmp_path: Path) -> Task:
    copy = tmp_path / "run"
    copy.mkdir()
    for name in ("annotations.json", "leaderboard.csv", "run.json"):
        (copy / name).write_bytes((finished / name).read_bytes())
    return Task(place(copy / "annotations.json", tmp_path), "anna", 12)


def label_all(desk: Desk, task: Task, better: str = "a") -> int:
    n = 0
    while (pair := desk.state(task)["pair"]) is not None:
        desk.answer(task, pair["id"], better)
        n += 1
    return n


def test_what_a_person_sees_names_no_model_and_no_verdict(task: Task) -> None:
    state = Desk().state(task)
    assert set(state["pair"]) == {"id", "instruction", "a", "b", "html"}
    said = json.dumps({name: value for name, value in state.items() if name != "sheet"})
    assert "secret-model" not in said
    assert "preference" not in said


def test_the_command_label_reads_what_was_labelled(task: Task) -> None:
    desk = Desk()
    label_all(desk, task)
    state = desk.state(task)
    assert (state["done"], state["n"], state["pair"]) == (12, 12, None)
    corrected = label(str(task.where.path.parent), labels=state["sheet"])
    assert isinstance(corrected, Corrected)
    drawn = task.where.path.parent / "labels.csv"
    label(str(task.where.path.parent), n=12)  # the same pairs, in a sheet that the command drew
    assert _ids_in(drawn) == _ids_in(Path(state["sheet"]))


def _ids_in(sheet: Path) -> list[str]:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def test_what_was_skipped_comes_again_at_the_end_and_what_was_undone_next(task: Task) -> None:
    desk = Desk()
    first = desk.state(task)["pair"]["id"]
    desk.answer(task, first, "skip")
    second = desk.state(task)["pair"]["id"]
    desk.answer(task, second, "tie")
    desk.undo(task)
    assert desk.state(task)["pair"]["id"] == second
    while (pair := desk.state(task)["pair"])["id"] != first:
        desk.answer(task, pair["id"], "b")
    assert desk.state(task)["skipped"] == 1
    desk.answer(task, first, "a")
    assert desk.state(task)["pair"] is None


def test_a_line_cut_by_a_kill_costs_only_itself(task: Task) -> None:
    desk = Desk()
    for _ in range(3):
        desk.answer(task, desk.state(task)["pair"]["id"], "a")
    journal = Journal(task.where.path.parent)
    path = journal.folder / "anna.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert desk.state(task)["done"] == 2
    desk.answer(task, desk.state(task)["pair"]["id"], "b")
    assert Desk().state(task)["done"] == 3
    assert list(journal.answers("anna").values()) == ["a", "a", "b"]


def test_lines_that_are_no_answers_cost_only_themselves(task: Task) -> None:
    desk = Desk()
    desk.answer(task, desk.state(task)["pair"]["id"], "a")
    journal = Journal(task.where.path.parent)
    lines = [
        '{"id": "x", "better": ["a"]}',
        '{"id": "x", "better": 1}',
        '{"id": ["x"], "better": "a"}',
        "[" * 100_000,
    ]
    with (journal.folder / "anna.jsonl").open("a") as file:
        file.write("\n".join(lines))
    assert desk.state(task)["done"] == 1
    assert list(journal.answers("anna").values()) == ["a"]


def test_two_browsers_and_two_people_lose_nothing(task: Task) -> None:
    ids = _ids(task)
    people = [Task(task.where, name, task.n) for name in ("anna", "anna", "ben", "ben")]

    def work(who: Task, mine: list[str]) -> None:
        for identity in mine:
            Desk().answer(who, identity, "a")

    halves = [ids[::2], ids[1::2], ids[::2], ids[1::2]]
    threads = [threading.Thread(target=work, args=pair) for pair in zip(people, halves, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("anna", "ben"):
        assert set(Journal(task.where.path.parent).answers(name)) == set(ids)
    results = Desk().results(Task(task.where, "anna", task.n))
    assert results["agreement"] == [{"a": "anna", "b": "ben", "n": len(ids), "same": len(ids)}]


def _ids(task: Task) -> list[str]:
    desk, probe = Desk(), Task(task.where, "probe", task.n)
    ids = []
    while (pair := desk.state(probe)["pair"]) is not None:
        ids.append(pair["id"])
        desk.answer(probe, pair["id"], "a")
    for path in (task.where.path.parent / "labels").iterdir():
        path.unlink()
    return ids


def test_the_judge_is_shown_to_who_is_done_and_to_nobody_else(task: Task) -> None:
    desk = Desk()
    assert desk.results(task)["judge"] is None
    label_all(desk, task)
    beside: Any = desk.results(task)["judge"]
    rows = json.loads(task.where.path.read_text())
    assert {pair["judge"] for pair in beside["pairs"]} <= {row["preference"] for row in rows}
    for pair in beside["pairs"]:
        assert rows[pair["id"] - 1]["instruction"].startswith(pair["instruction"][:50])
        assert rows[pair["id"] - 1]["preference"] == pair["judge"]
    (expected,) = [
        each for method, each in _corrected(task, desk).estimates.items() if method == "prediction_powered"
    ]
    assert beside["corrected"]["value"] == pytest.approx(expected.value)


def _corrected(task: Task, desk: Desk) -> Corrected:
    found = label(str(task.where.path.parent), labels=desk.state(task)["sheet"])
    assert isinstance(found, Corrected)
    return found


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 41, ".hidden", "ünal"])
def test_a_name_that_is_no_file_name_is_refused(task: Task, name: str) -> None:
    with pytest.raises(UsageError, match="will not do as a name"):
        Desk().state(Task(task.where, name, 5))


def test_answers_and_pairs_that_are_none_are_refused(task: Task) -> None:
    identity = Desk().state(task)["pair"]["id"]
    with pytest.raises(UsageError, match="no answer"):
        Desk().answer(task, identity, "c")
    with pytest.raises(UsageError, match="no pair"):
        Desk().answer(task, "0-ffff", "a")
