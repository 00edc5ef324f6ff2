"""File formats to rows, in flat memory: JSON, JSON lines, CSV, TSV and Parquet, each also gzip-compressed.

A reader takes a path and yields `(where, value)`: where the row is, as an error message says it, and what it
holds. Text is UTF-8. A lone surrogate, written as an escape or as the three bytes that some tools write for
it, passes: `loading` replaces it.
"""

import contextlib
import csv
import gzip
import io
import json
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from autoeval.data.json_stream import JsonStream
from autoeval.errors import UsageError

NumberedRows = Iterator[tuple[str, Any]]

_MAX_CSV_FIELD = (
    2**31 - 1
)  # the largest that every platform's C long holds; the default is 131,072 characters
_SAVED_DATASET = ("state.json", "dataset_dict.json")
_EXCELS_HINT = "sep="  # a first line that names the delimiter
_QUOTED = re.compile(r'"[^"]*"')
_PARQUET_BATCH = 256
_READ_BYTES = 1 << 16


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
    with _explaining_what_is_wrong_with(path):
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
    with _open_text(path) as text:
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
    with _open_text(path, newline="\n") as text:
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


def _read_csv(path: Path) -> NumberedRows:
    return _read_delimited(path, None)


def _read_tsv(path: Path) -> NumberedRows:
    return _read_delimited(path, "\t")


def _read_delimited(path: Path, delimiter: str | None) -> NumberedRows:
    """Read rows of fields; without a delimiter, the first line says which one it is."""
    csv.field_size_limit(_MAX_CSV_FIELD)
    with _open_text(path, newline="") as text:
        first = next((line for line in text if line.strip()), "")
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter or _delimiter_of(first), strict=True)
        try:
            header = next((fields for fields in reader if fields and fields[0] != _EXCELS_HINT), None)
            if header is None:
                raise UsageError(f"{path}: the file is empty. Its first line should name the columns.")
            _refuse_repeated_columns(header, path)
            is_index = header[0] in ("", "Unnamed: 0")  # what a DataFrame saved with its index leaves
            number, first_line = 0, reader.line_num + 1
            for fields in reader:
                if fields:
                    number += 1
                    where = f"{path}, row {number} (line {first_line})"
                    if len(fields) != len(header):
                        raise UsageError(
                            f"{where}: {len(fields)} fields, but the header names {len(header)} columns. "
                            "Text with a separator, a quote or a line break in it must be quoted."
                        )
                    yield where, dict(zip(header[is_index:], fields[is_index:], strict=True))
                first_line = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"{path}, line {reader.line_num}: not valid CSV ({error}). Check the quotes."
            ) from None


def _delimiter_of(header: str) -> str:
    """Return what stands most often between the names of columns: a comma, or what spreadsheets write elsewhere."""
    if header.startswith(_EXCELS_HINT) and header.strip() != _EXCELS_HINT:
        return header[len(_EXCELS_HINT)]
    return max(",;\t", key=_QUOTED.sub("", header).count)


def _refuse_repeated_columns(header: list[str], path: Path) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise UsageError(f"{path}: the column {repeated[0]!r} is there twice. Rename or remove one.")


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
        raise UsageError(f"{folder}: this saved dataset cannot be read ({error}). Save it again.") from None
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
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}


def _open_bytes(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def _open_text(path: Path, newline: str | None = None) -> TextIO:
    return io.TextIOWrapper(_open_bytes(path), encoding="utf-8-sig", errors="surrogatepass", newline=newline)


@contextlib.contextmanager
def _explaining_what_is_wrong_with(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise UsageError(_about_encoding(path)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(
            f"{path}: not a complete gzip file ({error}). Copy it again, or take .gz from its name "
            "if it is not compressed."
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: the file cannot be read ({error.strerror or error}).") from None


def _about_encoding(path: Path) -> str:
    """Say where a file stops being UTF-8, by reading it again, and what it probably is instead."""
    with _open_bytes(path) as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return f"{path}: the file is gzip-compressed. Rename it to end in {path.suffix}.gz."
    if start[:4] == b"PAR1":
        return f"{path}: this is a Parquet file. Rename it to end in .parquet."
    offset, byte = _first_undecodable_byte(path)
    guess = "UTF-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "WINDOWS-1252"
    return (
        f"{path}: the byte {byte:#04x} at offset {offset} is not UTF-8. Save the file as UTF-8, "
        f"for example with: iconv -f {guess} -t UTF-8 (if it is {guess}, which is a guess)."
    )


def _first_undecodable_byte(path: Path) -> tuple[int, int]:
    offset, pending = 0, b""
    with _open_bytes(path) as file:
        while chunk := file.read(_READ_BYTES):
            pending += chunk
            try:
                pending.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                if error.start < len(pending) - 3:  # otherwise it may be a character cut in two
                    return offset + error.start, pending[error.start]
                offset, pending = offset + error.start, pending[error.start :]
            else:
                offset, pending = offset + len(pending), b""
    return offset, pending[0]
