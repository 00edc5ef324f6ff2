"""Many models' outputs as cases, each by itself, on the instructions that any of them answers."""

from typing import Any

from autoeval.data.cases import OutputCases, load_cases, own_instruction
from autoeval.data.instructions import Instruction
from autoeval.data.loading import expand, read_rows
from autoeval.data.pairing import name_of
from autoeval.data.records import read_label
from autoeval.errors import UsageError


def load_cases_by_generator(
    all_model_outputs: Any,
    *,
    role: str = "--all_model_outputs",
    allow_partial: bool = False,
    max_instances: int | None = None,
    strips_thinking: bool = False,
) -> dict[str, OutputCases]:
    """Load the outputs of many models, told apart by `generator` or by file.

    Args:
        all_model_outputs: any source that `loading` reads, or several; see `load_cases`.
        role: the flag that named the outputs.
        allow_partial: go on where models do not answer the same instructions.
        max_instances: take a sample of that many instructions, the same for every model.
        strips_thinking: leave the reasoning out of every output.

    Raises:
        UsageError: a row is wrong, or a model lacks an instruction that another one answers.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    questions: dict[str, Instruction] = {}
    for entry in expand(all_model_outputs, role):
        of_file = name_of([entry])
        for row in read_rows(entry, role):
            name = read_label(row, "generator") or of_file
            if name is None:
                raise UsageError(f"{row.where} has no `generator`. Name the model in that column.")
            instruction = own_instruction(row)
            questions.setdefault(instruction.text, instruction)
            rows.setdefault(name, []).append({**row.fields, "generator": name})
    return {
        name: load_cases(
            of_model,
            list(questions.values()),
            role=f"{role}, generator {name!r}",
            allow_partial=allow_partial,
            max_instances=max_instances,
            strips_thinking=strips_thinking,
        )
        for name, of_model in rows.items()
    }
