"""Parameters that one journey hands on to another: declared and described in one place."""

import inspect
import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_ARGUMENTS = re.compile(r"(?<=\n\nArgs:\n)(?:.+\n?)+")
_ENTRY = re.compile(r"^ {4}(\w+): .*(?:\n {8}.*)*", re.MULTILINE)


def also_takes(other: Callable[..., Any], without: Collection[str] = ()) -> Callable[[F], F]:
    """Let a function that hands its keyword arguments on to `other` show that one's parameters as its own.

    Signature and docstring get those that the function does not have itself, so that help, editors and the
    command line know them.

    Args:
        other: the function that is called.
        without: parameters that the function sets itself.
    """

    def decorate(function: F) -> F:
        own = inspect.signature(function)
        named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        rest = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
        taken = [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for name, parameter in inspect.signature(other).parameters.items()
            if name not in own.parameters
            and name not in without
            and parameter.kind is not parameter.VAR_KEYWORD
        ]
        function.__signature__ = own.replace(parameters=[*named, *taken, *rest])  # type: ignore[attr-defined]
        known = {parameter.name for parameter in [*named, *taken]}
        function.__doc__ = _described(function, other, known)
        return function

    return decorate


def defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the default of each of a function's parameters that has one."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _described(function: Callable[..., Any], other: Callable[..., Any], known: Collection[str]) -> str:
    """Return a docstring whose `Args` describe every known parameter, in the other's words where it has none."""
    text = inspect.getdoc(function) or ""
    own = _ARGUMENTS.search(text)
    theirs = _ARGUMENTS.search(inspect.getdoc(other) or "")
    if own is None or theirs is None:
        return text
    described = {entry[1] for entry in _ENTRY.finditer(own[0])}
    taken = [
        entry[0] for entry in _ENTRY.finditer(theirs[0]) if entry[1] in known and entry[1] not in described
    ]
    return text[: own.end()].rstrip("\n") + "\n" + "\n".join(taken) + "\n" + text[own.end() :]
