"""Outputs judged by themselves, each on the judge's scale: a score with its interval, and a row on the user's board."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.annotators.config import Annotator
from autoeval.annotators.plan import Plan
from autoeval.data.cases import OutputCases, load_cases
from autoeval.data.eval_sets import EvalSet, eval_set_name
from autoeval.data.instructions import Instruction
from autoeval.data.loading import require_files
from autoeval.journeys.boards_of_models import graded_row
from autoeval.journeys.parameters.asking import Asking
from autoeval.journeys.parameters.output_paths import folder_name, output_folder
from autoeval.leaderboards.grades import COLUMNS
from autoeval.leaderboards.placing import Standing
from autoeval.leaderboards.rows import Conditions
from autoeval.prompting.finding import judge_name
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.fastchat_files import save_judgments
from autoeval.runs.judging import judge
from autoeval.runs.output_flaws import announced, grading_warnings
from autoeval.runs.recomputing import recompute
from autoeval.runs.reporting import write_graded_report
from autoeval.runs.result import GradedEvaluation, Setting
from autoeval.runs.saving import BOARD_NAME, save, save_reasons


@dataclass(frozen=True)
class Grading:
    """How single outputs are judged and where the result goes; the attributes are parameters of `evaluate`."""

    asking: Asking
    judge_source: str | Path
    eval_set: EvalSet | None
    evaluation_dataset: Any
    reference_answers: Any
    name: str | None
    output_path: str | Path | None
    board: str | Path | None
    overwrites: bool
    is_kept: bool
    mode: str
    sort_by: str
    max_instances: int | None
    seed: int
    allows_partial: bool
    strips_thinking: bool
    recomputes: bool
    no_report: bool

    @property
    def annotator(self) -> Annotator:
        """The judge."""
        return self.asking.annotator

    def questions(self, model_outputs: Any) -> Sequence[Instruction] | None:
        """Return the questions of the eval set; None where the outputs bring their own.

        Raises:
            UsageError: they are wrong, or nowhere to be found.
        """
        if self.eval_set is None or self.eval_set.load is None:
            return None
        near = (model_outputs, self.reference_answers)
        return self.eval_set.load(self.evaluation_dataset, self.reference_answers, near)

    def cases(self, model_outputs: Any) -> OutputCases:
        """Load the outputs that are judged; see `load_cases`."""
        require_files(model_outputs, "--model_outputs")
        return load_cases(
            model_outputs,
            self.questions(model_outputs),
            name=self.name,
            allow_partial=self.allows_partial,
            max_instances=self.max_instances,
            strips_thinking=self.strips_thinking,
        )

    def standing(self, preset: EvalSet) -> Standing:
        """Find the board of the user's own runs that the result joins.

        Raises:
            UsageError: it cannot be read, or is no such board.
        """
        path = None if self.board is None else Path(self.board)
        if self.board == "auto":
            path = None if self.output_path is None else own_board(self.eval_set, self.judge_source)
        return Standing.among_own(path, COLUMNS, preset, self.overwrites, self.sort_by, self.is_kept)


def own_board(eval_set: EvalSet | None, judge: str | Path) -> Path:
    """Return where the rows of the user's own runs with a judge stand, unless another board is named."""
    of_set = f"{eval_set.name}_" if eval_set else ""
    return Path("results") / f"{of_set}{folder_name(judge_name(judge))}_leaderboard.csv"


def grade(model_outputs: Any, how: Grading, preset: EvalSet) -> GradedEvaluation | DryRun:
    """Judge one model's outputs, each by itself.

    Args:
        model_outputs: the outputs.
        how: the parameters of `evaluate`.
        preset: whose boards come first.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        NothingJudgedError: not a single output could be judged.
    """
    annotator, asking = how.annotator, how.asking
    cases = how.cases(model_outputs)
    standing = how.standing(preset)
    folder = output_folder(how.output_path, model_outputs, cases.generator, how.judge_source)
    setting = _setting(how, cases, standing)
    asking.display.announce(setting.line())
    warnings = announced(grading_warnings(cases, annotator), asking.display)
    plan = Plan(annotator, cases, how.seed)
    with ExitStack() as opened:
        cache = opened.enter_context(asking.open_cache())
        if asking.dry_run:
            return estimate(plan, cache, asking.options.is_batch)
        if how.recomputes:
            judged = recompute(cases, annotator, folder)
        else:
            judged = judge(plan, cache, asking.options, asking.display, asking.is_reask_unparsed, folder)
    conditions = Conditions.of(annotator, cases, judged.counts.models)
    row = graded_row(annotator, cases, judged, how.mode)
    is_judged = judged.counts.n_judged > 0
    placed = (
        standing.place(cases.generator, row, conditions) if is_judged else standing.unchanged(cases.generator)
    )
    if note := standing.note(cases.generator, placed):
        asking.display.announce(note)
    files = save_judgments(plan, folder, judged.annotations_path) if is_judged and not how.recomputes else ()
    result = GradedEvaluation(
        name=cases.generator,
        shown_as=placed.shown_as,
        setting=setting,
        tally=judged.grades,
        row=row,
        board=placed.board,
        apart=placed.apart,
        mode_to_print=standing.mode_to_print,
        n_unpaired=cases.n_missing_outputs,
        ask=judged.report,
        min_coverage=asking.min_coverage,
        folder=folder,
        rows=judged.rows,
        warnings=warnings,
        has_report=not (how.no_report or how.recomputes),
        is_written=is_judged or judged.annotations_path is not None,
        files=files,
    )
    _keep(result, annotator, standing, keeps_run=how.recomputes)
    result.check_judged()
    return result


def _keep(result: GradedEvaluation, annotator: Annotator, standing: Standing, *, keeps_run: bool) -> None:
    """Write a result's files, and its row into the board's; where nothing was judged, only what says why."""
    if not result.tally.n_judged:
        if result.is_written:
            save_reasons(result, annotator)
        return
    is_board = result.folder is not None and standing.is_file(result.folder / BOARD_NAME)
    save(result, annotator, keeps_run, keeps_board=is_board)
    if result.has_report:
        write_graded_report(result, annotator)
    standing.keep(result.name, result.row, (), result.apart, always=is_board)


def _setting(how: Grading, cases: OutputCases, standing: Standing) -> Setting:
    annotator = how.annotator
    board = standing.comparable_with(cases.generator, Conditions.of(annotator, cases, set()))
    known = eval_set_name(cases.eval_set_hash)
    name = how.eval_set.title if how.eval_set else known
    n_turns = max((len(case.turns) for case in cases), default=1)
    turns = f", {n_turns} turns each" if n_turns > 1 else ""
    return Setting(
        model=cases.generator,
        judge=annotator.name,
        judge_models=tuple(annotator.models),
        reference=cases.reference,
        eval_set=f"{name} ({len(cases)} outputs{turns})",
        preset="",
        fingerprint=annotator.fingerprint,
        seed=how.seed,
        board=str(board) if board else None,
        provider=annotator.provider,
    )
