"""What an evaluation judges: a model's outputs, by themselves or paired with the reference's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.checks import require_source
from autoeval.data.baselines import load_baseline_pairs
from autoeval.data.cases import OutputCases, load_cases
from autoeval.data.conversations import ConversationPairs, load_conversation_pairs
from autoeval.data.eval_sets import EvalSet
from autoeval.data.instructions import Instruction
from autoeval.data.loading import require_files
from autoeval.data.pairing import Pairs, load_pairs
from autoeval.data.said import load_questions, questions_with
from autoeval.journeys.parameters.choosing import outputs_to_compare


@dataclass(frozen=True)
class Loading:
    """How outputs are loaded; the attributes are parameters of `evaluate`, and whom the judge's config names.

    `columns` are what its prompt shows besides the outputs.
    """

    preset: EvalSet
    eval_set: EvalSet | None
    evaluation_dataset: Any
    reference_answers: Any
    name: str | None
    allow_partial: bool
    max_instances: int | None
    strips_thinking: bool
    baselines: Mapping[str, str] | None = None
    columns: Sequence[str] = ()

    @property
    def arena(self) -> EvalSet | None:
        """The eval set, where it is one of Arena-Hard's."""
        return self.eval_set if self.eval_set is not None and self.eval_set.arena is not None else None

    def pairs(self, model_outputs: Any, reference_outputs: Any) -> Pairs | ConversationPairs:
        """Pair outputs by instruction, or by question where they answer those of an eval set.

        Raises:
            UsageError: a source is wrong, or nothing says what to compare with.
        """
        require_files(model_outputs, "--model_outputs")
        how = self._how()
        if self.eval_set is None or self.eval_set.load is None:
            reference = outputs_to_compare(reference_outputs, self.preset)
            if not self.columns:
                return load_pairs(model_outputs, reference, **how)
            given = (
                (reference, model_outputs) if self.evaluation_dataset is None else (self.evaluation_dataset,)
            )
            return load_conversation_pairs(
                model_outputs, reference, questions_with(self.columns, *given), **how
            )
        if self.eval_set.arena is not None:
            near = (self.evaluation_dataset, model_outputs, reference_outputs)
            questions = self.eval_set.load(self.evaluation_dataset, self.reference_answers, near)
            arena, baselines = self.eval_set.arena, self.baselines
            return load_baseline_pairs(
                model_outputs, reference_outputs, questions, arena, baselines, near=near, **how
            )
        what = f"say whose answers to {self.eval_set.title} to compare with"
        reference = require_source(reference_outputs, "--reference_outputs", what)
        near = (model_outputs, reference, self.reference_answers)
        questions = self.eval_set.load(self.evaluation_dataset, self.reference_answers, near)
        return load_conversation_pairs(model_outputs, reference, questions, **how)

    def cases(self, model_outputs: Any) -> OutputCases:
        """Load outputs that are judged by themselves, on the questions of the eval set or of the rows that are named.

        Raises:
            UsageError: a source is wrong, or the questions are nowhere to be found.
        """
        require_files(model_outputs, "--model_outputs")
        return load_cases(model_outputs, self._questions(model_outputs), **self._how())

    def _questions(self, model_outputs: Any) -> Sequence[Instruction] | None:
        """Return what single outputs answer; None where they bring their own."""
        if self.eval_set is None or self.eval_set.load is None:
            return None if self.evaluation_dataset is None else load_questions(self.evaluation_dataset)
        near = (model_outputs, self.reference_answers)
        return self.eval_set.load(self.evaluation_dataset, self.reference_answers, near)

    def _how(self) -> dict[str, Any]:
        names = ("name", "allow_partial", "max_instances", "strips_thinking")
        return {name: getattr(self, name) for name in names}
