"""Harder instructions from a writer behind a real server: rounds, elimination, resuming, budget, dry run and report."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.errors import UsageError
from autoeval.runs.generating import GenerationStoppedError
from tests.processes import start_python
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

SUBJECTS = (
    "tides",
    "bread",
    "chess",
    "glaciers",
    "maps",
    "bees",
    "opera",
    "rust",
    "tea",
    "comets",
    "salt",
    "silk",
)
TWISTS = (
    "for a reader who is colour-blind, with two sources from before 1950 that disagree with each other",
    "and show in a table of four rows where the usual account is wrong, and since when that is known",
    "starting from a mistake that a student in Nairobi made last Tuesday while her teacher was not looking",
    "so that each paragraph answers an objection raised in the one before, and the last one answers the first",
    "and compute what a tonne of it would weigh on the moon and on Mars, step by step, to three digits",
    "in no more than 180 words, none of them an adjective, with one example from the southern hemisphere",
)
DATA = (
    ", using this log: 08:00 start, crew of three; 08:05 stop, valve stuck; 08:07 start again, pressure 4.1 bar; "
    "08:40 noise from the second pump, logged by Adaeze; 09:00 end, 212 litres moved; 09:15 filter changed; "
    "09:30 test run of six minutes, no noise"
)
GIVEN = [
    {
        "instruction": f"Explain what most people get wrong about {subject}.",
        "dataset": "even" if n % 2 == 0 else "odd",
    }
    for n, subject in enumerate(SUBJECTS)
]
CONFIG = {"provider": "openai", "model": "gpt-4.1", "parameters": {"temperature": 0}}


def origin_of(body: Body) -> str:
    found = re.search(r"\[REQUEST-A \w+\]\n(.*)\n\[end", prompt_text(body), re.DOTALL)
    assert found is not None
    return found[1]


def evolved(body: Body) -> Answer:
    """Make an instruction longer by another twist each time; where it is about rust, decline."""
    origin = origin_of(body)
    if "rust" in origin:
        return Answer("Tut mir leid, aber dabei kann ich nicht helfen.")
    place = next(place for place, subject in enumerate(SUBJECTS) if subject in origin)
    if "It is a new task" in prompt_text(body):
        if "Who first" in origin:
            return Answer(f"Which museum shows {SUBJECTS[place]} best, and what is missing there?")
        return Answer(f"Who first wrote about {SUBJECTS[place]}, and who was left out?")
    if "It brings data to work on" in prompt_text(body) and DATA not in origin:
        return Answer(f"{origin[:-1]}{DATA}.")
    return Answer(f"{origin[:-1]}, {TWISTS[(place + sum(twist in origin for twist in TWISTS)) % 6]}.")


def judged(body: Body) -> Answer:
    """Grade by length where difficulty is asked for; otherwise find everything new but what is about tea."""
    text = prompt_text(body)
    if "--- the first request" in text:
        why = "The second request adds conditions on form that a good answer to the first one would hardly meet."
        return Answer(f"{why}\nSort: [[{'same' if 'about tea' in text else 'new'}]]")
    shown = re.findall(r"--- the request \w+ ---\n(.*)\n--- end", text, re.DOTALL)[0]
    return Answer(f"Difficulty: [[{min(10, len(shown.split()) // 6)}]]")


def run(folder: Path, writer: JudgeServer, **parameters: Any) -> Any:
    defaults: dict[str, Any] = {
        "instructions": GIVEN,
        "model_configs": {"writer": {**CONFIG, "base_url": writer.base_url}},
        "output_path": folder / "set.json",
        "caching_path": folder / "cache.sqlite",
        "retry_delay": 0,
    }
    return autoeval.evolve(**{**defaults, **parameters})


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def test_rounds_build_on_each_other_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    with JudgeServer(evolved) as writer, JudgeServer(judged) as judge:
        by = {"annotators_config": "evolve_eliminator", "judge_base_url": judge.base_url}
        plan = run(tmp_path, writer, dry_run=True, **by)
        assert (writer.n_requests, judge.n_requests) == (0, 0)
        assert not (tmp_path / "set.json").exists()
        result = run(tmp_path, writer, **by)
        assert (writer.n_requests, judge.n_requests) == (24, 22)
        before = (tmp_path / "set.json").read_bytes()
        again = run(tmp_path, writer, **by)
        assert (writer.n_requests, judge.n_requests) == (24, 22), "everything is in the cache"
        assert (tmp_path / "set.json").read_bytes() == before
    assert again.ask.n_asked == 0
    assert (result.exit_code, result.coverage, result.cautions) == (0, 1.0, ())
    rows = rows_of(tmp_path / "set.json")
    assert [row["round"] for row in rows] == [1] * 10 + [2] * 10
    first = {row["instruction"]: row for row in rows}
    for row in rows:
        assert row["origin"] == GIVEN[row["lineage"]]["instruction"]
        assert row["dataset"] == GIVEN[row["lineage"]]["dataset"]
        assert row["parent"] == row["origin"] if row["round"] == 1 else first[row["parent"]]["round"] == 1
        assert row["operation"] == "breadth" or row["instruction"].startswith(row["parent"][:-1])
    dropped = rows_of(tmp_path / "set.dropped.json")
    assert {(row["reason"], row["parent"].split()[-1]) for row in dropped} == {
        ("refused", "rust."),
        ("judged", "tea."),
    }
    assert all(row["detail"] for row in dropped)
    assert "says 'same'" in next(row["detail"] for row in dropped if row["reason"] == "judged")
    assert len({row["operation"] for row in dropped if row["reason"] == "refused"}) == 2, (
        "another step is tried"
    )
    record = json.loads((tmp_path / "set.run.json").read_text())
    assert record["counts"]["by_round"] == {"1": 10, "2": 10}
    for direction in ("input_tokens", "output_tokens"):
        expected = sum(getattr(step, direction) for step in plan.steps.values())
        assert expected == pytest.approx(getattr(result.ask, direction), rel=0.2), direction


def test_a_run_that_ended_goes_on_and_makes_the_set_that_it_would_have_made(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with JudgeServer(evolved) as writer:
        run(whole, writer, seed=4)
        n_whole = writer.n_requests
        price = {"generator_price": [10, 10]}
        plan = run(broken, writer, seed=4, dry_run=True, **price)
        with pytest.raises(GenerationStoppedError) as stopped:
            run(
                broken,
                writer,
                seed=4,
                max_cost=plan.cost / 2,
                generator_parameters={"max_tokens": 90},
                **price,
            )
        assert stopped.value.exit_code == 4
        assert not (broken / "set.json").exists()
        n_stopped = writer.n_requests - n_whole
        assert 0 < n_stopped < n_whole
        config = {"generator_parameters": {"max_tokens": 90}}
        run(broken, writer, seed=4, **config, **price)
        assert writer.n_requests == 2 * n_whole, "nothing is asked twice"
        other = run(tmp_path / "other", writer, seed=5)
        with JudgeServer(lambda _: Answer("Hm.")) as judge:
            by = {"annotators_config": "evolve_eliminator", "judge_base_url": judge.base_url}
            with pytest.raises(GenerationStoppedError, match="evolve_eliminator stopped") as unread:
                run(whole, writer, seed=4, output_path=None, **by)
        assert unread.value.exit_code == 3, "a judge that says nothing neither keeps nor drops"
    assert (broken / "set.json").read_bytes() == (whole / "set.json").read_bytes()
    assert [row["operation"] for row in other.rows] != [
        row["operation"] for row in rows_of(whole / "set.json")
    ]


def test_a_missing_reply_is_missing_and_what_must_not_be_met_is_not(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(
        json.dumps({"text": TWISTS[0]}) + "\n" + json.dumps({"text": TWISTS[1]})
    )

    def answer(body: Body) -> Answer:
        return Answer("no", status=400) if "comets" in prompt_text(body) else evolved(body)

    with JudgeServer(answer) as writer:
        result = run(tmp_path, writer, rounds=1, not_in=str(tmp_path / "mine.jsonl"))
        nothing = run(
            tmp_path, writer, rounds=1, instructions=[{"instruction": "Explain the rust on old bridges."}]
        )
    assert (nothing.exit_code, rows_of(tmp_path / "set.json")) == (3, [])
    assert result.exit_code == 3
    assert "no judge" in result.cautions[0]
    assert result.reasons["missing"] == 1
    assert result.reasons["overlap"] > 0
    assert not any(TWISTS[0] in row["instruction"] or TWISTS[1] in row["instruction"] for row in result.rows)
    (missing,) = [row for row in result.dropped if row["reason"] == "missing"]
    assert missing["detail"].startswith("invalid request")


def annotation(instruction: str, model: str, preference: float) -> dict[str, Any]:
    names = {"generator_1": "reference", "generator_2": model, "annotator": "me"}
    return {"instruction": instruction, "output_1": "a", "output_2": "b", "preference": preference, **names}


def test_a_report_says_whether_it_helps_and_nothing_more(tmp_path: Path) -> None:
    with JudgeServer(evolved) as writer, JudgeServer(judged) as judge:
        made = run(tmp_path, writer)
        rows = [annotation(row["instruction"], "good", 1.6 if n % 2 else 1.4) for n, row in enumerate(GIVEN)]
        rows += [annotation(row["instruction"], "bad", 1.55 if n % 3 else 1.5) for n, row in enumerate(GIVEN)]
        rows += [annotation(row["instruction"], "good", 1.9 - n % 2 / 20) for n, row in enumerate(made.rows)]
        rows += [annotation(row["instruction"], "bad", 1.2 + n % 3 / 20) for n, row in enumerate(made.rows)]
        (tmp_path / "annotations.json").write_text(json.dumps(rows))
        asks = {"report": True, "judge_base_url": judge.base_url}
        plan = run(tmp_path, writer, dry_run=True, **asks)
        assert plan.steps["grade difficulty with instruction_difficulty"].n_new == 12 + 22
        result = run(tmp_path, writer, runs=str(tmp_path / "annotations.json"), **asks)
        assert judge.n_requests == 34
        alone = run(tmp_path, writer, runs=[{**row, "generator_2": "good"} for row in rows[:12]], **asks)
    report = result.report
    assert [one.round for one in report.difficulty] == [0, 1, 2]
    assert report.difficulty[0].gain is None
    assert report.difficulty[2].gain.value > report.difficulty[1].gain.value > 0
    assert report.difficulty[2].gain.low > 0
    assert [one.first.n for one in report.rates] == [12, 11, 11]
    assert report.rates[1].difference.value == pytest.approx(100 * (1.877 - 1.249), abs=1)
    assert report.apart.after.value < 10 < report.apart.before.value
    assert "fewer instructions" in report.apart.verdict
    assert alone.report.models == ("good", "reference")
    assert "too few" in alone.report.apart.verdict
    text = (tmp_path / "set.report.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"instructions": None}, "--instructions is missing"),
        ({"model_configs": "gpt-6-lun"}, "Did you mean 'gpt-6-luna'"),
        ({"rounds": 0}, "--rounds must be a whole number"),
        ({"annotators_config": "offline"}, "--annotators_config: offline is no judge of single"),
        ({"runs": []}, "add --report"),
        ({"not_in": "nothing.json"}, "--not_in: the file 'nothing.json' does not exist"),
        ({"max_cost": 1.0, "model_configs": {"w": {**CONFIG, "model": "mine"}}}, "--generator_price"),
        ({"round": 2}, "'round'. Did you mean 'rounds'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(
    tmp_path: Path, wrong: dict[str, Any], told: str
) -> None:
    with JudgeServer(evolved) as writer:
        with pytest.raises(UsageError, match=re.escape(told)):
            run(tmp_path, writer, **wrong)
        assert writer.n_requests == 0


def test_without_a_key_it_is_refused_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys, autoeval\n"
        f"try: autoeval.evolve({GIVEN!r}, model_configs={{'w': {CONFIG!r}}}, caching_path=None, output_path=None)\n"
        "except autoeval.UsageError as error: print(error)\n"
        "print(sorted({'openai', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = start_python("-c", script, folder=tmp_path, is_new=True, variables={"OPENAI_API_KEY": ""}).finish()
    assert "no key for 'openai'" in done.stdout, done.stderr
    assert done.stdout.strip().endswith("[]")
