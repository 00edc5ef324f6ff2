"""A finished run, shown again."""

from autoeval.runs.finished import Run, load_run


def show(run: str) -> Run:
    """Show a finished run: its number and interval, what is missing, its subsets.

    Args:
        run: The run's folder, or its annotations.json.

    Returns:
        The run.

    Raises:
        UsageError: there is no such run.
    """
    return load_run(run)
