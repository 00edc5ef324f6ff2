"""Models that were made to fool a judge. They stand on boards to show that it can be done."""

from collections.abc import Iterable, Mapping

_THIS_RUN = " (this run)"

FOOLING: Mapping[str, str] = {
    "NullModel": "one text, whatever the instruction (Zheng et al. 2024, arXiv:2410.07137)",
}
"""What each of them is, by the name that it has on public boards, with the source."""

FOOLS = "†"
"""Marks one in a table of the terminal."""


def how_it_fools(name: str) -> str | None:
    """Return what a model is that was made to fool the judge; None for a model that answers."""
    return FOOLING.get(name.removesuffix(_THIS_RUN))


def notes_on_fooling(names: Iterable[str]) -> list[str]:
    """Say which models of a board were made to fool the judge, and what they are."""
    found = {name: how_it_fools(name) for name in names}
    return [f"{FOOLS} {name} was made to fool the judge: {what}" for name, what in found.items() if what]
