"""The kinds of judging: one file each, and one line in `KINDS`."""

from collections.abc import Mapping

from autoeval.annotators.kinds.base import Kind, View
from autoeval.annotators.kinds.pairwise import Pairwise
from autoeval.annotators.kinds.single import Single

PAIRWISE = Pairwise()
SINGLE = Single()

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (PAIRWISE, SINGLE)}
"""Kinds by the name that a config gives under `kind`."""

__all__ = ["KINDS", "PAIRWISE", "SINGLE", "Kind", "View"]
