"""Any source to a stream of rows: files of every common format, globs, tables in memory, the hub."""

import glob
import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from autoeval.data.formats import (
    NumberedRows,
    file_format,
    has_text_only,
    is_saved_dataset,
    read_file,
    require_library,
    rows_of_columns,
)
from autoeval.data.hub import HubDataset, is_hub_name, load_hub_dataset, require_datasets
from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern

_PATH = (str, os.PathLike)
_SURROGATE = lazy_pattern("[\ud800-\udfff]")

Source = Any
"""What users pass: a path, a glob, a hub name, a list of paths or of dictionaries, a dictionary of columns, a
DataFrame, a `datasets.Dataset`, any iterable of dictionaries, or a callable that returns one of these."""


class Row(NamedTuple):
    """One row as it was loaded. `where` says where it stands, like `outputs.json, row 12` (from 1).

    `is_text` says that its file has text only (CSV), so that numbers in it are text.
    """

    where: str
    fields: Mapping[str, Any]
    n_replaced_characters: int = 0
    is_text: bool = False


class Rows:
    """A stream of rows, to be read once. Files are opened when their turn comes; an empty one is refused."""

    def __init__(self, sources: Iterable[Source], role: str) -> None:
        self._sources = sources
        self._role = role
        self.n_replaced_characters = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows, and count the lone surrogates that were replaced on the way."""
        for source in self._sources:
            where = ""
            is_text = isinstance(source, Path) and has_text_only(source.name)
            for where, fields in _read_one(source, self._role):
                if not isinstance(fields, Mapping):
                    raise UsageError(
                        f"{where} is {describe(fields)}; it should be an object with a field per column."
                    )
                clean, n_replaced = _replace_surrogates(fields)
                self.n_replaced_characters += n_replaced
                yield Row(where, clean, n_replaced, is_text)
            if not where:
                name = source if isinstance(source, Path) else self._role
                raise UsageError(f"{name}: there is no row in it. Give at least one.")


def read_rows(source: Source, role: str) -> Rows:
    """Read any source as rows.

    Args:
        source: see `Source`.
        role: the flag that named it, such as `--model_outputs`; errors about tables in memory name it.

    Returns:
        The rows. Content is read, and checked, as they are iterated over.

    Raises:
        UsageError: there is no such file, or nothing that rows could be read from.
    """
    return Rows(expand(source, role), role)


def expand(source: Source, role: str) -> list[Source]:
    """Resolve callables, globs and lists of paths.

    Returns:
        One entry a file (an existing `Path`) or a table in memory.

    Raises:
        UsageError: a file does not exist, or a glob matches none.
        MissingExtraError: what reads one of them is not installed.
    """
    if callable(source):
        return expand(source(), role)
    if isinstance(source, _PATH):
        found = _expand_path(os.fspath(source), role)
        for entry in found:
            _require_what_reads(entry, role)
        return found
    if isinstance(source, list | tuple) and source and all(isinstance(item, _PATH) for item in source):
        return [entry for item in source for entry in expand(item, role)]
    return [source]


def require_files(source: Source, role: str) -> None:
    """Refuse names of files that do not exist or cannot be read here, before anything else is fetched or loaded.

    Raises:
        UsageError: naming the file.
    """
    if isinstance(source, (*_PATH, list, tuple)):
        expand(source, role)


def is_missing(value: Any) -> bool:
    """Whether a value is one of the ways to say that there is none: None, NaN, pandas' NA and NaT."""
    if value is None or isinstance(value, str):
        return value is None
    is_nan = isinstance(value, numbers.Real) and value != value
    return is_nan or type(value).__name__ in ("NAType", "NaTType")


