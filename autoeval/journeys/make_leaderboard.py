"""The third journey: a whole leaderboard from the outputs of many models, in one pass."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.config import Annotator
from autoeval.annotators.plan import Plan
from autoeval.checks import check_choice, check_number, require_source
from autoeval.completions.storage.places import Shard
from autoeval.data.loading import require_files
from autoeval.data.pairing import Pairs, load_pairs_by_generator
from autoeval.errors import NothingJudgedError
from autoeval.journeys.graded_board import GradedBoard, graded_board, refuse_of_scores
from autoeval.journeys.import_annotations import import_json_cache
from autoeval.journeys.many_models import Leaderboard, folders_of, refuse_conflicts
from autoeval.journeys.parameters.asking import AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.choosing import outputs_to_compare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.recorded_board import Recorded, recorded_board
from autoeval.leaderboards.boards import check_column, read_own, update_board
from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.rows import Conditions, Row, leaderboard_row
from autoeval.leaderboards.table import MODES, Board
from autoeval.prompting.finding import judge_name
from autoeval.runs.judging import Judged, judge_all
from autoeval.runs.length import length_controlled
from autoeval.runs.output_flaws import announced, output_warnings
from autoeval.runs.paying.common import COMMON, check_paying, common_sample, save_samples
from autoeval.runs.paying.paid import Paid
from autoeval.runs.regeneration import check_boards, compare_rows, shipped_boards
from autoeval.runs.result import nothing_judged


@dataclass(frozen=True)
class _Result:
    """One model of the run: its row, the preferences behind it and, where they are wanted, its annotations."""

    name: str
    row: Row
    conditions: Conditions
    preferences: Sequence[Preference]
    coverage: float
    annotations: Sequence[dict[str, Any]]


@also_takes(AskingParameters)
def make_leaderboard(
    leaderboard_path: str | Path | None = None,
    annotators_config: str | Path | None = None,
    all_model_outputs: Any = None,
    reference_outputs: Any = None,
    leaderboard_mode: str = "verified",
    is_return_instead_of_print: bool = False,
    check: bool = False,
    is_overwrite_leaderboard: bool = False,
    is_mixed_allowed: bool = False,
    output_path: str | Path | None = None,
    sort_by: str | None = None,
    max_instances: int | None = None,
    n_paid: int | None = None,
    preset: str | None = None,
    seed: int = 0,
    is_allow_partial: bool = False,
    is_strip_thinking: bool = False,
    eval_set: str | None = None,
    judgments: Any = None,
    compatible: bool = False,
    baseline: str | None = None,
    style_control: bool = False,
    control_features: Any = None,
    answers: Any = None,
    style_metadata: Any = None,
    shard: str | None = None,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Judge many models in one pass and put them on a leaderboard, or check one.

    Args:
        leaderboard_path: The leaderboard, a CSV file; begun if it does not exist. The preferences behind it are
            stored beside it, without any text. Default: results/<annotator>_leaderboard.csv.
        annotators_config: Who judges: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        all_model_outputs: The outputs of all models, told apart by `generator` or by file: a file, a glob
            ('models/*/model_outputs.json'), a list of them; in Python also a DataFrame, a list of dicts or a
            callable.
        reference_outputs: The outputs to compare with. Default: those of the preset, from the Hugging Face hub.
        leaderboard_mode: The mode of the new rows: minimal, verified, community or dev.
        is_return_instead_of_print: Return the leaderboard and all annotations, as alpaca_eval does.
        check: Change nothing; say whether the leaderboard follows from the preferences stored beside it, and
            with all_model_outputs whether judging them gives it again. Without leaderboard_path: every shipped
            one.
        is_overwrite_leaderboard: Judge models again that are on the leaderboard, and replace their rows. Default:
            they are left as they are.
        is_mixed_allowed: Let rows of different judges, snapshots, prompts or eval sets stand on one board.
        output_path: Folder for the annotations, a folder a model. Default: they are not written.
        sort_by: The column that the leaderboard is sorted by. Default: the preset's.
        max_instances: Judge only a sample of this many instructions, the same for every model.
        n_paid: Pay for so many pairs of each model (50 or more), on the same instructions, and estimate the win rates
            on all of them from those. Models judged in full do not stand on the same board.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: Decides orders and draws from pools, not which instructions max_instances takes.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        is_strip_thinking: Leave the reasoning (<think> and other marks of it) out of all outputs.
        eval_set: The eval set that judgments are of: mt_bench, wildbench, arena_hard_v0.1 or
            arena_hard_v2.0.
        judgments: Judgments that another tool recorded, in its own files; a board is made of them without asking
            anybody. mt_bench: FastChat's 'model_judgment/*_single.jsonl'; arena_hard: a judge's folder of
            <model>.jsonl.
        compatible: With judgments, compute the figures as that tool does, in place of ours.
        baseline: With Arena-Hard's judgments, the model that all others met. Default: what the files say, else the
            eval set's own.
        style_control: With Arena-Hard's judgments, hold length, headers, lists and bold equal.
        control_features: What style_control holds equal: length, markdown, or both ('length,markdown', the default).
        answers: For style_control, the models' answers: a folder of <model>.jsonl.
        style_metadata: For style_control in place of answers, what is counted of them: rows of model_id, question_id
            and conv_metadata.
        shard: Ask one part of the requests, as 2/8, into a cache of its own and write nothing else; a run on all
            parts' caches reads them.
        min_coverage: Leave a model off the board, and exit with 3, if less than this share of its pairs could
            be judged.
        **asking: How the judge is asked. Old parameters of alpaca_eval's are named, and have no effect.

    Returns:
        A Leaderboard; a Regeneration with check; a DryRun with dry_run; a ShardReport with shard; a
            RecordedBoard with judgments; with
        is_return_instead_of_print, the leaderboard DataFrame and a list of annotation dicts.

    Raises:
        UsageError: a parameter, file or config is wrong, or rows would stand on one board that do not compare.
        AutoevalError: the run could not be finished, or not a single pair could be judged; every reply is in the
            cache.
    """
    parameters = checked(asking, make_leaderboard)
    if eval_set is not None or judgments is not None:
        recorded = Recorded(
            judgments, compatible, baseline, style_control, control_features, answers, style_metadata
        )
        return recorded_board(eval_set, recorded, leaderboard_path)
    check_choice("leaderboard_mode", leaderboard_mode, MODES)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    check_paying(n_paid, is_check=check)
    part = Shard.parse(shard)
    defaults = find_preset(preset)
    source = judge_source(annotators_config, defaults, parameters)
    path = Path(leaderboard_path or f"results/{judge_name(source)}_leaderboard.csv")
    if check and all_model_outputs is None:
        return check_boards([path] if leaderboard_path else shipped_boards())
    require_source(all_model_outputs, "--all_model_outputs", "say whose outputs to judge, or use --check")
    asked_how = prepare(source, parameters, compares=False)
    annotator, display = asked_how.annotator, asked_how.display
    if annotator.kind.n_outputs == 1:
        how = GradedBoard(
            asking=asked_how,
            path=path,
            mode=leaderboard_mode,
            overwrites=is_overwrite_leaderboard,
            is_mixed=is_mixed_allowed,
            output_path=output_path,
            sort_by=sort_by or "score",
            max_instances=max_instances,
            seed=seed,
            allows_partial=is_allow_partial,
            strips_thinking=is_strip_thinking,
        )
        refuse_of_scores(n_paid=n_paid, shard=shard, check=check or None, reference_outputs=reference_outputs)
        return graded_board(all_model_outputs, how)
    before = read_own(path)
    check_column(sort_by, before)
    require_files(all_model_outputs, "--all_model_outputs")
    with ExitStack() as opened:
        all_pairs = opened.enter_context(
            load_pairs_by_generator(
                all_model_outputs,
                outputs_to_compare(reference_outputs, defaults),
                allow_partial=is_allow_partial,
                max_instances=max_instances,
                strips_thinking=is_strip_thinking,
            )
        )
        judges_again = check or is_overwrite_leaderboard
        pairs = {name: all_pairs[name] for name in all_pairs if judges_again or name not in before.rows}
        samples = common_sample(pairs, annotator, n_paid, seed)
        refuse_conflicts(before, _expected(annotator, pairs, bool(samples)), is_mixed_allowed)
        display.announce(_first_line(annotator, path, len(pairs), len(all_pairs)))
        announced((warning for name in pairs for warning in output_warnings(pairs[name])), display)
        cache = opened.enter_context(asked_how.open_cache(part))
        plans = [Plan(annotator, samples[name].pairs if samples else pairs[name], seed) for name in pairs]
        for plan in plans:
            import_json_cache(asked_how.caching_path, plan, cache, display)
        if asked_how.dry_run or part:
            return asked_how.without_judging(plans, cache, part)
        folders = folders_of(output_path, list(pairs))
        judged, report = judge_all(
            plans,
            cache,
            asked_how.options,
            display,
            asked_how.is_reask_unparsed,
            folders=None if samples else folders,
            keeps_rows=is_return_instead_of_print or bool(samples and folders),
        )
        save_samples(samples, judged, folders)
        with_length = defaults.wants_length_control(sort_by)
        results = [
            _result(annotator, pairs[name], samples.get(name), one, leaderboard_mode, with_length)
            for name, one in zip(pairs, judged, strict=True)
        ]
    least = asked_how.min_coverage
    complete = {result.name: result for result in results if result.coverage >= least and result.coverage > 0}
    if check:
        rows = {name: result.row for name, result in complete.items()}
        return check_boards([path]).merged(compare_rows(path, before, rows))
    refuse_conflicts(before, {name: result.conditions for name, result in complete.items()}, is_mixed_allowed)
    made = Leaderboard(
        path=path,
        board=_updated(path, complete, sort_by or defaults.sort_by) if complete else before,
        judged=tuple(complete),
        incomplete={result.name: result.coverage for result in results if result.name not in complete},
        ask=report,
        interval_name=interval_name(annotator.name, annotator.provider),
    )
    if judged and not any(result.coverage for result in results):
        message = nothing_judged([one.tally for one in judged], report)
        raise NothingJudgedError(message, made, made.exit_code)
    if is_return_instead_of_print:
        return made.board.to_pandas(), [row for result in results for row in result.annotations]
    return made


