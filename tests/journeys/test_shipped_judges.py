"""Every shipped judge, at a server that behaves as its model's family does, on recorded pairs."""

from typing import Any

import pytest

import autoeval
from autoeval.annotators.loading import load_annotator, names
from autoeval.runs.result import Evaluation
from tests.journeys.small import evaluated
from tests.recorded import load_recorded, recorded_data
from tests.servers import JudgeServer
from tests.servers.families import BEHAVIOURS, FAMILIES
from tests.servers.recorded_judge import RecordedJudge

MODEL = "alpaca-7b"
SHIPPED = [(family, judge) for family, judges in FAMILIES.items() for judge in judges]
NEED_NO_SERVER = {"longest", "offline", "refusal_rule", "smollm2_logprob"}
OF_ANY_MODEL = {"openai_compatible"}
OF_OTHER_CASES = {
    "arena_hard",
    "checklist",
    "checklist_pairs",
    "critique",
    "evolve_eliminator",
    "instruction_difficulty",
    "mt_bench_grade",
    "mt_bench_pairwise",
    "percent_of_review",
    "refusal_judge",
    "rubric",
    "ultrafeedback",
}
"""Tried on what they are for in tests/arena_hard, mt_bench, refusals, reviews, scored, annotators and journeys."""


@pytest.fixture(scope="module")
def recorded_judge() -> RecordedJudge:
    return RecordedJudge(recorded_data() / "alpaca_eval_1", MODEL)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(variable, "sk-test")


def evaluate(
    judge: str, family: str, recorded_judge: RecordedJudge, n: int | None, **parameters: Any
) -> tuple[Evaluation, JudgeServer]:
    """Evaluate a recorded model with a judge, at a server of a family."""
    folder = recorded_data() / "alpaca_eval_1"
    with JudgeServer(BEHAVIOURS[family](recorded_judge)) as server:
        result: Evaluation = evaluated(
            folder / MODEL / "model_outputs.json.gz",
            folder / "reference_outputs.json.gz",
            judge,
            judge_base_url=server.address if family == "anthropic" else server.base_url,
            output_path=None,
            caching_path=None,
            max_instances=n,
            retry_delay=0,
            **parameters,
        )
    return result, server


def check(result: Evaluation, judge: str) -> None:
    """Compare what a judge said with the records; a judge that cannot say a tie leaves those pairs out."""
    rows = load_recorded(recorded_data() / "alpaca_eval_1" / MODEL / "annotations.json.gz")
    recorded = {row["instruction"]: row["preference"] for row in rows}
    given = {row["instruction"]: row["preference"] for row in result.records()}
    decided = {instruction for instruction in given if recorded[instruction] in (1, 2)}
    assert len(decided) > len(given) * 0.9
    for instruction in decided:
        preference = given[instruction]
        assert preference is not None, f"{judge}: no verdict on {instruction[:60]!r}"
        assert (preference - 1.5) * (recorded[instruction] - 1.5) > 0


def test_every_shipped_judge_is_tried_here() -> None:
    assert {judge for _, judge in SHIPPED} == set(names()) - NEED_NO_SERVER - OF_ANY_MODEL - OF_OTHER_CASES


@pytest.mark.parametrize(("family", "judge"), SHIPPED)
def test_a_shipped_judge_is_understood_by_its_family(
    family: str, judge: str, recorded_judge: RecordedJudge
) -> None:
    result, server = evaluate(judge, family, recorded_judge, 8)
    check(result, judge)
    samples = load_annotator(judge).judges[0].samples
    asked = [row for row in result.records() if row["output_1"] != row["output_2"]]
    assert server.n_requests == len(asked) * samples, "nothing was refused, nothing asked twice"


