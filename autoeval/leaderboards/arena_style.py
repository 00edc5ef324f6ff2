"""Arena-Hard's scores at equal style: length, headers, lists and bold of both answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autoeval.data.arena_hard import ArenaSet
from autoeval.data.arena_styles import Style
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.arena_games import Category, Rate, Scores, opponents_of
from autoeval.metrics.against_baseline import (
    Against,
    Rates,
    as_arena_hard_1,
    as_arena_hard_2,
    at_equal_style,
)
from autoeval.metrics.observations import Floats
from autoeval.metrics.style import style_counts
from autoeval.texts.patterns import lazy_pattern

CONTROLS: Mapping[str, tuple[int, ...]] = {"length": (0,), "markdown": (1, 2, 3)}
"""What may be held equal, as places of a style's counts."""
STYLE_NAMES = ("length", "headers", "lists", "bold")

_CODE = lazy_pattern(r"```[^`]*```")


@dataclass(frozen=True)
class Styles:
    """What is counted of answers, by model and question, and what of it is held equal (see `CONTROLS`)."""

    counts: Mapping[tuple[str, str], Style]
    controls: Sequence[str]

    @property
    def places(self) -> list[int]:
        """The places of the counts that are held equal."""
        return [place for name in CONTROLS if name in self.controls for place in CONTROLS[name]]


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


def controlled(category: Category, styles: Styles, arena: ArenaSet, compatible: bool) -> Controlled:
    """Return the scores at equal style.

    Raises:
        UsageError: nothing is counted of the baseline's answers, or of no model's.
    """
    left_out: dict[str, str] = {}
    if not opponents_of(category):
        return Controlled({}, {}, {})
    _check_counted(category, styles)
    opponents = {}
    for model, played in opponents_of(category).items():
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
