"""Reviews that a judge is asked for: both outputs of a pair scored, and the model's share of the reference's score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from autoeval.annotators.plan import Plan
from autoeval.checks import require_source
from autoeval.completions.ask import AskReport
from autoeval.data.loading import require_files, shorten
from autoeval.data.pairing import Pairs, load_pairs
from autoeval.data.reviews import answers_to, read_questions
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, prepare
from autoeval.journeys.parameters.output_paths import writable_folder
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.percentages import Scored, board_of, boards_by, joined
from autoeval.leaderboards.table import Board
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.exits import EXIT_OK, nothing_judged
from autoeval.runs.judging import Judged, judge, records
from autoeval.runs.output_flaws import announced, output_warnings
from autoeval.runs.reviewing import refuse_without_scores, reviewed

JUDGE = "percent_of_review"
_ANY_DIFFERENCE = 0


@dataclass(frozen=True)
class Percentages:
    """Models' shares of their references' scores.

    Attributes:
        board: a row a model, the highest share first.
        groups: for each column of --by, a board with a row a model and value.
        notes: what is to be known of the numbers.
        path: the board's file; None where none was written.
        ask: what asking came to; None where reviews were only read.
        exit_code: what the command line exits with.
    """

    board: Board
    groups: Mapping[str, Board]
    notes: Sequence[str]
    path: Path | None
    ask: AskReport | None = None
    exit_code: int = EXIT_OK


def percentages_of(
    scored: Sequence[Scored],
    columns: Sequence[str],
    known: Mapping[str, tuple[str, ...]],
    notes: Sequence[str],
    path: Path | None,
) -> Percentages:
    """Count what models and their references got, by the groups of questions too, and write the board.

    Args:
        scored: what they got.
        columns: the columns that group questions.
        known: their values, by question.
        notes: what is to be known of the numbers.
        path: the board's file; None writes none.
    """
    board, groups = board_of(scored), boards_by(columns, known, scored)
    is_written = path is not None and bool(board.rows)
    if path is not None and is_written:
        save_board(joined(board, groups), path)
    return Percentages(board, groups, notes, path if is_written else None)


@dataclass(frozen=True)
class Reviewing:
    """How a judge is asked for reviews; the attributes are parameters of `percent_of`."""

    asking: Asking
    columns: Sequence[str]
    questions: Any
    name: str | None
    output_path: str | Path | None
    max_instances: int | None
    allows_partial: bool
    strips_thinking: bool
    seed: int

    def groups(self, pairs: Pairs, known: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        """Return the groups of all questions that are asked about.

        Raises:
            UsageError: those of one are not known.
        """
        for case in pairs if self.columns else ():
            if case.question not in known:
                raise UsageError(
                    f"--questions: there is no question {shorten(case.question)}, which the outputs answer."
                )
        return known


def asker(annotators_config: Any, parameters: AskingParameters, compatible: bool) -> Asking:
    """Load a judge that scores both outputs of a pair; one of single outputs is shown each by itself.

    Args:
        annotators_config: the judge.
        parameters: all of them, as `checked` returns them.
        compatible: ask in one order only, the reference first.

    Raises:
        UsageError: its config is wrong, or it does not score.
    """
    if compatible:
        parameters = cast("AskingParameters", {**parameters, "order": "fixed"})
    asking = prepare(annotators_config, parameters, compares=False)
    if asking.annotator.kind.n_outputs == 1:
        compared = {**parameters, "compare_scores": _ANY_DIFFERENCE}
        asking = prepare(annotators_config, cast("AskingParameters", compared))
    refuse_without_scores(asking.annotator)
    return asking


def ask_for_reviews(
    model_outputs: Any, reference_outputs: Any, how: Reviewing, path: Path | None
) -> Percentages | DryRun:
    """Ask a judge to score a model's outputs and a reference's, and say the model's share.

    Args:
        model_outputs: the model's.
        reference_outputs: the reference's.
        how: the parameters of `percent_of`.
        path: the board's file; None writes none.

    Raises:
        UsageError: a source is wrong; nothing was spent.
        NothingJudgedError: not a single pair has two scores.
    """
    asking = how.asking
    require_source(reference_outputs, "--reference_outputs", "name the outputs to compare with")
    for source, role in ((model_outputs, "--model_outputs"), (reference_outputs, "--reference_outputs")):
        require_files(source, role)
    asked_of = reference_outputs if how.questions is None and how.columns else how.questions
    role = "--reference_outputs" if how.questions is None else "--questions"
    questions = [] if asked_of is None else read_questions(asked_of, list(how.columns), role)
    with (
        load_pairs(
            answers_to(questions, model_outputs, "--model_outputs"),
            answers_to(questions, reference_outputs, "--reference_outputs"),
            name=how.name,
            allow_partial=how.allows_partial,
            max_instances=how.max_instances,
            strips_thinking=how.strips_thinking,
        ) as pairs,
        asking.open_cache() as cache,
    ):
        known = how.groups(pairs, {question.text: question.groups for question in questions})
        announced(output_warnings(pairs), asking.display)
        plan = Plan(asking.annotator, pairs, how.seed)
        if asking.dry_run:
            return estimate(plan, cache, asking.options.at_batch_price)
        folder = None if how.output_path is None else writable_folder(Path(how.output_path))
        judged = judge(plan, cache, asking.options, asking.display, asking.is_reask_unparsed, folder)
        scored = reviewed(records(judged), pairs.generator_2, pairs.generator_1)
        n_unpaired = pairs.n_missing_outputs
    result = percentages_of([scored], how.columns, known, _notes(judged, n_unpaired), path)
    coverage = judged.tally.n_judged / (len(judged.tally.preferences) + n_unpaired)
    result = replace(result, ask=judged.report, exit_code=asking.exit_code(judged.report, coverage))
    if not judged.tally.n_judged:
        raise NothingJudgedError(nothing_judged([judged.counts], judged.report), result, result.exit_code)
    return result


def _notes(judged: Judged, n_unpaired: int) -> list[str]:
    """Say what is missing and why, and how often the judge changed its mind with the order."""
    notes = [f"missing: {count} {reason}" for reason, count in judged.tally.failures.most_common()]
    notes += [f"missing: {n_unpaired} without an output"] * bool(n_unpaired)
    if (rate := judged.tally.flip_rate) is not None:
        notes.append(
            f"asked in both orders: of {rate:.1f}% of the pairs the better score changed with the order"
        )
    return notes
