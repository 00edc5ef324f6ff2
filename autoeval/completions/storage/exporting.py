"""Replies as a table for other programs: Parquet, or JSON Lines."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from autoeval.completions.providers.logprobs import to_json
from autoeval.completions.storage.upkeep import Row
from autoeval.data.replacing import result_bytes
from autoeval.errors import MissingExtraError, UsageError
from autoeval.types import Completion

_ROWS_AT_ONCE = 5_000
_COLUMNS: Mapping[str, str] = {
    "key": "string",
    "kind": "string",
    "created": "double",
    "model": "string",
    "text": "string",
    "finish_reason": "string",
    "tool_arguments": "string",
    "refusal": "string",
    "logprobs": "string",
    "input_tokens": "int64",
    "output_tokens": "int64",
    "reasoning_tokens": "int64",
    "has_reasoning": "bool",
    "seconds": "double",
    "processing": "string",
    "adapted": "string",
    "preferences": "string",
    "price": "double",
}
"""Each column with Arrow's name of its type; lists are JSON."""


def export(rows: Iterable[Row], path: Path) -> int:
    """Write replies to a file, whose name says the format; returns how many there are.

    Raises:
        UsageError: the format is none of these, or the file cannot be written.
        MissingExtraError: what writes Parquet is not installed.
    """
    write = next((one for ending, one in _WRITERS.items() if path.name.endswith(ending)), None)
    if write is None:
        raise UsageError(f"--into: {path} is no name of a table: end it with {', '.join(_WRITERS)}.")
    if write is _write_parquet and find_spec("pyarrow") is None:
        raise MissingExtraError(f"writing the Parquet file {path}", "datasets")
    with result_bytes(path, "--into: ") as file:
        return write(map(_flat, rows), file)


def _flat(row: Row) -> dict[str, Any]:
    entry = row.entry
    fields = {"key": row.key.hex(), "kind": row.kind, "created": row.created, **asdict(entry)}
    if isinstance(entry, Completion):
        fields["adapted"] = json.dumps(entry.adapted) if entry.adapted else None
        fields["logprobs"] = _logprobs(entry) if entry.logprobs else None
    else:
        fields["preferences"] = json.dumps(entry.preferences)
    return {name: _whole(fields.get(name)) for name in _COLUMNS}


def _logprobs(completion: Completion) -> str:
    return json.dumps(
        [
            {
                "token": token.token,
                "logprob": to_json(token.logprob),
                "top": [[text, to_json(number)] for text, number in token.top],
            }
            for token in completion.logprobs
        ]
    )


def _whole(value: Any) -> Any:
    """Replace halves of characters, which no table holds."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _write_lines(rows: Iterator[dict[str, Any]], file: IO[bytes]) -> int:
    n_rows = 0
    for row in rows:
        n_rows += 1
        file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    return n_rows


def _write_packed_lines(rows: Iterator[dict[str, Any]], file: IO[bytes]) -> int:
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        return _write_lines(rows, cast("IO[bytes]", packed))


def _write_parquet(rows: Iterator[dict[str, Any]], file: IO[bytes]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _COLUMNS.items()])
    n_rows = 0
    with pq.ParquetWriter(file, schema) as writer:
        while chunk := list(islice(rows, _ROWS_AT_ONCE)):
            n_rows += len(chunk)
            writer.write_table(pa.Table.from_pylist(chunk, schema))
    return n_rows


_WRITERS: Mapping[str, Callable[[Iterator[dict[str, Any]], IO[bytes]], int]] = {
    ".parquet": _write_parquet,
    ".jsonl": _write_lines,
    ".jsonl.gz": _write_packed_lines,
}
