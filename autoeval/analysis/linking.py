"""From one judge's win rates to another's: models that both have judged link the two scales.

The link is a straight line between the log odds of the win rates, logit(old) = a + b · logit(new), fitted by least
squares to the models that both judges have judged, the anchors. A model that only the new judge has seen is placed
on the old scale with a prediction interval. Linking by anchors is what test equating does (Kolen and Brennan, Test
Equating, Scaling, and Linking); the interval is that of a new observation in linear regression (Student's t with
k − 2 degrees of freedom; Draper and Smith, Applied Regression Analysis), for anchors that do not all lie equally near
to the line: judges differ more about some models than about others, and those at the ends of the range pull the line
towards themselves. So each residual is taken as if its anchor had no part in the fit (HC2 and HC3 of MacKinnon and
White 1985).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats
from autoeval.metrics.student import student_quantile

FEWEST_ANCHORS = 5
"""With fewer, the interval is wider than what is known without a bridge."""
LEAST_RANK_CORRELATION = 0.7
"""Judges whose ranks of the anchors agree less measure different things."""
FARTHEST = 0.25
"""How far outside the anchors' range a model may lie, as a share of that range; beyond, the intervals of published
boards held the old judge's win rate in 60 to 85% only."""
LEVEL = 0.95
_FEWEST_TO_FIT = 3
_NO_RESIDUAL = 1e-9
_DRAWS = 1000
_PLAUSIBLE = 2.576


@dataclass(frozen=True, slots=True)
class Rate:
    """A win rate.

    Attributes:
        win_rate: in percent.
        n: pairs that it was measured on.
        standard_error: in points; None where it is not known.
    """

    win_rate: float
    n: int
    standard_error: float | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A model that both judges have judged."""

    name: str
    old: Rate
    new: Rate


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model stands on the old judge's scale: the win rate and its 95% prediction interval, in percent."""

    win_rate: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """The interval's width in points."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Link:
    """A fitted link: logit(old) = intercept + slope · logit(new).

    Attributes:
        intercept: in logits.
        slope: logits of the old scale a logit of the new one.
        residual: standard deviation of the anchors around the line, in logits: √(mean of e²/(1 − h)) with
            residuals e and leverages h. It holds what the judges see differently in a model, and the sampling error of
            both win rates.
        line_variance: of the line's height at the anchors' center, of that with its slope (covariance), and of its
            slope, in squared logits (HC3).
        n_anchors: how many anchors it was fitted to, k.
        center: mean of the anchors' logit(new).
        spread: sum of their squared deviations from it.
        low: the smallest of them.
        high: the largest.
        n_pairs: pairs that the new judge saw of an anchor, on average.
    """

    intercept: float
    slope: float
    residual: float
    line_variance: tuple[float, float, float]
    n_anchors: int
    center: float
    spread: float
    low: float
    high: float
    n_pairs: float

    def place(self, new: Rate) -> Placement:
        """Place a model on the old scale.

        The residual holds the sampling error that a model has at the anchors' number of pairs. Where this one was
        judged on fewer, its variance is greater by slope² · SE² · (1 − n/n_pairs), which is added.

        Args:
            new: the model's win rate by the new judge. Without a standard error, that of binary verdicts.

        Returns:
            The win rate and its prediction interval. The model may lie anywhere, see `beyond`.
        """
        x = log_odds(new.win_rate, new.n)
        variance = self.residual**2 + self._of_line(x - self.center) + self._excess(new)
        reach = student_quantile(self.n_anchors - 2, LEVEL) * variance**0.5
        middle = self.intercept + self.slope * x
        return Placement(*(_percent(each) for each in (middle, middle - reach, middle + reach)))

    def beyond(self, new: Rate) -> float:
        """Return how far a model lies outside the anchors' range, as a share of it; 0 inside."""
        x = log_odds(new.win_rate, new.n)
        return max(self.low - x, x - self.high, 0.0) / (self.high - self.low)

    def _of_line(self, away: float) -> float:
        """Return the line's variance so far from the anchors' center, no less than residuals of one size give it."""
        height, both, slope = self.line_variance
        equal = self.residual**2 * (1 / self.n_anchors + away**2 / self.spread)
        return max(height + 2 * away * both + away**2 * slope, equal)

    def _excess(self, new: Rate) -> float:
        if new.n >= self.n_pairs:
            return 0.0
        chance = _inside(new.win_rate / 100, new.n)
        error = (new.standard_error or 0.0) / 100 or (chance * (1 - chance) / new.n) ** 0.5
        in_logits = error / (chance * (1 - chance))
        return float((self.slope * in_logits) ** 2 * (1 - new.n / self.n_pairs))


