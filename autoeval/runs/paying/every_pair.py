"""Judging several models until it is clear, of every two, which one is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskOptions, AskReport, Display
from autoeval.completions.ask_report import added, left
from autoeval.completions.cache import Cache
from autoeval.data.pairing import Pairs
from autoeval.errors import UsageError
from autoeval.runs.judging import Judged, judge_all, read_one
from autoeval.runs.paying.common import place_of
from autoeval.runs.paying.deciding import ROUND, UNTIL_DECIDED, Deciding, Question
from autoeval.runs.paying.predicting import prediction_of
from autoeval.runs.paying.rounds import SaidOnce, refuse_batches
from autoeval.runs.paying.sample import Drawn, SomePairs, mean_length, samplable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from autoeval.metrics.betting import Population, Side
    from autoeval.metrics.every_pair import Comparisons, Two
    from autoeval.metrics.observations import Floats

_POPULATIONS: "tuple[Population, ...]" = ("these", "like_these")


@dataclass(frozen=True)
class EveryPair:
    """Several models, each with its pairs in the order of instructions that all have in common.

    Attributes:
        models: by name; each asks by itself whether the model is better than the reference.
        places: where each model's pair on an instruction stands among its pairs, −1 where it has none; shape (M, G).
        predicted: predictions of the preferences − 1, shape (M, G).
    """

    models: Mapping[str, Deciding]
    places: "npt.NDArray[np.intp]"
    predicted: "Floats"

    @classmethod
    def of(cls, pairs: Mapping[str, Pairs], annotator: Annotator, seed: int) -> "EveryPair":
        """Put the instructions into a random order, which depends on them and the seed alone.

        Raises:
            UsageError: there is one model, or its pairs cannot be judged one by one.
        """
        import numpy as np

        from autoeval.metrics.sampling import Sample

        if len(pairs) < 2:
            raise UsageError(
                f"--until_decided compares models with each other, and there is {len(pairs)} to judge. Those on the "
                "leaderboard are judged again with --is_overwrite_leaderboard."
            )
        everything = {name: samplable(pairs[name], annotator, "--until_decided") for name in pairs}
        ranks = [[place_of(pair, seed) for pair in of_model] for of_model in everything.values()]
        columns = {rank: column for column, rank in enumerate(sorted({r for one in ranks for r in one}))}
        places = np.full((len(pairs), len(columns)), -1, dtype=np.intp)
        predicted = np.full(places.shape, 0.5)
        called, models = interval_name(annotator.name, annotator.provider), {}
        for number, (name, of_model) in enumerate(everything.items()):
            shares = prediction_of(of_model, annotator).shares
            at = [columns[rank] for rank in ranks[number]]
            places[number, at], predicted[number, at] = np.arange(len(of_model)), shares
            order = places[number][places[number] >= 0]
            drawn = Drawn(Sample(np.ones(len(order)), order), shares, UNTIL_DECIDED, "")
            reference = Question(of_model[0].generator_1 or "the reference")
            some = SomePairs(pairs[name], order.tolist())
            models[name] = Deciding(some, drawn, reference, mean_length(of_model), called)
        return cls(models, places, predicted)

    def judge(
        self, plans: Sequence[Plan], cache: Cache, options: AskOptions, display: Display, reask_unparsed: bool
    ) -> "tuple[list[Judged], AskReport, DecidedPairs]":
        """Judge 16 instructions at a time; a model whose every comparison is decided is not asked about any more.

        Args:
            plans: of each model's pairs.
            cache: has the replies there are, and gets those there will be.
            options: how to ask; a budget is that of all rounds.
            display: shows the progress.
            reask_unparsed: ask again what was answered without a verdict.

        Returns:
            What each model came to, what asking came to, and the claims.

        Raises:
            UsageError: batches were asked for.
        """
        from autoeval.metrics.every_pair import Comparisons

        refuse_batches(options)
        once, reports = SaidOnce(display), list[AskReport]()
        seen = Comparisons.begun(self.places >= 0, self.predicted)
        for start in range(0, self.places.shape[1], ROUND):
            asked = sorted({number for two in seen.open("these") for number in two})
            stop = start + ROUND
            chosen = {number: self._chosen(number, start, stop) for number in asked}
            parts = [self._part(plans[number], pairs) for number, pairs in chosen.items()]
            judged, report = judge_all(parts, cache, left(options, reports), once, reask_unparsed)
            reports.append(report)
            for number, one in zip(asked, judged, strict=True):
                seen.add(number, start, stop, one.tally.preferences)
            seen.decide("these")
            if report.stop or not seen.open("these"):
                break
        seen.decide("like_these")
        report = added(reports)
        whole = [
            read_one(self._part(plan, self._chosen(number, 0, seen.asked[number])), cache, report, None)
            for number, plan in enumerate(plans)
        ]
        return whole, report, self._decided(seen, len(reports))

    def _decided(self, seen: "Comparisons", n_rounds: int) -> "DecidedPairs":
        from autoeval.metrics.every_pair import FAMILY_ERROR

        there = self.places >= 0
        return DecidedPairs(
            tuple(self.models),
            self.places.shape[1],
            seen.sides,
            tuple(len(self._chosen(number, 0, n)) for number, n in enumerate(seen.asked)),
            n_rounds,
            FAMILY_ERROR,
            min(int((one & other).sum()) for one, other in combinations(there, 2)),
        )

    def _chosen(self, number: int, start: int, stop: int) -> list[int]:
        places = self.places[number, start:stop]
        chosen: list[int] = places[places >= 0].tolist()
        return chosen

    @staticmethod
    def _part(plan: Plan, chosen: Sequence[int]) -> Plan:
        assert isinstance(plan.cases, SomePairs)
        return Plan(plan.annotator, SomePairs(plan.cases.pairs, chosen), plan.seed)


@dataclass(frozen=True)
class DecidedPairs:
    """Which of every two models is better.

    Attributes:
        models: their names.
        n_instructions: how many there are.
        sides: by population, above where the first of two models is better; two that are missing are open.
        n_asked: on how many instructions each model was judged.
        n_rounds: after how many rounds it was looked.
        error: the chance that one claim or more about a population is wrong, however often one looks.
        least_in_common: how many instructions any two of the models have in common at least.
    """

    models: Sequence[str]
    n_instructions: int
    sides: "Mapping[Population, Mapping[Two, Side]]"
    n_asked: Sequence[int]
    n_rounds: int
    error: float
    least_in_common: int

    def name_of(self, population: "Population") -> str:
        """What claims about a population are about."""
        if population == "like_these":
            return "on instructions like these"
        if self.least_in_common == self.n_instructions:
            return f"on these {self.n_instructions} instructions"
        return (
            f"on those of these {self.n_instructions} instructions that two models have in common "
            f"({self.least_in_common} at least)"
        )

    @property
    def lines(self) -> list[str]:
        """Say it: for either population by name, whom each model beats and where it is open."""
        n_pairs = len(self.models) * (len(self.models) - 1) // 2
        lines = []
        for population in _POPULATIONS:
            lines.append(
                f"{self.name_of(population)}: {len(self.sides[population])} of {n_pairs} comparisons decided"
            )
            lines += [
                f"  {name}: {self._said(number, population)}" for number, name in enumerate(self.models)
            ]
        asked = ", ".join(f"{name} {n}" for name, n in zip(self.models, self.n_asked, strict=True))
        return [
            *lines,
            f"one claim or more is wrong with a chance of at most {self.error:.0%}; instructions judged of "
            f"{self.n_instructions}, with a look after each {ROUND}: {asked}",
        ]

    def _said(self, number: int, population: "Population") -> str:
        by_claim: dict[str, list[str]] = {"better than": [], "worse than": [], "open against": []}
        for other, name in enumerate(self.models):
            if other != number:
                side = self.sides[population].get((min(number, other), max(number, other)))
                is_better = (side == "above") == (number < other)
                claim = "open against" if side is None else "better than" if is_better else "worse than"
                by_claim[claim].append(name)
        return "; ".join(f"{claim} {', '.join(others)}" for claim, others in by_claim.items() if others)
