"""What a run says, before it asks, of a model that is gone, goes soon, is unknown or lives on."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import autoeval
from autoeval.completions.ask import Silent
from autoeval.leaderboards.presets import default_annotator, find_preset
from autoeval.runs.result import Evaluation
from tests.alpaca_eval.configs import write_evaluators
from tests.journeys.small import evaluated, write_outputs
from tests.servers import JudgeServer, always

GONE, SOON, LIVING, UNKNOWN = "gpt-4", "gpt-4.1", "gpt-6-luna", "nobody-knows-it"


class Heard(Silent):
    """Keeps the lines of a run."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def announce(self, line: str) -> None:
        self.lines.append(line)

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.lines if line.startswith("warning")]


def evaluate(folder: Path, model: str, n: int = 6, **parameters: Any) -> tuple[Any, Heard]:
    """Evaluate small outputs with a judge of ours and another model."""
    outputs, reference = write_outputs(folder, n)
    heard = Heard()
    defaults = {
        "annotators_config": "gpt4_ranking",
        "judge_model": model,
        "caching_path": folder / "cache.sqlite",
        "output_path": None,
        "display": heard,
        "retry_delay": 0,
    }
    return evaluated(outputs, reference, **{**defaults, **parameters}), heard


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (GONE, "OpenAI shut gpt-4 down on 2026-10-23"),
        (SOON, "gpt-4.1 goes on 2027-01-14 (in 49 days"),
        (LIVING, None),
        (UNKNOWN, None),
    ],
)
def test_a_dry_run_says_what_is_known_of_the_judges_end(tmp_path: Path, model: str, said: str | None) -> None:
    plan, _ = evaluate(tmp_path, model, dry_run=True)
    if said is None:
        assert not plan.notes
    else:
        (note,) = plan.notes
        assert said in note


def test_a_judge_that_is_gone_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    with pytest.raises(autoeval.UsageError) as refused:
        evaluate(tmp_path, GONE)
    message = str(refused.value)
    assert "OpenAI shut gpt-4 down on 2026-10-23" in message
    assert "OpenAI names gpt-5.6-sol" in message
    assert "alpaca_eval bridge --board BOARD --annotators_config gpt6_ranking" in message
    assert "table of 2026-11-26" in message


def test_the_day_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEVAL_TODAY", "2027-01-14")
    with pytest.raises(autoeval.UsageError, match=r"OpenAI shut gpt-4.1 down on 2027-01-14"):
        evaluate(tmp_path, SOON)
    monkeypatch.setenv("AUTOEVAL_TODAY", "2026-10-15")
    assert not evaluate(tmp_path, SOON, dry_run=True)[0].notes, "91 days are not soon"


@pytest.mark.parametrize(("model", "n_lines"), [(GONE, 1), (SOON, 0), (LIVING, 0), (UNKNOWN, 0)])
def test_at_another_address_one_line_warns(tmp_path: Path, model: str, n_lines: int) -> None:
    with JudgeServer(always("a > b")) as server:
        result, heard = evaluate(tmp_path, model, judge_base_url=server.base_url)
    assert result.tally.n_judged == 6
    assert len(heard.warnings) == n_lines
    assert not n_lines or f"{server.base_url} may still serve it" in heard.warnings[0]


def test_a_server_that_lists_an_end_is_quoted(tmp_path: Path) -> None:
    with JudgeServer(always("a > b"), models={UNKNOWN: "2026-12-24", LIVING: None}) as server:
        _, heard = evaluate(tmp_path, UNKNOWN, judge_base_url=server.base_url)
        _, silent = evaluate(tmp_path, LIVING, judge_base_url=server.base_url)
    assert "nobody-knows-it goes on 2026-12-24 (in 28 days, as the server's list" in heard.warnings[0]
    assert not silent.warnings


def test_a_server_of_ones_own_gets_no_request_but_the_judges(tmp_path: Path) -> None:
    with JudgeServer(models={UNKNOWN: "2026-12-01"}) as server:
        _, heard = evaluate(
            tmp_path, UNKNOWN, annotators_config="openai_compatible", judge_base_url=server.base_url
        )
    assert not heard.warnings, "its list of models, where the date stands, was not read"


