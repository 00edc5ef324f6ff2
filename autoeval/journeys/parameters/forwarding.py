"""Parameters that several journeys take: declared and described in one place, shown by each of them."""

import inspect
import re
import textwrap
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from autoeval.texts.patterns import lazy_pattern

F = TypeVar("F", bound=Callable[..., Any])

_ARGUMENTS = lazy_pattern(r"(?<=\n\nArgs:\n)(?:.+\n?)+")
_ENTRY = lazy_pattern(r"^ {4}(\w+): .*(?:\n {8}.*)*", re.MULTILINE)
_WIDTH = 110


@dataclass(frozen=True)
class Shared:
    """What a TypedDict cannot say of a key that is a parameter: `key: Annotated[its type, Shared(...)]`."""

    default: Any
    description: str


def also_takes(other: Callable[..., Any], without: Collection[str] = ()) -> Callable[[F], F]:
    """Let a function show parameters as its own that it takes as `**keywords`.

    Signature and docstring get those that the function does not have itself, so that help, editors and the
    command line know them. Where its docstring describes one of them, that description holds.

    Args:
        other: the function that they are handed on to, or the TypedDict (of `Shared` keys) that they make.
        without: parameters that the function sets itself.
    """

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        rest = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
        taken = [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for parameter in _parameters(other)
            if parameter.name not in {*own.parameters, *without}
        ]
        function.__signature__ = own.replace(parameters=[*named, *taken, *rest])  # type: ignore[attr-defined]
        function.__doc__ = _described(function, other, {parameter.name for parameter in [*named, *taken]})
        return function

    return decorate


def defaults(other: Callable[..., Any]) -> dict[str, Any]:
    """Return the default of each parameter of a function, or of a TypedDict of `Shared` keys, that has one."""
    return {p.name: p.default for p in _parameters(other) if p.default is not p.empty}


def _parameters(other: Callable[..., Any]) -> list[inspect.Parameter]:
    if not isinstance(other, type):
        parameters = inspect.signature(other).parameters.values()
        return [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=shared.default, annotation=hint.__origin__
        )
        for name, hint, shared in _keys(other)
    ]


def _keys(group: type) -> list[tuple[str, Any, Shared]]:
    hints = get_type_hints(group, include_extras=True)
    return [(name, hint, hint.__metadata__[0]) for name, hint in hints.items()]


def _entries(other: Callable[..., Any]) -> dict[str, str]:
    """Return the lines of a docstring's `Args` that describe each parameter."""
    if not isinstance(other, type):
        arguments = _ARGUMENTS.search(inspect.getdoc(other) or "")
        return {entry[1]: entry[0] for entry in _ENTRY.finditer(arguments[0] if arguments else "")}
    return {
        name: textwrap.fill(
            f"{name}: {shared.description}",
            _WIDTH,
            initial_indent=" " * 4,
            subsequent_indent=" " * 8,
            break_on_hyphens=False,
        )
        for name, _, shared in _keys(other)
    }


def _described(function: Callable[..., Any], other: Callable[..., Any], known: Collection[str]) -> str:
    """Return a docstring whose `Args` describe every known parameter, in the other's words where it has none."""
    text = inspect.getdoc(function) or ""
    own = _ARGUMENTS.search(text)
    if own is None:
        return text
    described = _entries(function)
    taken = [entry for name, entry in _entries(other).items() if name in known and name not in described]
    return "\n".join([text[: own.end()].rstrip("\n"), *taken, text[own.end() :]])
