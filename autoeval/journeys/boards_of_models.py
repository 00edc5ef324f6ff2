"""What differs between boards of many models: win rates against a reference, or scores of each model's outputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.checks import require_source
from autoeval.data.cases import OutputCases, load_cases, load_cases_by_generator
from autoeval.data.conversations import ConversationPairs, paired
from autoeval.data.eval_sets import EvalSet, eval_set_name
from autoeval.data.instructions import Instruction
from autoeval.data.pairing import Pairs, load_pairs_by_generator
from autoeval.data.said import load_questions, questions_with
from autoeval.errors import UsageError
from autoeval.journeys.parameters.choosing import outputs_to_compare
from autoeval.leaderboards.columns import COLUMNS
from autoeval.leaderboards.grades import COLUMNS as SCORE_COLUMNS
from autoeval.leaderboards.grades import figures
from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.rows import Conditions, Row, leaderboard_row
from autoeval.metrics.columns import Column
from autoeval.runs.arena_files import save_games
from autoeval.runs.judging import Judged
from autoeval.runs.length import length_controlled
from autoeval.runs.output_flaws import grading_warnings, output_warnings
from autoeval.runs.paying.common import common_sample
from autoeval.runs.paying.deciding import Deciding
from autoeval.runs.paying.every_pair import EveryPair
from autoeval.runs.paying.paid import Paid, PaidResult
from autoeval.runs.saving import save_one_of_many
from autoeval.runs.setting import Setting


@dataclass(frozen=True)
class ModelResult:
    """One model of a board: its row, the preferences behind it, and its annotations where they are wanted.

    `paid` is what a common sample says of it, where not all of its pairs were judged.
    """

    name: str
    row: Row
    conditions: Conditions
    preferences: Sequence[Preference]
    coverage: float
    annotations: Sequence[dict[str, Any]]
    paid: PaidResult | None = None


@dataclass(frozen=True)
class Outputs:
    """What is judged, and the questions that it answers; the attributes are parameters of `make_leaderboard`."""

    all_model_outputs: Any
    reference_outputs: Any
    preset: EvalSet
    eval_set: EvalSet | None
    evaluation_dataset: Any
    reference_answers: Any
    allow_partial: bool
    max_instances: int | None
    strips_thinking: bool

    def how(self) -> dict[str, Any]:
        """Return how outputs are loaded."""
        return {name: getattr(self, name) for name in ("allow_partial", "max_instances", "strips_thinking")}

    def questions(self) -> Sequence[Instruction] | None:
        """Return the questions of the eval set; None where the outputs bring their own.

        Raises:
            UsageError: they are wrong, or nowhere to be found.
        """
        if self.eval_set is None or self.eval_set.load is None:
            return None if self.evaluation_dataset is None else load_questions(self.evaluation_dataset)
        return self.eval_set.load(self.evaluation_dataset, self.reference_answers, self.near())

    def near(self) -> list[Any]:
        """Return the files that an eval set's own may lie near."""
        given = self.all_model_outputs
        given = given if isinstance(given, list | tuple) else [given]
        return [self.evaluation_dataset, *given, self.reference_outputs, self.reference_answers]

    def save_runs(
        self,
        cases: Mapping[str, Any],
        kind: "ModelBoard",
        plans: Sequence[Plan],
        judged: Sequence[Judged],
        folders: Sequence[Path] | None,
        board: Path,
        seed: int,
    ) -> None:
        """Write each model's run.json beside its annotations, and Arena-Hard's files; none where nobody answered.

        Raises:
            UsageError: one cannot be written.
        """
        rows = zip(cases.items(), plans, judged, folders, strict=True) if folders else ()
        for (name, of_model), plan, one, folder in rows:
            if one.annotations_path is not None:
                if self.eval_set is not None and self.eval_set.arena is not None:
                    save_games(plan, folder, one.annotations_path)
                setting = self._setting(name, of_model, kind.annotator, board, seed)
                warnings = list(kind.warnings(of_model))
                n_unpaired = of_model.n_missing_outputs
                save_one_of_many(setting, kind.annotator, one.counts, n_unpaired, warnings, folder)

    def _setting(self, name: str, cases: Any, annotator: Annotator, board: Path, seed: int) -> Setting:
        known = self.eval_set.title if self.eval_set else eval_set_name(cases.eval_set_hash)
        is_of_pairs = annotator.kind.n_outputs == 2
        return Setting(
            model=name,
            judge=annotator.name,
            judge_models=tuple(annotator.models),
            reference=cases.reference,
            eval_set=f"{known} ({len(cases)} {'pairs' if is_of_pairs else 'outputs'})",
            preset=(self.eval_set or self.preset).name if is_of_pairs else "",
            fingerprint=annotator.fingerprint,
            seed=seed,
            board=str(board),
            provider=annotator.provider,
        )


