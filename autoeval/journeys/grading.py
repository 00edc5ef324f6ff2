"""Outputs judged by themselves, each on the judge's scale: a score with its interval, and a row on the user's board."""

from contextlib import ExitStack
from typing import Any

from autoeval.annotators.plan import Plan
from autoeval.data.cases import OutputCases
from autoeval.data.eval_sets import eval_set_name
from autoeval.journeys.boards_of_models import graded_row
from autoeval.journeys.evaluated import Evaluating
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards.rows import Conditions
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.fastchat_files import save_judgments
from autoeval.runs.judging import judge
from autoeval.runs.output_flaws import announced, grading_warnings
from autoeval.runs.recomputing import recompute
from autoeval.runs.reporting import write_graded_report
from autoeval.runs.result import GradedEvaluation
from autoeval.runs.setting import Setting


def grade(model_outputs: Any, how: Evaluating) -> GradedEvaluation | DryRun:
    """Judge one model's outputs, each by itself.

    Args:
        model_outputs: the outputs.
        how: the parameters of `evaluate`.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        NothingJudgedError: not a single output could be judged.
    """
    annotator, asking = how.annotator, how.asking
    cases = how.loading.cases(model_outputs)
    folder = output_folder(how.output_path, model_outputs, cases.generator, how.judge_source)
    setting = _setting(how, cases)
    asking.display.announce(setting.line())
    warnings = announced(grading_warnings(cases, annotator), asking.display)
    plan = Plan(annotator, cases, how.seed)
    with ExitStack() as opened:
        cache = opened.enter_context(asking.open_cache())
        if asking.dry_run:
            return estimate(plan, cache, asking.options.at_batch_price)
        if how.recomputes:
            judged = recompute(cases, annotator, folder)
        else:
            judged = judge(plan, cache, asking.options, asking.display, asking.is_reask_unparsed, folder)
    conditions = Conditions.of(annotator, cases, judged.counts.models)
    row = graded_row(annotator, cases, judged, how.mode)
    is_judged = judged.counts.n_judged > 0
    placed = how.place(cases.generator, row, conditions, is_judged)
    files = save_judgments(plan, folder, judged.annotations_path) if is_judged and not how.recomputes else ()
    result = GradedEvaluation(
        name=cases.generator,
        shown_as=placed.shown_as,
        setting=setting,
        tally=judged.grades,
        row=row,
        board=placed.board,
        apart=placed.apart,
        mode_to_print=how.standing.mode_to_print,
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
    how.keep(result, lambda: write_graded_report(result, annotator))
    result.check_judged()
    return result


def _setting(how: Evaluating, cases: OutputCases) -> Setting:
    annotator = how.annotator
    board = how.standing.comparable_with(cases.generator, Conditions.of(annotator, cases, set()))
    known = eval_set_name(cases.eval_set_hash)
    eval_set = how.loading.eval_set
    name = eval_set.title if eval_set else known
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
