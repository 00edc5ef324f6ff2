"""The soak notices when a promise is broken: its checks, given books and rows that do not agree."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.soak.books import Books, Payments, Said, outcome, payments
from benchmarks.soak.figures import Figures
from benchmarks.soak.resident import Held
from benchmarks.soak.server import Judge, outputs
from tests.servers.answers import Body

NO_VERDICT = "unparsed: the reply is empty"


def _books(*replies: tuple[float | None, ...]) -> Books:
    """Return books with a pair for each tuple of preferences, a minute between two replies."""
    return {
        f"pair {number}": [Said(60.0 * place, preference) for place, preference in enumerate(said)]
        for number, said in enumerate(replies)
    }


def _row(number: int, preference: float | None, failure: str | None = None) -> dict[str, Any]:
    return {"instruction": f"pair {number}", "preference": preference, "failure": failure}


BOOKS = _books((1.0,), (2.0,), (None,), ())
ROWS = [_row(0, 1.0), _row(1, 2.0), _row(2, None, NO_VERDICT), _row(3, None, "timeout: no reply within 6 s")]
FAILURES = {NO_VERDICT: 1, "timeout": 1}


def test_rows_that_agree_with_the_books_are_counted() -> None:
    found = outcome(ROWS, BOOKS, BOOKS)
    assert (found.wrong, found.n_judged, found.n_lost, found.failures) == ((), 2, 0, FAILURES)


@pytest.mark.parametrize(
    ("place", "row", "says"),
    [
        (0, _row(0, 2.0), "the server said"),
        (0, _row(0, None, NO_VERDICT), "the server said"),
        (2, _row(2, 1.5), "the server said"),
        (3, _row(3, 1.0), "the server said"),
        (3, _row(3, None), "failure None"),
        (1, _row(1, 2.0, NO_VERDICT), "preference 2.0 and failure"),
        (1, _row(0, 1.0), "not one a pair"),
    ],
)
def test_a_row_that_the_server_did_not_say_is_noticed(place: int, row: Mapping[str, Any], says: str) -> None:
    rows = [row if number == place else old for number, old in enumerate(ROWS)]
    (wrong,) = outcome(rows, BOOKS, BOOKS).wrong
    assert says in wrong


def test_a_row_that_is_not_there_is_noticed() -> None:
    assert outcome(ROWS[:-1], BOOKS, BOOKS).wrong


@pytest.mark.parametrize("failure", ["connection: it broke off", "not asked"])
def test_a_reply_that_was_sent_and_not_read_is_lost(failure: str) -> None:
    assert outcome([_row(0, None, failure), *ROWS[1:]], BOOKS, BOOKS).n_lost == 1


def test_an_old_verdict_in_place_of_the_last_one_is_a_lost_reply() -> None:
    assert outcome([_row(0, 1.0)], _books((1.0, 2.0)), ["pair 0"]).n_lost == 1
    assert outcome([_row(0, None, NO_VERDICT)], _books((None, 2.0)), ["pair 0"]).n_lost == 1


def test_a_run_that_judged_nothing_lost_what_was_sent() -> None:
    found = outcome([], BOOKS, BOOKS)
    assert (found.n_lost, found.n_judged, found.failures.total()) == (3, 0, 4)


@pytest.mark.parametrize(
    ("said", "n_reasks", "expected"),
    [
        ((1.0,), 0, Payments(0, 0, 0)),
        ((1.0, 1.0), 0, Payments(1, 0, 0)),
        ((1.0, 1.0), 1, Payments(1, 0, 0)),
        ((None, 1.0), 0, Payments(1, 0, 0)),
        ((None, 1.0), 1, Payments(0, 0, 1)),
        ((None, None, 1.0), 1, Payments(1, 0, 1)),
    ],
)
def test_what_is_paid_twice_is_told_from_what_was_asked_for(
    said: tuple[float | None, ...], n_reasks: int, expected: Payments
) -> None:
    assert payments(_books(said), n_reasks) == expected


def test_two_processes_may_ask_at_once_and_no_later() -> None:
    at_once = {"pair 0": [Said(0.0, 1.0), Said(0.3, 2.0)]}
    assert payments(at_once, has_two=True) == Payments(0, 1, 0)
    assert payments(at_once) == Payments(1, 0, 0)
    assert payments(_books((1.0, 2.0)), has_two=True) == Payments(1, 0, 0)


@pytest.mark.parametrize(
    ("last", "grows"),
    [(Held(101, 9, 2), None), (Held(150, 9, 2), "memory"), (Held(100, 10, 2), "10"), (Held(100, 9, 3), "3")],
)
def test_a_process_that_grows_is_noticed(last: Held, grows: str | None) -> None:
    held = [Held(60, 5, 1)] * 4 + [Held(100, 9, 2)] * 5 + [last] * 4
    growth = Figures(60, Counter(), Counter(), 0, held, 0, 0).growth()
    assert (grows is None and growth is None) or (grows is not None and grows in str(growth))


def _asked(tag: str, swapped: bool, model: str) -> Body:
    shown = outputs(tag, "Explain it.")[:: -1 if swapped else 1]
    return {"model": model, "messages": [{"role": "user", "content": "\n---\n".join(shown)}]}


@pytest.mark.parametrize("model", ["gpt-4", "claude-x"])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_books_have_what_the_server_said(swapped: bool, model: str) -> None:
    judge = Judge(seed=0)
    for number in range(200):
        answer = judge(_asked(f"m{number}", swapped, model))
        said = judge.books[f"m{number}"].get("Explain it.", [])
        is_an_error = answer.raw is not None and not answer.text
        if answer.fault is None and answer.status == 200 and not is_an_error:
            first_wins = {"a > b": True, "b > a": False}.get(answer.text)
            expected = None if first_wins is None else 1.0 if first_wins != swapped else 2.0
            assert [reply.preference for reply in said] == [expected]
        else:
            assert not said
    assert judge.counts["requests"] == 200
