"""Strengths behind comparisons that can disagree with each other: Bradley–Terry, and Elo through evalica."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autoeval.metrics.comparisons import Comparisons, reachable
from autoeval.metrics.observations import Floats
from autoeval.metrics.ranking import Ranked, ranked
from autoeval.metrics.strengths import Contests, disconnected, fit, unsolvable
from autoeval.metrics.tables import Table

RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """A fitted Bradley–Terry model.

    Attributes:
        models: best first; `value` is the win rate expected against the other models, each met equally
            often, in percent.
        log_strengths: by model, natural logarithm, mean 0; the log odds of i against j are the difference.
        n_undefined: how many bootstrap resamples had no finite solution and were left out.
    """

    models: tuple[Ranked, ...]
    log_strengths: dict[str, float]
    n_undefined: int

    def win_rate(self, model: str, against: str) -> float:
        """Win rate that the model predicts for one model against another, in percent."""
        return 100 / (1 + float(np.exp(self.log_strengths[against] - self.log_strengths[model])))


def bradley_terry(
    annotations: Table, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> BradleyTerry:
    """Rank models by Bradley–Terry strength: P(i beats j) = strength_i / (strength_i + strength_j).

    A draw is half a win for each, and a preference between 1 and 2 is split in the same way (Bradley and
    Terry 1952; maximum likelihood, see `strengths.fit`).

    Args:
        annotations: rows with generator_1, generator_2, instruction and preference, of all models.
        level: coverage that the intervals aim at.
        seed: of the bootstrap.
        resamples: how many times instructions are drawn.

    Raises:
        ValueError: the graph of who met whom has no cycle (the win rates already say all there is); or
            there is no finite solution because it is not connected, or some models never lose, or never
            win, against the rest (Ford 1957).
    """
    comparisons = Comparisons.of(annotations)
    if not comparisons.has_cycles:
        raise ValueError(
            "no chain of comparisons closes into a circle (all models against one reference, say), so "
            "Bradley–Terry strengths would only restate the win rates: rank by win rate"
        )
    _refuse_unsolvable(comparisons)
    log_strengths = _log_strengths(comparisons.wins)
    wins = comparisons.resampled_wins(comparisons.bootstrap_counts(resamples, seed))
    solvable = reachable(wins > 0).all(axis=(1, 2))
    drawn = np.full((resamples, len(comparisons.models)), np.nan)
    for b in np.flatnonzero(solvable):
        drawn[b] = _expected(_log_strengths(wins[b]))
    return BradleyTerry(
        models=ranked(comparisons, _expected(log_strengths), drawn, level),
        log_strengths=dict(zip(comparisons.models, log_strengths.tolist(), strict=True)),
        n_undefined=int((~solvable).sum()),
    )


def elo(
    annotations: Table, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES, k: float = 4.0
) -> tuple[Ranked, ...]:
    """Rank models by Elo rating, for those who need one; Bradley–Terry uses the same data better.

    Ratings begin at 1000 and move by k · (result − expected) after each comparison, so they depend on the
    order of comparisons. The order is drawn anew in each resample, and the value is the mean over as many
    random orders of the data as given. A preference above 1.5 is a win, of 1.5 a draw.

    Args:
        annotations: rows with generator_1, generator_2, instruction and preference, of all models.
        level: coverage that the intervals aim at.
        seed: of orders and bootstrap.
        resamples: how many times instructions are drawn.
        k: how far one comparison moves a rating (Elo 1978).

    Returns:
        The models, best first; `value`, `standard_error`, `low` and `high` are rating points.
    """
    comparisons = Comparisons.of(annotations)
    rng = np.random.default_rng(seed)
    everything = np.arange(len(comparisons.shares))
    orders = np.array([_elo(comparisons, rng.permutation(everything), k) for _ in range(resamples)])
    drawn = []
    for counts in comparisons.bootstrap_counts(resamples, seed):
        rows = np.repeat(everything, counts[comparisons.instructions].astype(int))
        drawn.append(_elo(comparisons, rng.permutation(rows), k))
    return ranked(comparisons, orders.mean(axis=0) / 100, np.array(drawn) / 100, level)


def _expected(log_strengths: Floats) -> Floats:
    """Mean win rate against each of the others; shape (M,)."""
    against = 1 / (1 + np.exp(log_strengths[None, :] - log_strengths[:, None]))
    return np.asarray((against.sum(axis=1) - 0.5) / (len(log_strengths) - 1))


def _log_strengths(wins: Floats) -> Floats:
    winner, loser = np.nonzero(wins)
    contests = Contests.of(len(wins), winner, loser, np.ones(len(winner)))
    return fit(contests.weighted(wins[winner, loser]))


def _refuse_unsolvable(comparisons: Comparisons) -> None:
    """Raise where the likelihood has no maximum."""
    if why := disconnected(comparisons.wins, comparisons.models):
        raise ValueError(why)
    if why := unsolvable(comparisons.wins, comparisons.models):
        raise ValueError(f"Bradley–Terry has no finite solution: {why}; leave them out, or rank by win rate")


def _elo(comparisons: Comparisons, rows: npt.NDArray[np.intp], k: float) -> Floats:
    import evalica
    import pandas as pd

    outcomes = np.array([evalica.Winner.X, evalica.Winner.Draw, evalica.Winner.Y], dtype=object)
    result = evalica.elo(
        comparisons.first[rows].tolist(),
        comparisons.second[rows].tolist(),
        outcomes[1 + np.sign(comparisons.shares[rows] - 0.5).astype(int)].tolist(),
        index=pd.Index(range(len(comparisons.models))),
        k=k,
    )
    return np.asarray(result.scores.sort_index().to_numpy(dtype=float))
