"""WildBench's own rules: its conversations are asked and shown as such, slight wins by length, groups of tasks."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autoeval
from autoeval.data.wildbench import GROUP_WEIGHTS
from autoeval.errors import UsageError
from autoeval.metrics.grades import mean_grade, weighted_groups
from tests.scored.test_datasets import turn, write
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

TAGS = [
    ("Math", []),
    ("Planning", ["Reasoning", "Math"]),
    ("Creative Writing", ["Editing"]),
    ("Coding & Debugging", ["Data Analysis"]),
    ("Advice seeking", ["Others"]),
    ("Role playing", []),
]
GRADES = [9, 4, 7, 2, 10, 5]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def tasks(path: Path) -> Path:
    """Write tasks of every group; the second one is a conversation that has gone on."""
    before = [
        turn("user", "Begin."),
        turn("assistant", "Begun."),
        turn("user", "On."),
        turn("assistant", "So."),
    ]
    rows = [
        {
            "session_id": f"s{n}",
            "conversation_input": [*(before if n == 1 else []), turn("user", f"Task {n}, please.")],
            "checklist": ["Is it done?"],
            "primary_tag": primary,
            "secondary_tags": others,
        }
        for n, (primary, others) in enumerate(TAGS)
    ]
    return write(path, rows)


def test_groups_of_tasks_weigh_as_wildbench_has_it_and_models_are_asked_in_the_conversation(
    tmp_path: Path,
) -> None:
    path = tasks(tmp_path / "test.jsonl")

    def answer(body: Body) -> Answer:
        text = prompt_text(body)
        number = int(text.rpartition("Task ")[2][0])
        if body["model"] == "writer":
            return Answer(f"answer {number}")
        return Answer(json.dumps({"strengths": "", "weaknesses": "", "score": GRADES[number]}))

    with JudgeServer(answer) as server:
        result = autoeval.evaluate_from_model(
            {"writer": {"provider": "openai", "model": "writer", "base_url": server.base_url}},
            eval_set="wildbench",
            evaluation_dataset=path,
            judge_base_url=server.base_url,
            caching_path=tmp_path / "c.sqlite",
            output_path=tmp_path / "out",
        )
        asked = [body["messages"] for body in server.bodies if body["model"] == "writer"]
        judged = [prompt_text(body) for body in server.bodies if body["model"] != "writer"]
    (conversation,) = [messages for messages in asked if len(messages) > 1]
    assert [(one["role"], one["content"]) for one in conversation] == [
        ("user", "Begin."),
        ("assistant", "Begun."),
        ("user", "On."),
        ("assistant", "So."),
        ("user", "Task 1, please."),
    ]
    (shown,) = [text for text in judged if "Task 1" in text]
    assert "\nUser: Begin.\n\nAssistant: Begun.\n\nUser: On.\n\nAssistant: So.\n" in shown
    assert "says" in shown.partition("\nTask 1, please.\n")[0]

    means = {
        "Creative Tasks": (7 + 10 + 5) / 3,
        "Planning & Reasoning": 4.0,
        "Math & Data Analysis": (9 + 4 + 2) / 3,
        "Information/Advice seeking": 10.0,
        "Coding & Debugging": 2.0,
    }
    macro = sum(GROUP_WEIGHTS[name] * (mean - 5) * 2 for name, mean in means.items()) / sum(
        GROUP_WEIGHTS.values()
    )
    row = result.row
    assert row["task_macro"] == pytest.approx(macro)
    assert -8 <= row["task_macro_low"] < macro < row["task_macro_high"] <= 10
    assert row["adjusted"] == pytest.approx((np.mean(GRADES) - 5) * 2)


def test_the_error_of_weighted_groups_is_that_of_many_samples() -> None:
    """One group is the plain mean; of several, the interval covers as drawing the tasks again says it should."""
    rng = np.random.default_rng(0)
    scores = rng.integers(1, 11, 40).astype(float).tolist()
    names = [str(n) for n in range(40)]
    one = weighted_groups(scores, names, [["a"]] * 40, {"a": 3.0}, (1.0, 10.0))
    plain = mean_grade(scores, names)
    assert (one.mean, one.standard_error, one.n) == pytest.approx((plain.mean, plain.standard_error, 40))
    groups = [["a", "b"][: 1 + (n % 3 == 0)] if n % 2 else ["b"] for n in range(40)]
    weights = {"a": 0.5, "b": 1.25}
    found = weighted_groups(scores, names, groups, weights, (1.0, 10.0))
    drawn = []
    for places in rng.integers(0, 40, (2000, 40)):
        parts = {name: [scores[place] for place in places if name in groups[place]] for name in weights}
        drawn.append(sum(weights[name] * np.mean(part) for name, part in parts.items()) / 1.75)
    assert found.standard_error == pytest.approx(np.std(drawn), rel=0.1)
    nothing = weighted_groups([None, 3.0], ["x", "y"], [["a"], []], weights, (1.0, 10.0))
    assert (math.isnan(nothing.mean), nothing.n, nothing.n_missing) == (True, 0, 2)


@pytest.mark.parametrize(
    ("verdict", "lengths", "expected"),
    [
        ("[[A>B]]", (600, 99), 1.5),  # slightly better, and 501 characters longer
        ("[[A>B]]", (600, 100), 1.25),  # 500 are not more than 500
        ("[[A>B]]", (99, 600), 1.25),  # the shorter one wins
        ("[[A>>B]]", (600, 9), 1.0),
        ("[[B>A]]", (9, 600), 1.5),
        ("[[B>A]]", (600, 9), 1.75),
        ("[[A=B]]", (600, 9), 1.5),
    ],
)
def test_a_slight_win_by_length_is_a_tie(verdict: str, lengths: tuple[int, int], expected: float) -> None:
    rows = [
        [{"instruction": "q", "output": letter * length, "checklist": ["?"]}]
        for letter, length in zip("xy", lengths, strict=True)
    ]
    turned = verdict.translate(str.maketrans("AB", "BA"))

    def answer(body: Body) -> Answer:
        text = prompt_text(body)
        return Answer(verdict if text.index("xxx") < text.index("yyy") else turned)

    with JudgeServer(answer) as server:
        result: Any = autoeval.evaluate(
            rows[1],
            rows[0],
            "checklist_pairs",
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=None,
        )
    assert [row["preference"] for row in result.records()] == [expected]


def test_the_margin_is_for_pairs(tmp_path: Path) -> None:
    config = tmp_path / "judge.yaml"
    config.write_text(
        "kind: single\nscale: [1, 5]\nslight_win_margin: 3\nprovider: openai\nmodel: m\n"
        "messages: [{role: user, content: '{{ output }}'}]\nparser: {kind: grade}\n"
    )
    with pytest.raises(UsageError, match="slight_win_margin' is for judges of pairs"):
        autoeval.evaluate([{"instruction": "q", "output": "x"}], annotators_config=config)
