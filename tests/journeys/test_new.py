"""Configs to start from: they load, they ask, and nothing is written over."""

from pathlib import Path

import pytest

from autoeval import evaluate, validate
from autoeval.errors import UsageError
from autoeval.journeys.new import new
from tests.journeys.small import write_outputs
from tests.servers import JudgeServer, always


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("kind", ["annotator", "model"])
def test_what_is_written_loads_and_says_what_it_sends(
    tmp_path: Path, kind: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    made = new(kind, tmp_path / "mine", provider=provider)
    assert (made.validation.kind, made.validation.name, made.trial) == (kind, "mine", None)
    assert validate(tmp_path / "mine").requests == made.validation.requests


def test_a_judge_is_tried_and_then_judges(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        made = new(
            "annotator",
            tmp_path / "mine",
            provider="openai_compatible",
            base_url=server.base_url,
            model="my-model",
            max_cost=None,
        )
        assert server.n_requests == 1
        assert made.trial is not None
        outputs, reference = write_outputs(tmp_path, 4)
        result = evaluate(outputs, reference, tmp_path / "mine", output_path=None, caching_path=None)
        assert result.tally.n_judged == 4
        assert server.bodies[-1]["model"] == "my-model"


def test_a_dry_run_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    made = new("annotator", tmp_path / "mine", dry_run=True)
    assert made.trial is not None
    assert "not asked; one question costs about $0.0000" in made.trial.verdict
    assert made.exit_code == 0


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        new("annotator", tmp_path)
    for parameters, said in (
        ({"kind": "judge", "name": "x"}, "annotator"),
        ({"kind": "annotator"}, "name the folder"),
        ({"kind": "annotator", "name": "x", "provider": "opnai"}, "Did you mean 'openai'"),
        ({"kind": "annotator", "name": "x", "provider": "openai_compatible"}, "--base_url"),
    ):
        with pytest.raises(UsageError, match=said):
            new(**parameters)  # type: ignore[arg-type]
