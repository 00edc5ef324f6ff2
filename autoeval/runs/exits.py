"""What the command line exits with after a run, and what it says of one without a result."""

from collections import Counter
from collections.abc import Sequence

from autoeval.completions.ask import AskReport
from autoeval.completions.ledger import StopReason
from autoeval.leaderboards.counts import Counts

EXIT_OK = 0
EXIT_INCOMPLETE = 3
EXIT_BUDGET = 4
EXIT_REFUSED = 5
EXIT_PENDING = 6
_EXIT_AFTER = {
    StopReason.BUDGET: EXIT_BUDGET,
    StopReason.REFUSED: EXIT_REFUSED,
    StopReason.PENDING: EXIT_PENDING,
    StopReason.UNREADABLE: EXIT_INCOMPLETE,
}


def exit_code_after(asked: AskReport, is_complete: bool) -> int:
    """Return what the command line exits with after asking; `is_complete` says whether enough was judged."""
    if asked.stop and asked.stop.reason in _EXIT_AFTER:
        return _EXIT_AFTER[asked.stop.reason]
    return EXIT_OK if is_complete else EXIT_INCOMPLETE


def is_enough(share: float, least: float) -> bool:
    """Whether a share is at least what is enough; nothing at all never is."""
    return 0 < share >= least


def nothing_judged(tallies: Sequence[Counts], asked: AskReport, what: str = "pairs") -> str:
    """Say why a run has no result, and why it stopped."""
    return and_why(none_judged(tallies, what), asked)


def none_judged(tallies: Sequence[Counts], what: str = "pairs") -> str:
    """Say why a run has no result, for where it is said besides why it stopped."""
    failures = sum((tally.failures for tally in tallies), Counter[str]())
    reasons = ", ".join(f"{count} {reason}" for reason, count in failures.most_common())
    return f"not one of {failures.total()} {what} could be judged ({reasons})."


def and_why(told: str, asked: AskReport | None) -> str:
    """Return what is told with why asking stopped, if it did."""
    return f"{told} {asked.stop.message}" if asked and asked.stop else told
