"""The board that a result joins: found, updated by one process at a time, and written in one step."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from autoeval.checks import check_choice
from autoeval.data.eval_sets import EvalSet
from autoeval.data.replacing import refuse_unwritable, result_file
from autoeval.errors import AutoevalError, UsageError, nearest, not_written
from autoeval.leaderboards.columns import COLUMNS, names_of
from autoeval.leaderboards.grades import COLUMNS as SCORE_COLUMNS
from autoeval.leaderboards.preferences import Preference, path_beside, read_preferences, write_preferences
from autoeval.leaderboards.rating_columns import RATINGS, is_ratings
from autoeval.leaderboards.rows import Conditions, Row
from autoeval.leaderboards.table import Board, read_board
from autoeval.metrics.columns import Column
from autoeval.prompting.alpaca_eval.folders import installed
from autoeval.prompting.finding import judge_name
from autoeval.resources import shipped

_EMPTY = Board({})
_KINDS = (COLUMNS, SCORE_COLUMNS)
_LOCK_SECONDS = 60.0
_NAMED = "the leaderboard "
_RESULT = ("win_rate", "score", "standard_error", "n_total", "length_controlled_winrate")
_ALPACA_EVAL_REFERENCES = {"data_AlpacaEval": "text_davinci_003", "data_AlpacaEval_2": "gpt4_1106_preview"}


def find_board(
    precomputed: str | Path | None,
    annotator: str | Path,
    preset: EvalSet,
    flag: str = "--precomputed_leaderboard",
) -> tuple[Board, Path | None]:
    """Return the board that results are shown among, and its file.

    Args:
        precomputed: a CSV file; the name of a board shipped here or by an installed alpaca_eval; `auto` for the
            shipped board of this judge and preset; None for no board.
        annotator: the judge.
        preset: whose boards come first.
        flag: the parameter that named it, for errors.

    Raises:
        UsageError: the file is missing or no leaderboard.
    """
    if precomputed is None:
        return _EMPTY, None
    if precomputed == "auto":
        path = shipped("leaderboards") / preset.name / f"{judge_name(annotator)}.csv"
        return (read_board(path), path) if path.is_file() else (_EMPTY, None)
    path = Path(precomputed)
    if not path.exists() and path.suffix.lower() != ".csv":
        return _named_board(str(precomputed), preset, flag)
    return read_own(path), path


def is_board(path: Path) -> bool:
    """Whether a CSV file is a board, and not what lies beside boards: preferences, or figures of instructions."""
    return not path.name.endswith(".preferences.csv") and headline_of(path) is not None


def headline_of(path: Path) -> str | None:
    """Return the headline of the kind of board that a CSV file is: `win_rate` or `score`; None where it is none.

    Raises:
        UsageError: it cannot be read.
    """
    header = header_of(path)
    if "instruction" in header:  # annotations have scores too
        return None
    return next((columns[0].name for columns in _KINDS if columns[0].name in header), None)


def header_of(path: Path) -> Sequence[str]:
    """Return the names of a CSV file's columns.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None


def read_any(path: Path) -> Board:
    """Read a board of either kind: of win rates, or of scores.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    headline = headline_of(path)
    return read_board(path, next((one for one in _KINDS if one[0].name == headline), COLUMNS))


def read_shown(path: Path) -> Board | None:
    """Read a board to show it: of win rates, of scores, or of `rank`; None where a path is no board's.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        if path.suffix.lower() != ".csv" or not path.is_file():
            return None
    except OSError:  # a name that no file can have
        return None
    if is_board(path):
        return read_any(path)
    return read_board(path, RATINGS) if is_ratings(header_of(path)) else None


def read_own(path: Path, known: Sequence[Column] = COLUMNS) -> Board:
    """Read a board of the user's, an empty one where it is still to be begun, and what is stored beside it.

    Raises:
        UsageError: one of both cannot be read, or the board could not be made.
    """
    if path.exists():
        board = read_board(path, known)
    else:
        refuse_unwritable_board(path)
        board = Board({}, known)
    read_preferences(path_beside(path), of=board.rows)  # of those alone is any kept
    return board


def refuse_unwritable_board(path: Path) -> None:
    """Refuse a board that could not be written when the run has been paid for.

    Raises:
        UsageError: saying why.
    """
    refuse_unwritable(path, _NAMED)


def known_models(preset: EvalSet) -> Board:
    """Return the shipped board of known models on the preset's eval set, whoever judges now."""
    return read_board(shipped("leaderboards") / preset.name / f"{preset.board}.csv")


def check_column(sort_by: str | None, board: Board) -> None:
    """Refuse to sort a board by a column that it will not have; None passes.

    Raises:
        UsageError: naming the nearest column.
    """
    if sort_by is not None:
        check_choice("sort_by", sort_by, dict.fromkeys([*names_of(board.known), *board.columns()]))


