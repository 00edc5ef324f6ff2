"""Judging many models for one board: from their outputs to what each came to, and to its row."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan, plans_of
from autoeval.completions.ask import AskReport
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import Shard
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.boards_of_models import ModelBoard, ModelResult, Outputs
from autoeval.journeys.import_annotations import import_json_cache
from autoeval.journeys.parameters.asking import Asking
from autoeval.journeys.parameters.output_paths import folder_name, writable_folder
from autoeval.leaderboards.boards import update_board, with_comparable_rows
from autoeval.leaderboards.language_boards import save_language_boards
from autoeval.leaderboards.rows import Conditions, Row
from autoeval.leaderboards.table import Board, read_board
from autoeval.runs.estimate import DryRun
from autoeval.runs.exits import exit_code_after, nothing_judged
from autoeval.runs.judging import Judged, judge_all
from autoeval.runs.output_flaws import announced
from autoeval.runs.paying.claims import check_claims, keep_claims
from autoeval.runs.paying.common import common_method, expected, is_enlarged, save_samples
from autoeval.runs.paying.deciding import Deciding
from autoeval.runs.paying.every_pair import DecidedPairs, EveryPair
from autoeval.runs.paying.paid import Paid, PaidResult
from autoeval.runs.sharding import ShardReport


@dataclass(frozen=True)
class Leaderboard:
    """A board as it was written, and how the models on it fared in this run.

    `judged` are the models that were put on the board; `incomplete` those that were left off because too few of
    their pairs could be judged, with that share. `interval_name` is what the intervals of its judge are called.
    `left_out` says of whom the others are compared with why they have no row, `decided` of every two models which one
    is better, where that was asked, and `paid` of each model what a common sample says, where not all was judged.
    """

    path: Path
    board: Board
    judged: Sequence[str]
    incomplete: Mapping[str, float]
    ask: AskReport
    interval_name: str
    left_out: Sequence[str] = ()
    decided: DecidedPairs | None = None
    paid: Mapping[str, PaidResult] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return exit_code_after(self.ask, is_complete=not self.incomplete)


@dataclass(frozen=True)
class Paying:
    """Which pairs are paid for: `n_paid` of each model, or as many as decide every comparison; else all."""

    n_paid: int | None
    until_decided: bool


@dataclass(frozen=True)
class JudgedModels:
    """What the models of a run came to, in the order in which they were given.

    `complete` are those of whom enough could be judged; `left_out` and `decided` are as in a Leaderboard.
    """

    results: Sequence[ModelResult]
    complete: Mapping[str, ModelResult]
    judged: Sequence[Judged]
    ask: AskReport
    left_out: Sequence[str]
    decided: DecidedPairs | None

    @property
    def rows(self) -> dict[str, Row]:
        """The rows of those of whom enough could be judged."""
        return {name: result.row for name, result in self.complete.items()}

    def check_judged(self, made: Leaderboard, annotator: Annotator) -> None:
        """Refuse a run that came to nothing.

        Raises:
            NothingJudgedError: nothing was judged of any model.
        """
        if self.judged and not any(result.coverage for result in self.results):
            what = "pairs" if annotator.kind.n_outputs == 2 else "outputs"
            message = nothing_judged([one.counts for one in self.judged], self.ask, what)
            raise NothingJudgedError(message, made, made.exit_code)


@dataclass(frozen=True)
class BoardRun:
    """What is judged for a board, by whom and how; see the parameters of `make_leaderboard`.

    Attributes:
        path: the board's file.
        before: what is in it.
        asking: how the judge is asked.
        kind: of the board.
        outputs: of the models.
        paying: which pairs are paid for.
        judges_again: judge also the models that are on the board.
        is_mixed_allowed: let rows stand on the board that do not compare.
        mode: of the new rows.
        seed: of orders and draws.
        output_path: the folder of the models' folders.
        keeps_rows: keep the annotations in memory.
    """

    path: Path
    before: Board
    asking: Asking
    kind: ModelBoard
    outputs: Outputs
    paying: Paying
    judges_again: bool
    is_mixed_allowed: bool
    mode: str
    seed: int
    output_path: str | Path | None
    keeps_rows: bool

    def judged(self, part: Shard | None) -> JudgedModels | DryRun | ShardReport:
        """Judge the models that are to be, and write what was said of each; or one part, or say what it would cost.

        Raises:
            UsageError: outputs are wrong, or rows would not compare.
        """
        annotator, display, left_out = self.asking.annotator, self.asking.display, list[str]()
        check_claims(self.path)
        with ExitStack() as opened:
            given = self.kind.load(self.outputs, opened, left_out.append)
            announced(left_out, display)
            cases = {name: given[name] for name in given if self._is_to_judge(name, given[name])}
            every_pair = self.kind.until_decided(cases, self.seed) if self.paying.until_decided else None
            samples = self._samples(every_pair, cases)
            self._refuse_conflicts(
                {
                    name: self.kind.conditions(cases[name], samples[name].method if samples else "")
                    for name in cases
                }
            )
            display.announce(self._first_line(cases, len(given)))
            if planned := expected(samples):
                display.announce(planned)
            announced((said for name in cases for said in self.kind.warnings(cases[name])), display)
            cache = opened.enter_context(self.asking.open_cache(part))
            chosen = [samples[name].pairs if samples else cases[name] for name in cases]
            plans = plans_of(annotator, chosen, self.seed)
            for plan in plans:
                import_json_cache(self.asking.caching_path, plan, cache, display)
            if self.asking.dry_run or part:
                return self.asking.without_judging(plans, cache, part)
            folders = _folders(self.output_path, list(cases))
            judged, report, decided = self._asked(every_pair, plans, cache, folders, bool(samples))
            save_samples(samples, judged, folders)
            results = [
                self.kind.result(name, cases[name], samples.get(name), one, self.mode)
                for name, one in zip(cases, judged, strict=True)
            ]
            run_folders = None if samples else folders
            self.outputs.save_runs(cases, self.kind, plans, judged, run_folders, self.path, self.seed)
        least = self.asking.min_coverage
        complete = {one.name: one for one in results if one.coverage >= least and one.coverage > 0}
        return JudgedModels(results, complete, judged, report, tuple(left_out), decided)

    def put_on_board(self, came_to: JudgedModels, sort_by: str) -> Leaderboard:
        """Put what models came to into the board's file, and the preferences behind it beside that.

        Raises:
            UsageError: rows would not compare.
        """
        complete = came_to.complete
        self._refuse_conflicts({name: result.conditions for name, result in complete.items()})
        annotator, board = self.asking.annotator, self.before
        if complete:
            board = self._updated(complete, sort_by)
            keep_claims(self.path, complete, came_to.decided, annotator, self.seed)
        return Leaderboard(
            path=self.path,
            board=board,
            judged=tuple(complete),
            incomplete={one.name: one.coverage for one in came_to.results if one.name not in complete},
            ask=came_to.ask,
            interval_name=interval_name(annotator.name, annotator.provider),
            left_out=came_to.left_out,
            decided=came_to.decided,
            paid={name: one.paid for name, one in complete.items() if one.paid},
        )

    def _is_to_judge(self, name: str, cases: Any) -> bool:
        """Whether a model is not on the board, is judged again, or has a smaller sample than is to be paid for."""
        row = self.before.rows.get(name)
        if row is None or self.judges_again:
            return True
        if self.paying.until_decided or not is_enlarged(row, self.paying.n_paid, self.seed):
            return False
        now = self.kind.conditions(cases, common_method(self.seed))
        return now.conflict(Board({name: row}, self.kind.known)) is None

    def _first_line(self, cases: Mapping[str, Any], n_given: int) -> str:
        parts = [
            f"judge {self.asking.annotator.name}",
            f"{len(cases)} model{'' if len(cases) == 1 else 's'}",
            f"leaderboard {self.path}",
        ]
        n_enlarged = 0 if self.judges_again else sum(name in self.before.rows for name in cases)
        if n_enlarged:
            parts.append(f"{n_enlarged} on it are judged further")
        if n_given > len(cases):
            kept = n_given - len(cases)
            parts.append(f"{kept} already on it are left as they are (--is_overwrite_leaderboard)")
        return " · ".join(parts)

    def _samples(
        self, every_pair: EveryPair | None, cases: Mapping[str, Any]
    ) -> Mapping[str, Paid | Deciding]:
        """Return what is paid for, by model; nothing where everything is judged."""
        return every_pair.models if every_pair else self.kind.samples(cases, self.paying.n_paid, self.seed)

    def _asked(
        self,
        every_pair: EveryPair | None,
        plans: Sequence[Plan],
        cache: Cache,
        folders: Sequence[Path] | None,
        is_sampled: bool,
    ) -> tuple[list[Judged], AskReport, DecidedPairs | None]:
        """Judge all that is planned, or as much of it as tells every two models apart."""
        how = self.asking
        asking = (cache, how.options, how.display, how.is_reask_unparsed)
        if every_pair:
            return every_pair.judge(plans, *asking)
        keeps_rows = self.keeps_rows or (is_sampled and folders is not None)
        written = None if is_sampled else folders
        judged, report = judge_all(plans, *asking, folders=written, keeps_rows=keeps_rows)
        return judged, report, None

    def _updated(self, complete: Mapping[str, ModelResult], sort_by: str) -> Board:
        """Put results into the board's file, and the preferences behind them beside it; returns the board."""
        rows, known = {name: result.row for name, result in complete.items()}, self.kind.known

        def with_results(now: Board) -> Board:
            return (
                now.with_rows(rows) if self.is_mixed_allowed else with_comparable_rows(now, rows, self.path)
            )

        board = update_board(
            self.path,
            with_results,
            {name: result.preferences for name, result in complete.items() if result.preferences},
            sort_by,
            lambda file: read_board(file, known),
            Board({}, known),
        )
        save_language_boards(self.path, list(rows.values()))
        return board

    def _refuse_conflicts(self, conditions: Mapping[str, Conditions]) -> None:
        """Refuse rows that do not compare with those of the board, or with each other.

        Raises:
            UsageError: naming the model, the condition and what it is on either side.
        """
        for name, ours in () if self.is_mixed_allowed else conditions.items():
            conflict = ours.conflict(self.before, replaced=conditions.keys())
            if conflict:
                raise UsageError(
                    f"{name!r} does not compare with the leaderboard: {conflict}. Choose another --leaderboard_path, "
                    "judge all of its models again with --is_overwrite_leaderboard, or use --is_mixed_allowed."
                )
            served = next(iter(conditions.values())).judge_models
            if ours.judge_models and served and ours.judge_models != served:
                raise UsageError(
                    f"the server changed its model during the run: {name!r} was judged by {ours.judge_models}, the "
                    f"first model by {served}. Use --is_mixed_allowed to put them on one board all the same."
                )


def _folders(output_path: str | Path | None, models: Sequence[str]) -> list[Path] | None:
    """Return the folder of each model; no two are the same, whatever signs the names have."""
    if output_path is None:
        return None
    folders: dict[str, None] = {}
    for model in models:
        name = folder_name(model)
        numbered = (f"{name}_{number}" for number in count(2))
        folders[next(each for each in chain([name], numbered) if each not in folders)] = None
    return [writable_folder(Path(output_path) / name) for name in folders]
