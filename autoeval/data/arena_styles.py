"""What is counted of answers to Arena-Hard's questions: as their files say, or of their texts."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.arena_answers import answer_text, answered
from autoeval.data.arena_hard import in_folder
from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.errors import UsageError

Style = tuple[float, float, float, float]
"""Length, headers, list items and bold passages of an answer."""
_COUNTS = ("token_len", "header_count", "list_count", "bold_count")


def read_styles(
    answers: Any, metadata: Any, counts: Callable[[str], Style]
) -> tuple[dict[tuple[str, str], Style], str]:
    """Read what is counted of each answer, by model and question.

    Args:
        answers: a folder of `<model>.jsonl`, or files. Their counts (`metadata`, `conv_metadata`) are taken where
            all of them have some; otherwise all texts are counted, so that one measure holds for all.
        metadata: rows of `model_id`, `question_id` and `conv_metadata`.
        counts: counts a text.

    Returns:
        The counts, and what the first of them is: tokens or characters.

    Raises:
        UsageError: a field is missing or wrong.
    """
    if metadata is not None:
        rows = read_rows(in_folder(metadata, "--style_metadata"), "--style_metadata")
        return {answered(row, None): _present(_counted(row), row) for row in rows}, "tokens"
    recorded: dict[tuple[str, str], Style | None] = {}
    counted: dict[tuple[str, str], Style] = {}
    for entry in expand(in_folder(answers, "--answers"), "--answers"):
        for row in read_rows(entry, "--answers"):
            key = answered(row, entry if isinstance(entry, Path) else None)
            recorded[key] = _counted(row)
            counted[key] = counts(answer_text(row))
    styles = {key: style for key, style in recorded.items() if style is not None}
    return (styles, "tokens") if len(styles) == len(recorded) else (counted, "characters")


def _present(style: Style | None, row: Row) -> Style:
    if style is None:
        raise UsageError(f"{row.where} has no counts, neither in `conv_metadata` nor in `metadata`.")
    return style


def _counted(row: Row) -> Style | None:
    """Return the counts that a row has of its answer."""
    for name in ("metadata", "conv_metadata"):
        value = row.fields.get(name)
        if is_missing(value):
            continue
        if not isinstance(value, Mapping):
            raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be an object.")
        if not any(key in value for key in _COUNTS):
            continue  # it says other things of the answer, or nothing
        length, headers, items, bold = (_amount(row, f"{name}.{key}", value.get(key)) for key in _COUNTS)
        return length, headers, items, bold
    return None


def _amount(row: Row, name: str, value: Any) -> float:
    parts = list(value.values()) if isinstance(value, Mapping) else [value]
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < math.inf for one in parts
    ):
        raise UsageError(
            f"{row.where}: `{name}` is {describe(value)}; it should be a number, or numbers, from 0."
        )
    return float(sum(parts))
