"""Judges of single outputs where pairs are judged: each output is scored, and the better score wins."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.special import expit

import autoeval
from autoeval.annotators.comparing import Comparison
from autoeval.annotators.loading import load_annotator
from autoeval.data.annotations import read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.report.pairs import entries
from tests.completions.providers.test_reward import server as reward_server
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body

GRADES = {f"reference {n}": 3 for n in range(6)} | {f"model {n}": 1 + n % 5 for n in range(6)}
N = range(6)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def outputs(name: str) -> list[dict[str, str]]:
    return [{"instruction": f"question {n}", "output": f"{name} {n}", "generator": name} for n in N]


def grade(body: Body) -> Answer:
    (text,) = re.findall(r"(?:reference|model) \d", prompt_text(body))
    return Answer(f"Feedback: so is {text}. [RESULT] {GRADES[text]}")


def evaluate(server: JudgeServer | str, judge: Any = "rubric", **parameters: Any) -> Any:
    defaults: dict[str, Any] = {"output_path": None, "caching_path": None, "precomputed_leaderboard": None}
    return autoeval.evaluate(
        outputs("model"),
        outputs("reference"),
        judge,
        judge_base_url=server if isinstance(server, str) else server.base_url,
        **{**defaults, **parameters},
    )


def test_preferences_follow_from_scores() -> None:
    margin = Comparison(0.2)
    assert [margin.preference(1, score) for score in (0.7, 0.8, 1, 1.2, 1.3)] == [1, 1.5, 1.5, 1.5, 2]
    assert Comparison(0.0).preference(0.1 + 0.2, 0.3) == 1.5
    sigmoid = Comparison(None)
    for one, other in ((0.0, 0.0), (-3.2, 1.5), (700.0, -900.0), (-900.0, 700.0)):
        assert sigmoid.preference(one, other) == pytest.approx(1 + expit(other - one), abs=1e-12)
        assert sigmoid.preference(one, other) + sigmoid.preference(other, one) == pytest.approx(3)


@pytest.mark.parametrize(("compare", "ties"), [(0, [2]), (1, [1, 2, 3]), ("sigmoid", [2])])
def test_a_rubric_judges_pairs(tmp_path: Path, compare: Any, ties: list[int]) -> None:
    with JudgeServer(grade) as server:
        cache = tmp_path / "cache.sqlite"
        result = evaluate(server, compare_scores=compare, output_path=tmp_path / "r", caching_path=cache)
        assert server.n_requests == 12
        alone = autoeval.evaluate(
            outputs("model"),
            annotators_config="rubric",
            judge_base_url=server.base_url,
            output_path=None,
            caching_path=cache,
        )
        assert server.n_requests == 12  # the replies are the same judge's
    differences = [GRADES[f"model {n}"] - 3 for n in N]
    expected = (
        [1 + expit(one) for one in differences]
        if compare == "sigmoid"
        else [1.5 if n in ties else 2.0 if one > 0 else 1.0 for n, one in enumerate(differences)]
    )
    rows = json.loads((result.folder / "annotations.json").read_text())
    assert [row["preference"] for row in rows] == pytest.approx(expected)
    assert result.row["win_rate"] == pytest.approx(100 * sum(one - 1 for one in expected) / 6)
    assert rows[4]["parts"] == {"output_1": 3, "output_2": 5}
    assert [(one["output"], one["score"]) for one in rows[4]["judgments"]] == [(1, 3), (2, 5)]
    assert [row["score"] for row in alone.records()] == [GRADES[f"model {n}"] for n in N]
    read = list(read_annotations(read_rows(result.folder / "annotations.json", "run")))
    assert [one.value for one in read[4].judgments] == [3, 5]
    facts = json.loads((result.folder / "run.json").read_text())["annotator"]["judges"][0]
    assert (facts["scale"], facts["compare"]) == ([1, 5], str(compare))
    (shown,) = entries(read[4:5], None, lambda _: (), lambda _: None)
    assert [one["by"] for one in shown["judgments"]] == [
        "rubric on the output of the reference: 3",
        "rubric on the output of the model: 5",
    ]
    assert (result.folder / "report.html").is_file()


def test_a_pair_with_one_score_is_missing() -> None:
    def torn(body: Body) -> Answer:
        return Answer("no idea") if "model 2" in prompt_text(body) else grade(body)

    with JudgeServer(torn) as server:
        result = evaluate(server, compare_scores=0)
    assert [row["preference"] is None for row in result.records()] == [n == 2 for n in N]
    assert result.records()[2]["failure"] == "unparsed: the reply has no [RESULT]"


def test_aspects_of_both_outputs_are_rated_in_one_prompt() -> None:
    def rate(body: Body) -> Answer:
        texts = re.findall(r"(?:reference|model) \d", prompt_text(body))
        assert len(texts) == 2
        return Answer("\n".join(f"Output {n}\nRating: {GRADES[text]}" for n, text in enumerate(texts, 1)))

    with JudgeServer(rate) as server:
        result = evaluate(server, "ultrafeedback", compare_scores=0)
        assert server.n_requests == 6 * 4
        shown = [re.findall(r"(reference|model) \d", prompt_text(one.body))[0] for one in server.received]
    assert [row["preference"] for row in result.records()] == [1, 1, 1.5, 2, 2, 1]
    assert set(shown) == {"reference", "model"}  # either comes first, as it is drawn


def test_reward_models_judge_pairs(tmp_path: Path) -> None:
    rewards = {text: 0.7 * score - 2 for text, score in GRADES.items()}
    config = {
        "kind": "compared",
        "compare": "sigmoid",
        "scale": [None, None],
        "provider": "reward",
        "parameters": {"form": "tei"},
        "model": "reward-model",
        "messages": [
            {"role": "user", "content": "{{ instruction }}"},
            {"role": "assistant", "content": "{{ output }}"},
        ],
        "parser": {"kind": "grade"},
    }
    path = tmp_path / "reward.yaml"
    path.write_text(json.dumps(config))

    with reward_server(lambda _, output: rewards[output]) as address:
        result = evaluate(address, path)
    for row, n in zip(result.records(), N, strict=True):
        assert row["preference"] == pytest.approx(
            1 + expit(rewards[f"model {n}"] - rewards[f"reference {n}"])
        )
    assert math.isclose(
        result.row["win_rate"], 100 * sum(row["preference"] - 1 for row in result.records()) / 6
    )


def test_only_judges_of_single_outputs_compare_scores() -> None:
    from autoeval.annotators.overrides import JudgeOverrides

    for judge in ("gpt6_ranking", "longest", "refusal_rule"):
        with pytest.raises(UsageError, match="--compare_scores is for a judge of single outputs"):
            load_annotator(judge, JudgeOverrides(compare="sigmoid"))
    for value in ("0,5", -1, "nan", True):
        with pytest.raises(UsageError, match="--compare_scores must be a number"):
            JudgeOverrides(compare=value)
    names = {
        load_annotator("rubric", JudgeOverrides(compare=one)).fingerprint for one in (0, "0.5", "sigmoid")
    }
    assert len({*names, load_annotator("rubric").fingerprint}) == 4