def is_own(path: Path) -> bool:
    """Whether a board is the user's, so that a result may be added to it unasked; a shipped one is not."""
    return not any(path.resolve().is_relative_to(folder.resolve()) for folder in _installed_boards())


def merged(board: Board, name: str, row: Row, overwrite: bool) -> tuple[Board, str]:
    """Put a row on a board; beside the model's old row unless that is to be replaced or says the same.

    Returns:
        The board, and the name under which the new row stands.
    """
    is_beside = not overwrite and name in board.rows and not _says_the_same(board.rows[name], row)
    shown_as = f"{name} (this run)" if is_beside else name
    return board.with_row(shown_as, row), shown_as


def with_one_row(board: Board, name: str, row: Row, overwrite: bool, path: Path) -> Board:
    """Put a row on a board's file, where every model has one: its old row stays unless that is to be replaced.

    Raises:
        AutoevalError: the board holds rows that this one does not compare with.
    """
    return board if name in board.rows and not overwrite else with_comparable_rows(board, {name: row}, path)


def _says_the_same(old: Row, new: Row) -> bool:
    """Whether two rows of a model hold the same result, as after the same command twice."""
    return all(old.get(column) == new.get(column) for column in _RESULT)


def update_board(
    path: Path,
    change: Callable[[Board], Board],
    preferences: Mapping[str, Iterable[Preference]],
    sort_by: str,
    read: Callable[[Path], Board] = read_board,
    empty: Board = _EMPTY,
) -> Board:
    """Change a board while no other process does.

    Args:
        path: the board; it need not exist yet.
        change: gives the new board for the one that the file holds now.
        preferences: what is stored beside the board for models that are new or replaced.
        sort_by: the column that the board is sorted by.
        read: reads the file.
        empty: what a board begins with that is not there yet.

    Returns:
        The board as written.

    Raises:
        UsageError: the board cannot be read, locked or written.
    """
    with locked(path):
        board = change(read(path) if path.exists() else empty).sorted_by(sort_by)
        kept = read_preferences(path_beside(path), of=board.rows.keys() - preferences.keys())
        stored = {**kept, **preferences}
        if preferences:
            with result_file(path_beside(path), _NAMED) as file:
                in_order = {name: stored[name] for name in sorted(stored) if name in board.rows}
                write_preferences(file, in_order)
        save_board(board, path)
        return board


def with_comparable_rows(board: Board, rows: Mapping[str, Row], path: Path) -> Board:
    """Put rows on a board as its file has it now, which another process may have begun or changed meanwhile.

    Raises:
        AutoevalError: the board holds rows that these do not compare with.
    """
    for name, row in rows.items():
        if conflict := Conditions.of_row(row).conflict(board, replaced=rows.keys()):
            raise AutoevalError(
                f"{_NAMED}{path} was changed by another process meanwhile, and {name!r} does not compare with it any "
                f"more: {conflict}. Name another board, and run the same command again: replies that were paid for are "
                "in the cache."
            )
    return board.with_rows(rows)


def save_board(board: Board, path: Path) -> None:
    """Write a board in one step.

    Raises:
        AutoevalError: it cannot be written.
    """
    with result_file(path, _NAMED) as file:
        board.write(file)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the board's lock; it ends with the process, so one that is killed leaves none behind."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UsageError(f"{_NAMED}{path} is being written by another process for over a minute.") from None
    except OSError as error:
        raise not_written(f"{_NAMED}{path}", error) from None
    try:
        yield
    finally:
        lock.release()


def _named_board(name: str, preset: EvalSet, flag: str) -> tuple[Board, Path]:
    found = {
        path.stem.removesuffix("_leaderboard"): path
        for folder in reversed(_installed_boards())
        for path in sorted(folder.glob("*/*.csv"), key=lambda path: path.parent.name == preset.name)
        if is_board(path)
    }
    wanted = name.removesuffix("_leaderboard")
    if wanted not in found:
        raise UsageError(f"{flag}: there is neither a file nor a board {name!r}. {nearest(wanted, found)}")
    path = found[wanted]
    return _with_conditions(read_board(path), wanted, path.parent.name), path


def _with_conditions(board: Board, annotator: str, folder: str) -> Board:
    """Say on AlpacaEval's boards who judged and against whom: there, only the file's place does."""
    if folder not in _ALPACA_EVAL_REFERENCES:
        return board
    conditions = {"annotator": annotator, "reference": _ALPACA_EVAL_REFERENCES[folder]}
    return replace(board, rows={name: {**row, **conditions} for name, row in board.rows.items()})


def _installed_boards() -> list[Path]:
    """Return the folders of boards that are no user's: ours, and those of an installed alpaca_eval."""
    theirs = installed("leaderboards")
    return [shipped("leaderboards"), *([theirs] if theirs else [])]
