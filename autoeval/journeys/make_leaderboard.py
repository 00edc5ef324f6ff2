"""The third journey: a whole leaderboard from the outputs of many models, in one pass."""

from pathlib import Path
from typing import Any, Unpack

from autoeval.checks import check_choice, check_number, require_source
from autoeval.completions.storage.places import Shard
from autoeval.data.eval_sets import EvalSet, find_eval_set
from autoeval.data.loading import require_files
from autoeval.journeys.board_kinds import board_of
from autoeval.journeys.board_run import BoardRun, JudgedModels, Paying
from autoeval.journeys.boards_of_models import Outputs
from autoeval.journeys.parameters.asking import (
    AskingParameters,
    checked,
    judge_source,
    prepare,
    refuse_asking,
)
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.recorded import Recorded
from autoeval.leaderboards.boards import check_column, read_own, refuse_unwritable_board
from autoeval.leaderboards.columns import COLUMNS
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.table import MODES
from autoeval.prompting.finding import judge_name
from autoeval.runs.paying.common import check_paying
from autoeval.runs.regeneration import check_again, check_boards, shipped_boards


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
    until_decided: bool = False,
    preset: str | None = None,
    seed: int = 0,
    is_allow_partial: bool = False,
    is_strip_thinking: bool = False,
    eval_set: str | None = None,
    evaluation_dataset: Any = None,
    reference_answers: Any = None,
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
            they are left as they are, but for samples that a larger n_paid, or none, goes on with.
        is_mixed_allowed: Let rows of different judges, snapshots, prompts or eval sets stand on one board.
        output_path: Folder for the annotations, a folder a model. Default: they are not written.
        sort_by: The column that the leaderboard is sorted by. Default: the preset's.
        max_instances: Judge only a sample of this many instructions, the same for every model.
        n_paid: Pay for so many pairs of each model (50 or more), on the same instructions, and estimate the win rates
            on all of them from those; a smaller sample on the leaderboard is gone on with. Models judged in full do not
            stand on the same board.
        until_decided: Judge the same instructions for all models, 16 at a time in a random order, until it is clear
            of every two which one is better on these instructions; one claim or more is wrong with a chance of at most
            5%.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: Decides orders and draws from pools, not which instructions max_instances takes.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        is_strip_thinking: Leave the reasoning (<think> and other marks of it) out of all outputs.
        eval_set: The questions that the outputs answer: mt_bench, wildbench, ultrafeedback, arena_hard_v0.1,
            arena_hard_v2.0, m_arena_hard or m_arena_hard_v2.0. With judgments, the eval set that those are of:
            mt_bench, wildbench, arena_hard_v0.1 or arena_hard_v2.0.
        evaluation_dataset: With eval_set, where its questions are: question.jsonl or its folder, or the dataset's own
            rows. Default: the one that lies near the outputs, else the hub's. Without eval_set, rows of instructions
            with columns that the judge's prompt shows, such as a checklist.
        reference_answers: With eval_set, the right answers that its judge sees: reference_answer/gpt-4.jsonl.
            Default: the one beside the questions, where there is one.
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
    recorded = Recorded(
        judgments, compatible, baseline, style_control, control_features, answers, style_metadata
    )
    if judgments is not None or (eval_set is not None and all_model_outputs is None):
        from autoeval.journeys.recorded_board import recorded_board

        refuse_asking(parameters, judgments=judgments)
        return recorded_board(eval_set, recorded, leaderboard_path)
    recorded.refuse_without_judgments()
    check_choice("leaderboard_mode", leaderboard_mode, MODES)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    part = Shard.parse(shard)
    check_paying(n_paid, until_decided=until_decided, is_check=check, is_shard=part is not None)
    defaults, questions = find_preset(preset), find_eval_set(eval_set)
    source = judge_source(annotators_config, questions or defaults, parameters)
    path = Path(leaderboard_path or f"results/{_board_name(questions, source)}_leaderboard.csv")
    if check and all_model_outputs is None:
        return check_boards([path] if leaderboard_path else shipped_boards())
    require_source(all_model_outputs, "--all_model_outputs", "say whose outputs to judge, or use --check")
    asked_how = prepare(source, parameters, compares=False)
    kind = board_of(asked_how.annotator, defaults.wants_length_control(sort_by), questions)
    refuse_unwritable_board(path)
    before = read_own(path, kind.known)
    check_column(sort_by, before)
    require_files(all_model_outputs, "--all_model_outputs")
    run = BoardRun(
        path=path,
        before=before,
        asking=asked_how,
        kind=kind,
        outputs=Outputs(
            all_model_outputs,
            reference_outputs,
            defaults,
            questions,
            evaluation_dataset,
            reference_answers,
            is_allow_partial,
            max_instances,
            is_strip_thinking,
        ),
        paying=Paying(n_paid, until_decided),
        judges_again=check or is_overwrite_leaderboard,
        is_mixed_allowed=is_mixed_allowed,
        mode=leaderboard_mode,
        seed=seed,
        output_path=output_path,
        keeps_rows=is_return_instead_of_print,
    )
    came_to = run.judged(part)
    if not isinstance(came_to, JudgedModels):
        return came_to
    if check:
        return check_again(path, before, came_to.rows)
    order = sort_by or (defaults.sort_by if kind.known is COLUMNS else kind.known[0].name)
    made = run.put_on_board(came_to, order)
    came_to.check_judged(made, asked_how.annotator)
    if is_return_instead_of_print:
        return made.board.to_pandas(), [row for result in came_to.results for row in result.annotations]
    return made


def _board_name(questions: EvalSet | None, source: str | Path) -> str:
    return f"{questions.name}_{judge_name(source)}" if questions else judge_name(source)
