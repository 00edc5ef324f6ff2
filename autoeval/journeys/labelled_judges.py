"""Judges on a set of pairs with a right answer: recorded ones, or one that is asked about them in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from autoeval.analysis.labelled import Contrast, JudgeWorth, Worth, contrasts, judge_worth
from autoeval.annotators.plan import Plan
from autoeval.checks import check_choice, require_source
from autoeval.completions.ask import AskReport
from autoeval.data.labelled import FORMATS, Labelled, LabelledPair, RecordedJudge, Verdicts
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, judge_source, prepare, refuse_asking
from autoeval.leaderboards import boards
from autoeval.leaderboards.labelled import LABELLED, read_evaluators
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.table import EVALUATOR_COLUMNS, EVALUATORS, Board
from autoeval.metrics.columns import Cell
from autoeval.prompting.finding import judge_name
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.exits import and_why, none_judged
from autoeval.runs.judging import judge_all
from autoeval.types import Case

SORTED_BY = "accuracy"


@dataclass(frozen=True)
class LabelledAnalysis:
    """What judges are worth on a labelled set.

    Attributes:
        labelled: the set.
        judges: their worth, the most accurate first.
        contrasts: every two of them on the same pairs.
        board: a row a judge.
        notes: what is to be known of the numbers.
        ask: what asking came to; None where the judges were recorded.
        exit_code: what the command line exits with.
        path: the board's file; None where none was written.
    """

    labelled: Labelled
    judges: Sequence[JudgeWorth]
    contrasts: Sequence[Contrast]
    board: Board
    notes: Sequence[str]
    ask: AskReport | None
    exit_code: int
    path: Path | None


@dataclass(frozen=True)
class LabelledSource:
    """A labelled set and recorded judges, as analyze_evaluators takes them; see there."""

    format: str | None
    dataset: Any
    recorded: Any
    leaderboard_path: str | Path | None
    is_overwrite: bool
    max_instances: int | None

    @property
    def is_given(self) -> bool:
        """Whether anything was said of a labelled set."""
        return any(value is not None for value in (self.format, self.dataset, self.recorded))

    @property
    def is_written(self) -> bool:
        """Whether its rows go on a board's file."""
        return self.leaderboard_path not in (None, "auto")


@dataclass(frozen=True)
class _Asked:
    judge: RecordedJudge
    report: AskReport
    price: float | None
    exit_code: int
    none_judged: str
    """Why there is not a single verdict; empty where there is one."""


