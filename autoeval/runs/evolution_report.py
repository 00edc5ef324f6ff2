"""The report on an evolution: judged difficulty by round, and two models' runs on given and evolved instructions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autoeval.analysis.evolution import (
    RoundDifficulty,
    RoundRates,
    TellingApart,
    differences,
    difficulty_by_round,
    rates_by_round,
    telling_apart,
)
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.data.annotations import read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.evolving.pool import Pool
from autoeval.evolving.steps import Evolved
from autoeval.runs.annotation_table import with_files
from autoeval.types import Annotation, Case, Output

_ROLE = "--runs"


@dataclass(frozen=True)
class Runs:
    """What judges said of two models, by instruction: shares of wins from 0 to 1, of all samples."""

    first: str
    second: str
    shares: Mapping[str, Mapping[str, float]]
    is_direct: bool


@dataclass(frozen=True)
class EvolutionReport:
    """Whether an evolution did what it is for.

    Attributes:
        difficulty: what a judge says of each round; empty where none was asked.
        models: the two that are told apart; empty where no runs were given.
        rates: their win rates by round.
        apart: the instructions needed to tell them apart, before and after.
        notes: what is to be known of the numbers.
    """

    difficulty: Sequence[RoundDifficulty] = ()
    models: tuple[str, ...] = ()
    rates: Sequence[RoundRates] = ()
    apart: TellingApart | None = None
    notes: Sequence[str] = ()

    def facts(self) -> dict[str, Any]:
        """Say the numbers as JSON holds them."""
        return {
            "difficulty": [asdict(one) for one in self.difficulty],
            "models": list(self.models),
            "rates": [asdict(one) for one in self.rates],
            "instructions_needed": asdict(self.apart) if self.apart else None,
            "notes": list(self.notes),
        }


def grading(judge: Annotator, pool: Pool) -> Plan:
    """Return the questions how hard each instruction is, shown by itself."""
    instructions = [*pool.given, *pool.kept]
    return Plan(
        judge,
        [Case(place, (one.text,), (Output((one.text,)),)) for place, one in enumerate(instructions)],
    )


def report_on(
    pool: Pool, judge: Annotator | None, grades: Sequence[Annotation], runs: Runs | None
) -> EvolutionReport:
    """Put together what is known of an evolution.

    Args:
        pool: what was given and kept.
        judge: who graded; None where nobody did.
        grades: what it said of what was given and what was kept, in this order.
        runs: two models' runs; None where there are none.
    """
    instructions = [*pool.given, *pool.kept]
    notes = []
    difficulty: list[RoundDifficulty] = []
    if judge is not None:
        values = [one.value for one in grades]
        difficulty = difficulty_by_round(
            values,
            [one.round for one in instructions],
            [one.lineage for one in instructions],
            judge.scale.ends,
        )
        notes += _of_difficulty(difficulty)
        if (n := sum(value is None for value in values)) > 0:
            notes.append(f"{n} of {len(values)} instructions have no grade by {judge.name}")
    if runs is None:
        return EvolutionReport(difficulty, notes=notes)
    rates, apart, said = _of_runs(runs, instructions)
    return EvolutionReport(difficulty, (runs.first, runs.second), rates, apart, [*notes, *said])


def _of_difficulty(difficulty: Sequence[RoundDifficulty]) -> list[str]:
    last = difficulty[-1]
    if last.gain is None or np.isnan(last.gain.value):
        return []
    if last.gain.sign > 0:
        return [f"round {last.round} is judged harder than what was given"]
    if last.gain.sign < 0:
        return [f"round {last.round} is judged EASIER than what was given"]
    return [f"round {last.round} is not shown to be harder than what was given"]


def _of_runs(runs: Runs, instructions: Sequence[Evolved]) -> tuple[list[RoundRates], TellingApart, list[str]]:
    rounds, lineages = [one.round for one in instructions], [one.lineage for one in instructions]
    shares = {
        name: np.array([found.get(one.text, np.nan) for one in instructions], dtype=np.float64)
        for name, found in runs.shares.items()
    }
    first = shares[runs.first]
    second = None if runs.is_direct else shares[runs.second]
    apart = differences(first, second)
    judged = ~np.isnan(apart)
    if not judged.any():
        raise UsageError(
            f"{_ROLE}: not one of the {len(instructions)} instructions, given or evolved, was judged there. Evaluate "
            "the models on the given instructions and on the evolved set first."
        )
    evolved = np.array(rounds) > 0
    said = [
        f"judged: {int((judged & ~evolved).sum())} of {int((~evolved).sum())} given and "
        f"{int((judged & evolved).sum())} of {int(evolved.sum())} evolved instructions"
    ]
    told = telling_apart(apart, rounds, lineages)
    return rates_by_round(first, second, rounds, lineages), told, [*said, told.verdict]


def read_runs(source: Any) -> Runs:
    """Read the runs of two models against one reference, or of one against the other.

    Args:
        source: folders or annotations files of finished runs, on given and on evolved instructions.

    Raises:
        UsageError: they are of more models, or against several references.
    """
    if isinstance(source, str) and "," in source:
        source = [part.strip() for part in source.split(",") if part.strip()]
    found: dict[str, dict[str, list[float]]] = {}
    references: set[str] = set()
    for annotation in read_annotations(read_rows(with_files(source), _ROLE)):
        case = annotation.case
        if len(case.outputs) != 2:
            raise UsageError(
                f"{_ROLE}: this is about pairs, and the runs are of outputs that were scored alone."
            )
        references.add(case.generator_1)
        by_text = found.setdefault(case.generator_2, {})
        if annotation.value is not None:
            by_text.setdefault(case.instruction, []).append(annotation.value - 1)
    models = list(found)
    if len(models) > 2 or len(references) > 1:
        raise UsageError(
            f"{_ROLE}: give the runs of one model against another, or of two models against one reference. These are "
            f"of {', '.join(map(repr, models))} against {', '.join(map(repr, sorted(references)))}."
        )
    shares = {
        name: {text: sum(all_of) / len(all_of) for text, all_of in by_text.items()}
        for name, by_text in found.items()
    }
    return Runs(models[0], models[1] if len(models) > 1 else references.pop(), shares, len(models) == 1)
