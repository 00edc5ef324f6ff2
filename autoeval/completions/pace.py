"""How many requests a second an endpoint takes, found by trying.

The rate starts high and doubles until the endpoint complains (429). From then on it follows a cubic curve, as TCP's
congestion control does (RFC 9438): a complaint lowers it a little, complaints in a row lower it by more and more, and
in quiet it returns to where the last complaint came from, stays around there, and then tries more and more. So it
keeps close to what is allowed with few refusals, and follows when that changes. Requests that were already on their
way when it was lowered do not count twice. Where lowering does not help, refusals are not about the rate (an
overloaded server behind a balancer, for example), and a few of them are put up with.
"""

import math
from collections import deque
from dataclasses import dataclass, field

_FIRST_RATE = 100.0
_LEAST_FIRST_RATE = 25.0
_FIRST_DOUBLING = 0.05
_DOUBLING = 0.2
"""Seconds, before the first complaint and after it."""
_CUTS = (0.97, 0.93, 0.8, 0.6, 0.5)
"""By what a complaint multiplies the rate: the first one, the second one in a row, and so on."""
_IN_A_ROW_SECONDS = 0.5
_IN_A_ROW_REQUESTS = 5
_RETURN_SECONDS = 2.5
_PROBING = 0.2
"""A second after its return the rate is higher by this share, after two by eight times as much."""
_JUST_BELOW = 0.97
_CUTS_IN_VAIN = 8
_LOWERED_IN_VAIN = 1 / 3
_PUT_UP_WITH = 0.15
"""After so many cuts without quiet in between, down to such a part of the rate, this share of refusals is taken to
have nothing to do with it."""
_OUTCOMES_KEPT = 50
_OVERSHOT = 0.7
"""Doubling is noticed this much too late."""
_SLOWEST = 0.05
_CATCH_UP_SECONDS = 0.02
_LONGEST_STEP = 1.0
_PATIENCE = 2.0
"""A longer Retry-After is obeyed by all requests at once, a shorter one by the refused one alone, until there are
this many complaints in a row:"""
_CUTS_BEFORE_PAUSE = 5


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
    _grown_at: float = 0.0
    _cuts_in_a_row: int = 0
    _cuts_in_vain: int = 0
    _lowered_from: float = 0.0
    _is_indifferent: bool = False
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=_OUTCOMES_KEPT))
    _is_held_back: bool = False
    _sent: deque[float] = field(default_factory=deque)
    _served: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Return how many seconds the next request has to wait."""
        self._is_held_back = self._is_held_back or self._next > now
        return max(0.0, self._next - now, self._paused_until - now)

    def sent(self, now: float) -> None:
        """Note that a request is sent."""
        self._grow(now)
        _note(self._sent, now)
        self._next = max(self._next, now - _CATCH_UP_SECONDS) + 1 / min(self.rate, self.most)

    def served(self, now: float) -> None:
        """Note a good reply."""
        _note(self._served, now)
        self._outcomes.append(True)

    def refused(self, started: float, retry_after: float | None, now: float) -> None:
        """Learn from a complaint about a request that was sent at `started`."""
        if retry_after and retry_after > _PATIENCE:
            self._pause(now + retry_after)
        self._outcomes.append(False)
        if started < self._cut_at or self._is_not_about_the_rate(now):
            return
        self._lower(now)
        if retry_after and self._cuts_in_a_row >= _CUTS_BEFORE_PAUSE:
            self._pause(now + retry_after)

    def refill(self, per_second: float, now: float) -> None:
        """Take the server's own word for the rate, given where little of its quota is left."""
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
        served = float(_last_second(self._served, now))
        in_a_row = max(_IN_A_ROW_SECONDS, _IN_A_ROW_REQUESTS / self.rate)
        self._cuts_in_a_row = self._cuts_in_a_row + 1 if now - self._cut_at < in_a_row else 0
        if (
            self._doubling == _FIRST_DOUBLING
        ):  # what was served is known to be allowed, and little else is known
            self.rate = max(served, _last_second(self._sent, now) / 2, _LEAST_FIRST_RATE)
            self._doubling = _DOUBLING
        else:
            if self._doubling is not None:
                self.rate *= _OVERSHOT
            self._ceiling = _JUST_BELOW * max(self.rate, served)
            self._floor = self.rate = max(
                self.rate * _CUTS[min(self._cuts_in_a_row, len(_CUTS) - 1)], _SLOWEST
            )
            self._doubling = None
        self._cut_at, self._quiet = now, 0.0
        self._next = max(self._next, now + 1 / self.rate)

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
        self._quiet += seconds
        beyond = self._quiet / _RETURN_SECONDS - 1
        if beyond < 0:
            self.rate = self._ceiling + (self._ceiling - self._floor) * beyond**3
        else:
            self.rate = self._ceiling * (1 + _PROBING * (self._quiet - _RETURN_SECONDS) ** 3)


def _note(moments: deque[float], now: float) -> None:
    moments.append(now)
    while moments[0] < now - 1:
        moments.popleft()


def _last_second(moments: deque[float], now: float) -> int:
    return sum(moment > now - 1 for moment in moments)
