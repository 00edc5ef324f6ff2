"""The jinja2 sandbox of prompts: nothing is in reach but the fields, and no template works for long.

Time and memory are bounded by counting. Every value costs its size each time it is looked up, made or written, and
every turn of a loop, call and filter costs `_STEP`, so that neither nested loops nor texts that double
themselves go on for longer than the texts of a pair explain. Nothing is lazy (a value that is not there yet has no
size), nothing is computed while a template is compiled, and what could grow before it can be counted (`center`,
`replace`) is counted first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

_STEP = 10
_FREE = 300_000
_PER_CHARACTER = 100
_LARGEST_ARGUMENT = 10_000
_REFUSED_OPERATORS = frozenset({"*", "**", "%"})
_COUNTED_OPERATORS = frozenset({"+", "-", "/", "//"})
_REFUSED_FILTERS = ("format", "pprint", "random", "striptags", "sum", "urlize")
"""What differs from run to run, or takes far longer than its result is long; a prompt needs none of them."""
_REFUSED_METHODS = frozenset({"encode", "format", "format_map", "striptags", "translate"})
_USED, _TURNS = "(used)", "(turns)"  # no template can spell these names


class TooMuchWorkError(Exception):
    """A template costs more than the texts that it is filled with allow."""

    def __init__(self, limit: int) -> None:
        """Say how much would have been allowed."""
        super().__init__(
            f"it makes more than {limit:,} characters and steps out of this pair. Take out loops within loops and "
            "texts that multiply"
        )


class _Meter:
    def __init__(self, n_characters: int) -> None:
        self.limit = self.left = _FREE + _PER_CHARACTER * n_characters

    def take(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise TooMuchWorkError(self.limit)


_meter: ContextVar[_Meter] = ContextVar("_meter")


@contextmanager
def metered(n_characters: int) -> Iterator[None]:
    """Bound what a template does within: by a constant, and by the length of the texts that it is filled with."""
    token = _meter.set(_Meter(n_characters))
    try:
        yield
    finally:
        _meter.reset(token)


def _paid(value: Any) -> Any:
    """Pay for a value by its size, part by part, so that one that is too large is not walked through to its end."""
    meter = _meter.get()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            meter.take(1 + len(part))
            continue
        meter.take(1)
        if isinstance(part, Mapping):
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | Set):
            waiting.extend(part)
    return value


def _at_hand(value: Any) -> Any:
    """Return a value that is not lazy, paid for."""
    if isinstance(value, Iterator):
        return [_paid(part) for part in value]
    return _paid(value)


def _turns(value: Any) -> Any:
    """Pay for the turns of a loop before the first."""
    parts = list(value)
    _meter.get().take(_STEP * len(parts))
    return _paid(parts)


def _step(arguments: Iterable[Any]) -> None:
    """Pay for a call; numbers are asked for as widths and counts, of which only small ones make sense."""
    _meter.get().take(_STEP)
    for argument in arguments:
        if isinstance(argument, int) and abs(argument) > _LARGEST_ARGUMENT:
            raise jinja2.exceptions.SecurityError(f"{argument} is too large a number for a prompt")


def _counted(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)
    def counted(*arguments: Any, **named: Any) -> Any:
        given = arguments[1:] if hasattr(function, "jinja_pass_arg") else arguments
        _step((*given, *named.values()))
        _meter.get().take(_GROWTH.get(name, _none)(*given, **named))
        return _at_hand(function(*arguments, **named))

    return counted


def _none(*_given: Any, **_named: Any) -> int:
    return 0


def _replaced(text: Any, old: Any, new: Any, count: Any = None) -> int:  # noqa: ARG001
    return (str(text).count(str(old)) + 1) * len(str(new))


def _joined(parts: Any, separator: Any = "", attribute: Any = None) -> int:  # noqa: ARG001
    return (len(parts) if isinstance(parts, Sized) else 1) * len(str(separator))


def _indented(text: Any, width: Any = 4, first: Any = False, blank: Any = False) -> int:  # noqa: ARG001
    return (str(text).count("\n") + 1) * (width if isinstance(width, int) else len(str(width)))


def _wrapped(
    text: Any,
    width: Any = 79,  # noqa: ARG001
    break_long_words: Any = True,  # noqa: ARG001
    wrapstring: Any = None,
    break_on_hyphens: Any = True,  # noqa: ARG001
) -> int:
    return len(str(text)) * len(str(wrapstring or "\n"))


def _as_json(_value: Any, indent: Any = None) -> int:
    if indent is not None:
        raise jinja2.exceptions.SecurityError("a prompt cannot use tojson with an indent")
    return 0


_GROWTH: Mapping[str, Callable[..., int]] = {
    "replace": _replaced,
    "join": _joined,
    "indent": _indented,
    "wordwrap": _wrapped,
    "tojson": _as_json,
}
"""Filters whose result can be as long as a product of what goes in: its length, before it is made."""
_METHOD_GROWTH: Mapping[str, Callable[..., int]] = {
    "replace": _replaced,
    "join": lambda separator, parts: _joined(parts, separator),
    "expandtabs": lambda text, tabsize=8: text.count("\t") * abs(tabsize),
}


class Environment(ImmutableSandboxedEnvironment):
    """Counts what the templates that it compiles do; they must be filled under `metered`."""

    intercepted_binops = _REFUSED_OPERATORS | _COUNTED_OPERATORS

    def __init__(self) -> None:
        """Take out what is random or unbounded, and count the rest."""
        super().__init__(
            undefined=jinja2.StrictUndefined, finalize=_written, autoescape=False, optimized=False
        )
        self.globals.clear()  # `range`, and `lipsum`, which is random
        for name in _REFUSED_FILTERS:
            del self.filters[name]
        tables: tuple[dict[str, Any], ...] = (self.filters, self.tests)
        for table in tables:
            for name, function in table.items():
                table[name] = _counted(function, name)
        self.filters |= {_USED: _paid, _TURNS: _turns}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Count what an operator makes."""
        if operator in _REFUSED_OPERATORS:
            raise jinja2.exceptions.SecurityError(f"a prompt cannot use {operator!r}")
        return _paid(super().call_binop(context, operator, left, right))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse the methods that fill other templates, and everything of bytes."""
        is_refused = isinstance(obj, bytes) or (isinstance(obj, str) and attr in _REFUSED_METHODS)
        return not is_refused and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:  # noqa: ARG002
        """Leave `format` to `is_safe_attribute`, which refuses it."""
        return None

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Count a call of a macro or a method."""
        _step((*args, *kwargs.values()))
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str):
            _meter.get().take(_METHOD_GROWTH.get(__obj.__name__, _none)(owner, *args, **kwargs))
        return _at_hand(super().call(__context, __obj, *args, **kwargs))

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Counting().visit(source), *args, **kwargs)


@jinja2.pass_context  # so that nothing is computed while a template is compiled
def _written(_context: Any, value: Any) -> Any:
    if not isinstance(value, str | int | float | jinja2.Undefined):
        raise TypeError(f"a {type(value).__name__} is no text")  # what it looks like differs from run to run
    return _paid(value)


class _Counting(NodeTransformer):
    """Puts the counting into a template: around what is looked up, made, looped over and written."""

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802 - jinja2's names
        return _filtered(node, _USED) if node.ctx == "load" else node

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802
        return _filtered(node, _USED) if isinstance(node.value, str) else node

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802
        return nodes.Const(node.data, lineno=node.lineno)  # written like anything else, so counted

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return self._made(node) if node.ctx == "load" else self.generic_visit(node)

    def _made(self, node: nodes.Expr) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, _USED)

    visit_Concat = visit_List = visit_Dict = _made  # noqa: N815

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            raise jinja2.TemplateSyntaxError("a prompt cannot use a recursive loop", node.lineno)
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _TURNS)
        return node


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
