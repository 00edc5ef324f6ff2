"""alpaca_eval check: answers that need no judge, from the command line to the files."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from autoeval.journeys.check import check
from autoeval.metrics.pass_at_k import pass_at_k
from autoeval.programs.pool import Sandboxes
from tests.cli.running import CommandLine
from tests.recorded import recorded_data

TASK = {
    "task_id": "test/0",
    "prompt": "import math\n\ndef f(x):\n",
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def outputs(path: Path, *rows: tuple[Any, Any]) -> Path:
    found = [
        {"instruction": f"q{n}", "output": output, "target": target}
        for n, (output, target) in enumerate(rows)
    ]
    return write(path / "outputs.jsonl", found)


def scores(checker: str, path: Path, **options: Any) -> list[float | None]:
    return [row["score"] for row in check(checker, path, None, **options).rows]


def gsm8k_outputs(folder: Path, system: str) -> Path:
    with gzip.open(
        recorded_data() / "gsm8k" / "example_model_solutions.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        rows = [json.loads(line) for line in file]
    return write(
        folder / f"{system}.jsonl",
        [
            {
                "instruction": row["question"],
                "output": row[system]["solution"],
                "target": row["ground_truth"],
                "is_correct": row[system]["is_correct"],
            }
            for row in rows
        ],
    )


@pytest.mark.parametrize(("system", "n_right"), [("6b_finetuning", 286), ("175b_verification", 742)])
def test_gsm8k_finds_the_recorded_answers_right(tmp_path: Path, system: str, n_right: int) -> None:
    path = gsm8k_outputs(tmp_path, system)
    run = check("gsm8k", path, tmp_path, marker="A:")
    recorded = [json.loads(line)["is_correct"] for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert [row["score"] == 1 for row in run.rows] == recorded
    assert [row["parts"]["flexible"] == 1 for row in run.rows] == recorded
    assert sum(recorded) == n_right
    assert run.estimates["score"].value == pytest.approx(100 * n_right / 1319)


def test_gsm8k_says_so_where_no_output_has_the_marker(tmp_path: Path) -> None:
    run = check("gsm8k", outputs(tmp_path, ("so A: 18", "A: 18"), ("A: 2", 3)), None)
    assert [row["score"] for row in run.rows] == [0, 0]
    assert run.estimates["flexible"].value == 50
    assert any("not one output has a number behind '####'" in caution for caution in run.cautions)


def test_gsm8k_takes_the_number_behind_the_last_marker(tmp_path: Path) -> None:
    rows = [("#### 1\nno:\n#### $1,234.00.\nmore 5", "#### 1234"), ("#### none\n7", 7), ("####\n18", "18")]
    assert scores("gsm8k", outputs(tmp_path, *rows)) == [1, 0, 0]


def test_number(tmp_path: Path) -> None:
    rows = [(r"so \boxed{3/4}, of 9", "0.75"), ("about 3.14", 3.1416), ("no", 1), ("-5", "5")]
    path = outputs(tmp_path, *rows)
    assert scores("number", path) == [1, 0, 0, 0]
    assert scores("number", path, tolerance=0.01) == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("output", "letter"),
    [
        ("B", "B"),
        (" (b) ", "B"),
        ("The answer is (C).", "C"),
        ("**Answer: D**", "D"),
        (r"Hence \boxed{\text{A}}", "A"),
        ("B) because of the rain", "B"),
        ("the answer is a bit longer", None),
        ("The answer is A. No, the answer is B.", None),
        ("**Answer:** B", "B"),
        ("__Answer__: B", "B"),
        ("答案是（Ｂ）。", "B"),
        ("정답은 B입니다", "B"),
        ("The answer is (B) or (C).", None),
        ("Answer: A/B", None),
        ("The answer is A, B.", None),
        ("Answer: A B", None),
        ("Answer: (A) (C) (D)", None),
        ("Answer: A; B", None),
        ("Answer: A\nB is wrong", "A"),
        ("Answer: A I think", "A"),
        ("The answer is **A or B**", None),
        ("The answer is A, and C is wrong", "A"),
        ("The answer is B or I am a fool", "B"),
        ("The answer" + " " * 50_000 + "B", "B"),
        ("A good question about choices", None),
        ("It is Canada", None),
        ("", None),
    ],
)
def test_choice(tmp_path: Path, output: str, letter: str | None) -> None:
    run = check("choice", outputs(tmp_path, (output, letter or "A")), None)
    assert (run.rows[0]["extracted"], run.rows[0]["score"]) == (letter, float(letter is not None))


@pytest.mark.parametrize(
    ("output", "letter"),
    [("#### B", "B"), ("#### A B", None), ("#### (A) or (B)", None), ("#### B because", "B")],
)
def test_choice_behind_a_marker(tmp_path: Path, output: str, letter: str | None) -> None:
    run = check("choice", outputs(tmp_path, (output, letter or "A")), None, marker="####")
    assert (run.rows[0]["extracted"], run.rows[0]["score"]) == (letter, float(letter is not None))


def test_regex(tmp_path: Path) -> None:
    path = outputs(
        tmp_path, ("Paris is it", r"(?i)\bparis\b"), ("London", "Paris"), ("a" * 60 + "!", "(a|aa)+$")
    )
    run = check("regex", path, None, min_coverage=0)
    assert [row["score"] for row in run.rows][:2] == [1, 0]
    assert run.rows[2]["score"] in (0, None)
    path = outputs(tmp_path, ("Answer: 3\nAnswer: 4 ", "4"), ("none", "4"))
    assert scores("regex", path, pattern=r"Answer: (\d+)") == [1, 0]


def test_ifeval_strict_and_loose(tmp_path: Path) -> None:
    wanted = {
        "instruction_id_list": ["punctuation:no_comma", "startend:end_checker"],
        "kwargs": [{}, {"end_phrase": "The end."}],
    }
    rows: list[dict[str, Any]] = [
        {"instruction": "a", "output": "No commas. The end.", **wanted},
        {"instruction": "b", "output": "One, two. The end.", **wanted},
        {"instruction": "c", "output": "Sure, here:\nNo commas. The end.", "target": json.dumps(wanted)},
    ]
    run = check("ifeval", write(tmp_path / "o.jsonl", rows), None)
    assert [row["score"] for row in run.rows] == [1, 0, 0]
    assert [row["parts"]["loose"] for row in run.rows] == [1, 0, 1]
    assert run.estimates["instruction"].value == pytest.approx(100 * 4 / 6)


def test_ifeval_knows_every_instruction_of_the_set(tmp_path: Path) -> None:
    with gzip.open(recorded_data() / "ifeval" / "input_data.jsonl.gz", "rt", encoding="utf-8") as file:
        tasks = [json.loads(line) for line in file]
    pytest.importorskip("py3langid")
    path = write(tmp_path / "o.jsonl", [{"instruction": task["prompt"], "output": "Yes."} for task in tasks])
    run = check("ifeval", path, None, tasks=recorded_data() / "ifeval" / "input_data.jsonl.gz")
    assert len(run.rows) == 541
    assert 0 < run.estimates["instruction"].value < 50


def needs_sandbox() -> None:
    try:
        with Sandboxes(1):
            pass
    except UsageError as error:
        pytest.skip(str(error))


def test_code_from_the_command_line(command: CommandLine, tmp_path: Path) -> None:
    needs_sandbox()
    tasks = write(tmp_path / "tasks.jsonl", [TASK, {**TASK, "task_id": "test/1"}])
    completions = [
        "    return x * x",
        "def f(x):\n    return 2 * x",
        "Sure:\n```python\ndef f(x):\n    return 4\n```",
        "    return 5",
    ]
    rows = [{"task_id": f"test/{n % 2}", "completion": text} for n, text in enumerate(completions)]
    path = write(tmp_path / "coder.jsonl", rows)
    outcome = command(
        "check", "code", "--model_outputs", path, "--tasks", tasks, "--output_path", tmp_path / "out"
    )
    assert outcome.code == 0, outcome.err
    with (tmp_path / "out" / "code" / "leaderboard.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row[""], float(row["score"]), float(row["pass@1"])) == ("coder", 75.0, 75.0)
    annotations = json.loads((tmp_path / "out" / "code" / "annotations.json").read_text(encoding="utf-8"))
    assert [each["score"] for each in annotations] == [1, 1, 1, 0]
    assert annotations[3]["explanation"].startswith("failed: AssertionError")


@pytest.mark.parametrize(
    ("n_checked", "min_coverage", "code"), [(0, 0, 3), (1, 0, 0), (1, 0.5, 0), (1, 0.51, 3)]
)
def test_too_few_checked_or_none_at_all_ends_with_3(
    n_checked: int, min_coverage: float, code: int, command: CommandLine, tmp_path: Path
) -> None:
    endless = ("a" * 60 + "!", "(a|aa)+$")
    path = outputs(tmp_path, endless, ("Paris", "Paris") if n_checked else endless)
    done = command("check", "regex", "--model_outputs", path, "--min_coverage", min_coverage)
    assert done.code == code
    (written,) = tmp_path.rglob("annotations.json")
    scored = [row["score"] for row in json.loads(written.read_text(encoding="utf-8"))]
    assert len(scored) - scored.count(None) == n_checked


def test_tasks_without_a_completion_are_said_and_end_with_3(tmp_path: Path) -> None:
    needs_sandbox()
    tasks = write(tmp_path / "tasks.jsonl", [TASK, {**TASK, "task_id": "test/1"}])
    path = write(tmp_path / "c.jsonl", [{"task_id": "test/0", "completion": "    return 4"}])
    run = check("code", path, None, tasks=tasks)
    assert (run.exit_code, run.n_missing, run.estimates["score"].value) == (3, 1, 100)
    assert "1 of 2 tasks have no completion" in run.cautions[-1]


@pytest.mark.slow
def test_humaneval_as_published(tmp_path: Path) -> None:
    needs_sandbox()
    folder = recorded_data() / "humaneval"
    completions = folder / "wizardcoder15b_T0.0_N1.results.59.8.jsonl.gz"
    run = check("code", completions, None, tasks=folder / "HumanEval.jsonl.gz", timeout=10)
    with gzip.open(completions, "rt", encoding="utf-8") as file:
        recorded = [json.loads(line)["passed"] for line in file]
    assert [row["score"] == 1 for row in run.rows] == recorded
    assert sum(recorded) == 98


def test_pass_at_k_is_the_mean_over_all_subsets() -> None:
    from itertools import combinations

    for n_right in range(6):
        answers = [True] * n_right + [False] * (5 - n_right)
        for k in range(1, 6):
            subsets = list(combinations(answers, k))
            assert pass_at_k(5, n_right, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@pytest.mark.parametrize(
    ("checker", "rows", "options", "told"),
    [
        ("gsm8k", [{"instruction": "q", "output": "1", "target": "none"}], {}, "row 1: `target` is text"),
        ("gsm8k", [{"instruction": "q", "output": "1"}], {}, "row 1 has no field 'target'"),
        ("gsm8k", [{"instruction": "q", "output": None, "target": 1}], {}, "`output` is null"),
        ("gsm8k", [{"instruction": "q", "output": "1", "target": True}], {}, "a boolean"),
        ("gsm", [{"instruction": "q", "output": "1", "target": 1}], {}, "Did you mean 'gsm8k'"),
        ("choice", [{"instruction": "q", "output": "B", "target": "BC"}], {}, "one letter"),
        (
            "choice",
            [{"instruction": "q", "output": "B", "target": "B"}],
            {"tolerance": 1},
            "--tolerance is for number",
        ),
        (
            "regex",
            [{"instruction": "q", "output": "B", "target": "("}],
            {},
            "row 1: `target` is no regular expression",
        ),
        (
            "regex",
            [{"instruction": "q", "output": "B", "target": "B"}],
            {"pattern": "("},
            "--pattern is no regular",
        ),
        ("ifeval", [{"instruction": "q", "output": "B"}], {}, "row 1 has no `instruction_id_list`"),
        (
            "ifeval",
            [
                {
                    "instruction": "q",
                    "output": "B",
                    "instruction_id_list": ["punctuation:no_coma"],
                    "kwargs": [{}],
                }
            ],
            {},
            "Did you mean 'punctuation:no_comma'",
        ),
        (
            "ifeval",
            [
                {
                    "instruction": "q",
                    "output": "B",
                    "instruction_id_list": ["startend:end_checker"],
                    "kwargs": [{}],
                }
            ],
            {},
            "has not the arguments that it needs",
        ),
        ("code", [{"task_id": "a", "completion": "x"}], {}, "--tasks is missing"),
        ("number", [{"instruction": "q", "output": "B", "target": float("inf")}], {}, "should be a number"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, checker: str, rows: list[dict[str, Any]], options: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told.replace("(", r"\(")):
        check(checker, write(tmp_path / "o.jsonl", rows), tmp_path / "out", **options)
    assert not list(tmp_path.rglob("annotations.json"))


def test_reasoning_is_said_and_left_out_on_demand(tmp_path: Path) -> None:
    path = outputs(tmp_path, ("<think>The answer is A.</think>B", "B"), ("The answer is B.", "B"))
    as_it_is = check("choice", path, None)
    assert [row["score"] for row in as_it_is.rows] == [0, 1]
    assert any("1 of 2 outputs" in told and "hold reasoning" in told for told in as_it_is.cautions)
    without = check("choice", path, None, is_strip_thinking=True)
    assert [(row["output"], row["score"]) for row in without.rows] == [("B", 1), ("The answer is B.", 1)]
    assert [told.split(" of ")[0] for told in without.cautions] == ["reasoning was left out"]


def test_whole_numbers_of_hundreds_of_digits_are_numbers(tmp_path: Path) -> None:
    huge = 10**400
    path = outputs(tmp_path, ("5", huge), (f"it is {huge // 100}", huge // 100))
    assert scores("number", path) == [0, 1]
    assert scores("regex", path, pattern=r"\d+") == [0, 1]


SHARES = {"instruction": "q", "output": "o", "generator": "m", "annotator": "j", "score": 1}


@pytest.mark.parametrize("command_name", ["show", "export", "gate", "compare"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 7),
        ("score", -1),
        ("observations", {"strict": [1, 7]}),
        ("observations", {"strict": "abc"}),
        ("observations", [1]),
        ("refusal", "maybe"),
        ("refusal", 1),
        ("is_safe", "yes"),
        ("others", ["full"]),
        ("others", {"judge": 5}),
    ],
)
def test_a_changed_row_is_named_and_no_number_made_of_it(
    command_name: str, field: str, value: Any, command: CommandLine
) -> None:
    of_refusals = {"refusal": "full", "is_safe": True} if field in ("refusal", "is_safe", "others") else {}
    rows = [{**SHARES, **of_refusals, "instruction": f"q{n}"} for n in range(6)]
    command.write("run/annotations.json", [*rows[:5], {**rows[5], field: value}])
    command.write("run/run.json", json.dumps({"setting": {"model": "m"}, "annotator": {"name": "j"}}))
    command.write("rules.yaml", "rules: [score > 3]")
    given = {"gate": ("--rules", "rules.yaml"), "compare": ("run",)}.get(command_name, ())
    outcome = command(command_name, "run", *given)
    assert outcome.code == 2
    assert "run/annotations.json" in outcome.err
    assert field.removesuffix("s") in outcome.err


def test_a_row_that_says_nothing_of_a_refusal_is_missing(command: CommandLine) -> None:
    rows = [{**SHARES, "refusal": "full", "is_safe": False, "instruction": f"q{n}"} for n in range(6)]
    del rows[5]["refusal"]
    rows[5]["score"] = None
    command.write("run/annotations.json", rows)
    command.write("run/run.json", json.dumps({"setting": {"model": "m"}, "annotator": {"name": "j"}}))
    command.write("rules.yaml", "rules: [refusal > 3]\nmin_coverage: 0.9")
    assert command("export", "run").code == 0
    outcome = command("gate", "run", "--rules", "rules.yaml")
    assert outcome.code == 8, outcome.out


def test_a_scale_of_hundreds_of_digits_is_none(command: CommandLine) -> None:
    command.write("run/annotations.json", [{**SHARES, "score": n, "instruction": f"q{n}"} for n in range(6)])
    judge = {"name": "j", "scale": [0, 10**400]}
    command.write("run/run.json", json.dumps({"annotator": {"name": "j", "judges": [judge]}}))
    command.write("rules.yaml", "rules: [score > 3]")
    assert command("show", "run").code == command("site", "pages", "--runs", "run").code == 0
    outcome = command("gate", "run", "--rules", "rules.yaml")
    assert (outcome.code, outcome.err.count("on which scale")) == (2, 1)
