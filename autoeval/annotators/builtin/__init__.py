"""The embedded judges: verdicts without a request, a key or a network.

An annotator names one with `provider: builtin` and `model: <name in BUILTIN>`; another one is a file with a function
of a case, and a line in that registry.
"""

from collections.abc import Callable
from dataclasses import dataclass

from autoeval.annotators.builtin.preferring import longest, offline
from autoeval.annotators.builtin.refusing import refusal_rule
from autoeval.annotators.kinds import PAIRWISE, SINGLE, Kind
from autoeval.types import PREFERENCE, Case, Scale, Unparsed, Verdict


@dataclass(frozen=True)
class Builtin:
    """A judge in this process: what kind it is of, on which scale, and what it says of a case."""

    verdict: Callable[[Case], Verdict | Unparsed]
    kind: Kind = PAIRWISE
    scale: Scale = PREFERENCE


def _preferring(judge: Callable[[str, str, str], float]) -> Builtin:
    """Make a judge of a function of the instruction and both outputs."""
    return Builtin(lambda case: Verdict(judge(case.conversation, case.output_1, case.output_2)))


__all__ = [
    "BUILTIN",
    "FINGERPRINTS",
    "INTERVAL",
    "SAMPLING_ONLY",
    "Builtin",
    "interval_name",
    "longest",
    "offline",
]


BUILTIN: dict[str, Builtin] = {
    "longest": _preferring(longest),
    "offline": _preferring(offline),
    "refusal_rule": Builtin(refusal_rule, SINGLE, Scale(0.0, 1.0)),
}
"""Builtin judges by name."""


FINGERPRINTS = frozenset({"aeeb4caa34285430", "be1082cdf69ef562"})
"""Of the annotators that are one builtin judge each, by which a board tells one whatever its name."""


def interval_name(judge: object, provider: str | None = None, fingerprint: object = None) -> str:
    """Return what the interval of a win rate by a judge is to be called.

    That of an embedded judge is of the draw of instructions only: how far its verdicts are from those of a model or
    a person, which is much further, is not in it.

    Args:
        judge: the judge's name.
        provider: who serves it; None where that is not known, and the fingerprint or the name has to tell.
        fingerprint: the judge's, where it is known.
    """
    is_known = fingerprint in FINGERPRINTS or judge in BUILTIN
    is_embedded = is_known if provider is None else provider == "builtin"
    return SAMPLING_ONLY if is_embedded else INTERVAL


INTERVAL, SAMPLING_ONLY = "95% interval", "sampling only"
