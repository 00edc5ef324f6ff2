"""The whole journey on real outputs, with a judge over HTTP that answers what GPT-4 answered then."""

import math

import pytest

import autoeval
from autoeval.runs.result import Evaluation
from tests.recorded import load_recorded, recorded_data, recorded_models
from tests.servers import JudgeServer
from tests.servers.recorded_judge import RecordedJudge

SHORT_OF_OUTPUTS = {"gpt35_turbo_instruct": 1, "text_davinci_001": 2}


def _evaluate(
    eval_set: str, model: str, annotator: str, order: str | None = None, max_instances: int | None = None
) -> Evaluation:
    folder = recorded_data() / eval_set
    outputs = folder / model / "model_outputs.json.gz"
    recorded = load_recorded(folder / model / "annotations.json.gz")
    rows = [{key: row[key] for key in ("instruction", "output_2", "generator_2")} for row in recorded]
    with JudgeServer(RecordedJudge(folder, model)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.base_url)
        patch.setenv("ANTHROPIC_BASE_URL", server.address)
        result: Evaluation = autoeval.evaluate(
            outputs if outputs.exists() else rows,
            folder / "reference_outputs.json.gz",
            annotator,
            output_path=None,
            caching_path=None,
            order=order,
            max_instances=max_instances,
            is_allow_partial=model in SHORT_OF_OUTPUTS,
            retry_delay=0,
        )
    return result


def _recorded_preferences(eval_set: str, model: str) -> dict[str, float | None]:
    rows = load_recorded(recorded_data() / eval_set / model / "annotations.json.gz")
    return {row["instruction"]: 1.5 if row["preference"] == 0 else row["preference"] for row in rows}


def _check_binary(model: str, annotator: str, order: str, max_instances: int | None = None) -> None:
    recorded = _recorded_preferences("alpaca_eval_1", model)
    result = _evaluate("alpaca_eval_1", model, annotator, order, max_instances)
    given = {row["instruction"]: row["preference"] for row in result.records()}
    assert len(given) == (max_instances or len(recorded) - SHORT_OF_OUTPUTS.get(model, 0))
    decided = {instruction: p for instruction, p in recorded.items() if p in (1, 2) and instruction in given}
    assert {instruction: given[instruction] for instruction in decided} == decided
    assert all(given[instruction] is None for instruction in given if recorded.get(instruction, 1) is None)


def _models(eval_set: str, first: int) -> list[str]:
    """Return every twelfth recorded model: what was recorded of each, `tests/contracts` reads and compares."""
    try:
        return recorded_models(eval_set)[first::12]
    except pytest.skip.Exception:
        return ["(no recorded data)"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "order"),
    [
        *((model, "random") for model in _models("alpaca_eval_1", 0)),
        *((model, "both") for model in _models("alpaca_eval_1", 1)),
        ("text_davinci_001", "both"),
    ],
)
def test_every_recorded_preference_comes_back_over_openai(model: str, order: str) -> None:
    _check_binary(model, "gpt4_ranking", order)


@pytest.mark.slow
@pytest.mark.parametrize("model", _models("alpaca_eval_1", 2))
def test_every_recorded_preference_comes_back_over_anthropic(model: str) -> None:
    _check_binary(model, "claude", "random")


@pytest.mark.slow
@pytest.mark.parametrize("model", _models("alpaca_eval_2", 0))
def test_every_recorded_probability_comes_back(model: str) -> None:
    recorded = _recorded_preferences("alpaca_eval_2", model)
    result = _evaluate("alpaca_eval_2", model, "gpt4_logprob")
    for row in result.records():
        expected = recorded[row["instruction"]]
        assert expected is not None
        assert math.isclose(row["preference"], expected, abs_tol=1e-6)


@pytest.mark.parametrize("annotator", ["gpt4_ranking", "gpt4_cot", "claude", "claude_cot"])
def test_each_binary_judge_on_one_model(annotator: str) -> None:
    _check_binary("alpaca-7b", annotator, "random", max_instances=200)


def test_the_row_of_a_model_equals_the_published_one() -> None:
    result = _evaluate("alpaca_eval_1", "vicuna-13b", "gpt4_ranking")
    published = autoeval.leaderboards.table.read_board(
        recorded_data() / "alpaca_eval_1" / "published_leaderboard.csv"
    ).rows["vicuna-13b"]
    for column in ("n_total", "avg_length"):
        assert result.row[column] == published[column]
    # a binary judge cannot say the recorded ties, so only decided pairs are comparable
    assert abs(result.win_rate.win_rate - float(published["win_rate"] or 0)) < 1


def test_a_model_short_of_outputs_is_refused_and_with_the_flag_its_row_says_how_many() -> None:
    with pytest.raises(autoeval.UsageError, match="--is_allow_partial"):
        autoeval.evaluate(
            recorded_data() / "alpaca_eval_1" / "text_davinci_001" / "model_outputs.json.gz",
            recorded_data() / "alpaca_eval_1" / "reference_outputs.json.gz",
            "longest",
            output_path=None,
        )
    result = _evaluate("alpaca_eval_1", "text_davinci_001", "longest")
    assert (result.row["n_total"], result.row["n_missing"]) == (803, 2)
    assert result.exit_code == 0
