"""alpaca_eval best_of_n: what picking among samples is worth."""

import gzip
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoeval.errors import UsageError
from autoeval.journeys.best_of_n import best_of_n
from autoeval.metrics.best_of import best_of_k
from tests.cli.running import CommandLine
from tests.recorded import recorded_data

N, QUESTIONS = 4, 6


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 2, (QUESTIONS, N)), rng.integers(0, 3, (QUESTIONS, N)).astype(float)


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return path


def files(folder: Path, with_texts: bool = True) -> tuple[np.ndarray, np.ndarray]:
    preferences, scores = drawn()
    for sample in range(N):
        name = f"m.{sample + 8}"
        rows = [
            {"instruction": f"q{q}", "output": f"{q} {sample}", "generator": name} for q in range(QUESTIONS)
        ]
        write(folder / "samples" / f"{name}.json", rows)
        texts = [
            {"instruction": f"q{q}", "output_1": "ref", "output_2": f"{q} {sample}"} for q in range(QUESTIONS)
        ]
        judged = [
            {**(texts[q] if with_texts else {}), "generator_2": name, "preference": preferences[q, sample]}
            for q in range(QUESTIONS)
        ]
        write(folder / "judged" / name / "annotations.json", judged)
    rows = [
        {"instruction": f"q{q}", "generator": f"m.{sample + 8}", "score": scores[q, sample]}
        for q in range(QUESTIONS)
        for sample in range(N)
    ]
    (folder / "S.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return preferences, scores


def run(folder: Path, **options: Any) -> Any:
    given: dict[str, Any] = {
        "model_outputs": str(folder / "samples" / "*.json"),
        "scores": folder / "S.jsonl",
        "annotations": str(folder / "judged" / "*" / "annotations.json"),
        "output_path": None,
    }
    return best_of_n(**{**given, **options})


def brute_force(preferences: np.ndarray, scores: np.ndarray, k: int) -> float:
    means = []
    for worth, given in zip(preferences.tolist(), scores.tolist(), strict=True):
        subsets = combinations(range(N), k)
        best = [max(subset, key=given.__getitem__) for subset in subsets]
        means.append(sum(worth[place] for place in best) / len(best))
    return float(100 * (sum(means) / len(means) - 1))


@pytest.mark.parametrize("with_texts", [True, False])
def test_the_curve_is_that_of_all_subsets(tmp_path: Path, with_texts: bool) -> None:
    preferences, scores = files(tmp_path, with_texts)
    result = run(tmp_path)
    assert list(result.samples) == ["m.8", "m.9", "m.10", "m.11"]
    for k in range(1, N + 1):
        rate = result.curve[k]
        assert rate.value == pytest.approx(brute_force(preferences, scores, k))
        assert rate.low < rate.value < rate.high
    assert result.picked.value == pytest.approx(result.curve[N].value)
    assert any("matched by position" in caution for caution in result.cautions) is not with_texts


def test_best_of_k_for_many_draws() -> None:
    for seed in range(20):
        preferences, scores = drawn(seed)
        for k in range(1, N + 1):
            found = 100 * (best_of_k(preferences, scores, k).mean() - 1)
            assert found == pytest.approx(brute_force(preferences, scores, k))


def test_scores_are_read_as_people_write_them(tmp_path: Path) -> None:
    _, scores = files(tmp_path)
    wanted = run(tmp_path).picked.value
    lists = [{"instruction": f"q{q}", "scores": list(scores[q])} for q in range(QUESTIONS)]
    numbered = [
        {"instruction": f"q{q}", "sample": s, "score": [scores[q, s]]}
        for q in range(QUESTIONS)
        for s in range(N)
    ]
    by_text = [
        {"instruction": f"q{q}", "output": f"{q} {s}", "score": scores[q, s]}
        for q in range(QUESTIONS)
        for s in range(N)
    ]
    picks = [{"instruction": f"q{q}", "output": f"{q} {int(scores[q].argmax())}"} for q in range(QUESTIONS)]
    for rows in (lists, numbered, by_text, picks):
        assert run(tmp_path, scores=rows).picked.value == pytest.approx(wanted)
    bare = run(tmp_path, scores=[{"scores": list(scores[q])} for q in range(QUESTIONS)])
    assert bare.picked.value == pytest.approx(wanted)
    assert any("no instruction" in caution for caution in bare.cautions)


def test_a_score_that_is_missing_is_none(tmp_path: Path) -> None:
    _, drawn_scores = files(tmp_path)
    rows = json.loads("[" + (tmp_path / "S.jsonl").read_text(encoding="utf-8").replace("\n", ",") + "]")
    without = [row for row in rows if (row["instruction"], row["generator"]) != ("q0", "m.8")]
    failed = [{**row, "score": None, "failure": "down"} if row not in without else row for row in rows]
    low = [{**row, "score": row["score"] - 100} for row in failed if row["score"] is not None]
    assert run(tmp_path, scores=failed).facts() == run(tmp_path, scores=without).facts()
    nulls = [row for row in failed if row["score"] is None]
    assert run(tmp_path, scores=[*nulls, *low]).facts() == run(tmp_path, scores=low).facts()
    assert run(tmp_path, scores=[*low, *nulls]).facts() == run(tmp_path, scores=low).facts()
    assert len(low) == drawn_scores.size - 1
    with pytest.raises(UsageError, match="no row has a score"):
        run(tmp_path, scores=[{**row, "score": None} for row in rows])


@pytest.mark.parametrize("kind", [float, str])
def test_the_number_of_a_sample_is_read_as_tables_write_it(kind: Any, tmp_path: Path) -> None:
    _, scores = files(tmp_path)
    rows = [
        {"instruction": f"q{q}", "sample": kind(s), "score": scores[q, s]}
        for q in range(QUESTIONS)
        for s in range(N)
    ]
    assert run(tmp_path, scores=rows).picked.value == pytest.approx(run(tmp_path).picked.value)


def test_questions_without_every_verdict_are_not_in_the_curve(tmp_path: Path) -> None:
    files(tmp_path)
    for path in (tmp_path / "judged").glob("*/annotations.json"):
        rows = json.loads(path.read_text(encoding="utf-8"))
        write(path, [{**row, "preference": None} for row in rows[:3]] + rows[3:])
    result = run(tmp_path, min_coverage=0.1)
    assert {rate.n for rate in result.curve.values()} == {QUESTIONS - 3}
    assert result.picked.n == QUESTIONS - 3


def test_a_sample_keeps_its_own_verdict_where_another_says_the_same(tmp_path: Path) -> None:
    samples = [
        write(tmp_path / f"{name}.json", [{"instruction": "q", "output": "same", "generator": name}])
        for name in "ab"
    ]
    judged = [
        {"instruction": "q", "output_1": "r", "output_2": "same", "generator_2": name, "preference": value}
        for name, value in (("a", 1.25), ("b", 2.0))
    ]
    for rows in (judged, judged[::-1]):
        result = best_of_n(list(map(str, samples)), None, rows, None)
        assert {name: rate.value for name, rate in result.samples.items()} == {"a": 25, "b": 100}


def test_the_command_writes_its_files(command: CommandLine, tmp_path: Path) -> None:
    files(tmp_path)
    outcome = command(
        *("best_of_n", "--model_outputs", "samples/*.json", "--scores", "S.jsonl"),
        *("--annotations", "judged/*/annotations.json", "--output_path", "out"),
    )
    assert outcome.code == 0, outcome.err
    assert "best of 4" in outcome.out
    facts = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [each["k"] for each in facts["curve"]] == [1, 2, 3, 4]
    rows = json.loads((tmp_path / "out" / "annotations.json").read_text(encoding="utf-8"))
    assert len(rows) == QUESTIONS
    assert 100 * (np.mean([row["preference"] for row in rows]) - 1) == pytest.approx(facts["picked"]["value"])


@pytest.mark.parametrize(
    ("n_judged", "min_coverage", "code"),
    [(0, 0, 3), (0, 0.99, 3), (QUESTIONS // 2, 0.5, 0), (QUESTIONS // 2, 0.51, 3), (1, 0, 0)],
)
def test_picks_without_a_verdict_are_missing(
    n_judged: int, min_coverage: float, code: int, tmp_path: Path
) -> None:
    files(tmp_path)
    picks = [{"instruction": f"q{q}", "output": f"{q} {int(q < n_judged)}"} for q in range(QUESTIONS)]
    annotations = str(tmp_path / "judged" / "m.9" / "annotations.json")
    result = run(tmp_path, scores=picks, annotations=annotations, min_coverage=min_coverage)
    assert (result.n_missing, result.exit_code) == (QUESTIONS - n_judged, code)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"scores": [{"instruction": "other", "generator": "m.8", "score": 1}]},
            "row 1: its instruction is none of",
        ),
        (
            {"scores": [{"instruction": "q0", "generator": "m.8", "score": "high"}]},
            "row 1: the score is text",
        ),
        (
            {"scores": [{"instruction": "q0", "generator": "m.8", "score": 10**400}]},
            "row 1: the score is a number",
        ),
        (
            {"scores": [{"instruction": "q0", "generator": "m.8", "score": score} for score in (1, 2)]},
            "row 2: the score is 2, and an earlier row gives the same output 1",
        ),
        ({"scores": [{"instruction": "q0", "scores": [1, 2]}]}, "a list of 4 numbers"),
        ({"scores": [{"instruction": "q0", "sample": 4, "score": 2}]}, "there are 4 samples"),
        ({"scores": [{"instruction": "q0", "generator": "m.8", "score": float("nan")}]}, None),
        ({"annotations": [{"generator_2": "x", "preference": 1.0}]}, "'x' is no sample"),
        ({"annotations": [{"generator_2": "m.8", "preference": 1.0}]}, "1 rows, for 6 questions"),
        ({"annotations": [{"generator_2": "m.8", "preference": 7}]}, "`preference` is a number"),
        (
            {"annotations": [{"instruction": "q0", "output_1": "r", "output_2": "0 0", "preference": None}]},
            "has a preference",
        ),
        ({"annotations": None}, "--annotations is missing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, options: dict[str, Any], told: str | None) -> None:
    files(tmp_path)
    if told is None:
        run(tmp_path, **options)
        return
    with pytest.raises(UsageError, match=told):
        run(tmp_path, **options)


def test_recorded_samples_and_picks() -> None:
    folder = recorded_data() / "rewardbench_bon"
    samples, judged = folder / "alpaca_eval_n=16" / "annotations", "weighted_alpaca_eval_gpt4_turbo"
    annotations = samples / "annotations_ref=GPT35t"
    found = best_of_n(
        [str(samples / f"tulu-2-dpo-13b.{n}.json.gz") for n in (0, 1)],
        None,
        [
            str(annotations / "tulu-2-dpo-13b.0" / judged / "annotations.json.gz"),
            str(annotations / "tulu-2-dpo-13b.1" / judged / "annotations.slim.json.gz"),
        ],
        None,
    )
    rates = [rate.value for rate in found.samples.values()]
    assert rates == pytest.approx([27.313672263048893, 28.676598361512852], abs=1e-6)
    name = folder / "rm_bon_eval_results" / "OpenAssistant" / "reward-model-deberta-v3-large-v2"
    picks, of_picks = Path(f"{name}.model_outputs.json.gz"), Path(f"{name}.annotations.json.gz")
    every = [str(samples / f"tulu-2-dpo-13b.{n}.json.gz") for n in range(16)]
    result = best_of_n(every, picks, of_picks, None)
    assert result.picked is not None
    assert result.picked.value == pytest.approx(33.38721, abs=1e-5)
    with gzip.open(of_picks, "rt", encoding="utf-8") as file:
        assert result.picked.n == len(json.load(file))
