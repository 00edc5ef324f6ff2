"""What a server sent, held against what runs made of it: pure functions over the server's books and a run's rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

AT_ONCE = 2.0
"""Seconds between two replies within which the second process may not have known of the first one's."""
_UNPARSED = "unparsed"


@dataclass(frozen=True)
class Said:
    """A reply that was charged: when it was sent (seconds), and the preference in it; None where it held none."""

    at: float
    preference: float | None


Books = Mapping[str, Sequence[Said]]
"""The charged replies on each pair of a round, by instruction, in order."""


@dataclass(frozen=True)
class Outcome:
    """What a run made of the replies.

    `wrong` tells of each pair that is not accounted for, or judged as the server never judged it. `n_lost` counts
    the pairs whose last reply is not what the run read (unknown where another process asked at the same time),
    `failures` the pairs without a preference by reason.
    """

    wrong: tuple[str, ...]
    n_judged: int
    n_lost: int
    failures: Counter[str]


@dataclass(frozen=True)
class Payments:
    """Replies beyond the first to a pair: paid for in vain, asked by two processes at once, asked again on demand."""

    n_twice: int
    n_at_once: int
    n_again: int


def outcome(
    rows: Sequence[Mapping[str, Any]], books: Books, instructions: Iterable[str], has_two: bool = False
) -> Outcome:
    """Hold a run's rows against the books.

    Args:
        rows: of annotations.json; none where the run could not judge a single pair.
        books: what the server sent on these pairs up to now.
        instructions: of all pairs; each is there once.
        has_two: two processes asked at once, so that replies may have come after this one read.
    """
    expected = sorted(instructions)
    wrong = []
    if rows and sorted(row["instruction"] for row in rows) != expected:
        wrong.append(f"{len(rows)} rows for {len(expected)} pairs, or not one a pair")
    n_judged, n_lost = 0, 0
    failures: Counter[str] = Counter()
    for row in rows:
        said = [reply.preference for reply in books.get(row["instruction"], ())]
        preference, failure = row["preference"], row["failure"]
        if (preference is None) != bool(failure):
            wrong.append(f"{row['instruction']!r} has preference {preference} and failure {failure!r}")
        elif preference is None and not failure.startswith(_UNPARSED):
            n_lost += bool(said)
        elif preference not in said:
            wrong.append(f"{row['instruction']!r} has preference {preference}; the server said {said}")
        else:
            n_lost += preference != said[-1]
        n_judged += preference is not None
        if failure:
            failures[_reason(failure)] += 1
    if not rows:
        n_lost = sum(map(bool, books.values()))
        failures["not a single pair could be judged"] += len(expected)
    return Outcome(tuple(wrong), n_judged, 0 if has_two else n_lost, failures)


def payments(books: Books, n_reasks: int = 0, has_two: bool = False, at_once: float = AT_ONCE) -> Payments:
    """Tell the replies beyond the first to each pair apart.

    Args:
        books: what the server sent on the pairs of a round.
        n_reasks: how many runs asked again where a reply held no verdict.
        has_two: two processes asked at once.
        at_once: seconds within which one of them may not have known of the other's reply.
    """
    n_twice, n_at_once, n_again = 0, 0, 0
    for replies in books.values():
        n_left = n_reasks
        for earlier, later in pairwise(replies):
            if has_two and later.at - earlier.at < at_once:
                n_at_once += 1
            elif earlier.preference is None and n_left:
                n_left -= 1
                n_again += 1
            else:
                n_twice += 1
    return Payments(n_twice, n_at_once, n_again)


def _reason(failure: str) -> str:
    """Return a failure's kind; of a reply without a verdict, why there is none, up to what it quotes."""
    parts = failure.split(":")
    return ":".join(parts[:2]) if parts[0] == _UNPARSED else parts[0]
