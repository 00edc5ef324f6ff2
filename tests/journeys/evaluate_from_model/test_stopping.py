"""What ends a run before or while it costs something: mistakes, refusals, budgets, dry runs."""

from pathlib import Path

import pytest

from autoeval.errors import AutoevalError, UsageError
from autoeval.runs.estimate import DryRuns
from tests.journeys.evaluate_from_model.small_model import Run, config_of
from tests.servers import JudgeServer, always
from tests.servers.odd_replies import FAILING, copied


def test_nothing_is_generated_where_judging_would_fail(
    run: Run, model: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="Did you mean 'gpt4_ranking'"):
        run(annotators_config="gpt4_rankin")
    with pytest.raises(UsageError, match="interval"):
        run(interval="t_plus5")
    with pytest.raises(UsageError, match="min_covrage"):
        run(min_covrage=0.5)
    with pytest.raises(UsageError, match="output"):
        run(evaluation_dataset=[{"instruction": "Sing."}])
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY"):
        run(annotators_config="claude")
    with pytest.raises(UsageError, match="--generator_price"):
        run(generator_model="who-knows", max_cost=1)
    assert model.n_requests == 0


def test_a_refused_key_stops_and_keeps_what_came(run: Run, tmp_path: Path) -> None:
    with JudgeServer(always("yes"), key="sk-other") as server, pytest.raises(AutoevalError) as error:
        run(model_configs=config_of(server))
    assert error.value.exit_code == 5
    assert not (tmp_path / "results" / "model_outputs.json").exists()


def test_a_budget_is_for_generating_and_judging_together(tmp_path: Path, run: Run) -> None:
    with JudgeServer(always("a > b")) as judge:
        judged = {"annotators_config": "gpt4_ranking", "judge_base_url": judge.base_url}
        plans = run(dry_run=True, **judged)
        assert isinstance(plans, DryRuns)
        whole = run(**judged, caching_path=None, output_path=None)
        spent = [whole.generations[0].report.spent, whole.ask.spent]
        assert all(spent)
        limited = {"temperature": 0.5, "max_tokens": 60}
        cheap = run(generator_parameters=limited, max_cost=spent[0] + 0.002, **judged)
        assert cheap.exit_code == 4
        assert cheap.generations[0].report.spent + cheap.ask.spent <= spent[0] + 0.002
        with pytest.raises(AutoevalError, match="budget") as error:
            run(generator_parameters={"max_tokens": 50}, is_load_outputs=False, max_cost=0.001, **judged)
    assert error.value.exit_code == 4


def test_a_dry_run_plans_both_steps_and_asks_nothing(run: Run, model: JudgeServer, tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as judge:
        judged = {"annotators_config": "gpt4_ranking", "judge_base_url": judge.base_url}
        plans: DryRuns = run(dry_run=True, **judged)
        assert (model.n_requests, judge.n_requests) == (0, 0)
        assert [plan.n_new for plan in plans.steps.values()] == [20, 20]
        assert plans.cost
        assert not (tmp_path / "results").exists()
        run(**judged)
        assert run(dry_run=True, **judged).cost == 0


@pytest.mark.parametrize(
    "name",
    [
        "error in the choice",
        "finish error",
        "finish error after words",
        "error beside choices",
        "choices null with 429",
        "filtered, message null",
        "no choice at all",
        "choice empty",
    ],
)
def test_a_reply_that_is_none_becomes_no_output(name: str, run: Run, tmp_path: Path) -> None:
    reply, _, word = FAILING[name]
    with JudgeServer(always(raw=copied(reply))) as server, pytest.raises(AutoevalError) as error:
        run(model_configs=config_of(server), retry_delay=0)
    assert error.value.exit_code in (3, 5)
    assert word in str(error.value)
    assert not (tmp_path / "results" / "model_outputs.json").exists(), (
        "an output that nobody wrote is no loss"
    )
