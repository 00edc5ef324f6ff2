"""The analysis of annotators that scripts take from alpaca_eval.analyze, computed by autoeval.analysis."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from autoeval.alpaca_eval.constants import ALPACAFARM_GOLD_ANNOTATIONS, ALPACAFARM_GOLD_CROSSANNOTATIONS
from autoeval.alpaca_eval.utils import load_or_convert_to_dataframe
from autoeval.analysis.agreement import RULES, Rule, scores_of_modes
from autoeval.analysis.tables import PAIR, VoteTable, matched_tables, vote_table
from autoeval.analysis.tendencies import has_list, length_preference, list_preference
from autoeval.checks import check_choice
from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats

if TYPE_CHECKING:
    import pandas as pd

SCORING_RULES = {rule: partial(str, rule) for rule in RULES}
"""Makers of scoring rules, which are names here: `analyzer.scoring_rule = SCORING_RULES["absolute"]()`."""

_METHODS: tuple[Literal["spearman", "pearson"], ...] = ("spearman", "pearson")
_EVAL_PAIRS = 100
"""Of AlpacaFarm's generators, those count on which people voted on more pairs than this."""


class Analyzer:
    """Compares annotators with people, and says what they prefer whatever the content.

    Args:
        gold_crossannotations: the human votes, a row a vote (instruction, output_1, output_2, preference).
        gold_annotations: one annotation a pair, with `generator`. None: the first of the human votes.
        keys: what makes a pair; only (instruction, output_1, output_2).
        n_annotators: pairs with fewer votes are left out, and so are further votes.
        seed: has no effect: ties are broken as alpaca_eval breaks them.
        scoring_rule: zero_one, absolute or squared.
        **annotator_kwargs: kept for who makes the annotators.

    Raises:
        UsageError: there is no such rule, or the keys are others.
    """

    def __init__(
        self,
        gold_crossannotations: Any = ALPACAFARM_GOLD_CROSSANNOTATIONS,
        gold_annotations: Any = ALPACAFARM_GOLD_ANNOTATIONS,
        keys: Sequence[str] = PAIR,
        n_annotators: int = 4,
        seed: int | None = 0,
        scoring_rule: str = "absolute",
        **annotator_kwargs: Any,
    ) -> None:
        check_choice("scoring_rule", scoring_rule, RULES)
        if tuple(keys) != PAIR:
            raise UsageError(f"Analyzer: 'keys' can only be {PAIR} here.")
        self.keys, self.n_annotators, self.seed = list(keys), n_annotators, seed
        self.scoring_rule, self.annotator_kwargs = scoring_rule, annotator_kwargs
        self.df_gold_crossannotations = self._voted_on(load_or_convert_to_dataframe(gold_crossannotations))
        self.df_gold_annotations = (
            self.df_gold_crossannotations.query("index == 0")
            if gold_annotations is None
            else load_or_convert_to_dataframe(gold_annotations)
        )

    def agreement_of_annotations(
        self,
        annotations_1: "pd.DataFrame | str",
        annotations_2: "pd.DataFrame | str | None" = "gold_crossannotations",
        n_majority_vote_1: int | None = 1,
        n_majority_vote_2: int | None = None,
        is_same_annotator: bool | None = None,
    ) -> "pd.Series[float]":
        """Score the mode of some votes on a pair against the mode of others, averaged over all ways to take them.

        Args:
            annotations_1: a row a vote, or `gold_crossannotations` or `gold_annotations`.
            annotations_2: what they are scored against. None: each other.
            n_majority_vote_1: of how many votes the mode is taken. None: of all.
            n_majority_vote_2: likewise; None among one annotator's: of the others.
            is_same_annotator: never score a vote against itself. None: where both are the same.

        Returns:
            `score` and `error` (0 to 1), `sem_samples` (over pairs), `counts` (pairs), `sem_annotators` (over the
            ways to take the votes).

        Raises:
            UsageError: there are not so many votes on any pair, or no pair is in both.
        """
        import pandas as pd

        first = self._annotations(annotations_1)
        second = first if annotations_2 is None else self._annotations(annotations_2)
        is_same = second.equals(first) if is_same_annotator is None else is_same_annotator
        if is_same and n_majority_vote_1 is None:
            raise UsageError("n_majority_vote_1 cannot be None where votes are compared with one another.")
        tables = (vote_table(first),) * 2 if second is first else matched_tables(first, second)
        votes_1, most_1 = _with_votes(tables[0], n_majority_vote_1, "n_majority_vote_1")
        n_1 = n_majority_vote_1 or most_1
        n_2 = n_majority_vote_2 or (most_1 - n_1 if is_same else None)
        votes_2, most_2 = _with_votes(tables[1], n_2, "n_majority_vote_2")
        rule = cast("Rule", self.scoring_rule)
        found = [
            _summary(scores_of_modes(votes_1[:, taken], votes_2[:, others], rule, compatible=True))
            for taken, others in _ways(range(most_1), n_1, range(most_2), n_2 or most_2, is_same)
        ]
        if not found:
            raise UsageError(f"there are no {n_1} votes and {n_2} others on any pair.")
        means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        scores = np.array([one["score"] for one in found])
        return pd.Series({**means, "sem_annotators": _standard_error(scores)})

    def estimate_bias(self, annotations: "pd.DataFrame") -> float:
        """Return the error of the annotations' mode against that of all human votes, 0 to 1."""
        return float(self.agreement_of_annotations(annotations, n_majority_vote_1=None)["error"])

    def estimate_variance(self, annotations: "pd.DataFrame | str") -> float:
        """Return the error of one annotation against the mode of the same annotator's others, 0 to 1."""
        return float(self.agreement_of_annotations(annotations, None)["error"])

    def estimate_correlations(
        self,
        annotations_1: "pd.DataFrame | str",
        annotations_2: "pd.DataFrame | str" = "gold_crossannotations",
        groupby: Sequence[str] = ("generator",),
    ) -> dict[str, float]:
        """Correlate two annotators' win rates over generators, or other groups.

        Where the human votes do not name generators, those of the gold annotations on the same pairs are taken.

        Returns:
            `spearman` and `pearson`; NaN where they are not defined.
        """
        import pandas as pd

        tables = [self._annotations(annotations) for annotations in (annotations_1, annotations_2)]
        if isinstance(annotations_2, str) and "generator" not in tables[1]:
            named = self.df_gold_annotations[[*PAIR, "generator"]]
            tables = [table.query("datasplit == 'eval'").merge(named, on=list(PAIR)) for table in tables]
            n_pairs = tables[1].groupby("generator").size()
            voted_on = n_pairs[n_pairs > _EVAL_PAIRS].index
            tables = [table[table["generator"].isin(voted_on)] for table in tables]
        rates = [table.groupby(list(groupby))["preference"].mean() for table in tables]
        mine, other = pd.concat(rates, axis=1, join="inner").T.to_numpy()
        return {method: pd.Series(mine).corr(pd.Series(other), method) for method in _METHODS}

    def get_length_biases(
        self, annotations: "pd.DataFrame", significant_delta_length: int = 30
    ) -> dict[str, float]:
        """Return how often the longer output is preferred, and by how much preferred ones are longer.

        Args:
            annotations: a row a vote; the first on each pair counts.
            significant_delta_length: from which difference on, in characters; only 30.
        """
        if significant_delta_length != 30:
            raise UsageError("get_length_biases: 'significant_delta_length' can only be 30 here.")
        best, worse = (outputs.str.len() for outputs in _best_and_worse(annotations))
        return {
            "probability_prefer_longer": length_preference(annotations, compatible=True).value,
            "percentage_longer": float(((best - worse) / worse).mean()),
        }

    def get_list_biases(self, annotations: "pd.DataFrame") -> dict[str, float]:
        """Return how often the output with a list is preferred, and how many more of the preferred ones have one.

        Args:
            annotations: a row a vote; the first on each pair counts.
        """
        best, worse = (
            float(has_list(outputs, compatible=True).mean()) for outputs in _best_and_worse(annotations)
        )
        return {
            "probability_prefer_list": list_preference(annotations, compatible=True).value,
            "percentage_list": (best - worse) / worse if worse else float("nan"),
        }

    def _annotations(self, annotations: "pd.DataFrame | str") -> "pd.DataFrame":
        if not isinstance(annotations, str):
            return annotations
        gold = {
            "gold_crossannotations": self.df_gold_crossannotations,
            "gold_annotations": self.df_gold_annotations,
        }
        check_choice("annotations", annotations, tuple(gold))
        return gold[annotations]

    def _voted_on(self, votes: "pd.DataFrame") -> "pd.DataFrame":
        """Return the first `n_annotators` votes of the pairs that have so many, numbered by `index`."""
        by_pair = votes.groupby(self.keys)["preference"]
        votes = votes.assign(index=by_pair.cumcount())
        votes = votes[votes["index"] < self.n_annotators]
        votes = votes.assign(n_annotated=votes.groupby(self.keys)["preference"].transform("count"))
        return votes[votes["n_annotated"] >= self.n_annotators].reset_index(drop=True)