@pytest.mark.slow
@pytest.mark.parametrize(("family", "judge"), SHIPPED)
def test_a_shipped_judge_completes_recorded_pairs(
    family: str, judge: str, recorded_judge: RecordedJudge
) -> None:
    """The first of each family 300; the others the first hundred."""
    n = 300 if judge == FAMILIES[family][0] else 100
    result, _ = evaluate(judge, family, recorded_judge, n)
    check(result, judge)
    assert len(result.records()) == n


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        *(("gpt-6-luna", prompt) for prompt in ("gpt4_ranking", "gpt4_logprob", "gpt4_cot")),
        *(("gpt-6.1-sol", prompt) for prompt in ("gpt4_ranking", "gpt4_cot", "gpt6_graded", "gpt6_levels")),
        ("gpt-6-astra", "gpt6_ranking"),
        ("gpt-5.1", "gpt4_logprob"),
    ],
)
def test_openai_models_can_be_put_under_our_prompts(
    model: str, prompt: str, recorded_judge: RecordedJudge
) -> None:
    result, _ = evaluate(prompt, "openai", recorded_judge, 4, judge_model=model)
    check(result, f"{prompt} with {model}")


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("claude-haiku-5-5", "claude"),
        ("claude-sonnet-5-5", "claude_cot"),
        ("claude-opus-5-5", "claude5_graded"),
        ("claude-fable-5-2", "claude5_ranking"),
    ],
)
def test_claudes_can_be_put_under_our_prompts(model: str, prompt: str, recorded_judge: RecordedJudge) -> None:
    result, _ = evaluate(prompt, "anthropic", recorded_judge, 4, judge_model=model)
    check(result, f"{prompt} with {model}")


OPENAI_MODELS = (
    *("gpt-6-luna", "gpt-6-sol", "gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra", "gpt-7-unheard-of"),
    *("gpt-5", "gpt-5.1", "gpt-5.5", "gpt-5.6-sol", "o3", "gpt-4.1", "gpt-4o-mini"),
)
CLAUDES = (
    *("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2", "claude-unheard-of-6"),
    *("claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-4-7", "claude-opus-4-8"),
)
GRID = {
    "openai": (OPENAI_MODELS, FAMILIES["openai"] + FAMILIES["gpt-4.1"]),
    "anthropic": (CLAUDES, FAMILIES["anthropic"]),
    "gemini": (("gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-2.5-pro"), FAMILIES["gemini"]),
    "open": (("Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B-Thinking", "openai/gpt-oss-20b"), FAMILIES["open"]),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "model", "prompt"),
    [
        (family, model, prompt)
        for family, (models, prompts) in GRID.items()
        for i, model in enumerate(models)
        for j, prompt in enumerate(prompts)
        if (i + j) % 3 == 0  # every model under several prompts, every prompt under several models
    ],
)
def test_any_model_of_a_family_works_under_any_prompt_or_stops_in_time(
    family: str, model: str, prompt: str, recorded_judge: RecordedJudge
) -> None:
    try:
        result, server = evaluate(prompt, family, recorded_judge, 12, judge_model=model)
    except autoeval.UsageError as refused:
        assert "gives none there; take a judge whose reply says how sure it is" in str(refused)  # noqa: PT017
        return
    if result.ask.stop is None:
        check(result, f"{prompt} with {model}")
    else:
        assert_stopped_in_time(result, server)


def assert_stopped_in_time(result: Evaluation, server: JudgeServer) -> None:
    """A run that cannot work pays for 8 replies at most, and says what to do."""
    assert result.ask.stop is not None
    if result.exit_code == 5:  # refused: nothing was paid for, and the server says which parameter it is
        assert not result.ask.output_tokens
        assert "Unsupported parameter" in result.ask.stop.message
    else:
        assert server.n_requests == 8
        assert "raise the judge's token limit" in result.ask.stop.message


@pytest.mark.parametrize("prompt", ["claude", "claude_cot"])
def test_a_claude_that_thinks_past_its_limit_is_stopped_after_eight_replies(
    prompt: str, recorded_judge: RecordedJudge
) -> None:
    result, server = evaluate(prompt, "anthropic", recorded_judge, 30, judge_model="claude-opus-4-8")
    assert_stopped_in_time(result, server)
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("family", "prompt", "model"),
    [
        ("openai", "gpt4_logprob", "gpt-6.1-sol"),
        ("openai", "gpt6_logprob", "gpt-6-astra"),
    ],
)
def test_a_model_without_log_probabilities_is_refused_for_a_judge_that_reads_them(
    family: str, prompt: str, model: str, recorded_judge: RecordedJudge
) -> None:
    with pytest.raises(autoeval.UsageError, match=r"gives none there.*gpt6_graded"):
        evaluate(prompt, family, recorded_judge, 4, judge_model=model)


def test_reasoning_is_counted_and_paid_also_where_only_the_total_has_it(
    recorded_judge: RecordedJudge,
) -> None:
    spent = {
        family: evaluate(judge, family, recorded_judge, 6)[0].ask
        for family, judge in (("gemini", "gemini3_cot"), ("openai", "gpt6_cot"), ("anthropic", "claude5_cot"))
    }
    for family, asked in spent.items():
        assert asked.output_tokens > asked.n_asked * 200, family
        assert asked.spent > 0, family
