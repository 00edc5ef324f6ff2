"""File formats to rows, in flat memory: JSON, JSON lines, CSV, TSV and Parquet, each also gzip-compressed.

A reader takes a path and yields `(where, value)`: where the row is, as an error message says it, and what it
holds. Text is UTF-8. A lone surrogate, written as an escape or as the three bytes that some tools write for
it, passes: `loading` replaces it.
"""

import contextlib
import gzip
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autoeval.data.delimited import read_csv, read_tsv
from autoeval.data.json_stream import JsonStream
from autoeval.data.opening import explaining_what_is_wrong_with, open_text
from autoeval.errors import MissingExtraError, UsageError

NumberedRows = Iterator[tuple[str, Any]]

_SAVED_DATASET = ("state.json", "dataset_dict.json")
_PARQUET_BATCH = 256


def file_format(name: str) -> str | None:
    """Return the suffix that names a file's format (without `.gz`), or None where it is not one we read."""
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in _READERS else None


def has_text_only(name: str) -> bool:
    """Whether a file's format knows no numbers, so that they stand in it as text."""
    return file_format(name) in (".csv", ".tsv")


def known_formats() -> str:
    """Say which file names are understood, as part of an error message."""
    return f"Formats: {', '.join(_READERS)}, each also with .gz"


def require_library(path: Path) -> None:
    """Refuse a file, or a saved dataset, that can only be read with a library that is not installed.

    Raises:
        MissingExtraError: naming the file.
    """
    if path.is_dir():
        what, library = "the saved dataset", "datasets"
    elif file_format(path.name) == ".parquet":
        what, library = "the Parquet file", "pyarrow"
    else:
        return
    if find_spec(library) is None:
        raise MissingExtraError(f"reading {what} {path}", "datasets")


def read_file(path: Path) -> NumberedRows:
    """Stream the rows of one file.

    Args:
        path: an existing file; its suffix names the format.

    Yields:
        `(where, value)`, `where` being like `outputs.json, row 12`, and the value whatever stands there.

    Raises:
        UsageError: the format is unknown, or the content is not what the suffix says.
    """
    if path.is_dir():
        yield from read_saved_dataset(path)
        return
    if path.name in (*_SAVED_DATASET, "dataset_info.json") and is_saved_dataset(path.parent):
        raise UsageError(f"{path} only describes a saved dataset. Name its folder instead: {path.parent}.")
    suffix = file_format(path.name)
    if suffix is None and path.suffix == ".arrow":
        raise UsageError(
            f"{path}: an Arrow file is a part of a saved dataset. Name its folder, or write the dataset with to_json "
            "or to_parquet."
        )
    if suffix is None:
        raise UsageError(f"{path}: this kind of file cannot be read. {known_formats()}.")
    with explaining_what_is_wrong_with(path):
        yield from _READERS[suffix](path)


def rows_of_columns(columns: Mapping[str, Any], where: str) -> NumberedRows:
    """Turn columns (lists, or pandas' dictionaries from index to value) into rows."""
    lists = {
        name: list(column.values()) if isinstance(column, Mapping) else list(column)
        for name, column in columns.items()
    }
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise UsageError(
            f"{where}: the columns are not of one length: {told}. Give each row a value in every column."
        )
    for number, values in enumerate(zip(*lists.values(), strict=True), 1):
        yield f"{where}, row {number}", dict(zip(lists, values, strict=True))


def _read_json(path: Path) -> NumberedRows:
    with open_text(path) as text:
        stream = JsonStream(text, str(path))
        match stream.peek():
            case "[":
                for number, value in enumerate(stream.array_items(), 1):
                    yield f"{path}, row {number}", value
            case "{":
                yield from rows_of_columns(_json_columns(stream, path), str(path))
            case "":
                raise UsageError(f"{path}: the file is empty. It should hold a JSON array of objects.")
            case _:
                stream.value()  # raises the parser's own message where this is no JSON at all
                raise UsageError(
                    f"{path}: this is a single JSON value; it should be an array of objects, one a row."
                )


