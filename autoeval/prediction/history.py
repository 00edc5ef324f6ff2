"""What a judge has said of several models on the same instructions, and what follows for another model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from autoeval.metrics.effects import EffectsModel, fit_effects
from autoeval.metrics.observations import Floats
from autoeval.metrics.sampling import never_certain
from autoeval.prediction.seen import Seen

FEWEST_MODELS = 5
_SHARPNESS = 8.0  # of closeness on the same instruction
_LIKENESS = (0.0, 20.0)  # of closeness on average, between models: not counting, and counting much
_RELEVANCE = 10.0  # how much more the models count in the fit that are like the one predicted
_FARTHEST, _FARTHEST_SQUARED = 5.0, 3.0  # standard deviations


@dataclass(frozen=True)
class Standard:
    """Columns brought to mean 0 and standard deviation 1, and kept within five of them."""

    means: Floats
    deviations: Floats

    @classmethod
    def of(cls, columns: Floats) -> "Standard":
        """Measure columns, shape (n, k); a constant one stays as it is but for its mean."""
        deviations = columns.std(axis=0)
        return cls(columns.mean(axis=0), np.where(deviations > 1e-9, deviations, 1.0))

    def of_columns(self, columns: Floats) -> Floats:
        """Bring columns, shape (n, k), to this scale."""
        return np.clip((columns - self.means) / self.deviations, -_FARTHEST, _FARTHEST)


@dataclass(frozen=True)
class Curves:
    """Columns and the squares of the first of them, brought to one scale: an effect need not be straight."""

    straight: Standard
    squares: Standard

    @classmethod
    def of(cls, columns: Floats, n_curved: int) -> "Curves":
        """Measure columns, shape (n, k), of which the first `n_curved` are squared as well."""
        straight = Standard.of(columns)
        return cls(straight, Standard.of(_squares(straight.of_columns(columns)[:, :n_curved])))

    def of_columns(self, columns: Floats) -> Floats:
        """Bring columns, shape (n, k), to this scale, with their squares behind them."""
        straight = self.straight.of_columns(columns)
        squares = _squares(straight[:, : len(self.squares.means)])
        return np.hstack([straight, self.squares.of_columns(squares)])


def _squares(standardised: Floats) -> Floats:
    return np.asarray(np.clip(standardised, -_FARTHEST_SQUARED, _FARTHEST_SQUARED) ** 2)


@dataclass(frozen=True)
class History:
    """M models that one judge compared with one reference on G instructions.

    Attributes:
        models: their names.
        seen: what is seen of their pairs, each on the same instructions in the same order.
        shares: preference − 1, NaN where it is missing; shape (M, G).
    """

    models: tuple[str, ...]
    seen: tuple[Seen, ...]
    shares: Floats

    @property
    def keys(self) -> tuple[str, ...]:
        """The instructions, G."""
        return self.seen[0].keys

    @cached_property
    def closeness(self) -> Floats:
        """Of every two models on every instruction, shape (M, M, G)."""
        close = np.zeros((len(self.seen), len(self.seen), len(self.keys)))
        for i, one in enumerate(self.seen):
            for j in range(i):
                close[i, j] = close[j, i] = one.closeness(self.seen[j])
        return close

    def without(self, models: Sequence[str]) -> "History":
        """The same without some models."""
        kept = [i for i, name in enumerate(self.models) if name not in models]
        if len(kept) == len(self.models):
            return self
        rest = History(
            tuple(self.models[i] for i in kept), tuple(self.seen[i] for i in kept), self.shares[kept]
        )
        rest.__dict__["closeness"] = self.closeness[np.ix_(kept, kept)]
        return rest

    def predict(self, target: Seen) -> Floats:
        """Predict preferences − 1 of a model that is not in the history.

        A logistic regression with an effect for each instruction, on what is seen of a pair, its squares and its
        neighbours: the mean of what the judge said of the models' answers to the same instruction, relative to their
        win rates, weighted by how close the answers are. A model of the history gets its own neighbours without itself,
        and counts the more in the fit the more it is like the target.

        Args:
            target: the model's pairs, on any instructions.

        Returns:
            Predictions in [.005, .995], shape (N,).
        """
        place = {key: i for i, key in enumerate(self.keys)}
        rows = np.array([place.get(key, -1) for key in target.keys], dtype=np.intp)
        known = np.flatnonzero(rows >= 0)
        close = np.zeros((len(self.seen), len(known)))
        for j, one in enumerate(self.seen):
            close[j] = target.at(known).closeness(one.at(rows[known]))
        likeness = close.mean(axis=1) if len(known) else np.zeros(len(self.seen))
        neighbours = np.zeros((len(rows), len(_LIKENESS)))
        neighbours[known] = self._neighbours(close, likeness, rows[known], leave_out=None)
        relevance = np.exp(_RELEVANCE * (likeness - likeness.mean()))
        model = self._fit(relevance / relevance.mean())
        columns = self._curves.of_columns(np.column_stack([target.columns, neighbours]))
        return never_certain(model.predict(columns, rows))

    @cached_property
    def _columns(self) -> Floats:
        """All rows that can be fitted on; shape (M, G, k)."""
        everything = np.arange(len(self.keys))
        stacked = []
        for j, one in enumerate(self.seen):
            close = self.closeness[j]
            neighbours = self._neighbours(close, close.mean(axis=1), everything, leave_out=j)
            stacked.append(np.column_stack([one.columns, neighbours]))
        return np.stack(stacked)

    @cached_property
    def _curves(self) -> Curves:
        return Curves.of(self._columns.reshape(self.shares.size, -1), self.seen[0].columns.shape[1])

    @cached_property
    def matrix(self) -> Floats:
        """What is fitted on: a row for each model and instruction, a model's rows together; shape (M·G, k)."""
        return self._curves.of_columns(self._columns.reshape(self.shares.size, -1))

    def _fit(self, relevance: Floats) -> EffectsModel:
        count, g = self.shares.shape
        judged = np.flatnonzero(~np.isnan(self.shares.ravel()))
        return fit_effects(
            self.matrix[judged],
            self.shares.ravel()[judged],
            np.tile(np.arange(g), count)[judged],
            g,
            np.repeat(relevance, g)[judged],
        )

    def _neighbours(
        self, close: Floats, likeness: Floats, rows: npt.NDArray[np.intp], leave_out: int | None
    ) -> Floats:
        """What the judge said of close answers, relative to their models' win rates; 0 where nothing is known.

        Once by how close the answers are alone, once also by how much the models are alike; shape (n, 2).
        """
        relative = (self.shares - np.nanmean(self.shares, axis=1, keepdims=True))[:, rows]
        is_known = ~np.isnan(relative)
        if leave_out is not None:
            is_known[leave_out] = False
        found = np.zeros((len(rows), len(_LIKENESS)))
        for column, counts in enumerate(_LIKENESS):
            exponent = _SHARPNESS * close + counts * likeness[:, None]
            weights = np.exp(exponent - exponent.max(initial=0.0)) * is_known
            total = weights.sum(axis=0)
            said = (weights * np.nan_to_num(relative)).sum(axis=0)
            np.divide(said, total, out=found[:, column], where=total > 0)
        return found


