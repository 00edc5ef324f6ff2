"""m-Arena-Hard's boards: beside the one over all, one for each language, of the scores that its rows have."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from autoeval.data.m_arena_hard import LANGUAGES
from autoeval.leaderboards.arena_columns import ARENA_COLUMNS
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.rows import Row
from autoeval.leaderboards.table import Board, read_board

_CONDITIONS = ("mode", "annotator", "fingerprint", "judge_models", "reference", "eval_set")


def save_language_boards(path: Path, rows: Iterable[Row]) -> Sequence[Path]:
    """Write a board a language beside one that is written, `<name>.<language>.csv`.

    Args:
        path: the board over all languages.
        rows: those that were put on it.

    Returns:
        The files; none where the rows are of no languages.

    Raises:
        UsageError: a file cannot be read or written.
    """
    rows = list(rows)
    languages = [name for name in LANGUAGES if any({name, f"{name}_low"} <= row.keys() for row in rows)]
    if not languages or not path.exists():
        return ()
    whole = read_board(path, ARENA_COLUMNS)
    written = []
    for language in languages:
        file = path.with_name(f"{path.stem}.{language}.csv")
        save_board(of_language(whole, language), file)
        written.append(file)
    return written


def of_language(whole: Board, language: str) -> Board:
    """Return the board of one language: the models that have a score in it, the best first."""
    rows = {
        name: {
            "win_rate": row[language],
            "score": row[language],
            "n_total": row.get(f"{language}_n"),
            "low": row.get(f"{language}_low"),
            "high": row.get(f"{language}_high"),
            **{column: row[column] for column in _CONDITIONS if column in row},
        }
        for name, row in whole.rows.items()
        if row.get(language) is not None
    }
    return Board(rows, ARENA_COLUMNS).sorted_by("score")
