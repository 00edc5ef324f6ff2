"""The page of the view: one template and its scripts, the same where it is served and where it lies on a disk."""

from pathlib import Path

from autoeval.pages.document import PAIR_BROWSER, render

_HERE = Path(__file__).parent
_SCRIPTS = tuple(
    _HERE / name
    for name in ("source.js", "runs.js", "trend.js", "run.js", "compare.js", "label.js", "view.js")
)


def live_page() -> str:
    """Return the page that asks its server for what it shows."""
    return _page(is_live=True, reaches="; connect-src 'self'")


def static_page() -> str:
    """Return the page that loads what it shows from files beside it.

    Only scripts that our own script adds are loaded (`strict-dynamic`), and it adds none but its data.
    """
    return _page(is_live=False, reaches=" 'strict-dynamic'")


def _page(is_live: bool, reaches: str) -> str:
    return render(
        _HERE / "view.html.jinja",
        (*PAIR_BROWSER, *_SCRIPTS),
        reaches,
        is_live=is_live,
        is_rendered=True,
        takes_scores=True,
        has_people=False,
        pair_subsets=("",),
    )
