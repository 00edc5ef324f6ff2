"""Flags in every spelling that AlpacaEval's users have for them, and a help that says what each is."""

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autoeval.cli import commands, sections
from autoeval.cli.from_function import read_docstring
from autoeval.cli.values import Flag
from autoeval.journeys.parameters.obsolete import REASONS
from tests.cli.running import CommandLine
from tests.processes.peer import run_peer

COMMANDS = list(commands._JOURNEYS)
TEXTS: dict[str, tuple[str, Any]] = {
    "text": ("some text", "some text"),
    "path": ("a/b.json", "a/b.json"),
    "integer": ("7", 7),
    "number": ("0.5", 0.5),
    "number|word": ("sigmoid", "sigmoid"),
    "list": ("[2, 8]", [2, 8]),
}


def function_of(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(commands._JOURNEYS[name][0]), name)
    return function


def parameters_of(name: str) -> list[inspect.Parameter]:
    parameters = inspect.signature(function_of(name)).parameters.values()
    return [p for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "display"]


@pytest.fixture
def given(command: CommandLine) -> Callable[..., dict[str, Any]]:
    """Return what a command's function would get for some words."""

    def parse(*words: str) -> dict[str, Any]:
        seen: list[dict[str, Any]] = []
        command.patch.setattr(commands, "_run", lambda _, arguments: seen.append(arguments))
        outcome = command(*words)
        assert outcome.code == 0, outcome.err
        (arguments,) = seen
        return arguments

    return parse


Spelling = tuple[list[str], Any]
"""Words, and the value that they give."""