def _with_votes(table: VoteTable, n: int | None, name: str) -> tuple[Floats, int]:
    """Return the votes on the pairs that have `n` of them, the others as NaN; and the most that a pair has."""
    n_votes = (~np.isnan(table.preferences)).sum(axis=1)
    most = int(n_votes.max())
    if n is not None and n > most:
        raise UsageError(f"{name} is {n}, and no pair has more than {most} votes.")
    return np.where((n_votes >= (n or n_votes.min()))[:, None], table.preferences, np.nan), most


def _ways(
    first: range, n_1: int, second: range, n_2: int, is_same: bool
) -> Iterator[tuple[list[int], list[int]]]:
    """Go through all ways to take votes of both, never one of an annotator's against itself."""
    for taken in combinations(first, n_1):
        for others in combinations(second, n_2):
            if not is_same or not set(taken) & set(others):
                yield list(taken), list(others)


def _summary(scores: Floats) -> Mapping[str, float]:
    known = scores[~np.isnan(scores)]
    score = float(known.mean()) if len(known) else float("nan")
    return {"score": score, "error": 1 - score, "sem_samples": _standard_error(known), "counts": len(known)}


def _standard_error(values: Floats) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def _best_and_worse(annotations: "pd.DataFrame") -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Return the preferred outputs and the others, by the first vote on each pair; of a tie, twice the second."""
    rows = annotations.drop_duplicates(list(PAIR))
    first, second, preference = rows["output_1"], rows["output_2"], rows["preference"]
    return first.where(preference < 1.5, second), first.where(preference > 1.5, second)