def aligned(seen: Mapping[str, Seen], shares: Mapping[str, Floats]) -> History:
    """Bring models' pairs to the same instructions in the same order: all that any of them has.

    Args:
        seen: by model.
        shares: preference − 1 by model, in the order of what is seen.

    Raises:
        ValueError: there is no model.
    """
    if not seen:
        raise ValueError("no model was judged")
    keys = list(dict.fromkeys(key for one in seen.values() for key in one.keys))
    models, rows, table = [], [], np.full((len(seen), len(keys)), np.nan)
    for number, (name, one) in enumerate(seen.items()):
        place = {key: i for i, key in enumerate(one.keys)}
        found = [place.get(key, -1) for key in keys]
        table[number] = np.append(shares[name], np.nan)[found]
        models.append(name)
        rows.append(one if list(one.keys) == keys else _padded(one, keys, found))
    return History(tuple(models), tuple(rows), table)


def _padded(one: Seen, keys: Sequence[str], found: Sequence[int]) -> Seen:
    """Give a model rows for instructions that it has not answered; they are missing, so their figures do not count."""
    first = one.at([max(i, 0) for i in found])
    return Seen(tuple(keys), first.columns, first.log_lengths, first.vectors)


def r_squared(predicted: Floats, shares: Floats) -> float:
    """Squared correlation of a prediction with the preferences; NaN where either does not vary."""
    judged = ~np.isnan(shares)
    if judged.sum() < 2 or np.ptp(shares[judged]) == 0 or np.ptp(predicted[judged]) == 0:
        return float("nan")
    return float(np.corrcoef(predicted[judged], shares[judged])[0, 1] ** 2)
