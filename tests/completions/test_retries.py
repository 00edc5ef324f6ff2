"""When a failed request is asked again, how often, and what is said of a long wait."""

import time

import pytest

from autoeval.completions.retries import Retries
from autoeval.completions.waits import Waits
from autoeval.types import Failure, FailureKind

ERROR = Failure(FailureKind.SERVER_ERROR, "overloaded")
LIMIT = Failure(FailureKind.RATE_LIMITED, "slow down")


@pytest.mark.parametrize("attempts", range(1, 8))
def test_each_retry_waits_up_to_twice_as_long_as_the_one_before(attempts: int) -> None:
    longest = min(0.5 * 2 ** (attempts - 1), 20.0)
    waits = [Retries(longest_delay=20.0).delay(ERROR, attempts, True) for _ in range(300)]
    assert all(wait is not None and longest / 2 <= wait <= longest for wait in waits)
    spread = max(wait or 0 for wait in waits) - min(wait or 0 for wait in waits)
    assert spread > longest / 4, "they would all come back at once"


@pytest.mark.parametrize(
    ("failure", "works", "most"), [(ERROR, True, 8), (ERROR, False, 4), (LIMIT, True, 8), (LIMIT, False, 8)]
)
def test_so_many_attempts_are_made_and_no_more(failure: Failure, works: bool, most: int) -> None:
    """Fewer at an address that has never answered; a server that says `slow down` has."""
    assert Retries().delay(failure, most - 1, works) is not None
    assert Retries().delay(failure, most, works) is None


def test_who_is_patient_waits_for_its_turn_and_for_nothing_else() -> None:
    patient = Retries(is_patient=True)
    assert patient.delay(LIMIT, 50, False) is not None
    assert patient.delay(ERROR, 50, True) is None


@pytest.mark.parametrize("kind", FailureKind)
def test_only_what_asking_again_can_help_is_asked_again(kind: FailureKind) -> None:
    helps = kind not in (
        FailureKind.INVALID_REQUEST,
        FailureKind.FILTERED,
        FailureKind.REFUSED,
        FailureKind.NOT_ASKED,
    )
    assert (Retries().delay(Failure(kind, "x"), 1, True) is not None) == helps


def test_a_servers_own_wait_counts_where_it_is_longer() -> None:
    asks_for = [Failure(FailureKind.SERVER_ERROR, "x", retry_after=wait) for wait in (0.0, 90.0)]
    short, long = (Retries().delay(failure, 3, True) for failure in asks_for)
    assert long == 90.0
    assert short is not None
    assert 1.0 <= short <= 2.0


def test_a_long_wait_is_told_once_and_again_where_it_grows() -> None:
    waits = Waits()

    def told(seconds: float | None, now: float = 1e9, waits: Waits = waits) -> str | None:
        return waits.told(Failure(FailureKind.RATE_LIMITED, "busy", retry_after=seconds), now)

    assert (told(None), told(29.9)) == (None, None)
    assert str(told(30)).startswith("the server asks to wait 30 s, until ")
    assert str(told(30, 1e9 + 60)).endswith(": busy")
    assert told(119, 1e9) is None, "half a minute later than what was said, and no sooner, it is said again"
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(1e9 + 90_000))
    assert f"25.0 h, until {until}" in str(told(90_000, waits=Waits()))
    for seconds, span in ((120, "2 min"), (7199, "120 min"), (7200, "2.0 h"), (1e300, "h, until")):
        assert span in str(told(seconds, waits=Waits()))
