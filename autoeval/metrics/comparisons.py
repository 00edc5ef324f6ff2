"""Who was compared with whom: the counts that every ranking starts from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from autoeval.metrics.observations import Floats, clean_preferences, cluster_codes
from autoeval.metrics.tables import Table, column, optional_column


@dataclass(frozen=True)
class Comparisons:
    """Judged pairs of M models on G instructions.

    Attributes:
        models: their names, in order of first appearance.
        first: model behind output_1 of each row, as a place in `models`; shape (n,).
        second: model behind output_2; shape (n,).
        shares: preference − 1, the second model's share of the win; shape (n,).
        rows: place of each comparison in the annotations given, shape (n,).
        instructions: code of each row's instruction; shape (n,).
        weights: how many times each comparison counts; shape (n,).
    """

    models: tuple[str, ...]
    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    shares: Floats
    rows: npt.NDArray[np.intp]
    instructions: npt.NDArray[np.intp]
    weights: Floats

    @classmethod
    def of(cls, annotations: Table) -> "Comparisons":
        """Read generator_1, generator_2, instruction and preference, and `weight` where there is one.

        Missing judgments are left out.

        Raises:
            ValueError: a column is missing, a preference is not one, or nothing was judged.
        """
        shares = clean_preferences(column(annotations, "preference")) - 1
        names_1 = [str(name) for name in column(annotations, "generator_1")]
        names_2 = [str(name) for name in column(annotations, "generator_2")]
        places = {name: i for i, name in enumerate(dict.fromkeys([*names_1, *names_2]))}
        first = np.array([places[name] for name in names_1], dtype=np.intp)
        second = np.array([places[name] for name in names_2], dtype=np.intp)
        rows = np.flatnonzero(~np.isnan(shares) & (first != second))
        if not rows.size:
            raise ValueError("there is nothing to rank: no judged comparison of two different models")
        codes = cluster_codes(column(annotations, "instruction"))
        weights = row_weights(annotations, len(shares))
        return cls(tuple(places), first[rows], second[rows], shares[rows], rows, codes[rows], weights[rows])

    @property
    def n_instructions(self) -> int:
        """G: one more than the largest code."""
        return int(self.instructions.max()) + 1

    @cached_property
    def wins(self) -> Floats:
        """How much of a win row's model has over column's model, a draw as half of one; shape (M, M)."""
        return np.asarray(self.resampled_wins(np.ones((1, self.n_instructions)))[0])

    @cached_property
    def met(self) -> npt.NDArray[np.intp]:
        """How often every two models were compared; shape (M, M)."""
        m = len(self.models)
        once = np.bincount(self.first * m + self.second, minlength=m * m).reshape(m, m)
        return np.asarray(once + once.T)

    @property
    def counts(self) -> Floats:
        """How many comparisons each model is in; shape (M,)."""
        return np.asarray(self.met.sum(axis=1), dtype=np.float64)

    @property
    def has_cycles(self) -> bool:
        """Whether the graph of who met whom has a cycle, so that comparisons can disagree with each other."""
        met = (self.wins + self.wins.T) > 0
        n_edges = int(met.sum()) // 2
        return n_edges > len(self.models) - len(np.unique(reachable(met), axis=0))

    def resampled_wins(self, counts: Floats) -> Floats:
        """The win matrix of each weighting of the instructions.

        Args:
            counts: how often each instruction counts, shape (B, G).

        Returns:
            Shape (B, M, M).
        """
        m = len(self.models)
        cells = np.concatenate([self.second * m + self.first, self.first * m + self.second])
        values = np.concatenate([self.shares, 1 - self.shares]) * np.tile(self.weights, 2)
        used, place = np.unique(cells, return_inverse=True)
        by_instruction = np.zeros((self.n_instructions, len(used)))
        np.add.at(by_instruction, (np.tile(self.instructions, 2), place), values)
        wins = np.zeros((len(counts), m * m))
        wins[:, used] = counts @ by_instruction
        return wins.reshape(-1, m, m)

    def bootstrap_counts(self, resamples: int, seed: int) -> Floats:
        """How often each instruction is drawn in each resample; shape (B, G)."""
        rng = np.random.default_rng(seed)
        g = self.n_instructions
        return rng.multinomial(g, np.full(g, 1 / g), size=resamples).astype(np.float64)


def row_weights(annotations: Table, n: int) -> Floats:
    """Return how many times each row counts: its `weight`, or once; shape (n,).

    Raises:
        ValueError: a weight is not above 0.
    """
    found = optional_column(annotations, "weight")
    weights = np.ones(n) if found is None else np.array([1.0 if w is None else w for w in found], dtype=float)
    weights = np.where(np.isnan(weights), 1.0, weights)
    if not (weights > 0).all() or not np.isfinite(weights).all():
        raise ValueError("a weight is not above 0")
    return weights


def reachable(edges: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return from where one can get where along edges, in any number of steps; shape (..., M, M) as given."""
    reached = edges | np.eye(edges.shape[-1], dtype=bool)
    for _ in range(int(np.ceil(np.log2(max(2, edges.shape[-1]))))):
        if reached.all():
            break
        steps = reached.astype(np.float32)
        reached = np.matmul(steps, steps) > 0
    return reached
