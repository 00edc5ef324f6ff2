"""Battles of plain CSV files, a few columns at a time: a million rows in the time that they take to be split."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.data.battle_rows import plain_columns, share_in_words
from autoeval.data.battles import Battles, StyleOf, read_battles
from autoeval.data.delimited import read_split
from autoeval.data.formats import has_text_only
from autoeval.data.loading import Rows, expand
from autoeval.errors import UsageError


def read_battle_files(
    source: Any,
    role: str,
    clusters: Sequence[str] | None = None,
    left_out: Iterable[str] = (),
    style_of: StyleOf | None = None,
) -> Battles:
    """Read battles from files or tables; see `read_battles`, which reads all that is not plain.

    A file is plain whose rows have a `winner` in words that mean the same in every row. Whatever is unusual in it is
    left to `read_battles`, which says what and where.

    Args:
        source: files, globs or tables.
        role: the flag that named them.
        clusters: columns whose equal values are one observation.
        left_out: models whose battles are ignored.
        style_of: what is counted of a row's texts.

    Raises:
        UsageError: a file or row is wrong.
    """
    left_out = tuple(left_out)
    entries = expand(source, role)
    plain = [entry for entry in entries if isinstance(entry, Path) and has_text_only(entry.name)]
    if len(plain) == len(entries) and not (clusters or left_out or style_of):
        found = _of_plain_files(plain)
        if found is not None:
            return found
    return read_battles(Rows(entries, role), clusters, left_out, style_of)


class _UnusualRowError(Exception):
    """A row has to be looked at by itself."""


def _of_plain_files(paths: Sequence[Path]) -> Battles | None:
    """Read files whose rows need no looking at; None where one does."""
    places: dict[str, int] = {}
    shares: dict[str, float] = {}
    first, second, wins = array("q"), array("q"), array("d")
    n_self = 0
    try:
        for one, other, winner in _fields(paths):
            share = shares.get(winner)
            if share is None:
                share = _share(one, other, winner, shares)
            if one == other:
                n_self += 1
                continue
            first.append(places[one] if one in places else _placed(places, one))
            second.append(places[other] if other in places else _placed(places, other))
            wins.append(share)
    except (UsageError, _UnusualRowError):
        return None
    if not first or shares.keys() & places.keys():
        return None
    return Battles(
        models=tuple(places),
        first=np.asarray(first, dtype=np.intp),
        second=np.asarray(second, dtype=np.intp),
        shares=np.asarray(wins, dtype=np.float64),
        clusters=(),
        styles=None,
        n_missing=0,
        n_self=n_self,
    )


def _fields(paths: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    """Walk through the two models and the winner of each row."""
    for path in paths:
        rows = read_split(path)
        header = next(rows)
        columns = plain_columns(header)
        if columns is None:
            raise _UnusualRowError
        yield from map(itemgetter(*map(header.index, columns)), rows)


def _share(one: str, other: str, winner: str, known: dict[str, float]) -> float:
    """Return how much of the win the second model has, by words, which are remembered, or by its name."""
    if (share := share_in_words(winner)) is not None:
        known[winner] = share
        return share
    if one == other or winner not in (one, other):
        raise _UnusualRowError
    return float(winner == other)


def _placed(places: dict[str, int], name: str) -> int:
    """Give a model its place."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _UnusualRowError from None
    if not name.strip():
        raise _UnusualRowError
    return places.setdefault(name, len(places))