def listed(value: Any) -> Any:
    """Return a list that a DataFrame made an array of as the list that it was; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def describe(value: Any) -> str:
    """Say what kind of value something is, in words that a user of JSON knows."""
    if is_missing(value):
        return "null"
    kinds: list[tuple[Any, str]] = [
        (bool, "a boolean"),
        (numbers.Number, "a number"),
        (str, "text"),
        (Mapping, "an object"),
        (list | tuple, "a list"),
    ]
    kind = next((name for types, name in kinds if isinstance(value, types)), f"a {type(value).__name__}")
    return f"{kind} ({shorten(value)})"


def shorten(value: Any, width: int = 60) -> str:
    """Quote a value on one line, cut to `width` characters."""
    if isinstance(value, str):
        return repr(value) if len(value) <= width else f"{value[:width]!r}…"
    text = repr(value)
    return text if len(text) <= width else f"{text[:width]}…"


def is_glob(text: str) -> bool:
    """Whether a name may stand for several."""
    return any(character in text for character in "*?[")


def matching(text: str) -> list[Path]:
    """Return the files and folders that a glob matches, in the order of their names; none where it is no glob."""
    if not is_glob(text):
        return []
    path = str(Path(text).expanduser())
    return [Path(match) for match in sorted(glob.glob(path, recursive=True))]  # noqa: PTH207 - absolute ones too


def _expand_path(text: str, role: str) -> list[Source]:
    path = Path(text).expanduser()
    try:
        if path.is_dir() and is_saved_dataset(path):
            return [path]
        if path.is_dir():
            raise UsageError(
                f"{role}: {text} is a folder. Name a file in it, or a glob such as '{text}/*.json'."
            )
        if path.exists():
            return [path]
    except OSError as error:  # a name too long to be one: somebody passed the text itself
        raise UsageError(f"{role}: {shorten(text)} is not the name of a file ({error.strerror}).") from None
    if is_glob(text):
        matches: list[Source] = [match for match in matching(text) if match.is_file()]
        if not matches:
            raise UsageError(f"{role}: no file matches {text!r}. It is looked for in {Path.cwd()}.")
        return matches
    if file_format(text) is None and is_hub_name(text):
        return [HubDataset(text)]
    raise UsageError(f"{role}: the file {text!r} does not exist. {_what_exists_near(path)}")


def _require_what_reads(source: Source, role: str) -> None:
    if isinstance(source, HubDataset):
        require_datasets(source, role)
    else:
        require_library(source)


def _what_exists_near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {str(path.parent)!r} does not exist either."
    close = get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=1, cutoff=0.6)
    if close:
        return f"Did you mean {str(path.with_name(close[0]))!r}?"
    return f"It is looked for in {path.parent.resolve()}. A dataset of the hub is named as 'owner/name'."


def _read_one(source: Source, role: str) -> NumberedRows:
    if isinstance(source, Path):
        return read_file(source)
    if isinstance(source, HubDataset):
        found = load_hub_dataset(source, role)
        return read_file(found) if isinstance(found, Path) else _numbered(found, source.name)
    if isinstance(source, Mapping):
        return _read_columns(source, role)
    if type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "itertuples"):
        return _read_dataframe(source, role)
    if isinstance(source, Iterable) and not isinstance(source, bytes):
        return _numbered(source, role)
    raise UsageError(f"{role} is {describe(source)}. Give a file, a glob, a hub dataset or a table.")


def _numbered(items: Iterable[Any], name: str) -> NumberedRows:
    for number, item in enumerate(items, 1):
        yield f"{name}, row {number}", item


def _read_columns(columns: Mapping[Any, Any], role: str) -> NumberedRows:
    for name, column in columns.items():
        if hasattr(column, "column_names"):
            splits = ", ".join(map(str, columns))
            raise UsageError(f"{role} has several splits ({splits}). Pass one, such as [{name!r}].")
        if isinstance(column, str) or not isinstance(column, Iterable):
            raise UsageError(f"{role}: column {name!r} is {describe(column)}; it should be a list.")
    return rows_of_columns(columns, role)


def _read_dataframe(frame: Any, role: str) -> NumberedRows:
    columns = [str(column) for column in frame.columns]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise UsageError(f"{role}: the DataFrame has the column {repeated[0]!r} twice. Rename or remove one.")
    for number, values in enumerate(frame.itertuples(index=False, name=None), 1):
        yield f"{role}, row {number}", dict(zip(columns, values, strict=True))


def _replace_surrogates(fields: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    if all(map(_is_valid, fields.values())):
        return fields, 0
    n_replaced = 0

    def clean(value: Any) -> Any:
        nonlocal n_replaced
        if isinstance(value, str):
            text, n = _SURROGATE.subn("\ufffd", value)
            n_replaced += n
            return text
        return _rebuild(value, clean)

    return {name: clean(value) for name, value in fields.items()}, n_replaced


def _is_valid(value: Any) -> bool:
    if isinstance(value, str):
        if value.isascii():
            return True
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    if isinstance(value, Mapping):
        return all(_is_valid(item) for item in value.values())
    return not isinstance(value, list | tuple) or all(_is_valid(item) for item in value)


def _rebuild(value: Any, clean: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: clean(item) for name, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list | tuple) else value
