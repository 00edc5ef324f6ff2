"""Annotation files as tables for the analysis."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.data.annotations import check_annotation
from autoeval.data.formats import is_saved_dataset
from autoeval.data.loading import Row, matching
from autoeval.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("annotations.json", "annotations.json.gz")
PAID_NAME = "paid_annotations.json"
"""The pairs that were paid for, where not all were. Where it lies, the last run into its folder was of a sample."""


def find_annotations(run: str | Path, takes_samples: bool = False) -> Path:
    """Return the annotations file of a run.

    Args:
        run: the file, the run's folder, or a folder above it that holds one run only.
        takes_samples: a file of the pairs that were paid for will do, where that is what the last run wrote.

    Raises:
        UsageError: there is none, or several, or it holds a sample, of which a plain mean is no win rate.
    """
    path = Path(run)
    names = (PAID_NAME, *NAMES) if takes_samples else NAMES
    try:
        if not takes_samples:
            _refuse_sample(path)
        if path.is_file():
            return path
        is_folder = path.is_dir()
    except OSError:  # a name that no file can have
        is_folder = False
    if not is_folder:
        raise UsageError(f"there is no run {str(path)!r}: give a folder of results, or its annotations.json.")
    for name in names:
        if (path / name).is_file():
            return path / name
    folders = sorted({file.parent for name in names for file in path.rglob(name)})
    sampled = sorted(path.rglob(PAID_NAME))
    if sampled and not takes_samples and set(folders) <= {file.parent for file in sampled}:
        _refuse_sample(sampled[0])
    if len(folders) == 1:
        return find_annotations(folders[0], takes_samples)
    if not folders:
        raise UsageError(
            f"{path} holds no annotations.json. Give the folder that evaluate wrote its results to."
        )
    told = ", ".join(map(str, folders[:5]))
    raise UsageError(f"{path} holds {len(folders)} runs. Name one: {told}{', …' if len(folders) > 5 else ''}")


def _refuse_sample(path: Path) -> None:
    """Refuse a file of pairs that were drawn with unequal chances, and the folder that it lies in."""
    is_sample = path.name == PAID_NAME  # or a pattern that finds only such files
    if is_sample or (path / PAID_NAME).is_file():
        where = path.parent if is_sample else path
        raise UsageError(
            f"{where} holds a run that paid for some of its pairs (--n_paid, --precision or --until_decided). Their "
            "plain mean is no win rate; the estimate for all is on the leaderboard that it wrote. The same command "
            "without the flag judges the rest."
        )


def annotation_table(rows: Iterable[Row], needed: Sequence[str]) -> "pd.DataFrame":
    """Make annotations a table, every row checked.

    Args:
        rows: the rows.
        needed: the columns that each must have.

    Raises:
        UsageError: one cannot be read, or is none of an annotation.
    """
    import pandas as pd

    return pd.DataFrame([check_annotation(row, needed) for row in rows])


def with_files(source: Any, takes_samples: bool = False) -> Any:
    """Return a source with the annotations file in place of each run's folder: alone, in a list, or found by a glob.

    Args:
        source: files, folders, globs or tables; tables are left as they are, and so are saved datasets.
        takes_samples: as of `find_annotations`.

    Raises:
        UsageError: a folder holds no run, or several.
    """
    if isinstance(source, list | tuple):
        return [file for one in source for file in _files(one, takes_samples)]
    found = _files(source, takes_samples)
    return found[0] if len(found) == 1 else found


def _files(source: Any, takes_samples: bool) -> list[Any]:
    """Return what stands for a source: a run's file for its folder, and for a glob of folders one for each."""
    if not isinstance(source, str | Path):
        return [source]
    try:
        is_folder = Path(source).is_dir() and not is_saved_dataset(Path(source))
        matches = [] if Path(source).exists() else matching(str(source))
    except OSError:  # a name that no file can have; reading it says so
        return [source]
    if any(match.is_dir() for match in matches):
        return [file for match in matches for file in _files(match, takes_samples)]
    is_run = is_folder or Path(source).name == PAID_NAME
    return [find_annotations(source, takes_samples) if is_run else source]