def analyze_labelled(
    source: LabelledSource, annotators_config: str | Path | None, seed: int, parameters: AskingParameters
) -> LabelledAnalysis | DryRun:
    """Say how often judges are right on a labelled set.

    Args:
        source: the set, and the judges that were recorded on it; without them the judge is asked.
        annotators_config: the judge that is asked. None: the default one.
        seed: of what the judge draws.
        parameters: how it is asked.

    Raises:
        UsageError: a file or a row is wrong, or the board is of another set.
        NothingJudgedError: the judge that was asked gave not a single verdict.
    """
    known = ", ".join(FORMATS)
    name = require_source(source.format, "--labelled", f"say the format of --dataset ({known})")
    check_choice("labelled", name, FORMATS)
    refuse_asking(parameters, recorded=source.recorded)
    require_source(source.dataset, "--dataset", f"name the files of {name}")
    form = FORMATS[name]
    labelled = form.read(source.dataset)
    if source.max_instances is not None:
        labelled = replace(labelled, pairs=_sample(labelled.pairs, source.max_instances, seed))
    summary = f"{labelled.name}, {len(labelled.pairs)} pairs ({_digest(labelled)})"
    path = Path(str(source.leaderboard_path)) if source.is_written else None
    if path is not None:
        _refuse_board(path, summary, source.is_overwrite)
    asked: _Asked | None = None
    if source.recorded is None:
        judge_config = judge_source(annotators_config, find_preset(None), parameters)
        asking = prepare(judge_config, {**parameters, "order": parameters["order"] or "both"})
        plan = Plan(asking.annotator, [_pair(i, pair) for i, pair in enumerate(labelled.pairs)], seed)
        if asking.dry_run:
            with asking.open_cache() as cache:
                return estimate(plan, cache, asking.options.at_batch_price)
        asked = _ask(asking, plan, labelled, judge_name(judge_config))
        if asked.none_judged:
            nothing = _nothing(labelled, asked)
            raise NothingJudgedError(and_why(asked.none_judged, asked.report), nothing, asked.exit_code)
        recorded = [asked.judge]
    else:
        recorded = form.recorded(source.recorded, labelled)
    worth = sorted(
        (judge_worth(labelled, form, judge) for judge in recorded),
        key=lambda judge: (-judge.whole.accuracy.value, judge.name),
    )
    rows = {judge.name: {**_row(judge), "labelled_set": summary} for judge in worth}
    if asked is not None:
        rows[asked.judge.name]["price_per_1000_pairs"] = asked.price
    board = Board(rows, LABELLED).sorted_by(SORTED_BY)
    if path is not None:
        board = _add(path, rows, summary, source.is_overwrite)
    return LabelledAnalysis(
        labelled=labelled,
        judges=worth,
        contrasts=contrasts(worth, labelled),
        board=board,
        notes=_notes(labelled, worth, recorded),
        ask=asked.report if asked else None,
        exit_code=asked.exit_code if asked else 0,
        path=path,
    )


def _pair(index: int, pair: LabelledPair) -> Case:
    return Case.pair(
        index=index,
        instruction=pair.instruction,
        output_1=pair.output_1,
        output_2=pair.output_2,
        generator_1="output_1",
        generator_2="output_2",
        dataset=pair.subset,
    )


def _ask(asking: Asking, plan: Plan, labelled: Labelled, name: str) -> _Asked:
    """Ask the judge about all pairs, and read its verdicts in each order.

    A pair whose request failed has no record; a reply without a verdict is one.
    """
    asking.display.announce(f"judge {name} · {labelled.name}, {len(labelled.pairs)} pairs in both orders")
    with asking.open_cache() as cache:
        (judged,), report = judge_all([plan], cache, asking.options, asking.display, asking.is_reask_unparsed)
    judge = RecordedJudge(name)
    prices: list[float | None] = []
    for pair, row in zip(labelled.pairs, judged.rows or (), strict=True):
        judgments: Sequence[Mapping[str, Any]] = row.get("judgments") or [row]
        prices.append(row["price_per_example"])
        if all(one["preference"] is not None or _is_unparsed(one) for one in judgments):
            judge.verdicts[pair.key] = Verdicts(
                tuple((one["is_switched_outputs"], one["preference"]) for one in judgments)
            )
    known = [price for price in prices if price is not None]
    price = 1000 * sum(known) / len(known) if known and len(known) == len(prices) else None
    coverage = len(judge.verdicts) / len(labelled.pairs)
    is_any = any(verdict is not None for one in judge.verdicts.values() for _, verdict in one.given)
    exit_code = asking.exit_code(report, coverage if is_any else 0)
    return _Asked(judge, report, price, exit_code, "" if is_any else none_judged([judged.counts]))


def _nothing(labelled: Labelled, asked: _Asked) -> LabelledAnalysis:
    """Return what there is of an analysis without a verdict."""
    return LabelledAnalysis(
        labelled=labelled,
        judges=(),
        contrasts=(),
        board=Board({}, LABELLED),
        notes=(asked.none_judged,),
        ask=asked.report,
        exit_code=asked.exit_code,
        path=None,
    )


def _is_unparsed(judgment: Mapping[str, Any]) -> bool:
    return str(judgment["failure"] or "").startswith("unparsed")


