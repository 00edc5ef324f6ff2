"""What an evaluation on pairs stands for, its columns, and its files."""

from pathlib import Path

from autoeval.annotators.config import Annotator
from autoeval.data.conversations import ConversationPairs
from autoeval.data.eval_sets import EvalSet, eval_set_name
from autoeval.data.pairing import Pairs
from autoeval.journeys.parameters.metric_choice import Metric
from autoeval.leaderboards.placing import Standing
from autoeval.leaderboards.rows import Conditions
from autoeval.metrics.columns import Cell
from autoeval.runs.human_votes import HumanVotes
from autoeval.runs.judging import Judged, records
from autoeval.runs.length import length_columns
from autoeval.runs.reporting import write_report
from autoeval.runs.result import Evaluation, Setting
from autoeval.runs.saving import BOARD_NAME, save, save_reasons


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


def more_columns(
    judged: Judged, metric: Metric, length_control_file: str | Path | None, seed: int, standard_error: str
) -> tuple[dict[str, Cell], str | None]:
    """Return the columns that are asked for besides the win rate's, and what a reader must know of them."""
    columns: dict[str, Cell] = {}
    caution = None
    if judged.tally.n_judged and metric.is_length_controlled:
        columns, caution = length_columns(judged, length_control_file, seed, metric.glm_name, standard_error)
    if judged.tally.n_judged and metric.function is not None:
        columns |= metric.columns(records(judged))
    return columns, caution


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
