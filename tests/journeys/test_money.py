"""What a run would cost is said beforehand, and a budget holds."""

from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.runs.estimate import DryRun
from tests.journeys.small import evaluate_small
from tests.recorded import recorded_data
from tests.servers import JudgeServer, always
from tests.servers.recorded_judge import RecordedJudge


@pytest.mark.parametrize("annotator", ["gpt4_ranking", "gpt4_logprob", "claude"])
def test_a_dry_run_asks_nothing_and_its_tokens_are_near_those_used(annotator: str, tmp_path: Path) -> None:
    folder = recorded_data() / "alpaca_eval_1"
    parameters: dict[str, Any] = {
        "model_outputs": folder / "claude" / "model_outputs.json.gz",
        "reference_outputs": folder / "reference_outputs.json.gz",
        "annotators_config": annotator,
        "max_instances": 100,
        "output_path": None,
        "caching_path": tmp_path / "cache.sqlite",
    }
    with JudgeServer(RecordedJudge(folder, "claude")) as server:
        parameters["judge_base_url"] = server.address if annotator == "claude" else server.base_url
        plan = autoeval.evaluate(**parameters, dry_run=True)
        assert isinstance(plan, DryRun)
        assert server.n_requests == 0
        result = autoeval.evaluate(**parameters)
        assert server.n_requests == plan.n_new == 100
        assert autoeval.evaluate(**parameters, dry_run=True).n_new == 0
    used = result.ask.input_tokens + result.ask.output_tokens
    assert abs(plan.input_tokens + plan.output_tokens - used) < 0.15 * used
    assert plan.cost is not None
    assert abs(plan.cost - result.ask.spent) < 0.15 * result.ask.spent


def test_a_budget_holds_and_what_was_judged_is_kept(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        whole = evaluate_small(tmp_path / "..", server, caching_path=None).ask.spent
        result = evaluate_small(tmp_path, server, max_cost=whole / 2)
        assert result.exit_code == 4
        assert 0 < result.ask.spent <= whole / 2
        asked = server.n_requests
        again = evaluate_small(tmp_path, server, max_cost=whole)
        assert again.exit_code == 0
        assert server.n_requests == asked + 20 - result.ask.n_asked


def test_a_budget_for_a_model_of_unknown_price_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        with pytest.raises(autoeval.UsageError, match="--judge_price"):
            evaluate_small(tmp_path, server, judge_model="who-knows", max_cost=1)
        assert server.n_requests == 0
        result = evaluate_small(tmp_path, server, judge_model="who-knows", max_cost=1, judge_price=(1, 2))
    assert result.ask.spent > 0


def test_an_unknown_price_is_said_to_be_unknown(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        result = evaluate_small(tmp_path, server, judge_model="who-knows")
        plan = evaluate_small(tmp_path, server, judge_model="who-knows-either", dry_run=True)
    assert not result.ask.is_price_known
    assert plan.cost is None  # type: ignore[attr-defined]
