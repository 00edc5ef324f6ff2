"""The journey that judges the judge: its votes on pairs that people voted on, and what they are worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from autoeval.analysis.agreement import RULES, Rule
from autoeval.checks import check_choice, check_number
from autoeval.completions.ask import AskReport
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.beside_people import HUMANS, LONGEST, Recording, Voting, compared, votes_of
from autoeval.journeys.human_table import load_human_table
from autoeval.journeys.labelled_judges import LabelledSource, analyze_labelled
from autoeval.journeys.parameters.asking import AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards.boards import refuse_unwritable_board
from autoeval.leaderboards.labelled import read_evaluators
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.table import EVALUATORS, MODES, Board
from autoeval.metrics.columns import Cell
from autoeval.prompting.finding import judge_name
from autoeval.runs.estimate import DryRun
from autoeval.runs.exits import and_why

if TYPE_CHECKING:
    import pandas as pd

BOARD = Path("results_evaluators/evaluators_leaderboard.csv")


@dataclass(frozen=True)
class EvaluatorsBoard:
    """The board of evaluators alone: nobody was asked, or gave a single vote.

    Attributes:
        board: the judges that are on it.
        mode_to_print: the mode of the rows to show.
        note: why the judge that was named is not analysed.
        ask: what asking came to; None where nobody was asked.
        exit_code: what the command line exits with.
    """

    board: Board
    mode_to_print: str | None
    note: str = ""
    ask: AskReport | None = None
    exit_code: int = 0

    def shown(self) -> Board:
        """Return the rows to show."""
        return self.board.of_mode(self.mode_to_print)


@also_takes(AskingParameters)
def analyze_evaluators(
    annotators_config: str | Path | None = "auto",
    gold_crossannotations: Any = None,
    gold_annotations: Any = None,
    precomputed_leaderboard: str | Path | None = "auto",
    is_save_leaderboard: bool = False,
    is_return_instead_of_print: bool = False,
    is_overwrite_leaderboard: bool = False,
    max_instances: int | None = None,
    is_single_annotator: bool = False,
    leaderboard_mode_to_print: str | None = "minimal",
    current_leaderboard_mode: str = "minimal",
    output_path: str | Path | None = "auto",
    n_votes: int | None = None,
    scoring_rule: str = "absolute",
    compatible: bool = False,
    seed: int = 0,
    labelled: str | None = None,
    dataset: Any = None,
    recorded: Any = None,
    leaderboard_path: str | Path | None = None,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Compare a judge with people who voted on the same pairs: agreement, bias, variance, price and time.

    Args:
        annotators_config: The judge: the name of a shipped annotator, a config's folder, or a YAML file;
            `humans` for people among themselves, `longest` for the longer output. `auto`: the default judge of
            evaluate; None: show the board only.
        gold_crossannotations: The human votes, a row a vote (instruction, output_1, output_2, preference): a
            file or any other source. Default: AlpacaFarm's, from the Hugging Face hub.
        gold_annotations: Rows on the same pairs with `generator`, whose output_2 is, for the correlations where
            the votes do not name generator_1 and generator_2. Default: AlpacaFarm's for AlpacaFarm's votes.
        precomputed_leaderboard: The board of evaluators, a CSV file. `auto`:
            results_evaluators/evaluators_leaderboard.csv; None: no other judges.
        is_save_leaderboard: Put the judge's row on the board's file.
        is_return_instead_of_print: Return the board and the annotations by judge, as alpaca_eval does.
        is_overwrite_leaderboard: Analyse a judge again that is on the board, and replace its row. Default: the
            board is shown as it is, and nothing is asked.
        max_instances: Use only a sample of this many pairs.
        is_single_annotator: One vote a pair; what a judge's votes say of one another is left empty.
        leaderboard_mode_to_print: Show the judges of this mode and the stricter ones: minimal, verified,
            community, dev; None: all.
        current_leaderboard_mode: The mode of the new row.
        output_path: Folder for the results. `auto`: results_evaluators/<judge>, or beside the config where that
            is a file; None: write nothing.
        n_votes: The judge's votes a pair: vote i comes from seed + i. Default: as many as people gave.
        scoring_rule: How a vote is scored against another: zero_one, absolute or squared.
        compatible: Break ties between votes, and count, as alpaca_eval 0.6.6 does.
        seed: Of the judge's first vote, of a sample, and of the bootstraps.
        labelled: Judge on pairs with a right answer, in place of people's votes; the format of dataset: llmbar,
            rewardbench, judgebench, pandalm, faireval or csv (instruction, output_1, output_2, label, subset).
        dataset: The labelled set's files.
        recorded: What judges were recorded to say of the labelled set, in its own files; nobody is asked. Default: the
            judge of annotators_config is asked, in both orders.
        leaderboard_path: Another name of precomputed_leaderboard; with labelled, the board that rows are written to.
        **asking: How the judge is asked. Old parameters of alpaca_eval's are named, and have no effect.

    Returns:
        A JudgeAnalysis; a LabelledAnalysis with labelled; an EvaluatorsBoard where nobody was to be asked; a DryRun
        with dry_run; with is_return_instead_of_print, the board as a DataFrame and {judge: annotations}.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        NothingJudgedError: the judge gave not a single vote or verdict; nothing is written.
        AutoevalError: the run could not be finished; what was judged is in the cache.
    """
    parameters = checked(asking, analyze_evaluators)
    precomputed_leaderboard = _one_of(precomputed_leaderboard, leaderboard_path)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True)
    named = None if annotators_config == "auto" else annotators_config
    labelled_set = LabelledSource(
        labelled, dataset, recorded, precomputed_leaderboard, is_overwrite_leaderboard, max_instances
    )
    if labelled_set.is_given:
        others = {
            "gold_crossannotations": gold_crossannotations,
            "gold_annotations": gold_annotations,
            "is_save_leaderboard": is_save_leaderboard,
            "output_path": output_path,
            "n_votes": n_votes,
            "scoring_rule": scoring_rule,
            "compatible": compatible,
        }
        _refuse_unused(labelled_set, others)
        return analyze_labelled(labelled_set, named, seed, parameters)
    check_choice("scoring_rule", scoring_rule, RULES)
    for mode in (current_leaderboard_mode, leaderboard_mode_to_print):
        if mode is not None:
            check_choice("current_leaderboard_mode / --leaderboard_mode_to_print", mode, MODES)
    check_number("n_votes", n_votes, 1, whole=True)
    board_path = BOARD if precomputed_leaderboard == "auto" else precomputed_leaderboard
    board = read_evaluators(Path(board_path)) if board_path and Path(board_path).exists() else _begun()
    if annotators_config is None:
        return _returned(EvaluatorsBoard(board, leaderboard_mode_to_print), {}, is_return_instead_of_print)
    source = judge_source(named, find_preset(None), parameters)
    name = judge_name(source)
    old_row = None if is_overwrite_leaderboard else board.rows.get(name)
    if old_row and _is_of(old_row, name, source, parameters, must_be=is_save_leaderboard):
        note = f"{name} is on the board; --is_overwrite_leaderboard analyses it again."
        shown = EvaluatorsBoard(board, leaderboard_mode_to_print, note)
        return _returned(shown, {}, is_return_instead_of_print)
    asked_how = prepare(
        LONGEST if name in (HUMANS, LONGEST) else source, parameters
    )  # the checks are the same
    human = load_human_table(gold_crossannotations, gold_annotations, max_instances, seed)
    voting = Voting(name, human, 1 if is_single_annotator else n_votes or human.n_votes, seed, asked_how)
    folder = output_folder(output_path, source, name, source, default="results_evaluators")
    row_to = Path(board_path) if is_save_leaderboard and board_path is not None else None
    if row_to is not None:
        refuse_unwritable_board(row_to)
    votes = votes_of(voting)
    if isinstance(votes, DryRun):
        return votes
    if votes.none_judged:
        left = EvaluatorsBoard(
            board, leaderboard_mode_to_print, votes.none_judged, votes.ask, votes.exit_code
        )
        raise NothingJudgedError(and_why(votes.none_judged, votes.ask), left, votes.exit_code)
    where = Recording(
        board,
        current_leaderboard_mode,
        leaderboard_mode_to_print,
        folder=folder,
        board_path=row_to,
    )
    analysis = compared(voting, votes, cast("Rule", scoring_rule), compatible, where)
    return _returned(analysis, {name: votes.table}, is_return_instead_of_print)


