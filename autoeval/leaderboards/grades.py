"""Single outputs counted: a model's score, each turn's and each category's, and boards of them."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoeval.data.fastchat import ERROR, GradedTurn
from autoeval.data.mt_bench import TEMPERATURES
from autoeval.data.wildbench import GROUP_WEIGHTS, TASK_GROUPS
from autoeval.errors import UsageError
from autoeval.leaderboards.aspects import Aspects
from autoeval.leaderboards.counts import Counts
from autoeval.leaderboards.table import Board
from autoeval.metrics.columns import Cell, Column, ColumnType, cells
from autoeval.metrics.estimates import Adjustment, MeanGrade
from autoeval.metrics.instructions import instruction_key
from autoeval.types import Annotation, Scale

GRADES = Scale(1.0, 10.0)
"""MT-Bench's scale."""

Key = tuple[str, str]
"""A question and a part of it: a turn (`turn_1`), or nothing where it has one turn only."""


@dataclass
class Grades(Counts):
    """The scores of one model's outputs, on a scale.

    `values` has every score of a question's part, None for a judgment that holds none. `categories` has the category
    of a question, `aspects` what the judge said of each aspect of each output;
    `adjustment` says the score otherwise besides, where the judge's config has one. `groups` has the groups of tasks
    that a question belongs to, where its eval set weighs them (WildBench).
    """

    scale: Scale = GRADES
    values: dict[Key, list[float | None]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    aspects: Aspects = field(default_factory=Aspects)
    adjustment: Adjustment | None = None
    judges: set[str] = field(default_factory=set)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _length: int = 0

    def count(self, annotation: Annotation) -> None:
        """Count one annotation: each of its turns, or the whole where there is one turn."""
        super().count(annotation)
        case = annotation.case
        question = instruction_key(case.conversation)
        self._length += len(case.output)
        if task_groups := case.fields.get(TASK_GROUPS):
            self.groups[question] = tuple(task_groups)
        said = dict.fromkeys(judgment.part for judgment in annotation.judgments)
        parts = [part for part in said if part not in self.aspects.asked] or [""]
        for part in parts:
            whole = annotation.value if not part else annotation.parts.get(part)
            self.add(question, part, whole, case.dataset, annotation.failure)
        self.aspects.add(question, annotation, parts)

    def add(
        self, question: str, part: str, value: float | None, category: str | None, failure: str | None
    ) -> None:
        """Take one score in; where it is None, `failure` says why."""
        self.values.setdefault((question, part), []).append(value)
        if category:
            self.categories.setdefault(question, category)
        if value is None:
            self.failures[(failure or "unknown").partition(":")[0]] += 1

    @property
    def n_judged(self) -> int:
        """How many scores there are."""
        return self.mean().n

    @property
    def n_missing(self) -> int:
        """How many scores are missing."""
        return self.mean().n_missing

    @property
    def n_repeated(self) -> int:
        """How many parts were judged more than once."""
        return sum(len(values) > 1 for values in self.values.values())

    @property
    def avg_length(self) -> int:
        """Mean length of the outputs in characters, rounded down."""
        return self._length // self._n_outputs if self._n_outputs else 0

    def mean(self, wanted: Callable[[Key], bool] = lambda _: True) -> MeanGrade:
        """Average the parts that are wanted; one that was judged several times counts once, with the mean."""
        from autoeval.metrics.grades import mean_grade

        means = self.means(wanted)
        return mean_grade([mean for _, mean in means], [question for question, _ in means], self.scale.ends)

    def means(self, wanted: Callable[[Key], bool]) -> list[tuple[str, float | None]]:
        """Return the question and the score of each part that is wanted; None where it has none."""
        return [(key[0], _mean(values)) for key, values in self.values.items() if wanted(key)]

    def macro(self) -> MeanGrade | None:
        """The mean over groups of tasks, each with WildBench's weight; None where no question belongs to one."""
        ends = self.scale.ends
        if not self.groups or ends is None:
            return None
        from autoeval.metrics.grades import weighted_groups

        means = self.means(lambda _: True)
        groups = [self.groups.get(question, ()) for question, _ in means]
        return weighted_groups(
            [mean for _, mean in means], [question for question, _ in means], groups, GROUP_WEIGHTS, ends
        )

    def parts(self) -> dict[str, Callable[[Key], bool]]:
        """Return what has a figure of its own, each turn and each category, with the keys that belong to it."""
        return {**self.by_turn(), **self.by_category()}

    def by_turn(self) -> dict[str, Callable[[Key], bool]]:
        """Return the turns in their order, each with the keys that belong to it."""
        turns = sorted({part for _, part in self.values if part}, key=lambda part: (len(part), part))
        return {turn: _of_turn(turn) for turn in turns}

    def by_category(self) -> dict[str, Callable[[Key], bool]]:
        """Return the categories in their order, each with the keys that belong to it; none where there is one."""
        found = dict.fromkeys(self.categories.values())
        known = [name for name in TEMPERATURES if name in found]
        names = [*known, *(name for name in found if name not in TEMPERATURES)]
        return {name: self._of_category(name) for name in names}

    def _of_category(self, name: str) -> Callable[[Key], bool]:
        return lambda key: self.categories.get(key[0]) == name


HEADLINE = (
    Column("score", ColumnType.NUMBER, "score", lambda grades: grades.mean().mean),
    Column("standard_error", ColumnType.ERROR, "SE", lambda grades: grades.mean().standard_error),
    Column("low", ColumnType.NUMBER, "", lambda grades: grades.mean().low),
    Column("high", ColumnType.NUMBER, "", lambda grades: grades.mean().high),
)
TURNS = tuple(
    Column(f"turn_{turn}{end}", ColumnType.NUMBER, "" if end else f"turn {turn}")
    for turn in (1, 2)
    for end in ("", "_low", "_high")
)
ADJUSTED = (
    Column("adjusted", ColumnType.NUMBER, "adjusted"),
    Column("adjusted_low", ColumnType.NUMBER),
    Column("adjusted_high", ColumnType.NUMBER),
    Column("task_macro", ColumnType.NUMBER, "task macro"),
    Column("task_macro_low", ColumnType.NUMBER),
    Column("task_macro_high", ColumnType.NUMBER),
)
COUNTED = (
    Column("n_total", ColumnType.COUNT, "n", lambda grades: grades.n_judged),
    Column("n_missing", ColumnType.COUNT, "missing", lambda grades: grades.n_missing),
)
CATEGORIES = tuple(
    Column(f"{name}{end}", ColumnType.NUMBER) for name in TEMPERATURES for end in ("", "_low", "_high")
)
CONDITIONS = tuple(
    Column(name, ColumnType.TEXT)
    for name in ("mode", "annotator", "fingerprint", "judge_models", "reference", "eval_set", "judge")
)
COLUMNS = (
    *HEADLINE,
    *ADJUSTED,
    *TURNS,
    *COUNTED,
    *CATEGORIES,
    Column("avg_length", ColumnType.COUNT),
    *CONDITIONS,
)
"""What a row says; `score` is the mean over all graded turns, every interval takes questions as observations."""


def figures(grades: Grades) -> dict[str, Cell]:
    """Return the cells of a row that follow from its scores: the headline, turns, categories, aspects, counts."""
    parts = {name: grades.mean(wanted) for name, wanted in grades.parts().items()}
    parts |= grades.aspects.means()
    return {
        **cells(HEADLINE, grades),
        **(grades.adjustment.cells(grades.mean()) if grades.adjustment else {}),
        **_macro_cells(grades),
        **{
            f"{name}{end}": value
            for name, part in parts.items()
            for end, value in (("", part.mean), ("_low", part.low), ("_high", part.high))
        },
        **cells(COUNTED, grades),
    }


def _macro_cells(grades: Grades) -> dict[str, Cell]:
    """Return the mean over groups of tasks, said as the score is said otherwise."""
    macro = grades.macro()
    if macro is None or not macro.n:
        return {}
    return {**(grades.adjustment or Adjustment(0.0, 1.0)).cells(macro, "task_macro")}


def recorded_grades(
    turns: Iterable[GradedTurn], category_of: Callable[[str], str | None]
) -> dict[str, Grades]:
    """Sort recorded judgments by the model that they are about.

    Raises:
        UsageError: several judges judged one model, whose grades are of no one scale.
    """
    found: dict[str, Grades] = {}
    first: dict[str, GradedTurn] = {}
    for turn in turns:
        grades, before = found.setdefault(turn.model, Grades()), first.setdefault(turn.model, turn)
        if turn.judge != before.judge:
            raise UsageError(
                f"{turn.where}: the judge of {turn.model!r} is {turn.judge!r}, but {before.judge!r} in {before.where}. "
                "Name one judge's files."
            )
        reason = why_missing(turn)
        grades.add(
            turn.question_id,
            f"turn_{turn.turn}",
            None if reason else turn.score,
            category_of(turn.question_id),
            reason,
        )
        grades.judges.add(turn.judge)
    return found


def why_missing(turn: GradedTurn) -> str | None:
    """Return why a recorded judgment holds no grade; None where it holds one."""
    if turn.judgment == ERROR:
        return "the judge's server failed"
    if turn.score == -1:
        return "the reply holds no grade"
    return None if GRADES.holds(turn.score) else f"the grade lies outside {GRADES.low:g} to {GRADES.high:g}"


def cautions(grades: Grades) -> list[str]:
    """Say what a reader must know before trusting the numbers of recorded judgments."""
    told = [f"{count} without a grade: {reason}" for reason, count in grades.failures.most_common()]
    if grades.n_repeated:
        told.append(f"{grades.n_repeated} turns were judged more than once; each counts once, with its mean")
    return told


def recorded_board(models: Mapping[str, Grades], compatible: bool = False) -> Board:
    """Make a board of recorded judgments, best first.

    Args:
        models: by name, with their grades.
        compatible: give FastChat's figures in place of ours: plain means of every grade in the file, without
            intervals.
    """
    row = _compatible_row if compatible else figures
    rows = {
        name: {**row(grades), "judge": " ".join(sorted(grades.judges))} for name, grades in models.items()
    }
    return Board(rows, COLUMNS).sorted_by("score")


def _compatible_row(grades: Grades) -> dict[str, Cell]:
    """Average as FastChat does: every grade in the file counts, also of a turn that was judged twice."""
    every = [value for values in grades.values.values() for value in values]
    return {
        "score": _plain(every),
        **{name: _plain(_wanted(grades, wanted)) for name, wanted in grades.parts().items()},
        "n_total": sum(value is not None for value in every),
        "n_missing": every.count(None),
    }


def _wanted(grades: Grades, wanted: Callable[[Key], bool]) -> Iterator[float | None]:
    return (value for key, values in grades.values.items() if wanted(key) for value in values)


def _plain(values: Iterable[float | None]) -> float:
    found = _mean(list(values))
    return math.nan if found is None else found


def _of_turn(turn: str) -> Callable[[Key], bool]:
    return lambda key: key[1] == turn


def _mean(values: Sequence[float | None]) -> float | None:
    judged = [value for value in values if value is not None]
    return math.fsum(judged) / len(judged) if judged else None
