"""A judge beside people who voted on the same pairs: its votes, what they are worth, and its row on the board."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.analysis.agreement import Rule
from autoeval.analysis.evaluators import JudgeReport, evaluate_judge
from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskReport
from autoeval.journeys.human_table import HumanTable
from autoeval.journeys.import_annotations import import_json_cache
from autoeval.journeys.parameters.asking import Asking
from autoeval.leaderboards import boards
from autoeval.leaderboards.labelled import LABELLED, read_evaluators
from autoeval.leaderboards.table import EVALUATORS, Board
from autoeval.metrics.columns import Cell
from autoeval.runs.estimate import DryRun, estimate_all
from autoeval.runs.exits import none_judged
from autoeval.runs.judging import judge_all
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.saving import judge_facts, save_json, save_rows

if TYPE_CHECKING:
    import pandas as pd

SORTED_BY = "Human agreement"
HUMANS = "humans"
LONGEST = "longest"


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


@dataclass(frozen=True)
class Voting:
    """How a judge votes on what people voted on.

    Attributes:
        name: the judge, or HUMANS or LONGEST, which nobody has to ask.
        human: the people's votes.
        n_votes: its votes a pair; vote i comes from seed + i.
        seed: of its first vote, and of the bootstraps.
        asking: how it is asked.
    """

    name: str
    human: HumanTable
    n_votes: int
    seed: int
    asking: Asking

    @property
    def annotator_asked(self) -> Asking | None:
        """How it is asked, where it is a judge that can be."""
        return None if self.name in (HUMANS, LONGEST) else self.asking


@dataclass(frozen=True)
class Votes:
    """A judge's votes as a table, and what asking for them came to.

    Attributes:
        table: a row a vote.
        ask: what asking came to; None where nobody had to be asked.
        exit_code: what the command line exits with.
        models: those that the server named.
        none_judged: why there is not a single vote; empty where there is one.
    """

    table: "pd.DataFrame"
    ask: AskReport | None = None
    exit_code: int = 0
    models: str = ""
    none_judged: str = ""


@dataclass(frozen=True)
class Recording:
    """Where a judge's row goes: the board with the others, its mode, the results' folder, and the board's own file."""

    board: Board
    mode: str
    mode_to_print: str | None
    folder: Path | None
    board_path: Path | None


def votes_of(voting: Voting) -> Votes | DryRun:
    """Ask a judge for its votes, or say what that would cost."""
    human, asking = voting.human, voting.asking
    if voting.name == HUMANS:
        return Votes(human.votes)
    if voting.name == LONGEST:
        return Votes(_longest(human))
    plans = [Plan(asking.annotator, human.pairs, voting.seed + vote) for vote in range(voting.n_votes)]
    asking.display.announce(
        f"judge {voting.name} · {human.summary} · {voting.n_votes} votes of the judge on each pair"
    )
    if asking.dry_run:
        with asking.open_cache() as cache:
            return estimate_all(plans, cache, asking.options.at_batch_price)
    return _asked(asking, plans)


def compared(voting: Voting, votes: Votes, rule: Rule, compatible: bool, where: Recording) -> JudgeAnalysis:
    """Say what votes are worth, and write that.

    Args:
        voting: whose votes.
        votes: they.
        rule: how a vote is scored against another.
        compatible: break ties and count as alpaca_eval 0.6.6 does.
        where: what is written.
    """
    human, asked = voting.human, voting.annotator_asked
    own = None if voting.name == HUMANS else votes.table
    report = evaluate_judge(human.votes, own, rule, compatible, voting.seed)
    row: dict[str, Cell] = {
        **_without_nan(report.row(where.mode)),
        "Human votes": human.summary,
        "fingerprint": asked.annotator.fingerprint if asked else None,
        "judge_models": votes.models or None,
    }
    board = where.board.with_row(voting.name, row).sorted_by(SORTED_BY)
    paths = [] if where.folder is None else _save(where.folder, voting, board, votes.table, row)
    if where.board_path is not None:
        paths.append(_add_to_board(where.board_path, voting.name, row))
    return JudgeAnalysis(
        name=voting.name,
        report=report,
        votes=votes.table,
        human=human,
        n_votes=human.n_votes if voting.name == HUMANS else voting.n_votes,
        board=board,
        mode_to_print=where.mode_to_print,
        ask=votes.ask,
        exit_code=votes.exit_code,
        paths=tuple(paths),
    )


def _asked(asking: Asking, plans: list[Plan]) -> Votes:
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
    none = "" if coverage else none_judged([judged.counts for judged in read], "votes")
    return Votes(votes, asked, asking.exit_code(asked, coverage), models, none)


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


def _add_to_board(path: Path, name: str, row: Mapping[str, Cell]) -> Path:
    def change(board: Board) -> Board:
        return replace(board, known=(*EVALUATORS, *LABELLED)).with_row(name, row)

    boards.update_board(path, change, {}, SORTED_BY, read_evaluators)
    return path


def _save(
    folder: Path, voting: Voting, board: Board, votes: "pd.DataFrame", row: Mapping[str, Cell]
) -> list[Path]:
    paths = [folder / file for file in ("annotations.json", "leaderboard.csv", RUN_NAME)]
    save_rows(votes, paths[0])
    boards.save_board(board, paths[1])
    asked = voting.annotator_asked
    judge = judge_facts(asked.annotator) if asked else {"name": voting.name}
    save_json({"annotator": judge, "row": dict(row)}, paths[2])
    return paths