def fit_link(anchors: Sequence[Anchor]) -> Link:
    """Fit the link of two judges by least squares.

    Args:
        anchors: at least three. What a trustworthy link needs besides is `refusal`'s to say.

    Raises:
        UsageError: there are fewer, or the new judge gives all of them the same win rate.
    """
    x = np.array([log_odds(anchor.new.win_rate, anchor.new.n) for anchor in anchors])
    y = np.array([log_odds(anchor.old.win_rate, anchor.old.n) for anchor in anchors])
    if len(anchors) < _FEWEST_TO_FIT or np.ptp(x) == 0:
        raise UsageError(
            f"no line can be fitted to {len(anchors)} anchors with {len(set(x.tolist()))} different win rates by the "
            f"new judge: it takes {_FEWEST_TO_FIT} anchors and two different win rates."
        )
    center = float(x.mean())
    away = x - center
    spread = float((away**2).sum())
    slope = float((away * (y - y.mean())).sum()) / spread
    intercept = float(y.mean()) - slope * center
    residuals, outside = y - intercept - slope * x, 1 - 1 / len(x) - away**2 / spread
    pulls = outside <= _NO_RESIDUAL  # the line goes through an anchor that alone decides its slope
    unseen = np.where(pulls, 0.0, residuals / np.where(pulls, 1.0, outside))
    by_height, by_slope = (
        1 / len(x),
        away / spread,
    )  # what an anchor's residual adds to the line's height and slope
    return Link(
        intercept=intercept,
        slope=slope,
        residual=float((residuals * unseen).mean() ** 0.5),
        line_variance=(
            float((unseen**2 * by_height**2).sum()),
            float((unseen**2 * by_height * by_slope).sum()),
            float((unseen**2 * by_slope**2).sum()),
        ),
        n_anchors=len(anchors),
        center=center,
        spread=spread,
        low=float(x.min()),
        high=float(x.max()),
        n_pairs=float(np.mean([anchor.new.n for anchor in anchors])),
    )


def leave_one_out(anchors: Sequence[Anchor]) -> list[Placement]:
    """Place each anchor by the link of the others, the extreme ones too; in the anchors' order.

    Raises:
        UsageError: there are fewer than four, or the others cannot be linked.
    """
    return [
        fit_link([*anchors[:number], *anchors[number + 1 :]]).place(anchor.new)
        for number, anchor in enumerate(anchors)
    ]


def refusal(anchors: Sequence[Anchor]) -> str | None:
    """Say why these anchors make no bridge; None where they do."""
    if len(anchors) < FEWEST_ANCHORS:
        return f"a bridge needs at least {FEWEST_ANCHORS} anchors, and there are {len(anchors)}"
    agreement = rank_correlation(anchors)
    if not agreement >= LEAST_RANK_CORRELATION:
        return (
            f"the two judges rank the {len(anchors)} anchors differently (Spearman {agreement:.2f}, at least "
            f"{LEAST_RANK_CORRELATION} is needed), so one's win rates say too little about the other's"
        )
    return None


