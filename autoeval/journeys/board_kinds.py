"""Which kind of board a judge's verdicts on an eval set make, and that of Arena-Hard."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.data.baselines import Baselines
from autoeval.data.cases import load_cases_by_generator
from autoeval.data.conversations import ConversationPairs
from autoeval.data.eval_sets import EvalSet
from autoeval.errors import UsageError
from autoeval.journeys.boards_of_models import ModelBoard, ModelResult, Outputs, Scores, WinRates
from autoeval.leaderboards.arena_columns import ARENA_COLUMNS, arena_cells
from autoeval.metrics.columns import Column
from autoeval.runs.answer_languages import answer_languages
from autoeval.runs.arena_files import baselines_of
from autoeval.runs.judging import Judged
from autoeval.runs.paying.deciding import Deciding
from autoeval.runs.paying.every_pair import EveryPair
from autoeval.runs.paying.paid import Paid


@dataclass(frozen=True)
class ArenaScores(WinRates):
    """A board of Arena-Hard: each model against the baseline of each category, with the categories' scores."""

    known: Sequence[Column] = ARENA_COLUMNS

    def load(
        self,
        outputs: Outputs,
        opened: ExitStack,  # noqa: ARG002 - nothing is open
        leave_out: Callable[[str], None],
    ) -> Mapping[str, ConversationPairs]:
        """Pair the answers of every model with its baselines'; these themselves, whom the others meet, are left out."""
        questions, eval_set = outputs.questions(), outputs.eval_set
        assert questions is not None
        assert eval_set is not None
        assert eval_set.arena is not None
        models = load_cases_by_generator(outputs.all_model_outputs, questions, **outputs.how())
        baselines = Baselines.load(
            list(models.values()),
            outputs.reference_outputs,
            questions,
            eval_set.arena,
            baselines_of(self.annotator),
            outputs.near(),
            outputs.strips_thinking,
        )
        found = {
            name: baselines.pairs(model, outputs.allow_partial)
            for name, model in models.items()
            if name not in baselines.answers
        }
        for name in models:
            if found.get(name) is None:
                leave_out(
                    f"{name} is the baseline that others meet, 50 by definition: it is left off the board"
                )
        return {name: pairs for name, pairs in found.items() if pairs is not None}

    def samples(self, cases: Mapping[str, Any], n_paid: int | None, seed: int) -> dict[str, Paid]:  # noqa: ARG002
        """Refuse a sample.

        Raises:
            UsageError: one is wanted.
        """
        if n_paid is not None:
            raise UsageError("--n_paid estimates a win rate in which each pair counts once. Leave it out.")
        return {}

    def until_decided(self, cases: Mapping[str, Any], seed: int) -> EveryPair:  # noqa: ARG002
        """Refuse to stop early.

        Raises:
            UsageError: always.
        """
        raise UsageError("--until_decided compares win rates in which each pair counts once. Leave it out.")

    def result(
        self, name: str, cases: Any, sample: Paid | Deciding | None, judged: Judged, mode: str
    ) -> ModelResult:
        """Return a model's score with that of each category, and how many answers are in their question's language."""
        found = super().result(name, cases, sample, judged, mode)
        if not judged.tally.n_judged:
            return found
        of_language, _ = answer_languages(cases)
        return replace(found, row={**found.row, **arena_cells(judged.tally), **of_language})


def board_of(annotator: Annotator, with_length: bool, eval_set: EvalSet | None) -> ModelBoard:
    """Return the kind of board that a judge's verdicts on an eval set make."""
    if annotator.kind.n_outputs == 1:
        return Scores(annotator)
    is_arenas = eval_set is not None and eval_set.arena is not None
    return ArenaScores(annotator, with_length=False) if is_arenas else WinRates(annotator, with_length)
