"""model_outputs.json: the outputs of one config, kept from run to run and never mixed with another's."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.instructions import Instruction
from autoeval.data.loading import describe, is_missing, read_rows, shorten
from autoeval.data.records import MODEL, read_instruction, read_label, read_records, read_turns
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.generators.plan import Key, parameters_of
from autoeval.generators.read import Output

Row = dict[str, Any]


_GIVEN = {"config": None}
"""The record of outputs that were given, not generated."""


def row_of(output: Output, identity: Mapping[str, Any], date: str) -> Row:
    """Return an output as a row of the file. Its columns hold text and numbers only, as alpaca_eval wants them."""
    return {
        "instruction": output.instruction.text,
        "output": output.text,
        **({"turns": list(output.turns)} if len(output.turns) > 1 else {}),
        "generator": identity["generator"],
        "dataset": output.instruction.dataset,
        "sample": output.sample,
        "finish_reason": output.finish_reason,
        "model": output.model or identity["model"],
        "parameters": json.dumps(
            parameters_of(identity["parameters"], output.instruction, output.sample),
            ensure_ascii=False,
            default=str,
        ),
        "date": date,
    }


def encoded(row: Row) -> str:
    """Return a row as it stands in the file, indented as an entry of its list."""
    text = json.dumps(row, ensure_ascii=False, indent=2, default=str)
    return "  " + text.replace("\n", "\n  ")


@dataclass(frozen=True)
class OutputsFile:
    """The outputs of a model in a results folder, and beside them the record of how they were made."""

    outputs: Path
    record: Path

    @classmethod
    def of_both(cls, folder: Path | None) -> "tuple[OutputsFile | None, OutputsFile | None]":
        """Return the files of the evaluated model and of a generated reference in a folder; None without one."""
        if folder is None:
            return None, None
        reference = cls(folder / "reference_outputs.json", folder / "reference_generation.json")
        return cls(folder / "model_outputs.json", folder / "generation.json"), reference

    def load(self, identity: Mapping[str, Any]) -> dict[Key, Row]:
        """Return the outputs that there are; none where there is no file.

        Args:
            identity: everything that decides the outputs of this run.

        Raises:
            UsageError: they were made with another config, or nobody knows with which.
        """
        if not self.outputs.exists() or self._is_given():
            return {}
        self._refuse_another_config(identity)
        return dict(self._rows(str(identity["generator"])))

    def write(self, rows: Iterable[str], record: Mapping[str, Any]) -> None:
        """Replace the outputs and their record, so that at no time outputs lie beside another config's record.

        The outputs take their place last: a record of outputs that are not there is in nobody's way, while nothing
        could be added to outputs without a record.

        Args:
            rows: the outputs as `encoded` returns them.
            record: how they were made.

        Raises:
            AutoevalError: a file cannot be written.
        """
        joined = ",\n".join(rows)
        with result_file(self.outputs) as outputs:
            outputs.write(f"[\n{joined}\n]\n" if joined else "[]\n")
            outputs.flush()
            with result_file(self.record) as file:
                file.write(json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n")
                file.flush()
                if not self._is_of(record):
                    self.outputs.unlink(missing_ok=True)

    def copy_given(self, source: Any, instructions: Iterable[Instruction]) -> None:
        """Write the outputs of a source that was given, so that the folder holds all that was compared.

        What was generated, or is somebody's own, is left in place.

        Args:
            source: outputs.
            instructions: those to keep.

        Raises:
            UsageError: a row or the file is wrong.
        """
        is_own = isinstance(source, str | Path) and Path(source) == self.outputs
        if is_own or (self.outputs.exists() and not self._is_given()):
            return
        wanted = {instruction.text for instruction in instructions}
        rows = (row for row in read_rows(source, "--reference_outputs") if read_instruction(row) in wanted)
        self.write((encoded(dict(row.fields)) for row in rows), _GIVEN)

    def _is_given(self) -> bool:
        """Whether nobody generated what is there, so that it may be replaced."""
        try:
            return bool(json.loads(self.record.read_text(encoding="utf-8")) == _GIVEN)
        except (OSError, ValueError, RecursionError):
            return False

    def _is_of(self, record: Mapping[str, Any]) -> bool:
        """Whether the outputs that are there were made as a record says."""
        try:
            there = json.loads(self.record.read_text(encoding="utf-8"))["config"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return False
        return not differences(there, record.get("config"))

    def _rows(self, generator: str) -> Iterator[tuple[Key, Row]]:
        """Walk through the rows, each checked for whatever is read of it later, when nobody knows its place any more.

        Raises:
            UsageError: a field is not what this model's row has there.
        """
        for row in read_rows(self.outputs, "--output_path"):
            (record,) = read_records([row], MODEL)
            if record.generator != generator:
                raise UsageError(
                    f"{row.where}: `generator` is {describe(row.fields.get('generator'))}; it should be {generator!r}, "
                    "whose outputs these are."
                )
            if not is_missing(turns := row.fields.get("turns")):
                read_turns(row, "turns", turns)
            for name in ("finish_reason", "model"):
                read_label(row, name)
            yield (record.instruction, record.sample), dict(row.fields)

    def _refuse_another_config(self, identity: Mapping[str, Any]) -> None:
        remedy = "Give another --output_path, or --is_load_outputs False to replace it."
        try:
            made_with = json.loads(self.record.read_text(encoding="utf-8"))["config"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            raise UsageError(
                f"{self.outputs} is there, but no {self.record.name} beside it says which config made it, so "
                f"nothing can be added to it. {remedy}"
            ) from None
        found = differences(made_with, identity)
        if found:
            raise UsageError(
                f"{self.outputs} was made with another config: {'; '.join(found)}. Outputs of two configs are "
                f"not mixed. {remedy}"
            )


def differences(there: Any, now: Any, name: str = "") -> list[str]:
    """Name each field in which two configs differ, with both values."""
    if isinstance(there, dict) and isinstance(now, Mapping):
        fields = dict.fromkeys([*there, *now])
        return [
            line
            for field in fields
            for line in differences(there.get(field), now.get(field), f"{name}.{field}".lstrip("."))
        ]
    if isinstance(there, list) and isinstance(now, list | tuple) and len(there) == len(now):
        pairs = enumerate(zip(there, now, strict=True))
        return [line for place, (old, new) in pairs for line in differences(old, new, f"{name}[{place}]")]
    if there == now or json.dumps(there) == json.dumps(now, default=str):
        return []
    return [f"{name} is {_said(there)} there and {_said(now)} now"]


def _said(value: Any) -> str:
    return "not set" if value is None else shorten(value)