def rank_correlation(anchors: Sequence[Anchor]) -> float:
    """Return Spearman's rank correlation of the two judges' win rates; NaN where one gives all the same."""
    old = _ranks(np.array([anchor.old.win_rate for anchor in anchors]))
    new = _ranks(np.array([anchor.new.win_rate for anchor in anchors]))
    if len(anchors) < 2 or np.ptp(old) == 0 or np.ptp(new) == 0:
        return float("nan")
    return float(np.corrcoef(old, new)[0, 1])


def chance_of_agreement(anchors: Sequence[Anchor], n_pairs: int, seed: int = 0) -> float:
    """Return how likely the judges' ranks will agree enough once all pairs of each anchor are judged, 0 to 1.

    Args:
        anchors: with the new judge's win rates on some of their pairs, drawn without regard to the verdicts.
        n_pairs: of each anchor in all.
        seed: of the draws of what the other pairs may say.
    """
    rng = np.random.default_rng(seed)
    errors = np.array([_error_to_come(anchor.new, n_pairs) for anchor in anchors])
    so_far = np.array([anchor.new.win_rate for anchor in anchors])
    drawn = so_far + rng.normal(size=(_DRAWS, len(anchors))) * errors
    old = _ranks(np.array([anchor.old.win_rate for anchor in anchors]))
    if np.ptp(old) == 0:
        return 0.0
    found = [np.corrcoef(old, _ranks(new))[0, 1] for new in drawn if np.ptp(new)]
    return float(np.count_nonzero(np.array(found) >= LEAST_RANK_CORRELATION)) / _DRAWS


def nearest_to(link: Link, first: Rate, n_pairs: int) -> Rate:
    """Return the win rate nearest to the anchors' range that all pairs may plausibly come to (99%), from some."""
    reach = _PLAUSIBLE * _error_to_come(first, n_pairs)
    low, high = (100 / (1 + np.exp(-end)) for end in (link.low, link.high))
    nearest = min(max(first.win_rate, low), high)
    return Rate(min(max(nearest, first.win_rate - reach), first.win_rate + reach), n_pairs)


def _error_to_come(first: Rate, n_pairs: int) -> float:
    """Return the standard deviation, in points, of what all pairs say around what some of them say."""
    chance = _inside(first.win_rate / 100, first.n)
    error = first.standard_error or 100 * (chance * (1 - chance) / first.n) ** 0.5
    return float(error * max(0.0, 1 - first.n / n_pairs) ** 0.5)


def expected_width(n_anchors: int, n_pairs: int, link_error: float, n_board: int) -> float:
    """Return the width to expect of a prediction interval, for a model in the anchors' middle that wins half.

    Args:
        n_anchors: how many anchors.
        n_pairs: pairs of each model that the new judge sees.
        link_error: the residual to expect at `n_board` pairs, in logits.
        n_board: pairs of each model on the old board.

    Returns:
        The width in points.
    """
    sampling = 4 * max(
        1 / n_pairs - 1 / n_board, 0.0
    )  # 1 / (n p (1 − p)) at p = ½, beyond what is in the error
    variance = (link_error**2 + sampling) * (1 + 1 / n_anchors)
    reach = student_quantile(n_anchors - 2, LEVEL) * variance**0.5
    return _percent(reach) - _percent(-reach)


def log_odds(win_rate: float, n: int) -> float:
    """Return the log odds of a win rate in percent; 0 and 100 count as half a win and half a loss of n pairs."""
    chance = _inside(win_rate / 100, n)
    return float(np.log(chance / (1 - chance)))


def _inside(chance: float, n: int) -> float:
    return min(max(chance, 0.5 / n), 1 - 0.5 / n)


def _percent(logit: float) -> float:
    return float(100 / (1 + np.exp(-logit)))


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0, equal values sharing their mean rank."""
    below = (values[:, None] > values).sum(axis=1)
    equal = (values[:, None] == values).sum(axis=1)
    ranks: Floats = below + (equal - 1) / 2
    return ranks
