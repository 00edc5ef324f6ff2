"""How an evaluation is made, what it stands for, its columns, and its files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from autoeval.annotators.judges import Annotator
from autoeval.data.conversations import ConversationPairs
from autoeval.data.eval_sets import EvalSet, eval_set_name
from autoeval.data.pairing import Pairs
from autoeval.journeys.loading import Loading
from autoeval.journeys.parameters.asking import Asking
from autoeval.journeys.parameters.metric_choice import Metric
from autoeval.journeys.parameters.output_paths import folder_name
from autoeval.leaderboards.arena_columns import ARENA_COLUMNS, arena_cells
from autoeval.leaderboards.grades import COLUMNS
from autoeval.leaderboards.language_boards import save_language_boards
from autoeval.leaderboards.placing import Placed, Standing
from autoeval.leaderboards.preferences import Preference
from autoeval.leaderboards.rows import Conditions, Row
from autoeval.metrics.columns import Cell
from autoeval.prompting.finding import judge_name
from autoeval.runs.answer_languages import answer_languages
from autoeval.runs.judging import Judged, records
from autoeval.runs.length import length_columns
from autoeval.runs.result import Result
from autoeval.runs.saving import BOARD_NAME, save, save_reasons
from autoeval.runs.setting import Setting
from autoeval.types import Case


@dataclass(frozen=True)
class Evaluating:
    """How outputs are evaluated, whatever judges them, and where it goes; attributes are parameters of `evaluate`."""

    asking: Asking
    judge_source: str | Path
    loading: Loading
    standing: Standing
    output_path: str | Path | None
    mode: str
    seed: int
    recomputes: bool
    no_report: bool

    @property
    def annotator(self) -> Annotator:
        """The judge."""
        return self.asking.annotator

    def place(self, name: str, row: Row, conditions: Conditions, is_judged: bool) -> Placed:
        """Find a row's place on the board, and say what is to be said of it; without a verdict it has none."""
        placed = self.standing.place(name, row, conditions) if is_judged else self.standing.unchanged(name)
        if note := self.standing.note(name, placed):
            self.asking.display.announce(note)
        return placed

    def keep(
        self, result: Result, write_report: Callable[[], None], preferences: Iterable[Preference] = ()
    ) -> None:
        """Write a result's files, and its row into the board's; where nothing was judged, only what says why.

        Args:
            result: what came of it.
            write_report: writes its page.
            preferences: those behind its row.
        """
        if not result.tally.n_judged:
            if result.is_written:
                save_reasons(result, self.annotator)
            return
        is_board = result.folder is not None and self.standing.is_file(result.folder / BOARD_NAME)
        save(result, self.annotator, keeps_run=self.recomputes, keeps_board=is_board)
        if result.has_report:
            write_report()
        self.standing.keep(result.name, result.row, preferences, result.apart, always=is_board)
        if self.standing.path is not None and self.standing.is_kept:
            save_language_boards(self.standing.path, [result.row])


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
    is_graded: bool,
    overwrites: bool,
    sort_by: str | None,
    mode_to_print: str | None,
    is_kept: bool,
) -> Standing:
    """Find the board that a result joins: of scores, and of Arena-Hard's win rates, that of the user's own runs.

    Raises:
        UsageError: it cannot be read, or is no such board.
    """
    is_arena = eval_set is not None and eval_set.arena is not None
    if not is_graded and not is_arena:
        return Standing.find(
            precomputed, judge, preset, overwrites, sort_by or preset.sort_by, mode_to_print, is_kept
        )
    path = None if precomputed is None else Path(precomputed)
    if precomputed == "auto":
        path = None if output_path is None else own_board(eval_set, judge)
    columns = COLUMNS if is_graded else ARENA_COLUMNS
    return Standing.among_own(path, columns, preset, overwrites, sort_by or "score", is_kept)


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
