"""What an evaluation came to: the number, how sure it is, what is missing, and where it was written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.completions.ask import AskReport
from autoeval.errors import NothingJudgedError
from autoeval.leaderboards.counts import Counts
from autoeval.leaderboards.fooling import how_it_fools
from autoeval.leaderboards.grades import Grades
from autoeval.leaderboards.placing import Apart
from autoeval.leaderboards.rows import Row
from autoeval.leaderboards.table import Board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.estimates import Estimate, MeanGrade, WinRate
from autoeval.runs.annotation_table import PAID_NAME
from autoeval.runs.exits import exit_code_after, nothing_judged
from autoeval.runs.paying.deciding import DecidedResult
from autoeval.runs.paying.paid import PaidResult
from autoeval.runs.paying.sample import SAMPLE_NAME
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.setting import Setting

if TYPE_CHECKING:
    import pandas as pd

    from autoeval.runs.generating import Generation

_CONSTANT_SHARE = 0.5
_ENOUGH_TO_BE_CONSTANT = 10


@dataclass(frozen=True, kw_only=True, repr=False)
class Result:
    """One model's result, whatever kind of judging it is of.

    `row` is its leaderboard row, which stands on `board` under the name `shown_as`; `apart` is a board of models
    that were judged otherwise. `n_unpaired` counts instructions without an output. `folder` holds the files; where
    nothing is written it is None and `rows` has the annotations. `warnings` are what a reader must know of the outputs.
    `generations` are the outputs that were made on the way, the model's first. Without `is_written`, the folder has
    nothing of it, because nobody answered. `files` are what else was written into the folder, by name.
    """

    name: str
    shown_as: str
    setting: Setting
    tally: Counts
    row: Row
    board: Board
    apart: Apart | None
    mode_to_print: str | None
    n_unpaired: int
    ask: AskReport
    min_coverage: float
    folder: Path | None
    rows: tuple[dict[str, Any], ...] | None
    warnings: tuple[str, ...] = ()
    generations: "tuple[Generation, ...]" = ()
    has_report: bool = True
    is_written: bool = True
    files: tuple[str, ...] = ()

    @property
    def counted(self) -> str:
        """What is judged, in the plural."""
        raise NotImplementedError

    @property
    def headline(self) -> Estimate:
        """The number that the result comes to, with its interval."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Say the result in a line."""
        return f"<{type(self).__name__} of {self.line}>"

    def _repr_html_(self) -> str:
        """Show the board in a notebook."""
        html: str = self.leaderboard.to_html(float_format=lambda number: f"{number:.2f}", na_rep="")
        return f"<p>{escape(self.line)}</p>\n{html}"

    @property
    def line(self) -> str:
        """The result in a line."""
        raise NotImplementedError

    @property
    def cautions(self) -> list[str]:
        """What a reader must know before trusting the number."""
        cautions = [*self.warnings]
        if fools := how_it_fools(self.name):
            cautions.append(f"{self.name} was made to fool the judge: {fools}")
        share = self.tally.constant_share
        if share > _CONSTANT_SHARE and self.tally.n_judged >= _ENOUGH_TO_BE_CONSTANT:
            cautions.append(
                f"at least {100 * share:.0f}% of the outputs are one and the same text, whatever the instruction: the "
                f"{self.headline_name} tells how the judge can be swayed, not how the model follows instructions"
            )
        return cautions

    @property
    def headline_name(self) -> str:
        """What the headline is called."""
        return "win rate"

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        coverage = min(self.tally.coverage, *(made.coverage for made in self.generations), 1.0)
        is_complete = coverage >= self.min_coverage and self.tally.n_judged > 0
        return exit_code_after(self.ask, is_complete)

    def check_judged(self) -> None:
        """Refuse a result that is none.

        Raises:
            NothingJudgedError: nothing was judged.
        """
        if not self.tally.n_judged:
            raise NothingJudgedError(
                nothing_judged([self.tally], self.ask, self.counted), self, self.exit_code
            )

    @property
    def row_files(self) -> list[str]:
        """The files that hold the annotations, by name."""
        return ["annotations.json", *self.files]

    def more_facts(self) -> dict[str, Any]:
        """Return what run.json says of this kind of result alone."""
        return {}

    @property
    def outputs_paths(self) -> list[Path]:
        """The files of the outputs that were made on the way."""
        return [made.path for made in self.generations if made.path]

    @property
    def paths(self) -> list[Path]:
        """The files that hold the result; where not a single pair was judged, those that say why, if any."""
        if self.folder is None or not self.is_written:
            return []
        if not self.tally.n_judged:
            return [self.folder / name for name in ("annotations.json", RUN_NAME)]
        names = [
            *self.row_files,
            "leaderboard.csv",
            RUN_NAME,
            *(["report.html"] if self.has_report else []),
        ]
        return [self.folder / name for name in names]

    @cached_property
    def leaderboard(self) -> "pd.DataFrame":
        """The board as a DataFrame, a row a model, best first."""
        return self.board.to_pandas()

    @cached_property
    def annotations(self) -> "pd.DataFrame":
        """The annotations as a DataFrame, a row a pair, in the columns of annotations.json."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def records(self) -> list[dict[str, Any]]:
        """Return the annotations as dictionaries, a row a pair."""
        if self.rows is not None:
            return list(self.rows)
        if not self.paths:
            return []
        loaded: list[dict[str, Any]] = json.loads(self.paths[0].read_text(encoding="utf-8"))
        return loaded


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Result):
    """A model's outputs against a reference's.

    `caution` is what a reader must know of the length-controlled win rate. `shows_mode` says that the rows of all modes
    were asked for, each with its own. `paid` is what a sample of the pairs says, where not all were paid for.
    """

    estimate: Estimate
    tally: Tally
    caution: str | None
    shows_mode: bool = False
    paid: PaidResult | DecidedResult | None = None

    @property
    def counted(self) -> str:
        """What is judged, in the plural."""
        return "pairs"

    @property
    def headline(self) -> Estimate:
        """The win rate with the interval of the run's own method."""
        return self.estimate

    @cached_property
    def win_rate(self) -> WinRate:
        """The win rate with its counts; where some pairs were paid for, the counts are of those."""
        rate, one = self.tally.win_rate(), self.estimate
        if self.paid is None:
            return rate
        return replace(
            rate, win_rate=one.value, standard_error=one.standard_error, low=one.low, high=one.high
        )

    @cached_property
    def by_subset(self) -> Mapping[str, WinRate]:
        """The win rate of each subset of the eval set; empty where there are fewer than two."""
        return {} if self.paid else self.tally.by_subset()

    @property
    def line(self) -> str:
        """The result in a line."""
        one = self.estimate
        return (
            f"{self.name}: win rate {one.value:.2f} ({one.low:.2f} to {one.high:.2f}), n = {one.n}, "
            f"judge {self.setting.judge}, reference {self.setting.reference}"
        )

    @property
    def cautions(self) -> list[str]:
        """What a reader must know before trusting the number."""
        more = [f"length control: {self.caution}"] if self.caution else []
        n = len(self.warnings)
        told = super().cautions
        return [*told[:n], *more, *told[n:]]

    @property
    def row_files(self) -> list[str]:
        """The files that hold the annotations, by name."""
        return [PAID_NAME, SAMPLE_NAME] if self.paid else super().row_files

    def more_facts(self) -> dict[str, Any]:
        """Return what run.json says of a sample that was paid for."""
        return {"sample": {**self.paid.facts(), "said": self.paid.lines}} if self.paid else {}


