"""A command made of a Python function: its parameters are the flags, its docstring the help.

So a flag, its default and its description stand in one place, and the command line cannot drift from Python.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import click

from autoeval.errors import UsageError

_NOT_FLAGS = frozenset({"display"})
_HELP_WIDTH = 100


class Flag(click.ParamType[Any]):
    """A value as AlpacaEval's users write it: `None` is null, lists and dicts are YAML."""

    def __init__(self, annotation: str) -> None:
        self.annotation = annotation
        self.name = _kind(annotation)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text of a flag into its value."""
        if not isinstance(value, str):
            return value
        if value == "None" and self.name != "boolean":
            return None
        if self.name == "boolean":
            return self._boolean(value, param, ctx)
        if self.name in ("integer", "number"):
            return self._number(value, param, ctx)
        if value[:1] in ("[", "{") or self.name == "list":
            return self._yaml(value, param, ctx)
        return value

    def _boolean(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if value.lower() not in words:
            self.fail(f"{value!r} is neither True nor False.", param, ctx)
        return words[value.lower()]

    def _number(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        try:
            return int(value) if self.name == "integer" else float(value)
        except ValueError:
            self.fail(
                f"{value!r} is not {'a whole number' if self.name == 'integer' else 'a number'}.", param, ctx
            )

    def _yaml(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import yaml

        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            self.fail(f"{value!r} is not valid YAML.", param, ctx)


class Command(click.Command):
    """A command whose flags may be spelt with hyphens or underscores, and whose booleans may be negated."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bring the flags into the one spelling that click knows, then parse them."""
        booleans = {
            str(parameter.name)
            for parameter in self.params
            if isinstance(parameter.type, Flag) and parameter.type.name == "boolean"
        }
        return super().parse_args(ctx, [canonical(arg, booleans) for arg in args])


def canonical(arg: str, booleans: set[str]) -> str:
    """Return an argument in the spelling that click knows: underscores, and `--flag=False` for `--noflag`."""
    if not arg.startswith("--") or arg == "--":
        return arg
    name, equals, value = arg[2:].partition("=")
    name = name.replace("-", "_")
    for prefix in ("no_", "no"):
        if name.startswith(prefix) and name.removeprefix(prefix) in booleans and name not in booleans:
            return f"--{name.removeprefix(prefix)}=False"
    return f"--{name}{equals}{value}"


def command(
    function: Callable[..., Any],
    obsolete: Mapping[str, str],
    run: Callable[[Callable[..., Any], dict[str, Any]], None],
) -> Command:
    """Make a command of a function.

    Args:
        function: one of the journeys.
        obsolete: old parameters that it accepts and names, hidden from the help.
        run: called with the function and its arguments.

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
    options += [click.Option([f"--{name}", name], hidden=True, type=Flag("Any")) for name in obsolete]
    options.append(click.Argument(["positional"], nargs=-1, metavar=f"[{parameters[0].name.upper()}]"))

    def callback(positional: tuple[str, ...], **given: Any) -> None:
        context = click.get_current_context()
        arguments = {
            name: value
            for name, value in given.items()
            if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        }
        for parameter, value in zip(places, positional, strict=False):
            if parameter.name in arguments:
                raise UsageError(f"--{parameter.name} is given twice, once without its name ({value!r}).")
            arguments[parameter.name] = Flag(str(parameter.annotation)).convert(value, None, context)
        if len(places) == 1 and len(positional) > 1:
            arguments[places[0].name] = list(positional)
        elif len(positional) > len(places):
            raise UsageError(f"unexpected argument {positional[len(places)]!r}.")
        run(function, arguments)

    return Command(
        function.__name__,
        params=options,
        callback=callback,
        help=summary,
        short_help=summary,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": _HELP_WIDTH},
    )


def read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return a Google-style docstring's first paragraph, and the description of each argument."""
    text = inspect.getdoc(function) or ""
    summary, _, rest = text.partition("\n\nArgs:\n")
    arguments = rest.partition("\n\n")[0]
    found = re.findall(r"^ {4}\**(\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
    return summary.strip(), {name: " ".join(description.split()) for name, description in found}


def _option(parameter: inspect.Parameter, descriptions: Mapping[str, str]) -> click.Option:
    kind = Flag(str(parameter.annotation))
    shown_default = None if parameter.default in (None, parameter.empty) else parameter.default
    return click.Option(
        [f"--{parameter.name}", parameter.name],
        type=kind,
        is_flag=False,
        flag_value="True" if kind.name == "boolean" else None,
        default=None if parameter.default is parameter.empty else parameter.default,
        show_default=shown_default not in (None, False),
        help=descriptions.get(parameter.name, ""),
        metavar="[True|False]" if kind.name == "boolean" else kind.name.upper(),
    )


def _kind(annotation: str) -> str:
    """Name the kind of value that an annotation admits, for conversion and help."""
    if "bool" in annotation:
        return "boolean"
    if "tuple" in annotation or "list" in annotation or "dict" in annotation:
        return "list"
    if "float" in annotation:
        return "number"
    if "int" in annotation:
        return "integer"
    return "path" if "Path" in annotation else "text"
