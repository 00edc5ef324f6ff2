"""A command made of a Python function: its parameters are the flags, its docstring the help.

So a flag, its default and its description stand in one place, and the command line cannot drift from Python.
"""

import inspect
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from textwrap import wrap
from typing import Any

import click

from autoeval.cli.sections import by_section
from autoeval.cli.values import Flag
from autoeval.errors import UsageError, nearest

_NOT_FLAGS = frozenset({"display"})
_HELP_WIDTH = 100
_EXAMPLE_WIDTH = 72
_SEVERAL = frozenset(
    {"all_model_outputs", "annotations", "caching_path", "dataset", "not_in", "recorded", "reviews"}
)
"""Flags that take several files."""
_ONE = ("model_outputs", "reference_outputs")
"""Flags of which the last would stand for all, and what the others name would not be judged."""
_ALONE = "True"
"""What a switch without a value says."""
_SPELLINGS = (
    "Flags may be spelt with hyphens. A switch stands alone or takes a value (--switch, --switch True, "
    "--switch=False, --noswitch). None is no value; lists and dicts are YAML."
)


class Command(click.Command):
    """A command whose flags may be spelt with hyphens or underscores, and whose booleans may be negated."""

    examples: tuple[str, ...] = ()

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say what it does, and show it."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(map(_as_typed, self.examples)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bring the flags into the one spelling that click knows, then parse them."""
        options = [parameter for parameter in self.params if isinstance(parameter, click.Option)]
        switches = {option.opts[0].removeprefix("--") for option in options if option.flag_value == _ALONE}
        try:
            given = canonical_all(after_fire(args), switches)
            _refuse_twice(given)
            return super().parse_args(ctx, with_lists(given))
        except click.NoSuchOption as error:
            known = [option.opts[0] for option in options if not option.hidden]
            hint = nearest(error.option_name, known)
            if not hint.startswith("Did"):
                hint = f"{self.name} --help lists them."
            raise UsageError(f"{self.name} has no flag {error.option_name!r}. {hint}") from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the flags under the headings of `sections`."""
        records = {
            str(parameter.name): record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)) is not None
        }
        for title, names in by_section(list(records)).items():
            with formatter.section(title):
                formatter.write_dl([records[name] for name in names])


def _as_typed(line: str) -> str:
    """Return a command line as it may be typed within the width of a help text."""
    pieces = wrap(f"alpaca_eval {line}", _EXAMPLE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return "  " + " \\\n      ".join(pieces) + "\n"


def after_fire(args: Sequence[str]) -> list[str]:
    """Put a plea for help that stands behind a lone `--`, where AlpacaEval's users write it, in front of that."""
    end = args.index("--") if "--" in args else len(args)
    asks = any(arg in ("--help", "-h") for arg in args[end:])
    return ["--help"] if asks else list(args)


def with_lists(args: Sequence[str]) -> list[str]:
    """Return arguments in which a flag for files that is followed by several, as by a shell's glob, has a list."""
    end = args.index("--") if "--" in args else len(args)
    found: list[str] = []
    place = 0
    while place < end:
        arg = args[place]
        place += 1
        if arg.removeprefix("--") in _SEVERAL and arg.startswith("--"):
            values = list(takewhile(lambda value: not value.startswith("--"), args[place:end]))
            place += len(values)
            found += [arg, *([json.dumps(values)] if len(values) > 1 else values)]
        else:
            found.append(arg)
    return [*found, *args[end:]]


def _refuse_twice(args: Sequence[str]) -> None:
    """Refuse what is judged to be named twice.

    Raises:
        UsageError: saying how many models are judged.
    """
    end = args.index("--") if "--" in args else len(args)
    for name in _ONE:
        values = [
            arg.partition("=")[2] or next(iter(args[place + 1 : place + 2]), "")
            for place, arg in enumerate(args[:end])
            if arg.partition("=")[0] == f"--{name}"
        ]
        if len(set(values)) > 1:
            raise UsageError(
                f"--{name} is given {len(values)} times ({', '.join(values)}), and one model is evaluated against one "
                "reference. Many models are judged in one pass by make_leaderboard --all_model_outputs."
            )


