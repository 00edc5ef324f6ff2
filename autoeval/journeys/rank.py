"""The journey that ranks models by battles, whoever fought and judged them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from autoeval.checks import check_choice, check_number, require_source
from autoeval.completions.ask import Display
from autoeval.data.battle_columns import read_battle_files
from autoeval.data.battle_styles import style_reader
from autoeval.data.battles import Battles
from autoeval.errors import UsageError
from autoeval.leaderboards.battles import n_different, ratings_board, save_differences
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board
from autoeval.metrics.battle_ratings import (
    INTERVALS,
    RESAMPLES,
    Interval,
    Ratings,
    rate,
    rate_by_elo,
    standardised,
)
from autoeval.metrics.strengths import Contests
from autoeval.metrics.style import FEATURES, style_counts
from autoeval.runs.annotation_table import with_files

METHODS = ("bradley_terry", "elo")


@dataclass(frozen=True)
class Ranking:
    """Models ranked by their battles.

    Attributes:
        board: a row a model, the best first.
        ratings: the ratings with their covariance.
        n_battles: how many battles they rest on.
        n_different: how many pairs of models differ (p < 0.05 after Holm), and how many pairs there are.
        style: what a standard deviation of each feature adds to the log odds, with its standard error.
        cautions: what a reader must know of the numbers.
        paths: the files that were written.
    """

    board: Board
    ratings: Ratings
    n_battles: int
    n_different: tuple[int, int]
    style: dict[str, tuple[float, float]]
    cautions: tuple[str, ...]
    paths: tuple[Path, ...]


def rank(
    battles: Any = None,
    *,
    leaderboard_path: str | Path | None = None,
    method: str = "bradley_terry",
    interval: str = "sandwich",
    cluster: Any = None,
    reweighted: bool = False,
    style_control: bool = False,
    leave_out: Any = None,
    differences_path: str | Path | None = None,
    resamples: int = RESAMPLES,
    elo_k: float = 4.0,
    seed: int = 0,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> Ranking:
    """Rank models by battles: who met whom, and which did better.

    Args:
        battles: Rows of model_a, model_b and winner (model_a, model_b, tie, both_bad, and other usual names and
            spellings), or annotations.json: files, globs or folders of runs; in Python also a table.
        leaderboard_path: The board, a CSV file. Default: it is printed only.
        method: bradley_terry (a tie is half a win), or elo in the order of the battles.
        interval: How the 95% intervals of bradley_terry are made: sandwich or bootstrap.
        cluster: The column, or two columns ('prompt,worker'), whose equal values are one observation. Default: the
            instruction of annotations, otherwise none.
        reweighted: Let every pair of models that met often weigh the same (1 / max(battles of the pair, 50)).
        style_control: Hold length, headers, lists and bold equal; needs the texts, or Chatbot Arena's conv_metadata.
        leave_out: Models whose battles are ignored.
        differences_path: A CSV file for who differs from whom: every two models with p-values.
        resamples: Of the bootstrap.
        elo_k: How far one battle moves an Elo rating.
        seed: Of the bootstrap, and of the draws behind the intervals of the ranks.
        display: Shows the progress (Python only).

    Returns:
        A Ranking.

    Raises:
        UsageError: a parameter, file or row is wrong, or there are no finite ratings, with who is why.
    """
    require_source(battles, "FILES", "name the files of battles")
    check_choice("method", method, METHODS)
    check_choice("interval", interval, INTERVALS)
    check_number("resamples", resamples, 10, whole=True, optional=False)
    check_number("elo_k", elo_k, 0.01, 1000, optional=False)
    check_number("seed", seed, 0, whole=True, optional=False)
    clusters = _names(cluster)
    if clusters is not None and len(clusters) > 2:
        raise UsageError(f"--cluster: {len(clusters)} columns are too many; name one or two.")
    if method == "elo" and (style_control or reweighted):
        raise UsageError("--method elo has neither --style_control nor --reweighted: take bradley_terry.")
    found = read_battle_files(
        with_files(battles),
        "FILES",
        clusters,
        _names(leave_out) or (),
        style_reader(style_counts) if style_control else None,
    )
    if method == "elo" and found.weights is not None:
        raise UsageError(
            "--method elo counts every battle once, and some of these count more (`weight`): take bradley_terry."
        )
    contests = _contests(found, reweighted)
    try:
        ratings = (
            rate_by_elo(found.models, contests, found.clusters, elo_k, seed=seed, resamples=resamples)
            if method == "elo"
            else rate(
                found.models, contests, found.clusters, cast("Interval", interval), 0.95, seed, resamples
            )
        )
    except ValueError as error:
        raise UsageError(f"there are no ratings: {error}. --leave_out leaves models out.") from None
    board = ratings_board(ratings, contests)
    paths = [Path(path) for path in (leaderboard_path, differences_path) if path is not None]
    if leaderboard_path is not None:
        save_board(board, Path(leaderboard_path))
    if differences_path is not None:
        save_differences(ratings, Path(differences_path))
    effects = [(float(value), float(error)) for value, error in ratings.effects]
    return Ranking(
        board=board,
        ratings=ratings,
        n_battles=len(found.first),
        n_different=n_different(ratings),
        style=dict(zip(FEATURES, effects, strict=True)) if style_control else {},
        cautions=tuple(_cautions(found, ratings)),
        paths=tuple(paths),
    )


def _names(value: Any) -> list[str] | None:
    """Return names given as a list, or as text with commas; None for none."""
    if value is None:
        return None
    names = value.split(",") if isinstance(value, str) else list(value)
    return [str(name).strip() for name in names if str(name).strip()]


def _contests(found: Battles, reweighted: bool) -> Contests:
    features = None if found.styles is None else standardised(found.styles[:, 0], found.styles[:, 1])
    contests = Contests.of(len(found.models), found.first, found.second, 1 - found.shares, features)
    contests = contests if found.weights is None else contests.weighted(found.weights)
    return contests.reweighted() if reweighted else contests


def _cautions(found: Battles, ratings: Ratings) -> Sequence[str]:
    told = []
    if found.n_missing:
        told.append(f"{found.n_missing} rows without a judgment are left out")
    if found.n_self:
        told.append(f"{found.n_self} battles of a model against itself are left out")
    if ratings.n_undefined:
        told.append(f"{ratings.n_undefined} resamples had no finite ratings and were left out")
    return told
