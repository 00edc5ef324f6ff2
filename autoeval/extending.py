"""The types that extensions are made of, in one place that stays where it is.

A package adds a kind of judging, a parser, a provider, a column, an eval set or a command by an entry point; see
CONTRIBUTING.md, which has a worked example of each.
"""

from autoeval.annotators.kinds import Kind, View
from autoeval.annotators.parsers import Parser, Reading
from autoeval.completions.providers import LocalProvider, Provider, Reply
from autoeval.data.eval_sets import EvalSet
from autoeval.data.instructions import Instruction
from autoeval.metrics.columns import Column, ColumnType
from autoeval.types import (
    Case,
    Completion,
    Endpoint,
    Failure,
    FailureKind,
    Output,
    Request,
    Scale,
    Unfinished,
    Unparsed,
    Verdict,
)

__all__ = [
    "Case",
    "Column",
    "ColumnType",
    "Completion",
    "Endpoint",
    "EvalSet",
    "Failure",
    "FailureKind",
    "Instruction",
    "Kind",
    "LocalProvider",
    "Output",
    "Parser",
    "Provider",
    "Reading",
    "Reply",
    "Request",
    "Scale",
    "Unfinished",
    "Unparsed",
    "Verdict",
    "View",
]
