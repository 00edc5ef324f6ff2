"""How many requests a second an endpoint takes, found by trying.

The rate starts high and doubles until the endpoint complains (429). What it took in the last second is then known to
be allowed, whether it counts by the second, in a sliding window or by a bucket that fills again; the rate goes a
little below that. Complaints come in episodes, because a window that is full stays full for a while: with each
complaint of an episode, sending is held up for longer. In quiet the rate follows a cubic curve, as TCP's congestion
control does (RFC 9438): it returns to what was taken, stays around there, and then tries more and more. So it keeps
close to what is allowed with few refusals, and follows when that changes. Requests that were already on their way
when it was lowered do not count twice. Where lowering does not help, refusals are not about the rate (an overloaded
server behind a balancer, for example), and a few of them are put up with.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile

_FIRST_RATE = 100.0
_LEAST_FIRST_RATE = 25.0
_FIRST_DOUBLING = 0.05
_DOUBLING = 0.2
"""Seconds, before the first complaint and after it."""
_CUT = 0.97
"""By what a complaint multiplies what the endpoint has taken."""
_MEASURED_SECONDS = 1.0
_MEASURED_REQUESTS = 5
_MEASURED_AT_LEAST = 0.25
"""What an endpoint takes is counted over a second, or as long as that many requests need; just after the start
over what there is, but not less than this many seconds."""
_MOST_AT_ONCE_LOWER = 0.5
_REMEMBERED_SECONDS = 20.0
_EPISODE_ENDS_SECONDS = 0.8
_EPISODE_ENDS_REQUESTS = 3
_FIRST_HOLD_REQUESTS = 2
_LONGEST_HOLD = 0.3
_LONGEST_SILENCE = 16.0
"""Seconds for which sending is held up: while some requests get through, and while none does."""
_REPEATED = 1
"""A complaint after so few further requests means that nothing gets through."""
_RETURN_SECONDS = 3.0
_PROBING = 0.2
"""A second after its return the rate is higher by this share, after two by eight times as much."""
_UNHURRIED_RATE = 6.0
"""Below so many requests a second it returns and tries more slowly, so that most requests are not refused ones."""
_CUTS_IN_VAIN = 8
_LOWERED_IN_VAIN = 1 / 3
_PUT_UP_WITH = 0.15
"""After so many cuts without quiet in between, down to such a part of the rate, this share of refusals is taken to
have nothing to do with it."""
_OUTCOMES_KEPT = 50
_SLOWEST = 0.05
_CATCH_UP_SECONDS = 0.02
_LONGEST_STEP = 1.0
_PATIENCE = 2.0
"""A longer Retry-After is obeyed by all requests at once, a shorter one by the refused one alone, until an episode
has this many complaints:"""
_COMPLAINTS_BEFORE_PAUSE = 5


@dataclass
class Pace:
    """The rate of one endpoint. Times are the event loop's, in seconds; `most` is the user's limit."""

    most: float = math.inf
    rate: float = _FIRST_RATE
    _doubling: float | None = _FIRST_DOUBLING
    _ceiling: float = math.inf
    _floor: float = 0.0
    _quiet: float = 0.0
    _next: float = 0.0
    _paused_until: float = 0.0
    _cut_at: float = -math.inf
    _told: float = 0.0
    _hold: float = 0.0
    _episode_began: float = 0.0
    _n_complaints: int = 0
    _n_repeated: int = 0
    _sent_since_cut: int = 0
    _began: float = math.inf
    _grown_at: float = 0.0
    _cuts_in_vain: int = 0
    _lowered_from: float = 0.0
    _is_indifferent: bool = False
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=_OUTCOMES_KEPT))
    _is_held_back: bool = False
    _sent: deque[float] = field(default_factory=deque)
    _refused: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Return how many seconds the next request has to wait."""
        self._is_held_back = self._is_held_back or self._next > now
        return max(0.0, self._next - now, self._paused_until - now)

    def sent(self, now: float) -> None:
        """Note that a request is sent."""
        if self._is_held_back:
            self._began = min(self._began, now)  # before that the endpoint could have taken more
        self._grow(now)
        _note(self._sent, now)
        self._sent_since_cut += 1
        self._next = max(self._next, now - _CATCH_UP_SECONDS) + 1 / min(self.rate, self.most)

    def served(self) -> None:
        """Note a good reply."""
        self._outcomes.append(True)

    def refused(self, started: float, retry_after: float | None, now: float) -> None:
        """Learn from a complaint about a request that was sent at `started`."""
        if retry_after and retry_after > _PATIENCE:
            self._pause(now + retry_after)
        self._outcomes.append(False)
        _note(self._refused, now)
        if started < self._cut_at or self._is_not_about_the_rate(now):
            return
        self._lower(now)
        if retry_after and self._n_complaints >= _COMPLAINTS_BEFORE_PAUSE:
            self._pause(now + retry_after)

    def refill(self, per_second: float, now: float) -> None:
        """Take the server's own word for the rate, given where little of its quota is left."""
        self._told = per_second
        if per_second < self.rate:
            self._ceiling = self._floor = self.rate = max(per_second, _SLOWEST)
            self._doubling = None
            self._quiet, self._cut_at = 0.0, now

    def _is_not_about_the_rate(self, now: float) -> bool:
        is_quiet = now - self._cut_at >= _RETURN_SECONDS
        if self._is_indifferent or (
            self._cuts_in_vain >= _CUTS_IN_VAIN and self.rate < _LOWERED_IN_VAIN * self._lowered_from
        ):
            self._is_indifferent = self._outcomes.count(False) <= _PUT_UP_WITH * len(self._outcomes)
            if self._is_indifferent:
                self._doubling = _DOUBLING
                return True
            is_quiet = True
        if is_quiet or self._doubling is not None:
            self._cuts_in_vain, self._lowered_from = 0, self.rate
        self._cuts_in_vain += 1
        return False

    def _lower(self, now: float) -> None:
        if now - self._cut_at > self._hold + max(_EPISODE_ENDS_SECONDS, _EPISODE_ENDS_REQUESTS / self.rate):
            self._episode_began, self._n_complaints = now, 0
        if self._doubling == _FIRST_DOUBLING:  # too little is known to stay there
            self.rate = max(self._taken(now), _LEAST_FIRST_RATE)
            self._doubling = _DOUBLING
        elif (
            self._doubling is not None
            or not self._n_complaints
            or now - self._episode_began >= _MEASURED_SECONDS
        ):
            self._ceiling = max(min(self.rate, max(self._taken(now), self._least())), _SLOWEST)
            self._floor = self.rate = max(_CUT * self._ceiling, _SLOWEST)
            self._doubling = None
        self._hold_up(now)
        self._cut_at, self._quiet = now, 0.0

    def _least(self) -> float:
        """Return what the endpoint is believed to take at least, whatever was counted."""
        if self._doubling is not None:
            return 0.0
        return max(_MOST_AT_ONCE_LOWER * self.rate, 0.0 if self._n_complaints else self._told)

    def _hold_up(self, now: float) -> None:
        """Send nothing for a while, twice as long with each complaint of an episode."""
        self._n_repeated = self._n_repeated + 1 if self._sent_since_cut <= _REPEATED else 0
        first = _FIRST_HOLD_REQUESTS / self.rate
        self._hold = max(
            min(first * 2.0**self._n_complaints, _LONGEST_HOLD),
            min(2.0**self._n_repeated / self.rate, _LONGEST_SILENCE),
        )
        self._n_complaints += 1
        self._sent_since_cut = 0
        self._next = max(self._next, now + self._hold)

    def _taken(self, now: float) -> float:
        """Return how many requests a second the endpoint has taken lately."""
        seconds = max(_MEASURED_SECONDS, _MEASURED_REQUESTS / self.rate)
        n_taken = _since(self._sent, now - seconds) - _since(self._refused, now - seconds)
        return n_taken / min(seconds, max(now - self._began, _MEASURED_AT_LEAST))

    def _pause(self, until: float) -> None:
        self._paused_until = self._grown_at = max(self._paused_until, until)

    def _grow(self, now: float) -> None:
        """Raise the rate for the time in which requests had to wait for it."""
        seconds, self._grown_at = max(0.0, min(now - self._grown_at, _LONGEST_STEP)), now
        if not self._is_held_back:
            return
        self._is_held_back = False
        if self._doubling is not None:
            self.rate *= 2 ** (seconds / self._doubling)
            return
        self._quiet += seconds / max(1.0, _UNHURRIED_RATE / self._ceiling)
        beyond = self._quiet / _RETURN_SECONDS - 1
        if beyond < 0:
            self.rate = self._ceiling + (self._ceiling - self._floor) * beyond**3
        else:
            self.rate = self._ceiling * (1 + _PROBING * (self._quiet - _RETURN_SECONDS) ** 3)


def _note(moments: deque[float], now: float) -> None:
    moments.append(now)
    while moments[0] < now - _REMEMBERED_SECONDS:
        moments.popleft()


def _since(moments: deque[float], start: float) -> int:
    return sum(1 for _ in takewhile(lambda moment: moment > start, reversed(moments)))
