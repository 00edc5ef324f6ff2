"""What keeps outputs and reference from fitting together, told so that it can be mended."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from autoeval.data.loading import shorten
from autoeval.data.spool import REFERENCE_SIDE, Place, Spool
from autoeval.errors import UsageError

_SHOWN = 3
_COMPARED = 1000


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a model's outputs lack of the eval set (`missing`) and have beyond the reference (`extra`).

    Both are given with their first few; `n_instructions` is the size of the eval set.
    """

    n_instructions: int
    n_missing: int
    n_extra: int
    missing: list[Place]
    extra: list[Place]


def find_mismatch(spool: Spool, side: str) -> Mismatch:
    """Compare a model's instructions with the reference's."""
    n_missing, missing = _count(spool.missing(side))
    n_extra, extra = _count(spool.extra(side))
    return Mismatch(spool.eval_set_size, n_missing, n_extra, missing, extra)


def refuse_conflicts(spool: Spool) -> None:
    """Raise where one side has two different outputs for an instruction; drop outputs that are there twice.

    Raises:
        UsageError: there is such an instruction.
    """
    n_conflicts = 0
    first = None
    for conflict in spool.conflicts():
        first = first or conflict
        n_conflicts += 1
    if first is None:
        spool.drop_repeated()
        return
    is_reference = first.side == REFERENCE_SIDE
    number_them = "" if is_reference else ", or number them in a column `sample` (0, 1, …) to judge all"
    others = f" {n_conflicts} instructions are affected." if n_conflicts > 1 else ""
    raise UsageError(
        f"{first.second}: another output than in {first.first} for the same instruction "
        f"{shorten(first.instruction)}. Keep one{number_them}.{others}"
    )


def refuse_mismatch(mismatch: Mismatch, role: str, allow_partial: bool) -> None:
    """Raise where a model's instructions are not the reference's.

    Args:
        mismatch: what differs.
        role: how to call the outputs.
        allow_partial: accept it, as long as anything pairs.

    Raises:
        UsageError: lists the first few on each side, and those that only look the same.
    """
    nothing_pairs = mismatch.n_missing == mismatch.n_instructions
    if not nothing_pairs and (allow_partial or mismatch.n_missing == mismatch.n_extra == 0):
        return
    parts = [f"{role}: the instructions are not those of the reference."]
    if mismatch.n_missing:
        parts.append(
            f"No output for {mismatch.n_missing} of its {mismatch.n_instructions} instructions: "
            f"{_listed(mismatch.missing, mismatch.n_missing)}."
        )
    if mismatch.n_extra:
        parts.append(
            f"Outputs for {_instructions(mismatch.n_extra)} that it does not have: "
            f"{_listed(mismatch.extra, mismatch.n_extra)}."
        )
    parts.extend(_near_miss(mismatch))
    go_on = "Mend them, or pass --is_allow_partial to go on with the rest."
    parts.append("Nothing pairs." if nothing_pairs else go_on)
    raise UsageError("\n".join(parts))


def _count(places: Iterable[Place]) -> tuple[int, list[Place]]:
    iterator = iter(places)
    head = list(islice(iterator, _COMPARED))
    return len(head) + sum(1 for _ in iterator), head


def _instructions(count: int) -> str:
    return "1 instruction" if count == 1 else f"{count} instructions"


def _listed(places: list[Place], count: int) -> str:
    shown = "; ".join(f"{shorten(place.instruction)} ({place.where})" for place in places[:_SHOWN])
    return shown + (f"; and {count - _SHOWN} more" if count > _SHOWN else "")


def _near_miss(mismatch: Mismatch) -> list[str]:
    """Say which instructions look the same and are not, by what they differ in."""
    told = []
    left = list(mismatch.extra)
    for difference, remedy, normalized in _NEAR:
        expected = {normalized(place.instruction): place for place in mismatch.missing}
        near = [place for place in left if normalized(place.instruction) in expected]
        left = [place for place in left if place not in near]
        if near:
            missing = expected[normalized(near[0].instruction)]
            count = f"{_instructions(len(near))} differ{'s' if len(near) == 1 else ''}"
            told.append(f"{count} only in {difference}, such as {missing.where} and {near[0].where}{remedy}.")
    return told


def _loose(instruction: str) -> str:
    return "".join(instruction.split()).casefold()


def _composed(instruction: str) -> str:
    return unicodedata.normalize("NFC", instruction)


def _plain(instruction: str) -> str:
    """Fold compatible characters, typographic quotes and dashes, and drop what is not seen."""
    text = unicodedata.normalize("NFKC", instruction).translate(_TYPOGRAPHY)
    return _loose("".join(char for char in text if unicodedata.category(char) != "Cf"))


_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
    }
)
_NEAR: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("Unicode normalisation", " (one has composed letters, NFC, the other decomposed ones, NFD)", _composed),
    ("white space or case", "", _loose),
    (
        "Unicode normalisation, invisible characters, typographic quotes or dashes, white space or case",
        "",
        _plain,
    ),
)
