"""Ratings of several outputs in one reply: read by output, and asked about aspect by aspect."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import pearsonr

import autoeval
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.parsers.ratings import RatingsParser
from autoeval.errors import UsageError
from autoeval.metrics.correlation import pearson
from autoeval.types import Completion, Inapplicable, Verdict
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body, always

PARSER = RatingsParser(kind="ratings")

_ROWS = "|---|---|\n| 1 | 4 |\n| 2 | N/A |"
TABLES: list[tuple[str, list[Any]]] = [
    (f"| Output | Rating |\n{_ROWS}", [4, "N/A"]),
    (f"Here it is:\n\n|#|**Score**|\n{_ROWS}\n\nThe first one is better.", [4, "N/A"]),
    (
        "| | Rating | Rationale |\n|---|:-:|---|\n| Output 2 | 3/5 | short |\n| **Output 1** | 5 | all |",
        [5, 3],
    ),
    ("| | Output 1 | Output 2 |\n|---|---|---|\n| Rating | 4 | 3 |\n| Rationale | ok | less |", [4, 3]),
    ("| Response | 1 | 2 |\n|---|---|---|\n| Clarity | 1 | 1 |\n| Overall rating | 4 | 3 |", [4, 3]),
    ("| Rating | Rationale |\n|---|---|\n| 4 | ok |\n| 2 | less |", [4, 2]),
    ("Output 1\n| Rating | Rationale |\n|---|---|\n| 4 | ok |\nOutput 2\nRating: 1", [4, 1]),
    (f"Output 1\nRating: 4\nOutput 2\nRating: N/A\n\n| Output | Rating |\n{_ROWS}", [4, "N/A"]),
    (f"Output 1\nRating: 4\nOutput 2\nRating: 3\n\n| Output | Rating |\n{_ROWS}", [4, None]),
    (f"Rating: 4\nRating: 2\n\n| Output | Rating |\n{_ROWS}", [None]),
    ("| Output | Rating | Score |\n|---|---|---|\n| 1 | 4 | 3 |\n| 2 | 2 | 2 |", [None, 2]),
    ("| Output | Rating |\n|---|---|\n| 1 | 3-4 |\n| 2 | ~~1~~ 2 |", [None, 2]),
    ("| Output | Rating |\n|---|---|\n| 1 | 4 |\n| 1 | 2 |", [None]),
    ("| Criterion | Rating |\n|---|---|\n| Clarity | 4 |\n| Depth | 2 |", [None]),
    ("| Criterion | Rating |\n|---|---|\n| 1 | 4 |\n| 2 | 2 |", [None]),
    ("| Output | Helpfulness | Honesty |\n|---|---|---|\n| 1 | 4 | 3 |\n| 2 | 2 | 2 |", [None]),
    ("| Output | Rating | Output 2 |\n|---|---|---|\n| Output 1 | 4 | 3 |\n| Rating | 2 | 2 |", [None]),
    ("| Output 1 | Output 2 |\n|---|---|\n| 4 | 3 |", [None]),
    (
        "Output 1\n| Field | Value |\n|---|---|\n| Rating | 4 |\n| Rationale | ok |\nOutput 2\nRating: 2",
        [4, 2],
    ),
    ("| Rating | 4 |\n|---|---|\n| Rationale | ok |", [4]),
    (f"```\n| Output | Rating |\n{_ROWS}\n```", [None]),
]


@pytest.mark.parametrize(
    ("reply", "ratings"),
    [
        (
            "#### Output for Text 1\nRating: 4\nRationale: ok\n\n#### Output for Text 2\nRating: N/A",
            [4, "N/A"],
        ),
        (
            "**Output 1**\nRationale: less than Output 2: see.\nRating: 3/5\n\n**Output 2:**\n**Rating:** 5 (all)",
            [3, 5],
        ),
        ("Output 2\nRating: 1\nOutput 1\nRating: 2", [2, 1]),
        ("Output 1: Rating: 4\nOutput 2: Rating: 5", [4, 5]),
        ("Text 1\nType: 1, 3\nRationale: wrong dates\nRating: 2\nRationale: many", [2]),
        ("Rating: 4\nRationale: a\n\nRating: 2\nRationale: b", [4, 2]),
        ("Rationale: a\nRating: 1\n\nRationale: b\nRating: 2", [1, 2]),
        ("Output 1\nRating: [[3]]", [3]),
        ("Output 1\nRating: 3-4\nOutput 2\nRating: 2", [None, 2]),
        ("Output 1\nRating: 4 or 5", [None]),
        ("Output 1\nRating: 4 out of 10", [None]),
        ("Output 1\nRating: N/A or 3", [None]),
        ("Output 1\nRating: 4\nRating: 5", [None]),
        ("Output 1\nRating: 2\nOutput 3\nRating: 3", [2, None, 3]),
        ("Rating: 5\nOutput 1\nRating: 2", [None]),
        *((reply, ratings) for reply, ratings in TABLES),
        ("all of them are fine", [None]),
        ("", [None]),
    ],
)
def test_each_output_has_a_rating_of_its_own_or_none(reply: str, ratings: list[Any]) -> None:
    found = [
        one.value if isinstance(one, Verdict) else "N/A" if isinstance(one, Inapplicable) else None
        for one in PARSER.read(Completion(reply))
    ]
    assert found == ratings
    assert [isinstance(one, Verdict) for one in PARSER.read(Completion(reply, "length"))] == [False]


def test_reasons_stand_with_their_output_before_or_behind_the_rating() -> None:
    for reply in (
        "Rating: 4\nRationale: a b\n\nRating: 2\nRationale: c",
        "Rationale: a b\nRating: 4\n\nRationale: c\nRating: 2",
    ):
        assert [getattr(one, "explanation", None) for one in PARSER.read(Completion(reply))] == ["a b", "c"]


def test_correlation_is_scipys() -> None:
    generator = np.random.default_rng(0)
    for n in (3, 10, 200):
        x = generator.integers(1, 6, n).astype(float)
        y = 0.5 * x + generator.normal(size=n)
        assert pearson(list(x), list(y)).value == pytest.approx(pearsonr(x, y).statistic)
    assert all(np.isnan(pearson(x, y).value) for x, y in (([1, 2], [1, 2]), ([0.1] * 9, range(9)), ([], [])))


OUTPUTS = {f"answer {n} of model {m}": (n, m) for n in range(6) for m in range(5)}
_RATED = {
    "instruction following": {key: 1 + key[1] for key in OUTPUTS.values()},
    "truthfulness": {key: 5 - key[1] for key in OUTPUTS.values()},
    "helpfulness": {key: 1 + key[0] % 3 for key in OUTPUTS.values()},
}


def rate(body: Body) -> Answer:
    """Rate each output that a prompt shows, in the order shown; of even questions, honesty does not apply."""
    prompt = prompt_text(body)
    aspect = re.search(r"outputs \(\d\): ([a-z ]+)\.", prompt)[1]  # type: ignore[index]
    blocks = []
    for place, text in enumerate(re.findall(r"answer \d of model \d", prompt), 1):
        n, m = OUTPUTS[text]
        rating = ("N/A" if n % 2 == 0 else 4) if aspect == "honesty" else _RATED[aspect][n, m]
        if text == "answer 1 of model 1" and aspect == "truthfulness":
            rating = "hard to say"
        blocks.append(f"Output {place}\nRationale: {aspect} of {text}, so it is.\nRating: {rating}")
    return Answer("\n\n".join(blocks))


def test_a_model_s_samples_are_rated_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    rows = [
        {"instruction": f"question {n}", "output": text, "sample": m, "generator": "model"}
        for text, (n, m) in OUTPUTS.items()
    ]
    asked: dict[str, Any] = {
        "annotators_config": "ultrafeedback",
        "output_path": tmp_path / "results",
        "caching_path": tmp_path / "cache.sqlite",
        "precomputed_leaderboard": None,
    }
    with JudgeServer(rate) as server:
        result = autoeval.evaluate(rows, judge_base_url=server.base_url, **asked)
        assert server.n_requests == 6 * 2 * 4  # six questions, five samples in two prompts, four aspects
        again = autoeval.evaluate(rows, judge_base_url=server.base_url, **asked)
        assert server.n_requests == 48
        orders = [re.findall(r"of model (\d)", prompt_text(one.body)) for one in server.received]
        autoeval.evaluate(rows, judge_base_url=server.base_url, seed=1, **{**asked, "output_path": None})
        others = [re.findall(r"of model (\d)", prompt_text(one.body)) for one in server.received[48:]]
    assert {len(order) for order in orders} == {2, 3}
    assert any(order != sorted(order) for order in orders)
    assert sorted(orders) != sorted(others)
    assert again.row == result.row
    folder = tmp_path / "results" / "ultrafeedback"
    _check_numbers(result.row, json.loads((folder / "run.json").read_text())["aspects"])
    assert (result.row["n_total"], result.row["n_missing"]) == (
        6,
        0,
    )  # questions; a sample without a verdict leaves its question the others
    rows_written = json.loads((folder / "annotations.json").read_text())
    fiction = next(row for row in rows_written if row["output"] == "answer 0 of model 2")
    assert fiction["score"] == pytest.approx((3 + 3 + 1) / 3)
    assert "honesty" not in fiction["parts"]
    assert {"part": "honesty", "score": None, "applies": False}.items() <= fiction["judgments"][1].items()
    torn = next(row for row in rows_written if row["output"] == "answer 1 of model 1")
    assert torn["score"] is None
    assert torn["failure"].startswith("unparsed: the reply gives a rating")
    recomputed = autoeval.evaluate(
        rows, is_recompute_metrics_only=True, judge_base_url=server.base_url, **asked
    )
    assert {**recomputed.row, "judge_models": ""} == {**result.row, "judge_models": ""}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "honesty: does not apply · ultrafeedback" in page
    assert "truthfulness of answer 3 of model 4, so it is." in page
    assert "r with truthfulness" in page


def _check_numbers(row: Mapping[str, Any], aspects: Mapping[str, Any]) -> None:
    cells = [(n, m) for n, m in OUTPUTS.values()]
    expected = {
        "instruction_following": [1 + m for _, m in cells],
        "truthfulness": [5 - m for n, m in cells if (n, m) != (1, 1)],
        "helpfulness": [1 + n % 3 for n, _ in cells],
        "honesty": [4 for n, _ in cells if n % 2],
    }
    for name, values in expected.items():
        assert row[name] == pytest.approx(np.mean(values))
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
        assert aspects[name]["n"] == len(values)
    assert aspects["truthfulness"]["n_missing"] == 1
    assert aspects["honesty"]["n_inapplicable"] == 15
    assert aspects["truthfulness"]["correlations"]["instruction_following"] == {"value": -1.0, "n": 29}
    assert aspects["honesty"]["correlations"]["helpfulness"] == {"value": None, "n": 15}


def test_what_always_applies_is_no_n_a(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    rows = [{"instruction": "q", "output": "a"}]
    with (
        JudgeServer(always("Output 1\nRating: N/A")) as server,
        pytest.raises(Exception, match="judged"),
    ):
        autoeval.evaluate(
            rows,
            annotators_config="ultrafeedback",
            judge_base_url=server.base_url,
            output_path=None,
            caching_path=None,
        )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "pairwise", "scale": None}, "'together' is for judges of single outputs|'aspects' is for"),
        ({"aspects": {"turn_1": {"criterion": "?", "grades": {1: "a", 2: "b"}}}}, "'aspects' names 'turn_1'"),
        (
            {"aspects": {"style": {"criterion": "?", "grades": {1: "a", 9: "b"}}}},
            "the rubric has the grade 9",
        ),
        ({"messages": [{"role": "user", "content": "{{ output }}"}]}, "never shows the output 'outputs'"),
    ],
)
def test_a_config_that_cannot_be_asked_is_refused(
    tmp_path: Path, changes: Mapping[str, Any], why: str
) -> None:
    config: dict[str, Any] = {
        "kind": "single",
        "scale": [1, 5],
        "together": 4,
        "provider": "openai",
        "model": "m",
        "parser": {"kind": "ratings"},
        "aspects": {"style": {"criterion": "?", "grades": {1: "a", 5: "b"}}},
        "messages": [{"role": "user", "content": "{{ outputs }} {{ aspect }} {{ rubric }}"}],
    }
    path = tmp_path / "judge.yaml"
    path.write_text(json.dumps(config))
    assert load_annotator(path).aspects == ("style",)
    path.write_text(
        json.dumps({name: value for name, value in {**config, **changes}.items() if value is not None})
    )
    with pytest.raises(UsageError, match=why):
        load_annotator(path)
