"""A table of verdicts or scores is read as the same in prose is, and none where it can be read two ways."""

import pytest

from autoeval.annotators.parsers.tables import with_tables_said
from tests.annotators.parsing import made, parser, reading

LABELS = {"first": "A", "second": "B", "tie": "tie"}


def table(head: str, *rows: str) -> str:
    """Return a table of rows whose cells stand between commas."""
    first, *others = (f"| {' | '.join(row.split(','))} |" for row in (head, *rows))
    return "\n".join([first, "|" + ":--|" * (first.count("|") - 1), *others])


def value(kind: str, text: str) -> float | None:
    judge = made(kind) if kind == "grade" else parser(kind, **LABELS)
    found = reading(judge, text)
    return None if isinstance(found, str) else found


@pytest.mark.parametrize(
    ("text", "better"),
    [
        (table("Winner,A", "Reason,better"), 1),
        (table("Winner,Reason", "A,better"), 1),
        (table("Field,Value", "Winner,**A**", "Loser,B"), 1),
        (table("Winner,A", "Loser,B"), 1),
        (table("Criterion,Winner", "Accuracy,A", "Overall,B"), 2),
        (table(",Verdict", "Final,B"), 2),
        (table(",結論", "勝者,B"), 2),
        (table("Criterion,Winner", "Accuracy,A", "Overall,tie"), 1.5),
        (table("Criterion,Winner,Why", ",B,good"), 2),
        ("It is close.\n\n" + table("Verdict,B", "Why,good") + "\n\nAll told.", 2),
        (table("Criterion,Winner", "Accuracy,A", "Clarity,A"), None),
        (table("Criterion,Winner", "Accuracy,A"), None),
        (table("Winner,A", "Winner,B"), None),
        (table("Winner,A", "Loser,A"), None),
        (table("Loser,A", "Why,bad"), None),
        (table("Loser,Why", "A,bad"), None),
        (table("Winner,A or B", "Why,good"), None),
        (table("Winner,not A", "Why,good"), None),
        (table("Winner,A", "Why,good") + "\n\nVerdict: B", None),
        ("The answer shows\n\n```\n" + table("Winner,A", "Why,x") + "\n```\n\nVerdict: B", 2),
        ("| Winner | A |", None),
    ],
)
def test_verdicts(text: str, better: float | None) -> None:
    assert value("choice", text) == better


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (table("Score,8", "Why,good"), 8),
        (table("Score,Why", "8,good"), 8),
        (table("Criterion,Score", "Accuracy,8", "**Overall**,**7**"), 7),
        (table("Criterion,Score,Why", "Accuracy,8,x", "Overall score,7/10,y"), 7),
        (table("Criterion,Weight,Score", "Accuracy,50,9", "Total,100,7"), 7),
        (table("Criterion,Max score,Score", "Overall,10,7"), 7),
        (table("Field,Value", "Gesamtnote,6", "Grund,gut"), 6),
        (table("Criterion,Score", "Accuracy,8", "Clarity,7"), None),
        (table("Criterion,Score", "Accuracy,8"), None),
        (table("Criterion,Score", "Overall,8", "Total,30"), None),
        (table("Criterion,Score", "Overall,7-8"), None),
        (table("Score,6", "Why,good") + "\n\nRating: 7", None),
    ],
)
def test_grades(text: str, grade: float | None) -> None:
    assert value("grade", text) == grade


@pytest.mark.parametrize(
    ("text", "better"),
    [
        (table("Model,Score", "A,7", "B,9"), 2),
        (table("Model,Score,Why", "A,7,x", "B,7,y"), 1.5),
        (table("Criterion,A,B", "Accuracy,8,7", "Total,20,25"), 2),
        (table("Criterion,B,A", "Overall score,20,25"), 1),
        (table("A,B", "9,7"), 1),
        (table("Model,Rank", "A,1", "B,2"), None),
        (table("Model,Score", "A,1", "B,2"), None),
        (table("Model,Errors", "A,7", "B,9"), None),
        (table("Criterion,A,B", "Accuracy,8,7", "Style,6,9"), None),
        (table("Criterion,A,B", "Overall,8,7", "Total,20,25"), None),
        (table("Model,Style score,Score", "A,7,5", "B,9,8"), None),
    ],
)
def test_scores_of_both(text: str, better: float | None) -> None:
    assert value("scores", text) == better


def test_scores_are_no_ranks() -> None:
    for head in ("Model,Score", "Model,Rank", "Model,Points"):
        assert value("ranking", table(head, "A,1", "B,2")) is None


def test_what_is_no_table_stays_and_a_long_line_takes_no_time() -> None:
    for text in ("a | b", "a | b\n---\nc | d", "| a | b |\n|---|---|\n| c |", "|" + "-" * 50_000):
        assert with_tables_said(text).split() == [word for word in text.split() if word != "|---|---|"]
    assert with_tables_said("| a |\n|" + " " * 100_000 + "x|") is not None
