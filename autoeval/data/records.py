"""Rows to records, one instruction with one output, whatever the columns were called; and fields, each checked."""

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from autoeval.data.loading import Row, describe, is_missing
from autoeval.errors import UsageError, nearest


class Record(NamedTuple):
    """One text for one instruction, `input` merged into it. `sample` tells several by one model apart."""

    instruction: str
    output: str
    generator: str | None
    dataset: str | None
    sample: int
    where: str
    n_replaced_characters: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold a side's text and its author; the first that a row has is taken."""

    output: tuple[str, ...]
    generator: tuple[str, ...]


REFERENCE = Columns(("output", "output_1"), ("generator", "generator_1"))
MODEL = Columns(("output", "output_2"), ("generator", "generator_2"))


def read_records(rows: Iterable[Row], columns: Columns) -> Iterator[Record]:
    """Check each row and yield what pairing needs of it.

    Raises:
        UsageError: a field is missing, null, or of the wrong type; the message names file, row and field.
    """
    for row in rows:
        yield Record(
            instruction=read_instruction(row),
            output=read_text(row, _present(row.fields, columns.output)),
            generator=read_label(row, _present(row.fields, columns.generator)),
            dataset=read_label(row, "dataset"),
            sample=read_sample(row),
            where=row.where,
            n_replaced_characters=row.n_replaced_characters,
        )


def read_instruction(row: Row) -> str:
    """Return a row's instruction (WizardLM's test set spells it `Instruction`), with its `input` below it.

    Raises:
        UsageError: there is none, or it is not text.
    """
    name = "Instruction" if "Instruction" in row.fields and "instruction" not in row.fields else "instruction"
    instruction = read_text(row, name)
    context = row.fields.get("input", "")
    if context != "" and not is_missing(context):
        return f"{instruction}\n\n{read_text(row, 'input')}"
    if not instruction.strip():
        raise UsageError(f"{row.where}: `{name}` is empty. Fill it in, or remove the row.")
    return instruction


def _present(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:  # no generator: it would take longer than what it does
        if name in fields:
            return name
    return names[0]


def read_field(row: Row, *names: str) -> Any:
    """Return what stands in the first of several fields that a row has.

    Raises:
        UsageError: it has none of them.
    """
    name = _present(row.fields, names)
    if name not in row.fields:
        told = " or ".join(map(repr, names))
        raise UsageError(f"{row.where} has no field {told}. {nearest(name, map(str, row.fields))}")
    return row.fields[name]


def read_key(row: Row, *names: str) -> str:
    """Return a field that tells rows apart, a number or a name, as text; of several names the first that a row has.

    Raises:
        UsageError: there is none, or it holds something else.
    """
    value = read_field(row, *names)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        name = _present(row.fields, names)
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a number or a name.")
    return str(value)


def read_turns(row: Row, name: str, value: Any) -> tuple[str, ...]:
    """Return texts, one a turn; `name` is the field that holds `value`.

    Raises:
        UsageError: it is no list of texts, or an empty one.
    """
    if not isinstance(value, list | tuple) or not value or not all(isinstance(turn, str) for turn in value):
        raise UsageError(
            f"{row.where}: `{name}` is {describe(value)}; it should be a list of texts, one a turn."
        )
    return tuple(value)


def read_text(row: Row, name: str) -> str:
    """Return a field that holds text.

    Raises:
        UsageError: there is none, or it holds something else.
    """
    if name not in row.fields:
        raise UsageError(f"{row.where} has no field {name!r}. {_other_columns(name, row.fields)}")
    value = row.fields[name]
    if isinstance(value, str):
        return value
    if is_missing(value):
        what_to_do = 'Write "" if the model wrote nothing' if name.startswith("output") else "Fill it in"
        raise UsageError(f"{row.where}: `{name}` is null. {what_to_do}, or remove the row.")
    raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be text.")


_OTHER_NAMES = {
    "instruction": ("prompt", "question", "query", "user", "problem"),
    "output": ("response", "completion", "answer", "generation", "prediction", "reply", "model_output"),
}
"""What other tools call the columns."""


def _other_columns(name: str, fields: Mapping[str, Any]) -> str:
    if name in _OTHER_NAMES:
        renamed = {
            ours: next((theirs for theirs in names if theirs in fields), None)
            for ours, names in _OTHER_NAMES.items()
            if ours not in fields
        }
        if renamed[name] is not None:
            told = " and ".join(f"{theirs!r} to {ours!r}" for ours, theirs in renamed.items() if theirs)
            return f"It has: {', '.join(sorted(map(str, fields)))}. Rename {told}."
    suggestion = nearest(name, map(str, fields))
    known = "" if suggestion.startswith("Known") else f" It has: {', '.join(sorted(map(str, fields)))}."
    return f"{suggestion}{known} Rename the column."


def read_label(row: Row, name: str) -> str | None:
    """Return a field that names something, as text; None where it is empty.

    Raises:
        UsageError: it is neither text nor a number.
    """
    value = row.fields.get(name)
    if isinstance(value, str):
        return value or None
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Number):
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be text.")
    return str(value)


def read_sample(row: Row) -> int:
    """Return which of several outputs for one instruction a row has, from 0.

    Raises:
        UsageError: it is no whole number from 0.
    """
    value: Any = row.fields.get("sample")
    if is_missing(value) or value == "":
        return 0
    try:
        if isinstance(value, bool):
            raise TypeError
        sample = int(value)
        if sample < 0 or sample != float(value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{row.where}: `sample` is {describe(value)}; it should be 0, 1, 2, …") from None
    return sample


def number_of(row: Row, value: Any) -> float | None:
    """Return a value as a number; NaN where there is none, None where it is something else."""
    if is_missing(value) or (row.is_text and value == ""):
        return math.nan
    if row.is_text and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # a whole number of hundreds of digits
            return math.inf
    return None


def read_amount(row: Row, name: str) -> float | None:
    """Return a field that holds a number of 0 or more; None where it holds none.

    Raises:
        UsageError: it holds something else.
    """
    value = row.fields.get(name)
    number = number_of(row, value)
    if number is not None and math.isnan(number):
        return None
    if number is None or not 0 <= number < math.inf:
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be a number of 0 or more.")
    return number