def spellings_of(parameter: inspect.Parameter) -> list[Spelling]:
    flag = parameter.name.rstrip("_")  # `try_`: Python keeps some words for itself
    hyphened = flag.replace("_", "-")
    kind = Flag(str(parameter.annotation)).name
    if kind == "boolean":
        yes = ([f"--{flag}"], [f"--{flag}", "True"], [f"--{flag}=True"], [f"--{hyphened}=true"])
        no = (f"--{flag}=False", f"--no{flag}", f"--no_{flag}", f"--no-{hyphened}", f"--no{hyphened}")
        return [*((words, True) for words in yes), *(([word], False) for word in no)]
    takes_none = "None" in str(parameter.annotation) or "Any" in str(parameter.annotation)
    return [
        spelling
        for text, value in (TEXTS[kind], *([("None", None)] if takes_none else []))
        for spelling in (
            ([f"--{flag}", text], value),
            ([f"--{flag}={text}"], value),
            ([f"--{hyphened}", text], value),
            ([f"--{hyphened}={text}"], value),
        )
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_in_every_spelling(name: str, given: Callable[..., dict[str, Any]]) -> None:
    """All flags at once, each in its first spelling, then each in its second, and so on."""
    spellings = {parameter.name: spellings_of(parameter) for parameter in parameters_of(name)}
    for turn in range(max(map(len, spellings.values()), default=0)):
        spelt = {name: known[turn % len(known)] for name, known in spellings.items()}
        words = [word for said, _ in spelt.values() for word in said]
        assert given(name, *words) == {name: value for name, (_, value) in spelt.items()}


def test_spellings_of_commands_and_of_none(given: Callable[..., dict[str, Any]]) -> None:
    assert (
        given("evaluate_from_model", "gpt-4.1")
        == given("evaluate-from-model", "gpt-4.1")
        == {"model_configs": "gpt-4.1"}
    )
    assert given() == given("evaluate") == {}
    assert given("evaluate", "outputs.json", "reference.json") == given("outputs.json", "reference.json")
    assert given("outputs.json", "--order", "both") == {"model_outputs": "outputs.json", "order": "both"}
    assert given("results/outputs", "--seed=1") == {"model_outputs": "results/outputs", "seed": 1}
    assert given("--compare_scores", "0.5") == {"compare_scores": 0.5}
    assert given("--is_cache_leaderboard", "None") == {"is_cache_leaderboard": None}
    assert given("--is_allow_partial", "--seed", "1") == {"is_allow_partial": True, "seed": 1}
    assert given("--model_outputs", "[a.json, b.json]") == {"model_outputs": ["a.json", "b.json"]}
    assert given("--name", "[x]") == {"name": "[x]"}
    assert given("--name=a=b") == {"name": "a=b"}
    assert given("--name", "no-model", "--", "--no-file") == {
        "name": "no-model",
        "model_outputs": "--no-file",
    }
    assert given("--metric_kwargs", "{a: 1}") == {"metric_kwargs": {"a": 1}}
    assert given("compare", "a", "b") == {"run_a": "a", "run_b": "b"}


def test_a_file_without_a_suffix_is_no_misspelt_command(
    command: CommandLine, given: Callable[..., dict[str, Any]]
) -> None:
    command.write("outputs", "x")
    assert given("outputs") == {"model_outputs": "outputs"}


@pytest.mark.parametrize("name", sorted(REASONS))
def test_an_old_parameter_is_accepted_and_named(command: CommandLine, name: str) -> None:
    for words in ([f"--{name}"], [f"--{name}", "False"], [f"--{name.replace('_', '-')}=1"], [f"--no{name}"]):
        outcome = command(*words)
        assert outcome.code == 0
        assert outcome.err == f"autoeval: --{name} has no effect: {REASONS[name]}.\n"


_PEERS_PARAMETERS = """
import inspect, json
from alpaca_eval import main
names = ("evaluate", "evaluate_from_model", "make_leaderboard", "analyze_evaluators")
print(json.dumps({name: list(inspect.signature(getattr(main, name)).parameters) for name in names}))
"""


@pytest.mark.peer
def test_every_parameter_of_alpaca_eval_is_accepted(tmp_path: Path) -> None:
    import json

    told = run_peer("-c", _PEERS_PARAMETERS, folder=tmp_path)
    for name, theirs in json.loads(told.stdout.splitlines()[-1]).items():
        ours = {parameter.name for parameter in parameters_of(name)} | set(REASONS)
        ends_in_kwargs = {
            "annotation_kwargs",
            "kwargs",
            "Annotator_kwargs",
            "annotator_kwargs",
            "kwargs_evaluator",
        }
        assert set(theirs) - ours - ends_in_kwargs == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_describes_every_parameter(command: CommandLine, name: str) -> None:
    told = command(name, "--help").out
    summary, descriptions = read_docstring(function_of(name))
    assert squeezed(summary) in squeezed(told)
    for parameter in parameters_of(name):
        assert descriptions.get(parameter.name), f"{name} --{parameter.name} is not described"
        assert f"  --{parameter.name.rstrip('_')}" in told
        assert squeezed(descriptions[parameter.name]) in squeezed(told)
    assert not any(f"  --{old} " in told for old in set(REASONS) - {p.name for p in parameters_of(name)})
    assert max(map(len, told.splitlines())) <= 80


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_help_of_the_group_lists_every_command(command: CommandLine) -> None:
    told = command("--help").out
    for name, (_, summary) in commands._JOURNEYS.items():
        assert re.search(rf"^  {name} ", told, re.MULTILINE)
        assert summary in " ".join(told.split())
    assert "evaluate --help" in told
    assert max(map(len, told.splitlines())) <= 80


def test_flags_stand_under_one_heading_each() -> None:
    placed = [flag for flags in sections.SECTIONS.values() for flag in flags]
    assert len(placed) == len(set(placed))
    known = {parameter.name for name in COMMANDS for parameter in parameters_of(name)}
    assert set(placed) - {"output_format"} <= known  # that one is of the command line alone
    for name in COMMANDS:
        flags = [parameter.name for parameter in parameters_of(name)]
        sorted_flags = sections.by_section(flags)
        assert sorted(flag for found in sorted_flags.values() for flag in found) == sorted(flags)
