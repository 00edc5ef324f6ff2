"""alpaca_eval gate: pass, fail or undecided, by intervals and never by a bare number."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from autoeval.errors import UsageError
from autoeval.journeys.gate import gate
from autoeval.metrics.grades import mean_grade
from autoeval.runs.measured import Measured, measure
from autoeval.runs.quantities import Quantity, paired_difference
from autoeval.runs.rules import Outcome, Rule, Rules, hold_against, read_rules
from autoeval.types import Scale
from tests.cli.running import CommandLine
from tests.recorded import recorded_data


def pairs(folder: Path, preferences: Sequence[float | None], **fields: Any) -> Path:
    rows = [
        {
            "instruction": f"q{n}",
            "output_1": "a",
            "output_2": "b",
            "generator_1": "ref",
            "generator_2": "model",
            "annotator": "judge",
            "preference": preference,
            **fields,
        }
        for n, preference in enumerate(preferences)
    ]
    return write(folder, rows)


def write(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "annotations.json").write_text(json.dumps(list(rows)), encoding="utf-8")
    return folder


def told(run: Path, **annotator: Any) -> Path:
    """Say who scored, in run.json, as `check` does and, with `judges`, as `evaluate` does."""
    facts = {"annotator": {"name": "g", **annotator}}
    (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return run


def rules_file(folder: Path, *rules: Any, **settings: Any) -> Path:
    path = folder / "gate.yaml"
    path.write_text(yaml.safe_dump({"rules": list(rules), **settings}), encoding="utf-8")
    return path


def outcomes(
    folder: Path, run: Path, *rules: str, baseline: Path | None = None, **settings: Any
) -> list[str]:
    path = rules_file(folder, *rules, **settings)
    found = gate(str(run), str(baseline) if baseline else None, path, None)
    return [finding.outcome.value for finding in found.findings]


HALF = [1.0, 2.0] * 50


def test_a_rule_is_decided_by_the_whole_interval(tmp_path: Path) -> None:
    run = pairs(tmp_path / "run", HALF)
    rules = (
        "win_rate > 30",
        "win_rate > 50",
        "win_rate > 70",
        "win_rate < 70",
        "win_rate <= 50",
        "win_rate < 30",
    )
    assert outcomes(tmp_path, run, *rules) == ["pass", "undecided", "fail", "pass", "undecided", "fail"]


def test_more_rules_need_more_evidence(tmp_path: Path) -> None:
    run = pairs(tmp_path / "run", HALF)
    assert outcomes(tmp_path, run, "win_rate > 39.5") == ["pass"]
    many = [f"win_rate > {limit}" for limit in (39.5, *range(20))]
    assert outcomes(tmp_path, run, *many)[0] == "undecided"


def test_a_difference_is_paired(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shares = rng.integers(0, 2, 400)
    worse = shares.copy()
    worse[:8] = 0
    run, baseline = pairs(tmp_path / "a", list(shares + 1.0)), pairs(tmp_path / "b", list(worse + 1.0))
    assert outcomes(tmp_path, run, "win_rate - baseline > -2", baseline=baseline) == ["pass"]
    assert outcomes(tmp_path, baseline, "win_rate - baseline >= 0", baseline=run) in (["fail"], ["undecided"])
    a, b = (measure(folder).quantities["win_rate"] for folder in (run, baseline))
    assert isinstance(a, Quantity)
    assert isinstance(b, Quantity)
    found = paired_difference(a, b)
    differences = (shares - worse) * 100.0
    assert found.value == pytest.approx(differences.mean())
    assert found.standard_error == pytest.approx(differences.std(ddof=1) / 20)


def test_equal_answers_leave_the_difference_some_width(tmp_path: Path) -> None:
    run = pairs(tmp_path / "a", HALF)
    assert outcomes(tmp_path, run, "win_rate - baseline > 0", baseline=run) == ["undecided"]
    assert outcomes(tmp_path, run, "win_rate - baseline > -20", baseline=run) == ["pass"]


def test_nothing_is_decided_where_too_much_is_missing(tmp_path: Path) -> None:
    run = pairs(tmp_path / "run", [*HALF, *[None] * 20], failure=None)
    assert outcomes(tmp_path, run, "win_rate > 1") == ["undecided"]
    assert outcomes(tmp_path, run, "win_rate > 1", min_coverage=0.5) == ["pass"]


def test_scores_are_held_against_rules(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"q{n}",
            "output": "x",
            "generator": "m",
            "annotator": "gsm8k",
            "score": n % 2,
            "parts": {"flexible": 1},
        }
        for n in range(100)
    ]
    rules = ("score > 35", "flexible > 90", "score > 70")
    for judges in ({}, {"judges": [{"name": "g", "scale": [0, 1]}]}):
        run = told(write(tmp_path / "run", rows), **judges)
        assert outcomes(tmp_path, run, *rules) == ["pass", "pass", "fail"]


def test_scores_off_the_scale_are_named(tmp_path: Path) -> None:
    row = {"instruction": "q", "output": "x", "generator": "m", "annotator": "g"}
    run = told(write(tmp_path / "seen", [{**row, "score": 1}, {**row, "score": 7}]))
    with pytest.raises(UsageError, match="row 2: `score` is 7"):
        measure(run)


@pytest.mark.parametrize(
    ("judges", "wrong"),
    [
        ([{"name": "f", "scale": [0, 1]}, {"name": "g", "scale": [1, 10]}], "from 0 to 1, from 1 to 10"),
        ([{"name": "f", "scale": [0, 1]}, {"name": "g"}], "does not say on which scale g judges"),
        ([{"name": "g", "scale": [10, 1]}], "does not say on which scale g judges"),
        ([{"name": "g", "scale": 10}], "does not say on which scale g judges"),
        (["g"], r"on which scale text \('g'\) judges"),
    ],
)
def test_scores_on_no_one_scale_are_refused(tmp_path: Path, judges: list[Any], wrong: str) -> None:
    row = {"instruction": "q", "output": "x", "generator": "m", "annotator": "g", "score": 1}
    run = told(write(tmp_path / "run", [row]), judges=judges)
    with pytest.raises(UsageError, match=wrong):
        measure(run)


def graded(folder: Path, scores: Sequence[float], scale: Sequence[float | None]) -> Path:
    rows = [
        {
            "instruction": f"q{n}",
            "output": "x",
            "generator": "m",
            "annotator": "g",
            "score": score,
            "parts": {"honesty": score, "turn_1": score, "none": 1.0},
        }
        for n, score in enumerate(scores)
    ]
    return told(write(folder, rows), judges=[{"name": "g", "scale": list(scale), "aspects": ["honesty"]}])


def test_grades_are_held_against_rules_on_their_own_scale(tmp_path: Path) -> None:
    scores = [6.0, 7.0, 8.0, 9.0] * 25
    run = graded(tmp_path / "run", scores, [1, 10])
    rules = ("score > 7", "score > 7.5", "score > 8", "honesty > 7", "turn_1 < 7")
    assert outcomes(tmp_path, run, *rules) == ["pass", "undecided", "fail", "pass", "fail"]
    found = gate(str(run), None, rules_file(tmp_path, "score > 7"), None).findings[0]
    ours, theirs = found.estimate, mean_grade(scores, range(100))
    assert (ours.value, ours.low, ours.high) == pytest.approx((7.5, theirs.low, theirs.high))
    assert found.note == "on the judge's scale from 1 to 10"
    with pytest.raises(UsageError, match="70 lies off the judge's scale"):
        outcomes(tmp_path, run, "score > 70")
    lowest = graded(tmp_path / "lowest", [1.0] * 100, [1, 10])  # 1 of 10 is no 100%
    assert outcomes(tmp_path, lowest, "score > 2", "score > 1") == ["fail", "undecided"]
    worse = graded(tmp_path / "worse", [score - 1 - n % 2 for n, score in enumerate(scores)], [1, 10])
    assert outcomes(tmp_path, worse, "score - baseline > -1", baseline=run) == ["fail"]
    assert outcomes(tmp_path, worse, "score - baseline > -2", baseline=run) == ["pass"]
    other = graded(tmp_path / "other", scores, [0, 10])
    with pytest.raises(UsageError, match="do not compare"):
        outcomes(tmp_path, run, "score - baseline > 0", baseline=other)


def test_rewards_have_no_ends(tmp_path: Path) -> None:
    rewards = [-3.0, -1.0, 1.0, 4.0] * 25
    run = graded(tmp_path / "run", rewards, [None, None])
    assert outcomes(tmp_path, run, "score > -1", "score > 0.3", "score > 2") == ["pass", "undecided", "fail"]
    same = graded(tmp_path / "same", [reward + 0.5 for reward in rewards], [None, None])
    assert outcomes(tmp_path, same, "score - baseline > 0", baseline=run) == ["undecided"]  # nothing varies
    half = graded(tmp_path / "half", [reward + 0.5 + n % 3 for n, reward in enumerate(rewards)], [None, None])
    assert outcomes(tmp_path, half, "score - baseline > 1", baseline=run) == ["pass"]


@pytest.mark.parametrize("facts", [None, {}, {"annotator": "g"}])
def test_scores_of_which_nothing_tells_the_scale_are_refused(tmp_path: Path, facts: Any) -> None:
    row = {"instruction": "q", "output": "x", "generator": "m", "annotator": "g", "score": 1}
    run = write(tmp_path / "run", [row])
    if facts is not None:
        (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(UsageError, match=r"no run\.json beside it says on which scale"):
        measure(run)


def test_length_controlled_rates_have_their_own_error(tmp_path: Path) -> None:
    run = pairs(tmp_path / "run", HALF)
    (run / "leaderboard.csv").write_text(
        ",win_rate,length_controlled_winrate,lc_standard_error\nmodel,50.0,60.0,2.0\n", encoding="utf-8"
    )
    rules = ("length_controlled_winrate > 55", "length_controlled_winrate - baseline > -8")
    assert outcomes(tmp_path, run, *rules, baseline=run) == ["pass", "undecided"]


@pytest.mark.parametrize(
    ("settings", "code"), [({}, 8), ({"undecided": "pass"}, 0), ({"undecided": "fail"}, 7)]
)
def test_undecided_counts_as_the_rules_say(tmp_path: Path, settings: dict[str, Any], code: int) -> None:
    run = pairs(tmp_path / "run", HALF)
    found = gate(str(run), None, rules_file(tmp_path, "win_rate > 50", **settings), None)
    assert (found.findings[0].outcome, found.exit_code) == (Outcome.UNDECIDED, code)


def test_two_recorded_models_from_the_command_line(command: CommandLine, tmp_path: Path) -> None:
    folder = recorded_data() / "alpaca_eval_1"
    run, baseline = (str(folder / name / "annotations.json.gz") for name in ("vicuna-13b", "alpaca-7b"))
    for rule, code, word in (
        ("win_rate - baseline > 30", 0, "pass"),
        ("win_rate > 75", 7, "fail"),
        ("win_rate > 70", 8, "undecided"),
    ):
        rules = rules_file(tmp_path, {"rule": rule, "name": f"a <b> & | {word}"})
        outcome = command("gate", run, baseline, "--rules", rules, "--output_path", "out")
        assert outcome.code == code, outcome.err
        assert f"{word}: a <b> & | {word}" in outcome.out
        suite = ElementTree.parse(tmp_path / "out" / "gate.xml").getroot()
        assert [case.get("name") for case in suite.iter("testcase")] == [f"a <b> & | {word}"]
        assert (suite.get("failures"), suite.get("errors")) == (str(int(code == 7)), str(int(code == 8)))
        summary = (tmp_path / "out" / "gate.md").read_text(encoding="utf-8")
        assert f"{word} | a &lt;b> & \\| {word} |" in summary


@pytest.mark.parametrize("scale", [Scale(0, 1), Scale(1, 10), Scale(None, None)])
def test_equal_models_fail_no_oftener_than_stated(scale: Scale) -> None:
    rng = np.random.default_rng(1)
    rules = Rules(
        [Rule("a", "win_rate", True, ">", 0.0), Rule("b", "win_rate", True, "<", 0.0)],
        0.1,
        Outcome.UNDECIDED,
        0.9,
    )
    n, runs, wrong, path = 80, 400, 0, Path("x/annotations.json")
    for _ in range(runs):
        difficulty = rng.normal(0, 1, n)
        drawn = difficulty + rng.normal(0, 1, (2, n))
        values = {
            Scale(0, 1): (drawn > 0).astype(float),
            Scale(1, 10): np.clip(np.round(6 + 2 * drawn), 1, 10),
            Scale(None, None): drawn,
        }[scale]
        sides = [
            Measured(path, "m", "j", "r", {"win_rate": Quantity(list(one), range(n), scale)}, 1.0)
            for one in values
        ]
        found = hold_against(rules, sides[0], sides[1])
        wrong += any(finding.outcome is not Outcome.UNDECIDED for finding in found)
    assert wrong / runs <= 0.1 + 2 * (0.1 * 0.9 / runs) ** 0.5


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        (["win_rat > 3"], "Did you mean 'win_rate'"),
        (["win_rate is good"], "is no rule"),
        (["win_rate > 3", "win_rate > 3"], "is there twice"),
        (["win_rate - baseline > 3"], "needs a baseline"),
        ([], "rules"),
        ([{"rule": "win_rate > 3", "nam": "x"}], "unknown field 'rules.0.nam'. Did you mean 'name'"),
        ([None], "rules.0: should hold fields"),
        (["win_rate > 120"], "120 is no percentage"),
        (["win_rate < -1"], "-1 is no percentage"),
    ],
)
def test_wrong_rules_are_refused(tmp_path: Path, rules: list[Any], wrong: str) -> None:
    run = pairs(tmp_path / "run", HALF)
    with pytest.raises(UsageError, match=wrong):
        gate(str(run), None, rules_file(tmp_path, *rules), None)


def test_a_file_without_rules_says_what_belongs_there(tmp_path: Path) -> None:
    run, rules = pairs(tmp_path / "run", HALF), tmp_path / "rules.yaml"
    for written in ("", "- win_rate > 3"):
        rules.write_text(written)
        with pytest.raises(UsageError, match=r"such as 'rules: \[win_rate > 45\]'"):
            gate(str(run), None, str(rules), None)


def test_what_does_not_compare_is_refused(tmp_path: Path) -> None:
    rules = rules_file(tmp_path, "win_rate - baseline > 0")
    run = pairs(tmp_path / "run", HALF)
    for fields in ({"annotator": "other"}, {"generator_1": "other"}):
        other = pairs(tmp_path / "other", HALF, **fields)
        with pytest.raises(UsageError, match="do not compare"):
            gate(str(run), str(other), rules, None)
    with pytest.raises(UsageError, match="there is no run"):
        gate(str(tmp_path / "none"), None, rules, None)
    with pytest.raises(UsageError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")
    told(write(tmp_path / "odd", [{"instruction": "q", "output": "x", "score": "good"}]))
    with pytest.raises(UsageError, match="row 1: `score` is text"):
        gate(str(tmp_path / "odd"), None, rules, None)


@pytest.mark.skipif(sys.platform == "win32", reason="the action's script is for bash")
def test_the_action_ends_as_the_gate_does(tmp_path: Path) -> None:
    run = pairs(tmp_path / "run", HALF)
    rules_file(tmp_path, "win_rate > 70")
    action = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text(encoding="utf-8"))
    (script,) = [step["run"] for step in action["runs"]["steps"] if step.get("id") == "gate"]
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "alpaca_eval"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m autoeval "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "RUN": str(run),
            "BASELINE": "",
            "RULES": "gate.yaml",
            "OUTPUT_PATH": "gate",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        },
        check=False,
    )
    assert done.returncode == 7
    assert (tmp_path / "output").read_text(encoding="utf-8") == "outcome=fail\n"
    assert "win_rate &gt; 70" in (tmp_path / "summary").read_text(encoding="utf-8").replace(">", "&gt;")
