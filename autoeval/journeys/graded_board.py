"""Many models' outputs, each scored by itself, on one board; outputs for one instruction can share a prompt."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.plan import Plan
from autoeval.annotators.read import read
from autoeval.data.annotation_rows import row_of
from autoeval.data.cases import OutputCases
from autoeval.data.loading import require_files
from autoeval.data.many_cases import load_cases_by_generator
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.many_models import Leaderboard, folders_of, refuse_conflicts
from autoeval.journeys.parameters.asking import Asking
from autoeval.leaderboards.boards import read_own, update_board
from autoeval.leaderboards.grades import COLUMNS, Grades, figures
from autoeval.leaderboards.rows import Conditions, Row
from autoeval.leaderboards.table import Board, read_board
from autoeval.runs.estimate import DryRun, estimate, price_of
from autoeval.runs.judging import ask_all, counts_of
from autoeval.runs.output_flaws import announced, grading_warnings
from autoeval.runs.result import nothing_judged
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.saving import judge_facts, save_json, save_records
from autoeval.types import Annotation


@dataclass(frozen=True)
class GradedBoard:
    """How many models' outputs are scored; the attributes are parameters of `make_leaderboard`."""

    asking: Asking
    path: Path
    mode: str
    overwrites: bool
    is_mixed: bool
    output_path: str | Path | None
    sort_by: str
    max_instances: int | None
    seed: int
    allows_partial: bool
    strips_thinking: bool


@dataclass(frozen=True)
class _Scored:
    """One model of the run: its outputs, their scores counted and as rows."""

    cases: OutputCases
    grades: Grades
    rows: list[dict[str, Any]]


def refuse_of_scores(**given: Any) -> None:
    """Refuse parameters of boards of pairs.

    Raises:
        UsageError: naming the first that is given.
    """
    if wrong := next((name for name, value in given.items() if value is not None), None):
        raise UsageError(f"--{wrong} is for boards of pairs. Leave it out, or name a judge of pairs.")


def graded_board(all_model_outputs: Any, how: GradedBoard) -> Leaderboard | DryRun:
    """Score the outputs of many models and put them on a board.

    Args:
        all_model_outputs: the outputs, told apart by `generator` or by file.
        how: the parameters of `make_leaderboard`.

    Raises:
        UsageError: a parameter, file or config is wrong, or rows would stand on one board that do not compare.
        NothingJudgedError: not a single output could be judged.
    """
    asking, annotator = how.asking, how.asking.annotator
    require_files(all_model_outputs, "--all_model_outputs")
    before = read_own(how.path, COLUMNS)
    given = load_cases_by_generator(
        all_model_outputs,
        allow_partial=how.allows_partial,
        max_instances=how.max_instances,
        strips_thinking=how.strips_thinking,
    )
    models = {name: cases for name, cases in given.items() if how.overwrites or name not in before.rows}
    expected = {name: Conditions.of(annotator, cases, set()) for name, cases in models.items()}
    refuse_conflicts(before, expected, how.is_mixed)
    asking.display.announce(f"judge {annotator.name} · {len(models)} models · leaderboard {how.path}")
    announced(
        (warning for cases in models.values() for warning in grading_warnings(cases, annotator)),
        asking.display,
    )
    every = [case for cases in models.values() for case in cases]
    plan = Plan(annotator, [replace(case, index=index) for index, case in enumerate(every)], how.seed)
    with ExitStack() as opened:
        cache = opened.enter_context(asking.open_cache())
        if asking.dry_run:
            return estimate(plan, cache, asking.options.is_batch)
        report = ask_all([plan], cache, asking.options, asking.display, asking.is_reask_unparsed)
        scored = _sorted_out(models, read(plan, annotator.name, cache, report.failures, price_of), how)
    complete = {
        name: one
        for name, one in scored.items()
        if one.grades.n_judged and _coverage(one) >= asking.min_coverage
    }
    conditions = {
        name: Conditions.of(annotator, one.cases, one.grades.models) for name, one in complete.items()
    }
    refuse_conflicts(before, conditions, how.is_mixed)
    rows = {name: _row(one, conditions[name], how.mode) for name, one in complete.items()}
    _save(scored, rows, how)
    made = Leaderboard(
        path=how.path,
        board=_updated(how, rows) if rows else before,
        judged=tuple(complete),
        incomplete={name: _coverage(one) for name, one in scored.items() if name not in complete},
        ask=report,
        interval_name=interval_name(annotator.name, annotator.provider),
    )
    if scored and not any(one.grades.n_judged for one in scored.values()):
        message = nothing_judged([one.grades for one in scored.values()], report, "outputs")
        raise NothingJudgedError(message, made, made.exit_code)
    return made


def _sorted_out(
    models: Mapping[str, OutputCases], annotations: Iterator[Annotation], how: GradedBoard
) -> dict[str, _Scored]:
    """Count each model's annotations by themselves; their rows are kept where they are written."""
    found = {}
    for name, cases in models.items():
        counts = counts_of(how.asking.annotator)
        assert isinstance(counts, Grades)
        found[name] = _Scored(cases, counts, [])
    for annotation in annotations:
        one = found[annotation.case.generator]
        one.grades.count(annotation)
        if how.output_path is not None:
            one.rows.append(row_of(annotation))
    return found


def _coverage(one: _Scored) -> float:
    total = one.grades.n_judged + one.grades.n_missing + one.cases.n_missing_outputs
    return one.grades.n_judged / total if total else 0.0


def _row(one: _Scored, conditions: Conditions, mode: str) -> Row:
    return {
        **figures(one.grades),
        "n_missing": one.grades.n_missing + one.cases.n_missing_outputs,
        "avg_length": one.grades.avg_length,
        "mode": mode,
        **conditions.cells(),
    }


def _save(scored: Mapping[str, _Scored], rows: Mapping[str, Row], how: GradedBoard) -> None:
    """Write each model's annotations, with what says by whom and on which scale they were scored."""
    folders = folders_of(how.output_path, list(scored)) or []
    for folder, (name, one) in zip(folders, scored.items(), strict=False):
        folder.mkdir(parents=True, exist_ok=True)
        save_records(one.rows, folder / "annotations.json")
        facts = {
            "setting": {"model": name, "judge": how.asking.annotator.name, "seed": how.seed},
            "annotator": judge_facts(how.asking.annotator),
            "numbers": dict(rows.get(name, {})),
            "aspects": one.grades.aspects.facts(),
        }
        save_json(facts, folder / RUN_NAME)


def _updated(how: GradedBoard, rows: Mapping[str, Row]) -> Board:
    return update_board(
        how.path,
        lambda now: now.with_rows(rows),
        {},
        how.sort_by,
        lambda path: read_board(path, COLUMNS),
        Board({}, COLUMNS),
    )
