"""What installed packages add, by entry points alone: nothing is ever imported because a config names it.

A package lists in its `pyproject.toml`, for example under `[project.entry-points."autoeval.parsers"]`, the name that
configs use and the object that is meant.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from autoeval.errors import UsageError

GROUPS = ("columns", "commands", "eval_sets", "kinds", "parsers", "providers")
"""What can be added: each the end of a group of entry points that begins with `autoeval.`."""


@cache
def plugins(group: str) -> Mapping[str, Any]:
    """Return what installed packages add to a group, by name.

    Raises:
        UsageError: one cannot be loaded; the message names the package.
    """
    found = {}
    for point in sorted(_installed().select(group=f"autoeval.{group}"), key=lambda point: point.name):
        try:
            found[point.name] = point.load()
        except Exception as error:  # whatever it runs into, the package is what has to change
            package = point.dist.name if point.dist else "a package"
            raise UsageError(
                f"{package} adds {point.name!r} to autoeval's {group}, but it cannot be loaded: {error}. "
                "Mend the package, or uninstall it."
            ) from error
    return found


@cache
def _installed() -> Any:
    """Return the entry points of all packages, whose folders are walked through once for all groups."""
    return entry_points()
