"""What installed packages add, by entry points alone: nothing is ever imported because a config names it.

A package lists in its `pyproject.toml`, for example under `[project.entry-points."autoeval.parsers"]`, the name that
configs use and the object that is meant.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = ("columns", "commands", "eval_sets", "kinds", "parsers", "providers")
"""What can be added: each the end of a group of entry points that begins with `autoeval.`."""


@cache
def plugins(group: str) -> Mapping[str, Any]:
    """Return what installed packages add to a group, by name.

    Raises:
        UsageError: one cannot be loaded; the message names the package.
    """
    found = {}
    for point in _installed().get(group, ()):
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
def _installed() -> "Mapping[str, Sequence[EntryPoint]]":
    """Return the entry points of each group, by name, walking once through the folders of all packages.

    Mostly there are none, which is seen without importlib.metadata, whose import takes longer than help does.
    """
    if not any(map(_may_name_a_group, sys.path)):
        return {}
    from importlib.metadata import entry_points

    found = entry_points()
    return {
        group: sorted(found.select(group=f"autoeval.{group}"), key=lambda point: point.name)
        for group in GROUPS
    }


def _may_name_a_group(place: str) -> bool:
    """Whether what lies at a place of `sys.path` may name one of our groups; an archive always may."""
    folder = Path(place)
    try:
        inside = list(folder.iterdir())
    except NotADirectoryError:
        return True
    except OSError:  # there is nothing that could be imported
        return False
    packages = (one for one in inside if one.name.lower().endswith((".dist-info", "egg-info")))
    return any(_names_a_group(one / "entry_points.txt") for one in packages)


def _names_a_group(path: Path) -> bool:
    try:
        return b"[autoeval." in path.read_bytes()
    except OSError:  # a package that adds nothing to anybody
        return False