@dataclass(frozen=True, kw_only=True, repr=False)
class GradedEvaluation(Result):
    """A model's outputs by themselves, each scored on the judge's scale."""

    tally: Grades

    @property
    def counted(self) -> str:
        """What is judged, in the plural."""
        return "turns" if any(part for _, part in self.tally.values) else "outputs"

    @cached_property
    def score(self) -> MeanGrade:
        """The mean over everything that was scored."""
        return self.tally.mean()

    @cached_property
    def by_part(self) -> Mapping[str, MeanGrade]:
        """The mean of each turn and of each category."""
        return {name: self.tally.mean(wanted) for name, wanted in self.tally.parts().items()}

    def more_facts(self) -> dict[str, Any]:
        """Return what run.json says of aspects."""
        return {"aspects": self.tally.aspects.facts()} if self.tally.aspects.values else {}

    @property
    def headline(self) -> Estimate:
        """The score with its interval."""
        one = self.score
        return Estimate(one.mean, one.standard_error, one.low, one.high, one.n)

    @property
    def headline_name(self) -> str:
        """What the headline is called."""
        return "score"

    @property
    def line(self) -> str:
        """The result in a line."""
        one = self.score
        return (
            f"{self.name}: score {one.mean:.2f} ({one.low:.2f} to {one.high:.2f}), n = {one.n}, "
            f"judge {self.setting.judge}"
        )
