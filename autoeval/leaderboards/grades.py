"""Boards of graded conversations: a row a model, with its score, each turn's, and each category's."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autoeval.data.fastchat import ERROR, GradedTurn
from autoeval.data.mt_bench import SCALE, TEMPERATURES
from autoeval.leaderboards.table import Board, Cell
from autoeval.metrics.grades import MeanGrade, mean_grade

COLUMNS = (
    "score",
    "standard_error",
    "low",
    "high",
    "turn_1",
    "turn_1_low",
    "turn_1_high",
    "turn_2",
    "turn_2_low",
    "turn_2_high",
    "n_total",
    "n_missing",
    *(f"{category}{end}" for category in TEMPERATURES for end in ("", "_low", "_high")),
    "judge",
)
"""What a row says; `score` is the mean over all graded turns, every interval takes questions as observations."""

Key = tuple[str, int]
"""A question and a turn of it."""


@dataclass
class Grades:
    """The grades of one model's turns.

    `by_turn` has every grade of a turn, None for a judgment that holds none; `reasons` counts why.
    """

    model: str
    by_turn: dict[Key, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    reasons: Counter[str] = field(default_factory=Counter)
    judges: set[str] = field(default_factory=set)

    def add(self, turn: GradedTurn) -> None:
        """Take one judgment in."""
        reason = why_missing(turn)
        if reason:
            self.reasons[reason] += 1
        self.by_turn[turn.question_id, turn.turn].append(None if reason else turn.score)
        self.judges.add(turn.judge)

    @property
    def n_repeated(self) -> int:
        """How many turns were judged more than once."""
        return sum(len(grades) > 1 for grades in self.by_turn.values())

    def mean(self, wanted: Callable[[Key], bool] = lambda _: True) -> MeanGrade:
        """Average the turns that are wanted; one that was judged several times counts once, with the mean."""
        keys = [key for key in self.by_turn if wanted(key)]
        return mean_grade(
            [_mean(self.by_turn[key]) for key in keys], [question for question, _ in keys], SCALE
        )

    def plain_mean(self, wanted: Callable[[Key], bool] = lambda _: True) -> float:
        """Average as FastChat does: every grade in the file counts, also of a turn that was judged twice."""
        grades = [grade for key, several in self.by_turn.items() if wanted(key) for grade in several]
        return _mean(grades) or math.nan

    @property
    def cautions(self) -> list[str]:
        """What a reader must know before trusting the numbers."""
        told = [f"{count} without a grade: {reason}" for reason, count in self.reasons.most_common()]
        if self.n_repeated:
            told.append(
                f"{self.n_repeated} turns were judged more than once; each counts once, with its mean"
            )
        return told


def why_missing(turn: GradedTurn) -> str | None:
    """Return why a recorded judgment holds no grade; None where it holds one."""
    if turn.judgment == ERROR:
        return "the judge's server failed"
    if turn.score == -1:
        return "the reply holds no grade"
    low, high = SCALE
    return None if low <= turn.score <= high else f"the grade lies outside {low:g} to {high:g}"


def grades_by_model(turns: Iterable[GradedTurn]) -> dict[str, Grades]:
    """Sort judgments by the model that they are about."""
    found: dict[str, Grades] = {}
    for turn in turns:
        found.setdefault(turn.model, Grades(turn.model)).add(turn)
    return found


def graded_board(
    models: Iterable[Grades], category_of: Callable[[str], str | None], compatible: bool = False
) -> Board:
    """Make a board, best first.

    Args:
        models: with their grades.
        category_of: the category of a question.
        compatible: give FastChat's figures in place of ours: plain means of every grade in the file, without
            intervals.
    """
    row = _compatible_row if compatible else _row
    rows: Mapping[str, Mapping[str, Cell]] = {model.model: row(model, category_of) for model in models}
    return Board(rows, COLUMNS).sorted_by("score")


def _row(grades: Grades, category_of: Callable[[str], str | None]) -> dict[str, Cell]:
    whole = grades.mean()
    parts = {name: grades.mean(wanted) for name, wanted in _parts(grades, category_of).items()}
    ends = {
        f"{name}{end}": value
        for name, part in parts.items()
        for end, value in (("", part.mean), ("_low", part.low), ("_high", part.high))
    }
    return {
        "score": whole.mean,
        "standard_error": whole.standard_error,
        "low": whole.low,
        "high": whole.high,
        **ends,
        "n_total": whole.n,
        "n_missing": whole.n_missing,
        "judge": " ".join(sorted(grades.judges)),
    }


def _compatible_row(grades: Grades, category_of: Callable[[str], str | None]) -> dict[str, Cell]:
    parts = {name: grades.plain_mean(wanted) for name, wanted in _parts(grades, category_of).items()}
    judgments = [grade for several in grades.by_turn.values() for grade in several]
    return {
        "score": grades.plain_mean(),
        **parts,
        "n_total": sum(grade is not None for grade in judgments),
        "n_missing": judgments.count(None),
        "judge": " ".join(sorted(grades.judges)),
    }


def _parts(grades: Grades, category_of: Callable[[str], str | None]) -> dict[str, Callable[[Key], bool]]:
    """Return the parts of a row by name, each with the turns that belong to it."""
    turns = sorted({turn for _, turn in grades.by_turn})
    found = {category_of(question) for question, _ in grades.by_turn}
    categories = [
        *(name for name in TEMPERATURES if name in found),
        *sorted(found - {*TEMPERATURES, None}, key=str),
    ]
    return {
        **{f"turn_{turn}": _of_turn(turn) for turn in turns},
        **{str(name): _of_category(name, category_of) for name in categories},
    }


def _of_turn(turn: int) -> Callable[[Key], bool]:
    return lambda key: key[1] == turn


def _of_category(name: str | None, category_of: Callable[[str], str | None]) -> Callable[[Key], bool]:
    return lambda key: category_of(key[0]) == name


def _mean(grades: Sequence[float | None]) -> float | None:
    judged = [grade for grade in grades if grade is not None]
    return math.fsum(judged) / len(judged) if judged else None
