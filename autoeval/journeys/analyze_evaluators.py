"""The journey that judges the judge: its votes on pairs that people voted on, and what they are worth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from autoeval.analysis.agreement import RULES, Rule
from autoeval.analysis.evaluators import JudgeReport, evaluate_judge
from autoeval.annotators.plan import Plan
from autoeval.checks import check_choice, check_number
from autoeval.completions.ask import AskReport
from autoeval.errors import UsageError
from autoeval.journeys.human_table import HumanTable, load_human_table
from autoeval.journeys.import_annotations import import_json_cache
from autoeval.journeys.labelled_judges import LabelledSource, analyze_labelled
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards import boards
from autoeval.leaderboards.labelled import LABELLED, read_evaluators
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.table import EVALUATORS, MODES, Board
from autoeval.metrics.columns import Cell
from autoeval.prompting.finding import judge_name
from autoeval.runs.estimate import estimate, total
from autoeval.runs.judging import judge_all
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.saving import judge_facts, save_json, save_rows

if TYPE_CHECKING:
    import pandas as pd

BOARD = Path("results_evaluators/evaluators_leaderboard.csv")
SORTED_BY = "Human agreement"
HUMANS = "humans"
LONGEST = "longest"


@dataclass(frozen=True)
class EvaluatorsBoard:
    """The board of evaluators alone: nobody was asked. `note` says why, where a judge was named."""

    board: Board
    mode_to_print: str | None
    note: str = ""

    def shown(self) -> Board:
        """Return the rows to show."""
        return self.board.of_mode(self.mode_to_print)


@dataclass(frozen=True)
class JudgeAnalysis:
    """What a judge is worth.

    Attributes:
        name: the judge.
        report: its statistics.
        votes: its annotations, a row a vote, in the columns of annotations.json and `annotator_index`.
        human: what it was compared with.
        n_votes: its votes a pair.
        board: the board of evaluators with its row, best first.
        mode_to_print: the mode of the rows to show.
        ask: what asking came to; None where nobody had to be asked.
        exit_code: what the command line exits with.
        paths: the files that were written.
    """

    name: str
    report: JudgeReport
    votes: "pd.DataFrame"
    human: HumanTable
    n_votes: int
    board: Board
    mode_to_print: str | None
    ask: AskReport | None
    exit_code: int
    paths: tuple[Path, ...]

    def shown(self) -> Board:
        """Return the rows to show; those that were measured on other human votes do not compare."""
        return self.board.of_mode(self.mode_to_print, self.name)

    @property
    def incomparable(self) -> list[str]:
        """The judges on the board whose row says that it comes from other human votes, or does not say."""
        return [
            name for name, row in self.shown().rows.items() if row.get("Human votes") != self.human.summary
        ]


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
    is_asked = name not in (HUMANS, LONGEST)
    asked_how = prepare(source if is_asked else LONGEST, parameters)  # the checks are the same for all
    human = load_human_table(gold_crossannotations, gold_annotations, max_instances, seed)
    votes_a_pair = 1 if is_single_annotator else n_votes or human.n_votes
    votes, asked, exit_code, models = human.votes, None, 0, ""
    if name == LONGEST:
        votes = _longest(human)
    elif name != HUMANS:
        plans = [Plan(asked_how.annotator, human.pairs, seed + vote) for vote in range(votes_a_pair)]
        asked_how.display.announce(
            f"judge {name} · {human.summary} · {votes_a_pair} votes of the judge on each pair"
        )
        if asked_how.dry_run:
            with asked_how.open_cache() as cache:
                return total(estimate(plan, cache, asked_how.options.is_batch) for plan in plans)
        votes, asked, exit_code, models = _judge(asked_how, plans)
    report = evaluate_judge(
        human.votes, None if name == HUMANS else votes, cast("Rule", scoring_rule), compatible, seed
    )
    row: dict[str, Cell] = {
        **_without_nan(report.row(current_leaderboard_mode)),
        "Human votes": human.summary,
        "fingerprint": asked_how.annotator.fingerprint if is_asked else None,
        "judge_models": models or None,
    }
    board = board.with_row(name, row).sorted_by(SORTED_BY)
    folder = output_folder(output_path, source, name, source, default="results_evaluators")
    paths = [] if folder is None else _save(folder, name, board, votes, asked_how if is_asked else None, row)
    if is_save_leaderboard and board_path is not None:
        paths.append(_add_to_board(Path(board_path), name, row))
    analysis = JudgeAnalysis(
        name=name,
        report=report,
        votes=votes,
        human=human,
        n_votes=human.n_votes if name == HUMANS else votes_a_pair,
        board=board,
        mode_to_print=leaderboard_mode_to_print,
        ask=asked,
        exit_code=exit_code,
        paths=tuple(paths),
    )
    return _returned(analysis, {name: votes}, is_return_instead_of_print)


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


def _judge(asking: Asking, plans: list[Plan]) -> tuple["pd.DataFrame", AskReport, int, str]:
    """Ask for all votes as one run, and read them as a table."""
    import pandas as pd

    with asking.open_cache() as cache:
        import_json_cache(asking.caching_path, plans[0], cache, asking.display)  # such a file is of one seed
        read, asked = judge_all(plans, cache, asking.options, asking.display, asking.is_reask_unparsed)
    votes = pd.DataFrame(
        {**row, "annotator_index": vote} for vote, judged in enumerate(read) for row in judged.rows or ()
    )
    coverage = float(votes["preference"].notna().mean())
    models = " ".join(sorted(set().union(*(judged.tally.models for judged in read))))
    return votes, asked, asking.exit_code(asked, coverage), models


def _longest(human: HumanTable) -> "pd.DataFrame":
    """Return alpaca_eval's baseline: the longer output (of equal ones the second), one vote for each human vote."""
    import numpy as np

    lengths = [human.votes[column].str.len() for column in ("output_1", "output_2")]
    winner = np.where(lengths[0] > lengths[1], 1.0, 2.0)
    return human.votes.assign(
        annotator=LONGEST, preference=winner, price_per_example=0.0, time_per_example=0.0
    )


def _without_nan(row: Mapping[str, Any]) -> dict[str, Cell]:
    return {column: None if cell != cell else cell for column, cell in row.items()}


def _begun() -> Board:
    return Board({}, EVALUATORS)


def _add_to_board(path: Path, name: str, row: Mapping[str, Cell]) -> Path:
    def change(board: Board) -> Board:
        return replace(board, known=(*EVALUATORS, *LABELLED)).with_row(name, row)

    boards.update_board(path, change, {}, SORTED_BY, read_evaluators)
    return path


def _save(
    folder: Path,
    name: str,
    board: Board,
    votes: "pd.DataFrame",
    asking: Asking | None,
    row: Mapping[str, Cell],
) -> list[Path]:
    paths = [folder / file for file in ("annotations.json", "leaderboard.csv", RUN_NAME)]
    save_rows(votes, paths[0])
    boards.save_board(board, paths[1])
    judge = judge_facts(asking.annotator) if asking else {"name": name}
    save_json({"annotator": judge, "row": dict(row)}, paths[2])
    return paths


def _returned(result: Any, votes: Mapping[str, "pd.DataFrame"], as_tables: bool) -> Any:
    return (result.board.to_pandas(), dict(votes)) if as_tables else result
