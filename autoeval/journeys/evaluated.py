"""What an evaluation on pairs stands for, its columns, and its files."""

from collections.abc import Iterable
from pathlib import Path

from autoeval.annotators.config import Annotator
from autoeval.data.conversations import ConversationPairs
from autoeval.data.eval_sets import EvalSet, eval_set_name
from autoeval.data.pairing import Pairs
from autoeval.journeys.parameters.metric_choice import Metric
from autoeval.journeys.parameters.output_paths import folder_name
from autoeval.leaderboards.arena import ARENA_COLUMNS, arena_cells
from autoeval.leaderboards.language_boards import save_language_boards
from autoeval.leaderboards.placing import Standing
from autoeval.leaderboards.rows import Conditions
from autoeval.metrics.columns import Cell
from autoeval.prompting.finding import judge_name
from autoeval.runs.answer_languages import answer_languages
from autoeval.runs.human_votes import HumanVotes
from autoeval.runs.judging import Judged, records
from autoeval.runs.length import length_columns
from autoeval.runs.reporting import write_report
from autoeval.runs.result import Evaluation, Setting
from autoeval.runs.saving import BOARD_NAME, save, save_reasons
from autoeval.types import Case


def keep(
    result: Evaluation,
    annotator: Annotator,
    votes: HumanVotes,
    standing: Standing,
    *,
    keeps_run: bool,
) -> None:
    """Write a result's files, and its row into the board's; where nothing was judged, only what says why."""
    if not result.tally.n_judged:
        if result.is_written:
            save_reasons(result, annotator)
        return
    is_board = result.folder is not None and standing.is_file(result.folder / BOARD_NAME)
    save(result, annotator, keeps_run, keeps_board=is_board)
    if result.has_report:
        write_report(result, annotator, votes)
    standing.keep(result.name, result.row, result.tally.stored(), result.apart, always=is_board)
    if standing.path is not None and standing.is_kept:
        save_language_boards(standing.path, [result.row])


def own_board(eval_set: EvalSet | None, judge: str | Path) -> Path:
    """Return where the rows of the user's own runs with a judge stand, unless another board is named."""
    of_set = f"{eval_set.name}_" if eval_set else ""
    return Path("results") / f"{of_set}{folder_name(judge_name(judge))}_leaderboard.csv"


def find_standing(
    eval_set: EvalSet | None,
    precomputed: str | Path | None,
    output_path: str | Path | None,
    judge: str | Path,
    preset: EvalSet,
    *,
    overwrites: bool,
    sort_by: str | None,
    mode_to_print: str | None,
    is_kept: bool,
) -> Standing:
    """Find the board that a result joins: of Arena-Hard (`eval_set`), that of the user's own runs.

    Raises:
        UsageError: it cannot be read, or is no such board.
    """
    if eval_set is None:
        return Standing.find(
            precomputed, judge, preset, overwrites, sort_by or preset.sort_by, mode_to_print, is_kept
        )
    path = None if precomputed is None else Path(precomputed)
    if precomputed == "auto":
        path = None if output_path is None else own_board(eval_set, judge)
    return Standing.among_own(path, ARENA_COLUMNS, preset, overwrites, sort_by or eval_set.sort_by, is_kept)


def more_columns(
    judged: Judged,
    metric: Metric,
    length_control_file: str | Path | None,
    seed: int,
    standard_error: str,
    eval_set: EvalSet | None,
    cases: Iterable[Case],
) -> tuple[dict[str, Cell], str | None, list[str]]:
    """Return the columns that are asked for besides the win rate's, and what a reader must know of them.

    The latter are of the length control, and of the languages of answers.
    """
    columns: dict[str, Cell] = (
        arena_cells(judged.tally) if eval_set is not None and eval_set.arena is not None else {}
    )
    told: list[str] = []
    if eval_set is not None and judged.tally.n_judged:
        of_language, told = answer_languages(cases)
        columns |= of_language
    caution = None
    if judged.tally.n_judged and metric.is_length_controlled:
        of_length, caution = length_columns(
            judged, length_control_file, seed, metric.glm_name, standard_error
        )
        columns |= of_length
    if judged.tally.n_judged and metric.function is not None:
        columns |= metric.columns(records(judged))
    return columns, caution, told


def setting_of(
    annotator: Annotator,
    pairs: Pairs | ConversationPairs,
    defaults: EvalSet,
    seed: int,
    standing: Standing,
    method: str,
) -> Setting:
    """Return what an evaluation stands for, before anyone is asked; `method` is how its pairs are sampled."""
    conditions = Conditions.of(annotator, pairs, set(), method)
    board = standing.comparable_with(pairs.generator_2, conditions)
    return Setting(
        model=pairs.generator_2,
        judge=annotator.name,
        judge_models=tuple(annotator.models),
        reference=pairs.generator_1,
        eval_set=f"{eval_set_name(pairs.eval_set_hash)} ({len(pairs)} pairs)",
        preset=defaults.name,
        fingerprint=annotator.fingerprint,
        seed=seed,
        board=board.name if board else None,
        provider=annotator.provider,
    )
