"""Rows of CSV and TSV files: fields with a delimiter between them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.data.opening import explaining_what_is_wrong_with, open_text
from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern

if TYPE_CHECKING:
    import _csv

_MAX_CSV_FIELD = (
    2**31 - 1
)  # the largest that every platform's C long holds; the default is 131,072 characters
_EXCELS_HINT = "sep="  # a first line that names the delimiter
_QUOTED = lazy_pattern(r'"[^"]*"')


def read_csv(path: Path) -> Iterator[tuple[str, Any]]:
    """Stream the rows of a CSV file, whatever its delimiter is."""
    return _read_delimited(path, None)


def read_tsv(path: Path) -> Iterator[tuple[str, Any]]:
    """Stream the rows of a file with tabs between its fields."""
    return _read_delimited(path, "\t")


def _read_delimited(path: Path, delimiter: str | None) -> Iterator[tuple[str, Any]]:
    """Read rows of fields."""
    rows = _split(path, delimiter)
    _, header = next(rows)
    is_index = header[0] in ("", "Unnamed: 0")  # what a DataFrame saved with its index leaves
    for number, (line, fields) in enumerate(rows, 1):
        yield (
            f"{path}, row {number} (line {line})",
            dict(zip(header[is_index:], fields[is_index:], strict=True)),
        )


def read_split(path: Path) -> Iterator[list[str]]:
    """Stream a CSV or TSV file's rows as they are split, the names of its columns first.

    Raises:
        UsageError: the file cannot be read; a row that is wrong is named.
    """
    with explaining_what_is_wrong_with(path):
        for _, fields in _split(
            path, "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else None
        ):
            yield fields


def _split(path: Path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Split rows, the header first, each with its first line; without a delimiter, the first line says which."""
    csv.field_size_limit(_MAX_CSV_FIELD)
    with open_text(path, newline="") as text:
        first = next((line for line in text if line.strip()), "")
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter or _delimiter_of(first), strict=True)
        try:
            yield from _checked(reader, path)
        except csv.Error as error:
            raise UsageError(
                f"{path}, line {reader.line_num}: not valid CSV ({error}). Check the quotes."
            ) from None


def _checked(reader: "_csv.Reader", path: Path) -> Iterator[tuple[int, list[str]]]:
    """Pass on the rows of a file that names its columns, and refuse one that has not a field for each."""
    header = next((fields for fields in reader if fields and fields[0] != _EXCELS_HINT), None)
    if header is None:
        raise UsageError(f"{path}: the file is empty. Its first line should name the columns.")
    _refuse_repeated_columns(header, path)
    yield reader.line_num, header
    number, first_line = 0, reader.line_num + 1
    for fields in reader:
        if fields:
            number += 1
            if len(fields) != len(header):
                raise UsageError(
                    f"{path}, row {number} (line {first_line}): {len(fields)} fields, but the header names "
                    f"{len(header)} columns. Text with a separator, a quote or a line break in it must be quoted."
                )
            yield first_line, fields
        first_line = reader.line_num + 1


def _delimiter_of(header: str) -> str:
    """Return what stands most often between the names of columns: a comma, or what spreadsheets write elsewhere."""
    if header.startswith(_EXCELS_HINT) and header.strip() != _EXCELS_HINT:
        return header[len(_EXCELS_HINT)]
    return max(",;\t", key=_QUOTED.sub("", header).count)


def _refuse_repeated_columns(header: list[str], path: Path) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise UsageError(f"{path}: the column {repeated[0]!r} is there twice. Rename or remove one.")