def canonical_all(args: Sequence[str], switches: Collection[str]) -> list[str]:
    """Return arguments in the spelling that click knows; what follows a lone `--` is no flag."""
    end = args.index("--") if "--" in args else len(args)
    return [canonical(arg, switches) for arg in args[:end]] + list(args[end:])


def canonical(arg: str, switches: Collection[str]) -> str:
    """Return an argument in the spelling that click knows: underscores, and `--flag=False` for `--noflag`."""
    if not arg.startswith("--"):
        return arg
    name, equals, value = arg[2:].partition("=")
    name = name.replace("-", "_")
    for prefix in ("no_", "no"):
        if name.startswith(prefix) and name.removeprefix(prefix) in switches and name not in switches:
            return f"--{name.removeprefix(prefix)}=False"
    return f"--{name}{equals}{value}"


def command(
    function: Callable[..., Any],
    obsolete: Mapping[str, str],
    run: Callable[[Callable[..., Any], dict[str, Any]], None],
    of_display: Sequence[click.Option] = (),
    examples: Sequence[str] = (),
) -> Command:
    """Make a command of a function.

    Args:
        function: one of the journeys.
        obsolete: old parameters that it accepts and names, hidden from the help.
        run: called with the function and its arguments.
        of_display: flags that say how the result is shown; `run` gets them among the arguments.
        examples: command lines that its help shows.

    Returns:
        The command; it takes the first parameters by position too, as AlpacaEval's does. Where only one can be
        given so, it takes several values.
    """
    summary, descriptions = read_docstring(function)
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.name not in _NOT_FLAGS
    ]
    places = [parameter for parameter in parameters if parameter.kind is not parameter.KEYWORD_ONLY]
    options: list[click.Parameter] = [_option(parameter, descriptions) for parameter in parameters]
    options += [
        click.Option([f"--{name}", name], is_flag=False, flag_value=_ALONE, hidden=True, type=Flag("Any"))
        for name in obsolete
    ]
    options += of_display
    options.append(click.Argument(["positional"], nargs=-1, metavar=_metavar(places)))

    def callback(positional: tuple[str, ...], **given: Any) -> None:
        context = click.get_current_context()
        arguments = {
            name: value
            for name, value in given.items()
            if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        }
        if len(places) != 1 and len(positional) > len(places):
            raise UsageError(f"unexpected argument {positional[len(places)]!r}.")
        for parameter, option, value in zip(places, options, positional, strict=False):
            if parameter.name in arguments:
                raise UsageError(f"--{parameter.name} is given twice, once without its name ({value!r}).")
            arguments[parameter.name] = option.type.convert(value, option, context)
        if len(places) == 1 and len(positional) > 1:
            arguments[places[0].name] = list(positional)
        run(function, arguments)

    made = Command(
        function.__name__,
        params=options,
        callback=callback,
        help=summary,
        short_help=summary,
        epilog=_SPELLINGS,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": _HELP_WIDTH},
    )
    made.examples = tuple(examples)
    return made


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return a Google-style docstring's first paragraph, and the description of each argument."""
    text = inspect.getdoc(function) or ""
    summary, _, rest = text.partition("\n\nArgs:\n")
    arguments = rest.partition("\n\n")[0]
    found = re.findall(r"^ {4}\**(\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
    return summary.strip(), {name: " ".join(description.split()) for name, description in found}


def _option(parameter: inspect.Parameter, descriptions: Mapping[str, str]) -> click.Option:
    kind = Flag(str(parameter.annotation))
    default = None if parameter.default is parameter.empty else parameter.default
    settings: dict[str, Any] = {"metavar": kind.name.upper()}
    if kind.name == "boolean":
        settings = {"metavar": "", "flag_value": _ALONE}
    return click.Option(
        [f"--{parameter.name.rstrip('_')}", parameter.name],  # `try_`: Python keeps some words for itself
        type=kind,
        is_flag=False,
        default=default,
        show_default=default is not None and default is not False,
        help=descriptions.get(parameter.name, ""),
        **settings,
    )


def _metavar(places: Sequence[inspect.Parameter]) -> str:
    """Say what can be given by place: everything that must be given, or the first parameter."""
    needed = [parameter.name.upper() for parameter in places if parameter.default is parameter.empty]
    return " ".join(needed) or (f"[{places[0].name.upper()}]" if places else "")
