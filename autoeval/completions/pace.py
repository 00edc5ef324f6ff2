"""How many requests a second an endpoint takes, found by trying.

The rate starts high and doubles until the endpoint complains (429). What it took in the last second is then known to
be allowed, whether it counts by the second, in a sliding window or by a bucket that fills again; the rate goes a
little below that. Complaints come in episodes, because a window that is full stays full for a while: with each
complaint of an episode, sending is held up for longer. Where nothing gets through at all there is nothing to measure,
so the rate is lowered only so far: it may have been a quota for the whole minute. In quiet the rate follows a cubic
curve, as TCP's congestion control does (RFC 9438): it returns to what was taken, stays around there, and then tries
more and more. So it keeps close to what is allowed with few refusals, and follows when that changes. Requests that
were already on their way when it was lowered do not count twice. Where lowering does not help, refusals are not about
the rate (an overloaded server behind a balancer, for example), and a few of them are put up with.
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
_CLOSED_LEAST = 0.25
"""Where nothing gets through at all, the rate stays above this part of what it was when something did."""
_REMEMBERED_SECONDS = 20.0
_EPISODE_ENDS_SECONDS = 0.8
_EPISODE_ENDS_REQUESTS = 3
_FIRST_HOLD_REQUESTS = 2
_LONGEST_HOLD = 0.3
_LONGEST_SILENCE = 16.0
"""Seconds for which sending is held up: while some requests get through, and while none does."""
_MOST_DOUBLINGS = 20
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
class Taken:
    """What an endpoint has taken lately, counted from when requests first had to wait for their turn."""

    _sent: deque[float] = field(default_factory=deque)
    _refused: deque[float] = field(default_factory=deque)
    _began: float = math.inf

    def sent(self, now: float, is_held_back: bool) -> None:
        """Note that a request is sent; before any is held back, the endpoint could have taken more."""
        if is_held_back:
            self._began = min(self._began, now)
        _note(self._sent, now)

    def refused(self, now: float) -> None:
        """Note a complaint."""
        _note(self._refused, now)

    def per_second(self, rate: float, now: float) -> float:
        """Return how many requests a second were taken; they were sent at about `rate`."""
        seconds = max(_MEASURED_SECONDS, _MEASURED_REQUESTS / rate)
        n_taken = _since(self._sent, now - seconds) - _since(self._refused, now - seconds)
        return n_taken / min(seconds, max(now - self._began, _MEASURED_AT_LEAST))


@dataclass
class Episode:
    """Complaints that follow each other: with each of them, sending is held up for longer."""

    began: float = 0.0
    n_complaints: int = 0
    hold: float = 0.0
    last: float = -math.inf
    _n_repeated: int = 0
    _n_sent: int = 0

    def sent(self) -> None:
        """Note that a request is sent."""
        self._n_sent += 1

    def begin_if_over(self, rate: float, now: float) -> None:
        """Begin a new episode where the last complaint is too long ago to belong to it."""
        if now - self.last > self.hold + max(_EPISODE_ENDS_SECONDS, _EPISODE_ENDS_REQUESTS / rate):
            self.began, self.n_complaints = now, 0

    @property
    def is_closed(self) -> bool:
        """Whether nothing has got through since the last complaint, so that there is nothing to measure."""
        return self._n_sent <= _REPEATED

    def complain(self, rate: float, now: float) -> None:
        """Note a complaint, and find out for how long to send nothing."""
        self._n_repeated = self._n_repeated + 1 if self.is_closed else 0
        self.hold = max(
            min(_FIRST_HOLD_REQUESTS * _doubled(self.n_complaints) / rate, _LONGEST_HOLD),
            min(_doubled(self._n_repeated) / rate, _LONGEST_SILENCE),
        )
        self.n_complaints += 1
        self._n_sent = 0
        self.last = now


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
    _good: float = 0.0
    _grown_at: float = 0.0
    _cuts_in_vain: int = 0
    _lowered_from: float = 0.0
    _is_indifferent: bool = False
    _outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=_OUTCOMES_KEPT))
    _is_held_back: bool = False
    _taken: Taken = field(default_factory=Taken)
    _episode: Episode = field(default_factory=Episode)

    def wait(self, now: float) -> float:
        """Return how many seconds the next request has to wait."""
        self._is_held_back = self._is_held_back or self._next > now
        return max(0.0, self._next - now, self._paused_until - now)

    def sent(self, now: float) -> None:
        """Note that a request is sent."""
        self._taken.sent(now, self._is_held_back)
        self._episode.sent()
        self._grow(now)
        self._next = max(self._next, now - _CATCH_UP_SECONDS) + 1 / min(self.rate, self.most)

    def served(self) -> None:
        """Note a good reply."""
        self._outcomes.append(True)

    def refused(self, started: float, retry_after: float | None, now: float) -> None:
        """Learn from a complaint about a request that was sent at `started`."""
        if retry_after and retry_after > _PATIENCE:
            self._pause(now + retry_after)
        self._outcomes.append(False)
        self._taken.refused(now)
        if started < self._cut_at or self._is_not_about_the_rate(now):
            return
        self._lower(now)
        if retry_after and self._episode.n_complaints >= _COMPLAINTS_BEFORE_PAUSE:
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
        episode = self._episode
        episode.begin_if_over(self.rate, now)
        if self._doubling == _FIRST_DOUBLING:  # too little is known to stay there
            self.rate = max(self._taken.per_second(self.rate, now), _LEAST_FIRST_RATE)
            self._doubling = _DOUBLING
            self._good = self.rate
        elif self._is_measurable(now):
            taken = self._taken.per_second(self.rate, now)
            is_closed = episode.is_closed or not taken
            self._ceiling = max(min(self.rate, max(taken, self._least(is_closed))), _SLOWEST)
            self._floor = self.rate = max(_CUT * self._ceiling, _SLOWEST)
            self._doubling = None
            self._good = self._good if is_closed else self._ceiling
        episode.complain(self.rate, now)
        self._next = max(self._next, now + episode.hold)
        self._cut_at, self._quiet = now, 0.0

    def _is_measurable(self, now: float) -> bool:
        """Whether what the endpoint takes can be told: at first, and when a whole second has passed."""
        is_whole_second = now - self._episode.began >= _MEASURED_SECONDS
        return self._doubling is not None or not self._episode.n_complaints or is_whole_second

    def _least(self, is_closed: bool) -> float:
        """Return what the endpoint is believed to take at least, whatever was counted."""
        when_open = _CLOSED_LEAST * self._good if is_closed else 0.0
        if self._doubling is not None:
            return when_open
        told = 0.0 if self._episode.n_complaints else self._told
        return max(_MOST_AT_ONCE_LOWER * self.rate, when_open, told)

    def _pause(self, until: float) -> None:
        self._paused_until = self._grown_at = max(self._paused_until, until)

    def _grow(self, now: float) -> None:
        """Raise the rate for the time in which requests had to wait for it."""
        longest = max(
            _LONGEST_STEP, 1 / self.rate
        )  # a slow pace would never leave itself behind by seconds alone
        seconds, self._grown_at = max(0.0, min(now - self._grown_at, longest)), now
        if not self._is_held_back:
            return
        self._is_held_back = False
        if self._doubling is not None:
            self.rate *= 2 ** (seconds / self._doubling)
            return
        self._quiet += seconds / min(max(1.0, _UNHURRIED_RATE / self._ceiling), _UNHURRIED_RATE)
        beyond = self._quiet / _RETURN_SECONDS - 1
        if beyond < 0:
            self.rate = self._ceiling + (self._ceiling - self._floor) * beyond**3
        else:
            self.rate = self._ceiling * (1 + _PROBING * (self._quiet - _RETURN_SECONDS) ** 3)


def _doubled(times: int) -> float:
    return 2.0 ** min(times, _MOST_DOUBLINGS)


def _note(moments: deque[float], now: float) -> None:
    moments.append(now)
    while moments[0] < now - _REMEMBERED_SECONDS:
        moments.popleft()


def _since(moments: deque[float], start: float) -> int:
    return sum(1 for _ in takewhile(lambda moment: moment > start, reversed(moments)))
