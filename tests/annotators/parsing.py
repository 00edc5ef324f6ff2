"""Parsers as a config makes them, and what they read from a reply."""

from typing import Any

from pydantic import TypeAdapter

from autoeval.annotators.parsers import AnyParser, Parser
from autoeval.types import Completion, Unparsed

_ANY: TypeAdapter[Any] = TypeAdapter(AnyParser)


def made(kind: str, **fields: Any) -> Parser:
    """Make a parser as its config section does."""
    of_kind: Parser = _ANY.validate_python({"kind": kind, **fields})
    return of_kind


def parser(kind: str, **fields: Any) -> Parser:
    """Make a parser of labels, which are `a` and `b` unless given."""
    return made(kind, **{"first": "a", "second": "b", **fields})


def reading(judge: Parser, reply: str | Completion, finish_reason: str = "stop") -> float | str:
    """Return the preference that a parser reads from a reply, or the reason why it reads none."""
    completion = reply if isinstance(reply, Completion) else Completion(reply, finish_reason)
    (found,) = judge.read(completion)
    return found.reason if isinstance(found, Unparsed) else found.value
