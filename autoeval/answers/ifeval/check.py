"""Whether outputs follow what was asked for: to the letter, and with IFEval's allowances."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.answers.checked import Answer, Check, Checked, one_by_one
from autoeval.answers.ifeval.instructions import INSTRUCTIONS
from autoeval.data.loading import Row, describe, is_missing
from autoeval.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Wanted:
    """One instruction with its arguments."""

    name: str
    arguments: Mapping[str, Any]

    def is_followed(self, output: str) -> bool:
        """Whether an output follows it; an empty one follows nothing.

        Raises:
            ValueError: an argument is missing or wrong.
            MissingExtraError: it is about a language, and the extra `ifeval` is not installed.
        """
        try:
            return bool(output.strip()) and INSTRUCTIONS[self.name](output, self.arguments)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            told = f"{self.name} has not the arguments that it needs ({error!r}): {dict(self.arguments)}"
            raise ValueError(told) from None


def ifeval_check() -> Check:
    """Check outputs against instructions that code verifies; the score is whether all are followed to the letter.

    Parts: `instruction` (each instruction apart), and `loose` and `loose_instruction`, where an instruction counts also
    if it is followed once the first line, the last one, both, or the asterisks are left out.
    """
    return one_by_one(_check)


def read_wanted(row: Row, target: Any) -> list[Wanted]:
    """Read what a row asks for: instruction_id_list and kwargs, in the row or as an object in its target.

    Raises:
        UsageError: a field is missing or wrong, or an instruction is not known.
    """
    fields = row.fields if "instruction_id_list" in row.fields else _decoded(target)
    if not isinstance(fields, Mapping) or "instruction_id_list" not in fields:
        raise UsageError(
            f"{row.where} has no `instruction_id_list`, neither as a column nor in its `target`. Add IFEval's columns "
            "instruction_id_list and kwargs, or name the file that has them with --tasks."
        )
    names, arguments = _decoded(fields["instruction_id_list"]), _decoded(fields.get("kwargs"))
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        raise UsageError(
            f"{row.where}: `instruction_id_list` is {describe(names)}; it should be a list of names."
        )
    arguments = [{}] * len(names) if is_missing(arguments) else arguments
    if not isinstance(arguments, Sequence) or len(arguments) != len(names):
        raise UsageError(f"{row.where}: `kwargs` is {describe(arguments)}; it should be as long.")
    for name in names:
        if name not in INSTRUCTIONS:
            raise UsageError(
                f"{row.where}: there is no instruction {name!r}. {nearest(str(name), INSTRUCTIONS)}"
            )
    return [
        Wanted(name, {key: value for key, value in dict(given or {}).items() if not is_missing(value)})
        for name, given in zip(names, arguments, strict=True)
    ]


def _check(answer: Answer) -> Checked:
    try:
        strict = [wanted.is_followed(answer.output) for wanted in answer.target]
        loose = [
            any(wanted.is_followed(text) for text in _allowances(answer.output)) for wanted in answer.target
        ]
    except ValueError as error:
        raise UsageError(f"{answer.row.where}: {error}.") from None
    broken = [
        wanted.name for wanted, is_followed in zip(answer.target, strict, strict=True) if not is_followed
    ]
    return Checked(
        float(all(strict)),
        {
            "instruction": list(map(float, strict)),
            "loose": [float(all(loose))],
            "loose_instruction": list(map(float, loose)),
        },
        note=f"not followed: {', '.join(broken)}" if broken else None,
    )


def _allowances(output: str) -> Iterator[str]:
    lines = output.split("\n")
    for kept in (lines, lines[1:], lines[:-1], lines[1:-1]):
        text = "\n".join(kept).strip() if kept is not lines else output
        yield text
        yield text.replace("*", "")


def _decoded(value: Any) -> Any:
    """Return what JSON text says; other values as they are."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
