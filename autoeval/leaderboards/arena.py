"""Boards of Arena-Hard: a row a model, with its win rate against the baseline over all and by category."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autoeval.data.arena_hard import ArenaSet, Style
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.arena_games import Category, Played
from autoeval.leaderboards.table import Board
from autoeval.metrics.against_baseline import (
    Against,
    Rates,
    as_arena_hard_1,
    as_arena_hard_2,
    at_equal_style,
    resampled_means,
)
from autoeval.metrics.columns import Cell, Column, ColumnType
from autoeval.metrics.estimates import Method
from autoeval.metrics.intervals import interval_ends
from autoeval.metrics.observations import Floats
from autoeval.metrics.style import style_counts

COLUMNS: tuple[Column, ...] = (
    Column("score", ColumnType.NUMBER, "score"),
    Column("standard_error", ColumnType.ERROR),
    Column("low", ColumnType.NUMBER),
    Column("high", ColumnType.NUMBER),
    Column("n_total", ColumnType.COUNT, "n"),
    Column("n_missing", ColumnType.COUNT, "missing"),
    *(
        Column(f"{name}{end}", ColumnType.NUMBER, "" if end else name)
        for name in ("hard_prompt", "creative_writing")
        for end in ("", "_low", "_high")
    ),
)
"""What a row says first; then each category's score, the baseline and the judge."""

CONTROLS: Mapping[str, tuple[int, ...]] = {"length": (0,), "markdown": (1, 2, 3)}
"""What may be held equal, as places of a style's counts."""
STYLE_NAMES = ("length", "headers", "lists", "bold")

_CODE = re.compile(r"```[^`]*```")


