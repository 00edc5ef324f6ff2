"""A website from leaderboards."""

from dataclasses import dataclass
from pathlib import Path

from autoeval.data.replacing import replacing
from autoeval.errors import UsageError
from autoeval.leaderboards.presets import PRESETS
from autoeval.resources import shipped


@dataclass(frozen=True)
class Site:
    """Where a site was written, and how much of it there is."""

    index: Path
    n_boards: int
    n_pages: int


def site(out: str | Path = "site", leaderboards: str | Path | None = None) -> Site:
    """Build a static website from leaderboards. It works from the disk, without a server or a network.

    Args:
        out: The folder that the site is written to; files there are replaced.
        leaderboards: A folder with leaderboards as <eval set>/<judge>.csv. Default: the shipped ones.

    Returns:
        Where it begins.

    Raises:
        UsageError: there is no leaderboard, or the folder cannot be written.
    """
    from autoeval.leaderboards.site import load_boards, site_pages

    folder = Path(leaderboards) if leaderboards else shipped("leaderboards")
    boards = load_boards(folder, {name: preset.sort_by for name, preset in PRESETS.items()})
    n_pages = 0
    try:
        for place, html in site_pages(boards):
            with replacing(Path(out) / place) as file:
                file.write(html)
            n_pages += 1
    except OSError as error:
        raise UsageError(f"--out: the site cannot be written to {out}: {error.strerror}.") from None
    return Site(Path(out) / "index.html", len(boards), n_pages)