def _row(judge: JudgeWorth) -> dict[str, Cell]:
    whole = judge.whole
    row: dict[str, Cell] = _cells("", whole)
    row |= {"n_total": whole.accuracy.n, "n_missing": judge.n_missing, "n_unparsed": judge.n_unparsed}
    for name, worth in {**judge.sections, **judge.subsets}.items():
        row |= _cells(f"{name}: ", worth)
    return row


def _cells(prefix: str, worth: Worth) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name, found in worth.statistics.items():
        ends = {"": found.value, "_low": found.low, "_high": found.high}
        cells |= {f"{prefix}{name}{end}": _finite(value) for end, value in ends.items()}
    return cells


def _finite(value: float) -> float | None:
    return None if value != value else float(value)


def _add(path: Path, rows: Mapping[str, dict[str, Cell]], summary: str, is_overwrite: bool) -> Board:
    """Put rows on a board's file, beside what it knows of the same judges' agreement with people."""

    def change(board: Board) -> Board:
        others = _of_another_set(board, path, summary, is_overwrite)
        kept = {
            name: {column: cell for column, cell in row.items() if column in EVALUATOR_COLUMNS}
            if others
            else dict(row)
            for name, row in board.rows.items()
        }
        merged = {name: {**kept.get(name, {}), **row} for name, row in rows.items()}
        return replace(board, known=(*LABELLED, *EVALUATORS)).with_rows({**kept, **merged})

    return boards.update_board(path, change, {}, SORTED_BY, read_evaluators)


def _refuse_board(path: Path, summary: str, is_overwrite: bool) -> None:
    """Refuse a board that rows of a set cannot be put on, before anybody is asked.

    Raises:
        UsageError: it is of another set, it cannot be read, or it could not be written.
    """
    if path.exists():
        _of_another_set(read_evaluators(path), path, summary, is_overwrite)
    boards.refuse_unwritable_board(path)


def _of_another_set(board: Board, path: Path, summary: str, is_overwrite: bool) -> set[str]:
    """Return the other labelled sets that a board's rows are of.

    Raises:
        UsageError: there are some, and their rows are to stay.
    """
    others = {str(row["labelled_set"]) for row in board.rows.values() if row.get("labelled_set")} - {summary}
    if others and not is_overwrite:
        raise UsageError(
            f"the leaderboard {path} is of {sorted(others)[0]}, and this is {summary}. Choose another "
            "--leaderboard_path, or replace its rows with --is_overwrite_leaderboard."
        )
    return others


def _notes(labelled: Labelled, worth: Sequence[JudgeWorth], recorded: Sequence[RecordedJudge]) -> list[str]:
    told = []
    if labelled.n_left_out:
        told.append(f"{labelled.n_left_out} pairs without a right answer are left out")
    for judge in worth:
        if judge.n_missing:
            told.append(f"{judge.name}: {judge.n_missing} pairs without a record of it are left out")
        if judge.n_unparsed:
            told.append(
                f"{judge.name}: no verdict in some order on {judge.n_unparsed} pairs, which is not right"
            )
    told += [
        f"{judge.name}: {judge.n_by_winner} verdicts are those recorded beside a reply that does not say it clearly, "
        "or is absent"
        for judge in recorded
        if judge.n_by_winner
    ]
    return told


def _sample(pairs: Sequence[LabelledPair], n: int, seed: int) -> list[LabelledPair]:
    ordered = sorted(
        pairs, key=lambda pair: sha256(f"{seed}\0{pair.key}".encode("utf-8", "surrogatepass")).digest()
    )
    chosen = {pair.key for pair in ordered[:n]}
    return [pair for pair in pairs if pair.key in chosen]


def _digest(labelled: Labelled) -> str:
    """Return a hash of the pairs and their answers, whatever their order."""
    each = sorted(f"{pair.key}\0{pair.label}" for pair in labelled.pairs)
    return sha256("\0".join(each).encode("utf-8", "surrogatepass")).hexdigest()[:8]
