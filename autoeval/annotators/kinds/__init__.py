"""The kinds of judging: one file each, and one line in `KINDS`."""

from collections.abc import Mapping

from autoeval.annotators.kinds.base import Kind, View
from autoeval.annotators.kinds.compared import Compared
from autoeval.annotators.kinds.pairwise import Pairwise
from autoeval.annotators.kinds.reviewed import Reviewed
from autoeval.annotators.kinds.single import Single
from autoeval.plugins import plugins

PAIRWISE = Pairwise()
SINGLE = Single()
COMPARED = Compared()
REVIEWED = Reviewed()

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (PAIRWISE, SINGLE, COMPARED, REVIEWED)}
"""Kinds by the name that a config gives under `kind`."""


def find_kind(name: str) -> Kind | None:
    """Return a kind by name, one of ours or of an installed package's; None where there is none."""
    return KINDS.get(name) or plugins("kinds").get(name)


__all__ = ["COMPARED", "KINDS", "PAIRWISE", "REVIEWED", "SINGLE", "Kind", "View", "find_kind"]
