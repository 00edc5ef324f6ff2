"""A finished run, shown again."""

from autoeval.runs.finished import Run, load_run
from autoeval.runs.paying.again import ToldAgain, tell_again


def show(run: str) -> Run | ToldAgain:
    """Show a finished run: its number and interval, what is missing, its subsets.

    Args:
        run: The run's folder, or its annotations.json; or a leaderboard that make_leaderboard --until_decided filled,
            for which of every two models is better.

    Returns:
        A Run; of one that paid for some of its pairs, and of a leaderboard, a ToldAgain: what is said of them.

    Raises:
        UsageError: there is no such run.
    """
    return tell_again(run) or load_run(run)
