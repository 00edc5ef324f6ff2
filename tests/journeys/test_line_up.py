"""The list of judges and models, and a trial of each judge that a key is there for."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from autoeval.annotators.loading import load_annotator, names
from autoeval.cli.show_line_up import show_line_up
from autoeval.completions.ask import Silent
from autoeval.errors import UsageError
from autoeval.journeys.line_up import annotators, models
from tests.servers import Answer, JudgeServer, always
from tests.servers.families import openai_family


def test_every_judge_is_listed_with_price_order_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {entry.name: entry for entry in annotators().entries}
    assert list(listed) == names()
    ours = listed["gpt6_ranking"]
    assert (ours.model, ours.order, ours.says, ours.until) == ("gpt-6-luna", "random", "binary", "no date")
    assert ours.price is not None
    assert (ours.price.input, ours.price.output) == pytest.approx((0.1, 0.5))
    assert ours.default_of == ("alpaca_eval_1",)
    assert listed["gpt4_cot"].until == "2027-01-14"
    assert listed["open_graded"].until == listed["offline"].until == "always"
    monkeypatch.setenv("AUTOEVAL_TODAY", "2027-01-14")
    assert {entry.name: entry for entry in annotators().entries}["gpt4_cot"].until == "gone 2027-01-14"


def test_every_model_is_listed() -> None:
    listed = {entry.name: entry.until for entry in models().entries}
    assert listed["gpt-4.1"] == "2027-01-14"
    assert listed["gpt-6-luna"] == "no date"
    assert listed["openrouter-qwen3-32b"] == "unknown"


def tried(monkeypatch: pytest.MonkeyPatch, answer: Any, **parameters: Any) -> dict[str, Any]:
    """Try the judges for which there is a key; there is only OpenAI's."""
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(
        "autoeval.annotators.loading.names", lambda: ["claude5_ranking", "gpt6_graded", "offline"]
    )
    with JudgeServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        result = annotators(try_=True, **parameters)
        n_asked = server.n_requests
    return {"n": n_asked, "code": result.exit_code, **{entry.name: entry.trial for entry in result.entries}}


def test_a_judge_that_cannot_be_tried_is_passed_over_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(name: str) -> Any:
        if name == "claude5_ranking":
            raise UsageError("The model needs an optional dependency.")
        return load_annotator(name)

    said: dict[str, str] = {}

    class Told(Silent):
        def announce(self, message: str) -> None:
            name, _, said[name] = message.partition(": ")

    monkeypatch.setattr("autoeval.annotators.loading.load_annotator", load)
    found = tried(monkeypatch, openai_family(always("97%")), display=Told())
    assert (found["n"], found["code"]) == (1, 0)
    assert said["claude5_ranking"] == "not tried: The model needs an optional dependency."
    assert said["offline"] == "not tried: nobody is asked"
    assert said["gpt6_graded"].startswith("answers")


def test_a_trial_asks_whom_a_key_is_there_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tried(monkeypatch, openai_family(always("97%")))
    assert (found["n"], found["code"]) == (1, 0)
    assert found["claude5_ranking"] is None
    assert found["offline"] is None
    assert found["gpt6_graded"].is_right
    assert 0 < found["gpt6_graded"].cost < 0.001


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (always("no idea"), "no verdict"),
        (always("nope", status=404, code="model_not_found"), "HTTP 404"),
        (lambda _: Answer("97%", output_tokens=50_000), "costs $"),
    ],
)
def test_a_trial_that_goes_wrong_says_how(monkeypatch: pytest.MonkeyPatch, answer: Any, why: str) -> None:
    found = tried(monkeypatch, answer)
    assert found["code"] == 3
    assert why in found["gpt6_graded"].verdict


def test_a_trial_stays_within_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tried(monkeypatch, always("97%"), max_cost=0.000001)
    assert found["n"] == 0
    assert "budget" in found["gpt6_graded"].verdict


@pytest.mark.parametrize("listing", [annotators, models])
def test_eighty_columns_show_every_price_and_date_whole(listing: Any) -> None:
    line_up = listing()
    said = StringIO()
    console = Console(width=80, file=said)
    show_line_up(console, line_up)
    shown = {line.split()[0]: line.split() for line in reversed(said.getvalue().splitlines()) if line.strip()}
    for entry in line_up.entries:
        words = shown[entry.name]
        assert " ".join(words).endswith(entry.until), entry.name
        if entry.price is not None:
            assert {f"{entry.price.input:g}", f"{entry.price.output:g}"} <= set(words), entry.name