class ModelBoard(Protocol):
    """A kind of board."""

    @property
    def annotator(self) -> Annotator:
        """Who judges."""

    @property
    def known(self) -> Sequence[Column]:
        """Its columns, the headline first."""

    def load(
        self, outputs: Outputs, opened: ExitStack, leave_out: Callable[[str], None]
    ) -> Mapping[str, Any]:
        """Load the outputs of every model.

        What has to be closed is put into `opened`, who is left out is told, in words.
        """

    def samples(self, cases: Mapping[str, Any], n_paid: int | None, seed: int) -> dict[str, Paid]:
        """Choose what is paid for; nothing where everything is judged."""

    def until_decided(self, cases: Mapping[str, Any], seed: int) -> EveryPair:
        """Order the pairs of all models, to be judged until it is clear of every two which one is better."""

    def conditions(self, cases: Any, method: str) -> Conditions:
        """Return what a model's numbers will depend on, before anyone is asked; `method` of choosing its pairs."""

    def warnings(self, cases: Any) -> Iterable[str]:
        """Say what is wrong with a model's outputs."""

    def result(
        self, name: str, cases: Any, sample: Paid | Deciding | None, judged: Judged, mode: str
    ) -> ModelResult:
        """Return what a model came to."""


@dataclass(frozen=True)
class WinRates:
    """A board of win rates against one reference; `with_length`: with length-controlled columns."""

    annotator: Annotator
    with_length: bool
    known: Sequence[Column] = COLUMNS

    def load(
        self, outputs: Outputs, opened: ExitStack, leave_out: Callable[[str], None]
    ) -> Mapping[str, Pairs | ConversationPairs]:
        """Pair the outputs of every model with the reference's."""
        questions = outputs.questions()
        reference_outputs = outputs.reference_outputs
        if questions is None and self.annotator.columns:
            reference_outputs = outputs_to_compare(reference_outputs, outputs.preset)
            questions = questions_with(self.annotator.columns, reference_outputs, outputs.all_model_outputs)
        if questions is None:
            return opened.enter_context(
                load_pairs_by_generator(
                    outputs.all_model_outputs,
                    outputs_to_compare(outputs.reference_outputs, outputs.preset),
                    **outputs.how(),
                )
            )
        source = require_source(reference_outputs, "--reference_outputs", "say whose answers to compare with")
        reference = load_cases(source, questions, role="--reference_outputs", **outputs.how())
        models = load_cases_by_generator(outputs.all_model_outputs, questions, **outputs.how())
        if reference.generator in models:
            leave_out(f"{reference.generator} is whom the others are compared with: it is left off the board")
        return {
            name: paired(model, reference) for name, model in models.items() if name != reference.generator
        }

    def samples(self, cases: Mapping[str, Any], n_paid: int | None, seed: int) -> dict[str, Paid]:
        """Choose the same instructions for all models."""
        return common_sample(cases, self.annotator, n_paid, seed)

    def until_decided(self, cases: Mapping[str, Any], seed: int) -> EveryPair:
        """Order the pairs of all models."""
        return EveryPair.of(cases, self.annotator, seed)

    def conditions(self, cases: Any, method: str) -> Conditions:
        """Return what a model's numbers will depend on."""
        return Conditions.of(self.annotator, cases, set(), method)

    def warnings(self, cases: Any) -> Iterable[str]:
        """Say what is wrong with a model's outputs and the reference's."""
        return output_warnings(cases)

    def result(
        self, name: str, cases: Any, sample: Paid | Deciding | None, judged: Judged, mode: str
    ) -> ModelResult:
        """Return a model's win rate with all its columns."""
        found = sample.result(judged.tally.preferences) if sample else None
        method = found.method if found else ""
        conditions = Conditions.of(self.annotator, cases, judged.tally.models, method)
        row = leaderboard_row(judged.tally, cases.n_missing_outputs, conditions, mode)
        if found:
            row |= found.cells()
        elif self.with_length and judged.tally.n_judged:
            row |= length_controlled(name, row, judged.tally)
        stored = tuple(judged.tally.stored())
        paid = found if isinstance(found, PaidResult) else None
        return ModelResult(name, row, conditions, stored, judged.tally.coverage, judged.rows or (), paid)


