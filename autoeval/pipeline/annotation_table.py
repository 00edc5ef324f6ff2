"""Annotation files as tables for the analysis."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.data.loading import read_rows
from autoeval.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("annotations.json", "annotations.json.gz")


def find_annotations(run: str | Path) -> Path:
    """Return the annotations file of a run.

    Args:
        run: the file, the run's folder, or a folder above it that holds one run only.

    Raises:
        UsageError: there is none, or several.
    """
    path = Path(run)
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(f"there is no run {str(path)!r}: give a folder of results, or its annotations.json.")
    for name in _NAMES:
        if (path / name).is_file():
            return path / name
    found = sorted(file for name in _NAMES for file in path.rglob(name))
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"{path} holds no annotations.json. Give the folder that evaluate wrote its results to."
        )
    told = ", ".join(str(file.parent) for file in found[:5])
    raise UsageError(f"{path} holds {len(found)} runs. Name one: {told}{', …' if len(found) > 5 else ''}")


def read_annotations(source: Any, role: str) -> "pd.DataFrame":
    """Read annotations as a table.

    Args:
        source: a file, a run's folder, a glob, a list of these, or any other source of rows.
        role: the flag that named it.

    Raises:
        UsageError: it cannot be read.
    """
    import pandas as pd

    return pd.DataFrame([dict(row.fields) for row in read_rows(_with_files(source), role)])


def _with_files(source: Any) -> Any:
    """Return a source with the annotations file in place of each folder."""
    if isinstance(source, list | tuple):
        return [_with_files(one) for one in source]
    if isinstance(source, str | Path) and Path(source).is_dir():
        return find_annotations(source)
    return source