def test_what_is_cached_of_a_judge_that_is_gone_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JudgeServer(always("a > b")) as server:
        _take_for_openais_own(monkeypatch, server)
        evaluate(tmp_path, SOON)
    monkeypatch.setenv("AUTOEVAL_TODAY", "2027-02-01")
    whole, heard = evaluate(tmp_path, SOON)
    assert whole.tally.n_judged == 6
    assert not heard.warnings, "nothing is asked, so nothing need be said"
    part, _ = evaluate(tmp_path, SOON, n=9)
    assert (part.tally.n_judged, part.tally.n_missing) == (6, 3)
    assert part.exit_code == 5
    assert "OpenAI shut gpt-4.1 down" in part.ask.stop.message
    with pytest.raises(autoeval.UsageError, match="cannot be asked"):
        evaluate(tmp_path, SOON, caching_path=None)


def _take_for_openais_own(monkeypatch: pytest.MonkeyPatch, server: JudgeServer) -> None:
    """Take a local server for the maker's own address."""
    from dataclasses import replace

    from autoeval.completions.providers.presets import PRESETS

    own = replace(PRESETS["openai"], url=server.base_url, url_variables=())
    monkeypatch.setitem(PRESETS, "openai", own)


def test_a_model_that_vanishes_in_mid_run_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JudgeServer(models={}) as server:
        result, _ = evaluate(tmp_path, SOON, judge_base_url=server.base_url)
        unknown, _ = evaluate(tmp_path, UNKNOWN, judge_base_url=server.base_url)
    message = result.ask.stop.message
    assert "HTTP 404" in message
    assert "2027-01-14" in message
    assert "alpaca_eval bridge" in message
    assert "alpaca_eval annotators" in unknown.ask.stop.message


def test_a_model_to_evaluate_that_is_gone_is_refused(tmp_path: Path) -> None:
    _, reference = write_outputs(tmp_path)
    config = {"old": {"provider": "openai", "model": GONE}}
    with pytest.raises(autoeval.UsageError, match=r"OpenAI shut gpt-4 down.*--generator_base_url"):
        autoeval.evaluate_from_model(
            config,
            evaluation_dataset=reference,
            annotators_config="longest",
            output_path=None,
            caching_path=None,
        )
    with pytest.raises(autoeval.UsageError, match=r"OpenAI shut gpt-4 down.*--judge_base_url"):
        autoeval.evaluate_from_model(
            {"new": {"provider": "openai", "model": LIVING}},
            evaluation_dataset=reference,
            annotators_config="gpt4_ranking",
            judge_model=GONE,
            output_path=None,
            caching_path=None,
        )


def test_a_preset_takes_alpaca_evals_judge_only_while_it_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_evaluators(tmp_path / "alpaca_eval" / "evaluators_configs")
    (tmp_path / "alpaca_eval" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for preset, theirs, ours in (
        ("alpaca_eval_1", "alpaca_eval_gpt4", "gpt6_ranking"),
        ("alpaca_eval_2", "weighted_alpaca_eval_gpt4_turbo", "gpt6_logprob"),
    ):
        defaults = find_preset(preset)
        assert default_annotator(defaults) == ours
        assert default_annotator(defaults, [folder]) == theirs, "it was asked for"
        monkeypatch.setenv("AUTOEVAL_TODAY", "2026-10-22")
        assert default_annotator(defaults) == theirs
        monkeypatch.setenv("AUTOEVAL_TODAY", "2026-11-26")
    with pytest.raises(autoeval.UsageError, match=r"gpt4_turbo cannot be asked.*alpaca_eval bridge"):
        evaluate(tmp_path, "gpt-4-1106-preview", annotators_config=str(folder / theirs))


def test_the_default_judge_is_named_in_the_first_line(tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path)
    heard = Heard()
    autoeval.evaluate(outputs, reference, dry_run=True, caching_path=None, display=heard)
    assert heard.lines[0].startswith("judge gpt6_ranking (gpt-6-luna)")


def test_a_jury_with_one_judge_that_is_gone_names_it(tmp_path: Path) -> None:
    from autoeval.resources import shipped

    judge = yaml.safe_load((shipped("annotator_configs") / "gpt4_ranking" / "config.yaml").read_text())
    judge["messages"] = [{"role": "user", "content": "{{ first }} or {{ second }}: a or b?"}]
    jury = {
        "combine": "jury",
        "annotators": {"old": {**judge, "model": GONE}, "new": {**judge, "model": LIVING}},
    }
    (tmp_path / "jury.yaml").write_text(json.dumps(jury))
    with pytest.raises(autoeval.UsageError, match="old cannot be asked"):
        evaluate(tmp_path, None, annotators_config=tmp_path / "jury.yaml")  # type: ignore[arg-type]


def test_the_result_is_an_evaluation(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        result, _ = evaluate(tmp_path, LIVING, judge_base_url=server.base_url)
    assert isinstance(result, Evaluation)
