"""When to ask again: jittered exponential backoff that obeys the server, and that gives up."""

import random
from dataclasses import dataclass

from autoeval.types import Failure, FailureKind


@dataclass(frozen=True)
class Retries:
    """How often and after how long a failed request is asked again.

    The n-th retry waits between half and all of `base_delay * 2**(n-1)` seconds, at most `longest_delay`; a
    Retry-After of the server counts instead where it is longer, up to `max_wait`. `before_first_success` limits the
    attempts at an endpoint that has never answered, where a wrong address is likelier than a hiccup. Who `is_patient`
    waits for its turn however often it is refused.
    """

    most_attempts: int = 8
    before_first_success: int = 4
    base_delay: float = 0.5
    longest_delay: float = 60.0
    max_wait: float = 600.0
    is_patient: bool = False

    def delay(self, failure: Failure, attempts: int, endpoint_works: bool) -> float | None:
        """Return the seconds to wait before the next attempt, None to give up.

        Args:
            failure: what just went wrong.
            attempts: how often the request has been asked, at least 1.
            endpoint_works: whether the endpoint has answered any request in this run.
        """
        is_waiting_for_turn = failure.kind is FailureKind.RATE_LIMITED
        most = self.most_attempts if endpoint_works or is_waiting_for_turn else self.before_first_success
        if is_waiting_for_turn and self.is_patient:
            most = attempts + 1
        if not failure.retryable or attempts >= most:
            return None
        backoff = min(self.base_delay * 2.0 ** min(attempts - 1, 30), self.longest_delay)
        jittered = backoff * random.uniform(0.5, 1.0)
        return max(jittered, failure.retry_after or 0.0)
