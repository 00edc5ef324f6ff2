"""What every journey with a judge takes, in Python as on the command line: shown, typed and described."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, get_type_hints

import pytest

import autoeval
from autoeval.cli.from_function import read_docstring
from autoeval.completions.ask import Silent
from autoeval.journeys.make_leaderboard import make_leaderboard
from autoeval.journeys.parameters.asking import AskingParameters
from autoeval.journeys.parameters.forwarding import defaults
from autoeval.journeys.percent_of import percent_of

JOURNEYS: list[Callable[..., Any]] = [
    autoeval.evaluate,
    autoeval.evaluate_from_model,
    autoeval.analyze_evaluators,
    autoeval.audit,
    make_leaderboard,
]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_a_signature_shows_types_and_defaults(journey: Callable[..., Any]) -> None:
    shown = inspect.signature(journey).parameters
    for name, kind in get_type_hints(AskingParameters).items():
        assert shown[name].annotation == kind
    told = {name: shown[name].default for name in ("max_concurrency", "max_cost", "batch", "caching_path")}
    assert told == {"max_concurrency": 64, "max_cost": None, "batch": False, "caching_path": "auto"}


def test_a_journeys_own_words_come_first() -> None:
    _, board = read_docstring(make_leaderboard)
    _, audit = read_docstring(autoeval.audit)
    assert board["min_coverage"].startswith("Leave a model off the board")
    assert audit["min_coverage"].startswith("Exit with 3")
    assert board["retry_delay"] == audit["retry_delay"]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_a_misspelt_parameter_is_named_before_anything_is_read(journey: Callable[..., Any]) -> None:
    with pytest.raises(autoeval.UsageError, match=r"'max_concurency'\. Did you mean 'max_concurrency'"):
        journey(max_concurency=3)


@pytest.mark.parametrize("journey", JOURNEYS[:1] + JOURNEYS[2:], ids=lambda journey: journey.__name__)
def test_a_value_that_cannot_be_is_refused_before_anything_is_read(journey: Callable[..., Any]) -> None:
    for wrong in ({"order": "rand"}, {"min_coverage": 2}, {"p_label_flip": 0.6}):
        with pytest.raises(autoeval.UsageError, match=f"--{next(iter(wrong))}"):
            journey(**wrong)


NEVER_ASKS: dict[str, Callable[..., Any]] = {
    "recorded": partial(autoeval.analyze_evaluators, labelled="csv", dataset=[{}], recorded=[{}]),
    "judgments": partial(make_leaderboard, eval_set="mt_bench", judgments=[{}]),
    "reviews": partial(percent_of, reviews=[{}]),
}
OF_ASKING: dict[str, Any] = {
    "max_concurrency": 8,
    "dry_run": True,
    "max_cost": 0,
    "caching_path": None,
    "judge_prompts": [{"name": "single"}],
    "min_coverage": 0.5,
    "go_on": True,
}


@pytest.mark.parametrize("flag", OF_ASKING)
@pytest.mark.parametrize("reads", NEVER_ASKS)
def test_what_is_said_of_asking_is_refused_where_nobody_is_asked(reads: str, flag: str) -> None:
    with pytest.raises(autoeval.UsageError, match=f"--{flag} is for asking a judge, and with --{reads}"):
        NEVER_ASKS[reads](**{flag: OF_ASKING[flag]})


@pytest.mark.parametrize("reads", NEVER_ASKS)
def test_defaults_are_said_of_nothing(reads: str) -> None:
    given = {name: value for name, value in defaults(AskingParameters).items() if name != "display"}
    with pytest.raises(autoeval.UsageError) as raised:
        NEVER_ASKS[reads](**given, display=Silent())
    assert "is for asking a judge" not in str(raised.value)


@pytest.mark.parametrize(
    ("journey", "missing"), [(percent_of, "--reviews is missing"), (make_leaderboard, "--all_model_outputs")]
)
def test_where_nothing_is_read_what_is_missing_is_said(journey: Callable[..., Any], missing: str) -> None:
    with pytest.raises(autoeval.UsageError, match=missing):
        journey(max_concurrency=8)