def _first_line(annotator: Annotator, path: Path, n_judged: int, n_given: int) -> str:
    parts = [f"judge {annotator.name}", f"{n_judged} models", f"leaderboard {path}"]
    if n_given > n_judged:
        already = f"{n_given - n_judged} already on it are left as they are (--is_overwrite_leaderboard)"
        parts.append(already)
    return " · ".join(parts)


def _expected(annotator: Annotator, pairs: Mapping[str, Pairs], is_sampled: bool) -> dict[str, Conditions]:
    """What the rows will depend on, before anyone is asked."""
    method = COMMON if is_sampled else ""
    return {name: Conditions.of(annotator, pairs[name], set(), method) for name in pairs}


def _result(
    annotator: Annotator, pairs: Pairs, sample: Paid | None, judged: Judged, mode: str, with_length: bool
) -> _Result:
    found = sample.result(judged.tally.preferences) if sample else None
    conditions = Conditions.of(annotator, pairs, judged.tally.models, found.method if found else "")
    row = leaderboard_row(judged.tally, pairs.n_missing_outputs, conditions, mode)
    if found:
        row |= found.cells()
    elif with_length and judged.tally.n_judged:
        row |= length_controlled(pairs.generator_2, row, judged.tally)
    return _Result(
        name=pairs.generator_2,
        row=row,
        conditions=conditions,
        preferences=tuple(judged.tally.stored()),
        coverage=judged.tally.coverage,
        annotations=judged.rows or (),
    )


def _updated(path: Path, complete: Mapping[str, _Result], sort_by: str) -> Board:
    """Put results into a board's file, and the preferences behind them beside it; returns the board."""
    return update_board(
        path,
        lambda now: now.with_rows({name: result.row for name, result in complete.items()}),
        {name: result.preferences for name, result in complete.items()},
        sort_by,
    )
