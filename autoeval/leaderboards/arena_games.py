"""Arena-Hard's games sorted by category and model: what was won, what is missing, and against whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from autoeval.data.arena_hard import CLEAR_WIN, SHARES, ArenaJudgment, ArenaSet, Game
from autoeval.errors import UsageError
from autoeval.metrics.observations import Observations

Won = tuple[float, int]
"""How much of a game the model won, and how many times the game counts."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A win rate in percent with its 95% interval."""

    value: float
    standard_error: float
    low: float
    high: float


Scores = Mapping[str, Rate]


@dataclass
class Played:
    """One model's games in one category.

    `games` has those of each question whose two games were judged (where lone games count, at least one); `n_missing`
    counts the other questions, `n_repeated` those that were judged more than once, whose games all count.
    """

    games: dict[str, list[Won]] = field(default_factory=dict)
    n_missing: int = 0
    n_repeated: int = 0

    def observations(self) -> Observations:
        """Return the questions as observations, a clear win being as heavy as three."""
        sums = [sum(win * weight for win, weight in games) for games in self.games.values()]
        sizes = [sum(weight for _, weight in games) for games in self.games.values()]
        return Observations(np.array(sums, dtype=float), np.array(sizes, dtype=float))


@dataclass
class Category:
    """The games of a category, by model; '' is the category of questions without one."""

    name: str
    baseline: str
    played: dict[str, Played] = field(default_factory=dict)


def games_by_category(
    judgments: Iterable[ArenaJudgment], arena: ArenaSet, baseline: str | None, keeps_lone: bool
) -> tuple[str, list[Category]]:
    """Sort judgments.

    Args:
        judgments: of all models by one judge.
        arena: the eval set.
        baseline: whom all models met. None: the rows' own baseline, or the eval set's by category.
        keeps_lone: let a game count whose other one failed.

    Returns:
        The judge and the categories.

    Raises:
        UsageError: there are several judges or, in a category, baselines.
    """
    categories: dict[str, Category] = {}
    judge = where = ""
    for judgment in judgments:
        judge, where = judge or judgment.judge, where or judgment.where
        if judgment.judge != judge:
            raise UsageError(
                f"{judgment.where}: the judge is {judgment.judge!r}, but {judge!r} in {where}. Name one judge's files."
            )
        name = judgment.category or ""
        known = _baseline(judgment, arena, baseline)
        category = categories.setdefault(name, Category(name, known))
        if category.baseline != known:
            raise UsageError(
                f"{judgment.where}: the baseline is {known!r}, but {category.baseline!r} in the rows before."
            )
        _take(category.played.setdefault(judgment.model, Played()), judgment, keeps_lone)
    return judge, list(categories.values())


def merged(categories: Iterable[Category]) -> Category:
    """Return the games of all categories as those of one, without a baseline's against itself."""
    whole = Category("", "")
    for category in categories:
        for model, played in category.played.items():
            if model != category.baseline:
                games = {f"{category.name}/{question}": one for question, one in played.games.items()}
                whole.played.setdefault(model, Played()).games.update(games)
    return whole


def opponents_of(category: Category) -> dict[str, Played]:
    """Return who met the baseline; its games against itself say nothing."""
    return {
        model: played
        for model, played in category.played.items()
        if model != category.baseline and played.games
    }


def _baseline(judgment: ArenaJudgment, arena: ArenaSet, given: str | None) -> str:
    if given and judgment.baseline not in (None, given):
        raise UsageError(
            f"{judgment.where}: the model met {judgment.baseline!r}, but --baseline is {given!r}. Leave --baseline "
            "out, or name the files of another."
        )
    category = judgment.category or ""
    known = given or judgment.baseline or arena.baselines.get(category) or arena.baselines.get("")
    if known is None:
        raise UsageError(
            f"{judgment.where}: whom the model met is not known for the category {category!r} of {arena.name}. Give "
            "--baseline."
        )
    return known


def _take(played: Played, judgment: ArenaJudgment, keeps_lone: bool) -> None:
    # In the first game A is the baseline, in the second the model.
    won = [_won(game, model_is_first=bool(place)) for place, game in enumerate(judgment.games)]
    judged = [one for one in won if one is not None]
    question = judgment.question_id
    if len(judged) < 2 and not (keeps_lone and judged):
        played.n_missing += question not in played.games
        return
    played.n_repeated += question in played.games
    played.games.setdefault(question, []).extend(judged)


def _won(game: Game, model_is_first: bool) -> Won | None:
    if game.label is None:
        return None
    share = SHARES[game.label]
    weight = CLEAR_WIN if game.label.count(">") + game.label.count("<") == 2 else 1
    return (share if model_is_first else 1 - share), weight
