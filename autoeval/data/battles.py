"""Battles as arrays: of a million rows that say which of two models did better, only numbers are kept."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.data.battle_rows import Layout, cluster_of, layout_of, model_named, weight_of
from autoeval.data.loading import Row
from autoeval.errors import UsageError, nearest

StyleOf = Callable[[Row], tuple[Sequence[float], Sequence[float]]]
"""Gives what is counted of both texts of a battle, the first model's and the second's."""


@dataclass(frozen=True)
class Battles:
    """Battles as arrays, in the order of their files.

    Attributes:
        models: names, in order of first appearance.
        first: place in `models` of each battle's first model, shape (n,).
        second: of its second model, shape (n,).
        shares: how much of the win the second model has, 0 to 1 (a tie is ½); shape (n,).
        weights: how many times each battle counts, shape (n,); None where each counts once.
        clusters: for each column of observations that belong together, the code of each battle's; shape (n,) each.
        styles: what is counted of both texts, shape (n, 2, k); None where it was not asked for.
        n_missing: rows whose judgment is missing, which are left out.
        n_self: rows of a model against itself, which say nothing and are left out.
    """

    models: tuple[str, ...]
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    clusters: tuple[npt.NDArray[np.intp], ...]
    styles: npt.NDArray[np.float64] | None
    n_missing: int
    n_self: int
    weights: npt.NDArray[np.float64] | None = None


def read_battles(
    rows: Iterable[Row],
    clusters: Sequence[str] | None = None,
    left_out: Iterable[str] = (),
    style_of: StyleOf | None = None,
) -> Battles:
    """Read battles, a row at a time: of a million, only numbers are kept.

    A row names two models (see `MODELS`) and has either `winner`, in any of the usual spellings or as the name of
    one of the two, or FastChat's two games (g1_winner, g2_winner), or the columns winner_model_a, winner_model_b and
    winner_tie, or `preference` (annotations).

    Args:
        rows: the rows of files.
        clusters: columns whose equal values are one observation, none or up to two. None: `instruction` for rows with
            a preference, otherwise every battle stands alone.
        left_out: models whose battles are ignored.
        style_of: what is counted of a row's texts.

    Raises:
        UsageError: a column is missing or holds what cannot be there, a model that is left out has no battle, or
            there is no battle; the message names file and row.
    """
    gathered = _Gathered(frozenset(left_out))
    layouts: dict[tuple[str, ...], Layout] = {}
    for row in rows:
        columns = tuple(row.fields)
        layout = layouts.get(columns)
        if layout is None:
            layout = layouts[columns] = layout_of(row, clusters)
        one, other = model_named(row, layout.models[0]), model_named(row, layout.models[1])
        share = layout.share(row, one, other)
        weight = 1.0 if not layout.has_weights else weight_of(row)
        if gathered.counts(row, one, other, share, layout.clusters, weight) and style_of:
            for counts in style_of(row):
                gathered.styles.extend(counts)
    return gathered.battles(has_styles=style_of is not None)


class _Gathered:
    """Battles as they come: names as places, everything else as numbers."""

    def __init__(self, left_out: frozenset[str]) -> None:
        self.styles = array("d")
        self._left_out = left_out
        self._unseen = set(left_out)
        self._places: dict[str, int] = {}
        self._first, self._second, self._shares = array("q"), array("q"), array("d")
        self._weights = array("d")
        self._clusters: list[tuple[dict[str, int], array[int]]] | None = None
        self._n_missing = self._n_self = 0

    def counts(
        self, row: Row, one: str, other: str, share: float | None, clusters: tuple[str, ...], weight: float
    ) -> bool:
        """Take a row in; returns whether it is a battle that counts."""
        if one in self._left_out or other in self._left_out:
            self._unseen -= {one, other}
            return False
        if share is None or one == other:
            self._n_missing += share is None
            self._n_self += share is not None
            return False
        places = self._places
        self._first.append(places.setdefault(one, len(places)))
        self._second.append(places.setdefault(other, len(places)))
        self._shares.append(share)
        self._weights.append(weight)
        if self._clusters is None:
            self._clusters = [({}, array("q")) for _ in clusters]
        if len(self._clusters) != len(clusters):
            raise UsageError(
                f"{row.where} is of another kind than the rows before: some are annotations, some are not. Rank "
                "them apart, or name --cluster."
            )
        for name, (known, codes) in zip(clusters, self._clusters, strict=True):
            codes.append(known.setdefault(cluster_of(row, name), len(known)))
        return True

    def battles(self, has_styles: bool) -> Battles:
        """Return what was taken in."""
        if self._unseen:
            name = min(self._unseen)
            raise UsageError(
                f"--leave_out: no battle is of the model {name!r}. {nearest(name, self._places)}"
            )
        if not self._first:
            raise UsageError(
                "there is no judged battle of two different models, so there is nothing to rank."
            )
        return Battles(
            models=tuple(self._places),
            first=np.asarray(self._first, dtype=np.intp),
            second=np.asarray(self._second, dtype=np.intp),
            shares=np.asarray(self._shares, dtype=np.float64),
            clusters=tuple(np.asarray(codes, dtype=np.intp) for _, codes in self._clusters or ()),
            styles=np.asarray(self.styles).reshape(len(self._first), 2, -1) if has_styles else None,
            n_missing=self._n_missing,
            n_self=self._n_self,
            weights=np.asarray(self._weights) if any(weight != 1 for weight in self._weights) else None,
        )