@dataclass(frozen=True)
class Scores:
    """A board of scores: each model's outputs by themselves."""

    annotator: Annotator
    known: Sequence[Column] = SCORE_COLUMNS

    def load(
        self,
        outputs: Outputs,
        opened: ExitStack,  # noqa: ARG002 - nothing is open
        leave_out: Callable[[str], None],  # noqa: ARG002 - nothing is left out
    ) -> Mapping[str, OutputCases]:
        """Load the outputs of every model."""
        return load_cases_by_generator(outputs.all_model_outputs, outputs.questions(), **outputs.how())

    def samples(self, cases: Mapping[str, Any], n_paid: int | None, seed: int) -> dict[str, Paid]:  # noqa: ARG002
        """Refuse a sample.

        Raises:
            UsageError: one is wanted.
        """
        if n_paid is not None:
            raise UsageError("--n_paid chooses among pairs. Leave it out, or name a judge of pairs.")
        return {}

    def until_decided(self, cases: Mapping[str, Any], seed: int) -> EveryPair:  # noqa: ARG002
        """Refuse to stop early.

        Raises:
            UsageError: always.
        """
        raise UsageError("--until_decided compares preferences. Leave it out, or name a judge of pairs.")

    def conditions(self, cases: Any, method: str) -> Conditions:  # noqa: ARG002 - there are no samples
        """Return what a model's numbers will depend on."""
        return Conditions.of(self.annotator, cases, set())

    def warnings(self, cases: Any) -> Iterable[str]:
        """Say what is wrong with a model's outputs, and which right answers are missing."""
        return grading_warnings(cases, self.annotator)

    def result(
        self,
        name: str,
        cases: Any,
        sample: Paid | Deciding | None,  # noqa: ARG002 - there are no samples
        judged: Judged,
        mode: str,
    ) -> ModelResult:
        """Return a model's score with that of each turn and category."""
        row = graded_row(self.annotator, cases, judged, mode)
        conditions = Conditions.of(self.annotator, cases, judged.grades.models)
        return ModelResult(name, row, conditions, (), judged.grades.coverage, judged.rows or ())


def graded_row(annotator: Annotator, cases: OutputCases, judged: Judged, mode: str) -> dict[str, Any]:
    """Return the row of a model whose outputs were scored by themselves."""
    return {
        **figures(judged.grades),
        "n_missing": judged.grades.n_missing + cases.n_missing_outputs,
        "avg_length": judged.grades.avg_length,
        "mode": mode,
        **Conditions.of(annotator, cases, judged.grades.models).cells(),
    }
