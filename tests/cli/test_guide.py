"""Finding one's way: every command stands in one group and shows a line that works."""

import shlex
from importlib import import_module
from inspect import signature

import pytest

from autoeval.cli import commands
from autoeval.cli.guide import EXAMPLES, GROUPS


def test_every_command_is_listed_once() -> None:
    listed = commands.group.list_commands(None)  # type: ignore[arg-type]
    assert sorted(listed) == sorted(commands._JOURNEYS)
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(EXAMPLES)
    assert set(commands._JOURNEYS) == set(EXAMPLES), "each stands in a group and shows a line"


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_help_of_a_command_shows_lines_that_it_takes(name: str) -> None:
    group = commands.group
    command = group.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    help_text = command.get_help(command.make_context(name, [], resilient_parsing=True))
    text = help_text.replace(" \\\n      ", " ")
    for line in EXAMPLES[name]:
        assert f"alpaca_eval {line}\n" in text
        words = shlex.split(line)
        given = words[1:] if words[0] == name else words
        command.make_context(name, given)  # raises where there is no such flag or a value will not do


ASKING = (
    "evaluate",
    "evaluate_from_model",
    "evolve",
    "make_leaderboard",
    "bridge",
    "audit",
    "analyze_evaluators",
    "annotators",
    "new",
    "anchor",
    "refusal",
)


@pytest.mark.parametrize("name", ASKING)
def test_whatever_asks_says_what_it_costs_and_keeps_to_a_limit(name: str) -> None:
    parameters = signature(getattr(import_module(commands._JOURNEYS[name][0]), name)).parameters
    assert {"dry_run", "max_cost"} <= set(parameters)