def _refuse_unused(labelled_set: LabelledSource, given: Mapping[str, object]) -> None:
    """Refuse parameters that are for people's votes alone, where a labelled set is given; None wants nothing.

    Raises:
        UsageError: naming the first.
    """
    if labelled_set.format is None:
        return
    used = {"is_save_leaderboard"} if labelled_set.is_written else set()
    parameters = signature(analyze_evaluators).parameters
    for name, value in given.items():
        default = parameters[name].default
        if name not in used and value is not None and (default is None or value != default):
            raise UsageError(
                f"--{name} has no meaning with --labelled, whose rows go to --leaderboard_path. Leave it out."
            )


def _one_of(
    precomputed_leaderboard: str | Path | None, leaderboard_path: str | Path | None
) -> str | Path | None:
    """Return the board that either name of the parameter gives.

    Raises:
        UsageError: both do.
    """
    if leaderboard_path is None:
        return precomputed_leaderboard
    if precomputed_leaderboard != "auto":
        raise UsageError("--leaderboard_path and --precomputed_leaderboard are one. Give one of them.")
    return leaderboard_path


def _is_of(
    row: Mapping[str, Cell], name: str, source: str | Path, parameters: AskingParameters, must_be: bool
) -> bool:
    """Whether a board's row is this judge's; one without a fingerprint, as of other tools, is whose name it has.

    Raises:
        UsageError: it is not, where it must be.
    """
    known = row.get("fingerprint")
    is_same = not known or known == prepare(source, parameters).annotator.fingerprint
    if must_be and not is_same:
        raise UsageError(
            f"{name} is on the board with another prompt, model or parameters. Put the judge into a folder of "
            "another name, or replace the row with --is_overwrite_leaderboard."
        )
    return is_same


def _begun() -> Board:
    return Board({}, EVALUATORS)


def _returned(result: Any, votes: Mapping[str, "pd.DataFrame"], as_tables: bool) -> Any:
    return (result.board.to_pandas(), dict(votes)) if as_tables else result