@dataclass(frozen=True)
class Styles:
    """What is counted of answers, by model and question, and what of it is held equal (see `CONTROLS`)."""

    counts: Mapping[tuple[str, str], Style]
    controls: Sequence[str]

    @property
    def places(self) -> list[int]:
        """The places of the counts that are held equal."""
        return [place for name in CONTROLS if name in self.controls for place in CONTROLS[name]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A win rate in percent with its 95% interval."""

    value: float
    standard_error: float
    low: float
    high: float


Scores = Mapping[str, Rate]


@dataclass(frozen=True)
class Controlled:
    """Scores at equal style.

    `effects` are what a standard deviation of each feature adds to the log odds; `left_out` says who is left out, and
    why.
    """

    scores: Scores
    effects: Mapping[str, float]
    left_out: Mapping[str, str]


def counted_style(text: str) -> Style:
    """Count the style of an answer as Arena-Hard does, markdown outside of code; the length in characters."""
    _, headers, items, bold = style_counts(_CODE.sub("", text))
    return float(len(text)), float(headers), float(items), float(bold)


def means(category: Category, interval: Method = "t_plus4") -> Scores:
    """Return each model's mean over its games, a question being one observation."""
    found = {}
    for model, played in _opponents(category).items():
        observed = played.observations()
        low, high = interval_ends(observed, interval, 0.95, seed=0)
        numbers = (float(observed.mean), float(observed.standard_error), float(low), float(high))
        found[model] = Rate(*(100 * number for number in numbers))
    return found


def upstream_means(category: Category, arena: ArenaSet) -> Scores:
    """Return the scores as Arena-Hard computes them: every game is an observation, drawn a hundred times."""
    opponents = _opponents(category)
    if not opponents:
        return {}
    games = [
        (place, win, weight)
        for place, played in enumerate(opponents.values())
        for of_question in played.games.values()
        for win, weight in of_question
    ]
    model, wins, weights = (np.array(column) for column in zip(*games, strict=True))
    drawn = 100 * resampled_means(model, len(opponents), wins.astype(float), weights)
    low, high = np.nanquantile(drawn, arena.tails, axis=0)
    errors = np.nanstd(drawn, axis=0, ddof=1)
    values = (
        [100 * float(played.observations().mean) for played in opponents.values()]
        if arena.is_first_version
        else np.nanmean(drawn, axis=0)
    )
    return {
        name: Rate(float(values[i]), float(errors[i]), float(low[i]), float(high[i]))
        for i, name in enumerate(opponents)
    }


def controlled(category: Category, styles: Styles, arena: ArenaSet, compatible: bool) -> Controlled:
    """Return the scores at equal style.

    Raises:
        UsageError: nothing is counted of the baseline's answers, or of no model's.
    """
    left_out: dict[str, str] = {}
    if not _opponents(category):
        return Controlled({}, {}, {})
    _check_counted(category, styles)
    opponents = {}
    for model, played in _opponents(category).items():
        questions = [q for q in played.games if {(model, q), (category.baseline, q)} <= styles.counts.keys()]
        if questions:
            opponents[model] = {question: played.games[question] for question in questions}
        if len(questions) < len(played.games):
            missing = len(played.games) - len(questions)
            left_out[model] = f"{missing} of its questions are left out: nothing is counted of an answer"
    if not opponents:
        raise UsageError("nothing is counted of any model's answers, so style cannot be held equal.")
    games = _against(opponents, category.baseline, styles, arena)
    decided = games.undecided()
    if not decided.all():
        for model in [name for name, fits in zip(opponents, decided, strict=True) if not fits]:
            left_out[model] = "it wins, or loses, every game: at equal style its rate is not finite"
            del opponents[model]
        if not opponents:
            raise UsageError("every model wins, or loses, all of its games: style cannot be held equal.")
        games = _against(opponents, category.baseline, styles, arena)
    if not compatible:
        rates = at_equal_style(games)
    else:
        rates = (as_arena_hard_1 if arena.is_first_version else as_arena_hard_2)(games, arena.tails)
    names = [STYLE_NAMES[place] for place in styles.places]
    return Controlled(
        _by_model(opponents, rates), dict(zip(names, rates.effects.tolist(), strict=True)), left_out
    )


def arena_board(judge: str, categories: Sequence[Category], scores: Sequence[Scores]) -> Board:
    """Make a board, best first, of each category's scores; over several, the mean is weighted by questions."""
    rows: dict[str, Mapping[str, Cell]] = {}
    baselines = list(dict.fromkeys(category.baseline for category in categories))
    for model in dict.fromkeys(name for found in scores for name in found):
        parts = {
            category.name: (found[model], category.played[model])
            for category, found in zip(categories, scores, strict=True)
            if model in found
        }
        met = [category.baseline for category in categories if category.name in parts]
        rows[model] = _row(parts, len(categories) > 1) | {
            "baseline": " ".join(dict.fromkeys(met)),
            "judge": judge,
        }
    for model in _unjudged(categories):
        rows[model] = {"n_total": 0, "n_missing": _n_missing(categories, model), "judge": judge}
    if len(categories) == 1:
        itself = {"score": 50.0, "standard_error": 0.0, "low": 50.0, "high": 50.0}
        counts = {"n_total": 0, "n_missing": 0}
        rows[baselines[0]] = {**itself, **counts, "baseline": baselines[0], "judge": judge}
    return Board(rows, COLUMNS).sorted_by("score")


def _row(parts: Mapping[str, tuple[Rate, Played]], with_categories: bool) -> dict[str, Cell]:
    whole = _pooled([rate for rate, _ in parts.values()], [len(played.games) for _, played in parts.values()])
    row: dict[str, Cell] = {
        "score": whole.value,
        "standard_error": whole.standard_error,
        "low": whole.low,
        "high": whole.high,
        "n_total": sum(len(played.games) for _, played in parts.values()),
        "n_missing": sum(played.n_missing for _, played in parts.values()),
    }
    for name, (rate, _) in parts.items() if with_categories else ():
        label = name or "without_category"
        row |= {label: rate.value, f"{label}_low": rate.low, f"{label}_high": rate.high}
    return row


def _unjudged(categories: Sequence[Category]) -> list[str]:
    """Return the models without a single judged question, in the order of their files."""
    judged = {model for category in categories for model, played in category.played.items() if played.games}
    return [model for category in categories for model in category.played if model not in judged]


def _n_missing(categories: Sequence[Category], model: str) -> int:
    return sum(category.played[model].n_missing for category in categories if model in category.played)


def _pooled(rates: Sequence[Rate], sizes: Sequence[int]) -> Rate:
    """Average rates by size; the ends by recovering each one's variance from its interval (Zou and Donner 2008)."""
    if len(rates) == 1:
        return rates[0]
    share = np.array(sizes) / max(sum(sizes), 1)
    value, error, low, high = np.array(
        [[rate.value, rate.standard_error, rate.low, rate.high] for rate in rates]
    ).T
    mean = float(share @ value)
    return Rate(
        mean,
        float(np.linalg.norm(share * error)),
        mean - float(np.linalg.norm(share * (value - low))),
        mean + float(np.linalg.norm(share * (high - value))),
    )


def has_games(category: Category) -> bool:
    """Whether some model has a judged question against the baseline."""
    return bool(_opponents(category))


def _opponents(category: Category) -> dict[str, Played]:
    """Return who met the baseline; its games against itself say nothing."""
    return {
        model: played
        for model, played in category.played.items()
        if model != category.baseline and played.games
    }


def _check_counted(category: Category, styles: Styles) -> None:
    known = {model for model, _ in styles.counts}
    if category.baseline not in known:
        raise UsageError(
            f"nothing is counted of the answers of the baseline {category.baseline!r}. "
            f"{nearest(category.baseline, known)}"
        )


def _against(
    opponents: Mapping[str, Mapping[str, Sequence[tuple[float, int]]]],
    baseline: str,
    styles: Styles,
    arena: ArenaSet,
) -> Against:
    codes: dict[str, int] = {}
    rows = [
        (place, codes.setdefault(question, len(codes)), win, weight, model, question)
        for place, (model, of_model) in enumerate(opponents.items())
        for question, games in of_model.items()
        for win, weight in games
    ]
    place, question, wins, weights = (np.array([row[i] for row in rows]) for i in range(4))
    ours = np.array([styles.counts[row[4], row[5]] for row in rows])
    theirs = np.array([styles.counts[baseline, row[5]] for row in rows])
    return Against(
        m=len(opponents),
        model=place.astype(np.intp),
        question=question.astype(np.intp),
        wins=wins.astype(float),
        weights=weights.astype(float),
        features=_differences(ours, theirs, arena)[:, styles.places],
    )


def _differences(ours: Floats, theirs: Floats, arena: ArenaSet) -> Floats:
    """Return how two answers differ in style, as the eval set measures it; shape (n, 4)."""
    if arena.is_first_version:  # v0.1
        return np.asarray((ours - theirs) / (ours + theirs + 1))
    length = (ours[:, :1] - theirs[:, :1]) / np.maximum(ours[:, :1] + theirs[:, :1], 1)
    density, other = ours[:, 1:] / (ours[:, :1] + 1), theirs[:, 1:] / (theirs[:, :1] + 1)
    return np.concatenate([length, (density - other) / (density + other + 1)], axis=1)


def _by_model(models: Mapping[str, object], rates: Rates) -> Scores:
    columns = (rates.values, rates.standard_errors, rates.low, rates.high)
    return {model: Rate(*(float(column[i]) for column in columns)) for i, model in enumerate(models)}
