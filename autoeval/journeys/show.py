"""A finished run, shown again."""

from pathlib import Path

from autoeval.leaderboards.boards import read_shown
from autoeval.leaderboards.table import Board
from autoeval.runs.finished import Run, load_run
from autoeval.runs.paying.again import ToldAgain, tell_again


def show(run: str) -> Run | ToldAgain | Board:
    """Show a finished run: its number and interval, what is missing, its subsets. Or show a leaderboard.

    Args:
        run: The run's folder, or its annotations.json; or a leaderboard, of one that make_leaderboard --until_decided
            filled which of every two models is better.

    Returns:
        A Run; of one that paid for some of its pairs, and of a leaderboard with claims, a ToldAgain: what is said of
        them; of another leaderboard the Board.

    Raises:
        UsageError: there is no such run.
    """
    return tell_again(run) or read_shown(Path(run)) or load_run(run)
