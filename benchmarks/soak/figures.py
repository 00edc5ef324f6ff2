"""The figures of a soak, as they stand in RESULTS.md."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.results import Section
from benchmarks.soak.books import AT_ONCE
from benchmarks.soak.mishaps import MISHAPS
from benchmarks.soak.resident import Held
from benchmarks.soak.rounds import IN_FLIGHT, N_PAIRS, Disturbance
from benchmarks.soak.server import OVER_THE_RATE

_WARM_UP_SHARE = 0.2
_LEAST_WARM_UP = 4
"""Rounds: each judge's SDK is loaded and has worked twice."""
_SHARE = 0.1
_LEAST_ROUNDS = 2
_MORE_MEMORY = 1.1
"""Memory may waver by a tenth; descriptors and threads may not."""


@dataclass(frozen=True)
class Figures:
    """What was counted: by the rounds, by the server, and in the long-lived process after each of its rounds.

    `patience` is how many times as long everything was allowed to take.
    """

    seconds: float
    rounds: Counter[str]
    server: Counter[str]
    n_outages: int
    held: Sequence[Held]
    n_cached: int
    cache_bytes: int
    patience: float = 1.0

    @property
    def early(self) -> Held:
        """What the long-lived process held in the tenth of its rounds that comes after the first fifth."""
        n = len(self.held)
        start = min(max(_LEAST_WARM_UP, round(n * _WARM_UP_SHARE)), max(n - _LEAST_ROUNDS, 0))
        return _middle(self.held[start : start + max(_LEAST_ROUNDS, round(n * _SHARE))])

    @property
    def late(self) -> Held:
        """What it held in the last tenth."""
        return _middle(self.held[-max(_LEAST_ROUNDS, round(len(self.held) * _SHARE)) :])

    def growth(self) -> str | None:
        """Return what grew in the long-lived process; None if nothing did."""
        early, late = self.early, self.late
        if late.memory > _MORE_MEMORY * early.memory:
            return f"memory grew from {early.memory:.0f} to {late.memory:.0f} MiB"
        if late.descriptors > early.descriptors or late.threads > early.threads:
            return f"from {early} to {late}"
        return None


def _middle(held: Sequence[Held]) -> Held:
    return Held(
        statistics.median(sample.memory for sample in held),
        round(statistics.median(sample.descriptors for sample in held)),
        round(statistics.median(sample.threads for sample in held)),
    )


def section(figures: Figures) -> Section:
    """Return the figures of a soak in which every promise held."""
    rounds, server, early, late = figures.rounds, figures.server, figures.early, figures.late
    at_once = AT_ONCE * figures.patience
    rows = [
        ("minutes", f"{figures.seconds / 60:.1f}"),
        (f"rounds of {N_PAIRS} pairs", f"{rounds['round']:,}"),
        *((f"- {disturbance}", f"{rounds[f'round {disturbance}']:,}") for disturbance in Disturbance),
        ("processes killed (SIGKILL) in the middle", f"{rounds['SIGKILL']:,}"),
        ("processes interrupted (SIGINT) in the middle", f"{rounds['SIGINT']:,}"),
        ("runs that ended by themselves, each checked", f"{rounds['run']:,}"),
        ("pairs judged in the end", f"{rounds['judged']:,} of {rounds['round'] * N_PAIRS:,}"),
        ("requests to the server", f"{server['requests']:,}"),
        *((f"- {mishap.name}", f"{server[mishap.name]:,}") for mishap in MISHAPS),
        (f"- {OVER_THE_RATE}", f"{server[OVER_THE_RATE]:,}"),
        ("outages of 2 to 8 s", f"{figures.n_outages:,}"),
        ("phases of a fifth of the rate", f"{rounds['low rate']:,}"),
        ("replies paid twice", f"{rounds['paid twice']:,} (in flight at kills and outages: {rounds['may be lost']:,})"),
        (f"replies that two processes asked for within {at_once:g} s", f"{rounds['paid at once']:,}"),
        ("replies without a verdict that were asked again on demand", f"{rounds['asked again']:,}"),
        *(
            (f"pairs without a preference after a run: {name.removeprefix('failure ')}", f"{n:,}")
            for name, n in rounds.most_common()
            if name.startswith("failure ")
        ),
        ("replies in the cache", f"{figures.n_cached:,} in {figures.cache_bytes / 2**20:.0f} MiB"),
        ("looks at cache (integrity) and boards", f"{rounds['look at the files']:,}"),
        ("rounds in the long-lived process", f"{len(figures.held):,}"),
        ("- its memory, early and late, MiB", f"{early.memory:.1f}, {late.memory:.1f}"),
        ("- its open file descriptors, early and late", f"{early.descriptors}, {late.descriptors}"),
        ("- its threads, early and late", f"{early.threads}, {late.threads}"),
    ]  # fmt: skip
    return Section(
        "everything that can go wrong, at once",
        ("", "count"),
        rows,
        reached=[
            (
                "every run ended with each pair judged as the server said or counted by its reason, and so exited",
                True,
            ),
            (
                "no reply was lost or paid twice but those in flight when a process was killed or the server gone",
                True,
            ),
            (
                "the cache was whole at every look, and has every reply; the boards have every model",
                True,
            ),
            ("the long-lived process did not grow; nothing hung", True),
        ],
        notes=[
            "Four lanes share one cache: three of `evaluate` commands, one of `autoeval.evaluate` in a process that "
            f"stays; OpenAI's and Anthropic's protocol in turn, {IN_FLIGHT} in flight each. A broken promise ends the "
            "soak with an error, and nothing is written here.",
        ],
    )
