"""Boards of judgments that another tool recorded, in that tool's own files: nobody is asked."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from autoeval.annotators.parsers.grade import GradeParser
from autoeval.checks import check_choice, require_source
from autoeval.data.arena_hard import SETS, read_judgments
from autoeval.data.arena_styles import read_styles
from autoeval.data.fastchat import GradedTurn, read_grades
from autoeval.data.mt_bench import category_of
from autoeval.data.wildbench import read_wildbench
from autoeval.errors import UsageError
from autoeval.journeys.recorded import Recorded, RecordedBoard
from autoeval.leaderboards import grades
from autoeval.leaderboards.arena import arena_board, has_games, means, upstream_means
from autoeval.leaderboards.arena_games import Category, games_by_category, merged
from autoeval.leaderboards.arena_style import CONTROLS, Styles, controlled, counted_style
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board
from autoeval.leaderboards.wildbench import wildbench_board
from autoeval.types import Completion, Verdict


@dataclass(frozen=True)
class Made:
    """A board that is not written yet, with its cautions and notes (see `RecordedBoard`)."""

    board: Board
    cautions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def recorded_board(eval_set: str | None, recorded: Recorded, path: str | Path | None) -> RecordedBoard:
    """Make a board of recorded judgments and write it.

    Args:
        eval_set: the eval set that they are of.
        recorded: the judgments, and how to count them.
        path: the board's file. Default: results/<eval_set>_leaderboard.csv.

    Raises:
        UsageError: there is no such eval set, a file is wrong, or the board cannot be written.
    """
    known = ", ".join(_MAKERS)
    check_choice(
        "eval_set", require_source(eval_set, "--eval_set", f"say what was judged ({known})"), _MAKERS
    )
    require_source(recorded.judgments, "--judgments", "name the files of judgments")
    made = _MAKERS[str(eval_set)](str(eval_set), recorded)
    written = Path(path or f"results/{eval_set}_leaderboard.csv")
    save_board(made.board, written)
    return RecordedBoard(written, made.board, made.cautions, made.notes)


def _mt_bench(eval_set: str, recorded: Recorded) -> Made:
    _refuse_others(eval_set, recorded, ("judgments", "compatible"))
    n_otherwise: Counter[str] = Counter()
    turns = _with_words(read_grades(recorded.judgments), n_otherwise)
    found = grades.recorded_grades(turns, category_of)
    told = {model: grades.cautions(of_model) for model, of_model in found.items()}
    for model, count in n_otherwise.items():
        if count:
            told[model].append(f"{count} with another score in the file than the judge's words give")
    board = grades.recorded_board(found, recorded.compatible)
    return Made(board, {model: lines for model, lines in told.items() if lines})


def _with_words(turns: Iterable[GradedTurn], n_otherwise: Counter[str]) -> Iterator[GradedTurn]:
    """Walk through judgments, and count by model those whose recorded score is not what their words give."""
    parser = GradeParser(kind="grade")
    for turn in turns:
        (said,) = parser.read(Completion(turn.judgment))
        n_otherwise[turn.model] += isinstance(said, Verdict) and said.value != turn.score
        yield turn


def _wildbench(eval_set: str, recorded: Recorded) -> Made:
    _refuse_others(eval_set, recorded, ("judgments",))
    return Made(wildbench_board(read_wildbench(recorded.judgments)))


def _refuse_others(eval_set: str, recorded: Recorded, taken: Sequence[str]) -> None:
    for flag in fields(Recorded):
        if flag.name not in taken and getattr(recorded, flag.name) != flag.default:
            raise UsageError(f"--{flag.name} has no meaning with --eval_set {eval_set}. Leave it out.")


def _arena_hard(eval_set: str, recorded: Recorded) -> Made:
    arena = SETS[eval_set]
    styles, measure = _styles(recorded)
    judge, categories = games_by_category(
        read_judgments(recorded.judgments),
        arena,
        recorded.baseline,
        keeps_lone=recorded.compatible and arena.is_first_version,
    )
    if not any(has_games(category) for category in categories):
        raise UsageError("--judgments: no model has a question with a verdict in both orders.")
    cautions: dict[str, list[str]] = {}
    _add_repeated(categories, cautions)
    if styles is None:
        scores = [
            upstream_means(category, arena) if recorded.compatible else means(category)
            for category in categories
        ]
        whole = means(merged(categories)) if len(categories) > 1 and not recorded.compatible else None
        return Made(arena_board(judge, categories, scores, whole), cautions)
    found = [controlled(category, styles, arena, recorded.compatible) for category in categories]
    notes = [f"length is counted in {measure}"] if "length" in styles.controls else []
    for category, one in zip(categories, found, strict=True):
        told = ", ".join(f"{name} {value:+.3f}" for name, value in one.effects.items())
        notes.append(f"{category.name or eval_set}: a standard deviation more adds to the log odds: {told}")
        for model, why in one.left_out.items():
            cautions.setdefault(model, []).append(why)
    return Made(arena_board(judge, categories, [one.scores for one in found]), cautions, notes)


def _styles(recorded: Recorded) -> tuple[Styles | None, str]:
    """Return what is held equal, None for nothing, and what lengths are counted in."""
    named = recorded.control_features
    wanted = [str(name).strip() for name in (named.split(",") if isinstance(named, str) else named or ())]
    for name in wanted:
        check_choice("control_features", name, CONTROLS)
    sources = (recorded.answers, recorded.style_metadata)
    if not (recorded.style_control or wanted):
        if any(source is not None for source in sources):
            raise UsageError(
                "--answers and --style_metadata are for --style_control. Give it, or leave them out."
            )
        return None, ""
    if all(source is None for source in sources):
        raise UsageError(
            "--style_control needs what the answers look like: give --answers (their folder), or --style_metadata."
        )
    if None not in sources:
        raise UsageError("--answers and --style_metadata both say what the answers look like. Give one.")
    counts, measure = read_styles(recorded.answers, recorded.style_metadata, counted_style)
    return Styles(counts, wanted or list(CONTROLS)), measure


def _add_repeated(categories: Sequence[Category], cautions: dict[str, list[str]]) -> None:
    for category in categories:
        for model, played in category.played.items():
            if played.n_repeated:
                told = f"{played.n_repeated} questions were judged more than once; all their games count"
                cautions.setdefault(model, []).append(told)
            if model == category.baseline:
                cautions.setdefault(model, []).append("its games against itself say nothing and are left out")
            elif not played.games:
                cautions.setdefault(model, []).append("none of its questions has a verdict in both orders")


_MAKERS: Mapping[str, Callable[[str, Recorded], Made]] = {
    "mt_bench": _mt_bench,
    "wildbench": _wildbench,
    **dict.fromkeys(SETS, _arena_hard),
}
"""Eval sets, each with what makes a board of its judgments."""
