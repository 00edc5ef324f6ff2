"""A website from leaderboards."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.leaderboards.presets import PRESETS
from autoeval.resources import shipped


@dataclass(frozen=True)
class Site:
    """Where a site was written, and how much of it there is."""

    index: Path
    n_boards: int
    n_pages: int
    n_runs: int = 0


def site(
    out: str | Path = "site", leaderboards: str | Path | None = None, runs: str | Path | None = None
) -> Site:
    """Build a static website from leaderboards, or from runs. It works from the disk, without a server or a network.

    Args:
        out: The folder that the site is written to; files there are replaced.
        leaderboards: A folder with leaderboards as <eval set>/<judge>.csv, and boards of `rank` (ratings) and of
            `analyze_evaluators` (judges by accuracy and price). Default: the shipped ones.
        runs: A folder of runs: write what `view` shows of them, for who cannot serve, in place of leaderboards.

    Returns:
        Where it begins.

    Raises:
        UsageError: there is no leaderboard or no run, or the folder cannot be written.
        MissingExtraError: runs are wanted and the extra `view` is not installed.
    """
    if runs is not None:
        if leaderboards is not None:
            raise UsageError("--leaderboards and --runs make different sites: give one of them.")
        return _site_of_runs(Path(out), runs)
    from autoeval.leaderboards.other_pages import load_others
    from autoeval.leaderboards.site import site_pages
    from autoeval.leaderboards.site_boards import load_boards

    folder = Path(leaderboards) if leaderboards else shipped("leaderboards")
    if folder.is_file():
        raise UsageError(f"--leaderboards: {folder} is a file; name the folder that it lies in.")
    boards = load_boards(folder, {name: preset.sort_by for name, preset in PRESETS.items()})
    others = load_others(folder, (board.folder for board in boards))
    if not boards and not others:
        raise UsageError(
            f"there is no leaderboard (a CSV file with a column win_rate, score, rating or accuracy) in {folder}."
        )
    n_pages = _write(Path(out), site_pages(boards, others))
    return Site(Path(out) / "index.html", len(boards) + len(others), n_pages)


def _site_of_runs(out: Path, runs: str | Path) -> Site:
    from autoeval.journeys.view import documents_of, runs_folder
    from autoeval.viewing.static import static_files

    documents = documents_of(runs_folder(runs), keeps=False)
    n_runs = len(documents.runs(waits=True)["runs"])
    if not n_runs:
        raise UsageError(f"--runs: there is no run in {runs} (a folder with an annotations.json).")
    _write(out, static_files(documents))
    return Site(out / "index.html", 0, 1, n_runs)


def _write(out: Path, files: Iterable[tuple[str, str]]) -> int:
    """Write files below a folder and return how many there were."""
    n_files = 0
    for place, text in files:
        with result_file(out / place, "--out: ") as file:
            file.write(text)
        n_files += 1
    return n_files
