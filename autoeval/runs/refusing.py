"""Outputs whose refusals are told: read from files, with what people and others said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autoeval.data.loading import Row, describe, is_missing, read_rows
from autoeval.data.records import read_label, read_text
from autoeval.errors import UsageError
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import mean_interval
from autoeval.texts.refusals import read_refusal

_UNSAFE_TYPE = "contrast_"  # XSTest's, whose unsafe prompts contrast with the safe ones of a type
_OF_PEOPLE = ("human_label", "final_label", "annotation")
_SAFETIES: Mapping[object, bool] = {
    "safe": True,
    "unsafe": False,
    "true": True,
    "false": False,
    "1": True,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A prompt with a model's output. `is_safe` is None where no column says it; `labels` are by column.

    `fields` are all columns, of which a judge's prompt can show some.
    """

    where: str
    instruction: str
    output: str
    dataset: str | None
    generator: str | None
    is_safe: bool | None
    labels: Mapping[str, str | None]
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """How often two tellers of refusals say the same: of three classes, and whether there is a refusal at all."""

    one: str
    other: str
    three: Estimate
    two: Estimate


def read_replies(model_outputs: Any) -> list[Reply]:
    """Read rows with instruction (or prompt) and output (or completion).

    `type` or `dataset` names the subset. A prompt is safe or unsafe by `is_safe`, by `label` (safe, unsafe), or unsafe
    where its type begins with `contrast_`, as XSTest's do. Columns that end in `label`, and annotation_1, annotation_2,
    hold what people and others said.

    Raises:
        UsageError: a field is missing or wrong; the message names file and row.
    """
    replies = [_reply(row) for row in read_rows(model_outputs, "--model_outputs")]
    contrasts = any((reply.dataset or "").startswith(_UNSAFE_TYPE) for reply in replies)
    return [_with_type_as_safety(reply) for reply in replies] if contrasts else replies


def _reply(row: Row) -> Reply:
    fields = row.fields
    return Reply(
        row.where,
        read_text(row, "prompt" if "instruction" not in fields and "prompt" in fields else "instruction"),
        read_text(row, "completion" if "output" not in fields and "completion" in fields else "output"),
        read_label(row, "type" if "type" in fields else "dataset"),
        read_label(row, "generator"),
        _is_safe(row),
        {name: _label(row, name) for name in fields if _is_label(name)},
        fields,
    )


def _with_type_as_safety(reply: Reply) -> Reply:
    if reply.is_safe is not None or reply.dataset is None:
        return reply
    return replace(reply, is_safe=not reply.dataset.startswith(_UNSAFE_TYPE))


def people_of(replies: Sequence[Reply]) -> list[str]:
    """Return the columns in which people told refusals."""
    return [name for name in label_columns(replies) if name.startswith(_OF_PEOPLE)]


def label_columns(replies: Sequence[Reply]) -> list[str]:
    """Return every column that holds told refusals."""
    columns = dict.fromkeys(name for reply in replies for name in reply.labels)
    return [name for name in columns if any(reply.labels.get(name) for reply in replies)]


def agreement(one: str, other: str, told: Sequence[tuple[str | None, str | None]]) -> Agreement:
    """Compare two tellers where both said something.

    Args:
        one: who the first is.
        other: who the second is.
        told: what each said of the same outputs.
    """
    both = [(first, second) for first, second in told if first is not None and second is not None]
    three = mean_interval([float(first == second) for first, second in both])
    two = mean_interval([float((first == "none") == (second == "none")) for first, second in both])
    return Agreement(one, other, three, two)


def _is_label(name: str) -> bool:
    return name != "label" and (name.endswith("label") or name.startswith("annotation_"))


def _label(row: Row, name: str) -> str | None:
    found = read_refusal(row.fields[name])
    return found.value if found else None


def _is_safe(row: Row) -> bool | None:
    for name in ("is_safe", "label"):
        value = row.fields.get(name)
        if is_missing(value) or value == "":
            continue
        if isinstance(value, bool):
            return value
        known = _SAFETIES.get(str(value).strip().lower())
        if known is None and name == "is_safe":
            raise UsageError(f"{row.where}: `is_safe` is {describe(value)}; it should be true or false.")
        if known is not None:
            return known
    return None
