"""Servers that ask to be left alone for long: said at once, and not waited for longer than the user allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from autoeval.completions.ledger import Stop, StopReason
from autoeval.types import Failure, FailureKind

_WORTH_TELLING = 30.0
"""Seconds that nobody waits without wondering."""
_LONGEST = 10 * 365 * 86_400.0


@dataclass
class Waits:
    """What a lane's user has been told of waiting."""

    _told_until: float = 0.0

    def told(self, failure: Failure, now: float) -> str | None:
        """Return what to say of a failure's wait; None where it is short, or no longer than was said already.

        Args:
            failure: what the server answered.
            now: seconds since the epoch.
        """
        wait = failure.retry_after or 0.0
        if wait < _WORTH_TELLING or now + wait < self._told_until + _WORTH_TELLING:
            return None
        self._told_until = now + wait
        return f"the server asks to wait {_span(wait)}, until {_moment(now, wait)}: {failure.message}"


def waits_too_long(failure: Failure, max_wait: float, now: float) -> Stop:
    """Return the end of a run whose server asks to wait longer than `max_wait` seconds."""
    wait = failure.retry_after or 0.0
    message = (
        f"the server asks to wait {_span(wait)}, until {_moment(now, wait)} ({failure.message}); --max_wait allows "
        f"{_span(max_wait)}. Run the same command again then, or give a longer --max_wait (in seconds)."
    )
    is_limit = failure.kind is FailureKind.RATE_LIMITED
    return Stop(StopReason.REFUSED if is_limit else StopReason.UNREACHABLE, message)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _moment(now: float, wait: float) -> str:
    """Name the end of a wait in the user's own time."""
    moment = datetime.fromtimestamp(now).astimezone() + timedelta(seconds=min(wait, _LONGEST))
    return f"{moment:%Y-%m-%d %H:%M %Z}".rstrip()