def _json_columns(stream: JsonStream, path: Path) -> Mapping[str, Any]:
    content: dict[str, Any] = stream.value()
    if stream.peek() == "{":
        raise UsageError(
            f"{path}: one object follows another (JSON lines). Rename the file to end in .jsonl."
        )
    stream.expect_end()
    match list(content.items()):
        case [(key, [{}, *_])]:
            raise UsageError(f"{path}: the rows lie under the key {key!r}. Save that list without the key.")
        case columns if columns and all(isinstance(column, Mapping | list) for _, column in columns):
            return content
    raise UsageError(f"{path}: this is a single JSON object. It should be an array of objects, one a row.")


def _read_jsonl(path: Path) -> NumberedRows:
    number = 0
    with open_text(path, newline="\n") as text:
        for line_number, line in enumerate(text, 1):
            if not line.strip():
                continue
            number += 1
            where = f"{path}, row {number}" + (f" (line {line_number})" if line_number != number else "")
            try:
                yield where, json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(
                    f"{path}, line {line_number}, column {error.colno}: not valid JSON ({error.msg}). "
                    "Each line of a JSON lines file is one complete object."
                ) from None
            except (RecursionError, ValueError) as error:
                raise UsageError(f"{where}: this JSON value cannot be read ({error}).") from None


def _read_parquet(path: Path) -> NumberedRows:
    import pyarrow
    import pyarrow.parquet

    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(path.open("rb"))
        if path.name.lower().endswith(".gz"):  # Parquet is read from its end, so it has to be unpacked first
            unpacked = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(gzip.GzipFile(fileobj=file), unpacked)
            file = unpacked
        try:
            parquet = pyarrow.parquet.ParquetFile(file)
            number = 0
            for batch in parquet.iter_batches(batch_size=_PARQUET_BATCH):
                for fields in _rows_of_batch(batch, path, number):
                    number += 1
                    yield f"{path}, row {number}", fields
        except pyarrow.ArrowException as error:
            raise UsageError(f"{path}: not a valid Parquet file ({error}).") from None


def _rows_of_batch(batch: Any, path: Path, before: int) -> Iterator[dict[str, Any]]:
    """Yield a batch's rows; `before` counts those ahead of it."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for place in range(batch.num_rows):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                try:
                    column[place].as_py()
                except UnicodeDecodeError as error:
                    raise UsageError(
                        f"{path}, row {before + place + 1}: the text in {name!r} is not UTF-8 ({error.reason} at byte "
                        f"{error.start} of it). Write the file again from text that is."
                    ) from None
        raise


def read_saved_dataset(folder: Path) -> NumberedRows:
    """Stream the rows of a folder that `save_to_disk` of datasets made.

    Raises:
        UsageError: it holds several splits, or cannot be read.
    """
    import datasets

    try:
        found: Any = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(
            f"{folder}: this saved dataset cannot be read ({error}). Save it again, or write it with "
            "to_json or to_parquet."
        ) from None
    if hasattr(found, "keys"):
        if len(found) != 1:
            told = ", ".join(str(folder / name) for name in found)
            raise UsageError(f"{folder} holds several splits. Name one: {told}.")
        (found,) = found.values()
    try:
        for number, fields in enumerate(found, 1):
            yield f"{folder}, row {number}", fields
    except (UnicodeDecodeError, OSError, ValueError) as error:
        raise UsageError(f"{folder}: this saved dataset cannot be read ({error}).") from None


def is_saved_dataset(folder: Path) -> bool:
    """Whether `save_to_disk` of datasets made a folder."""
    return any((folder / name).is_file() for name in _SAVED_DATASET)


_READERS: dict[str, Callable[[Path], NumberedRows]] = {
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".parquet": _read_parquet,
}
