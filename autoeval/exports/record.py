"""A finished run as other tools take it: numbers by name, what they depend on, its pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.leaderboards.tally import Tally
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.catalog import Place, RunFacts, place
from autoeval.runs.counted_facts import counted, facts_of, first_fields, is_graded
from autoeval.runs.paying.sample import ROWS_NAME
from autoeval.runs.run_json import part, told_beside
from autoeval.types import Annotation
from autoeval.version import __version__

PAIR_COLUMNS = (
    "instruction",
    "dataset",
    "output_1",
    "output_2",
    "preference",
    "failure",
)
_SCALARS = (
    "win_rate",
    "standard_error",
    "low",
    "high",
    "length_controlled",
    "lc_standard_error",
    "n",
    "n_missing",
    "avg_length",
    "flip_rate",
)
_NAMES = {
    "length_controlled": "length_controlled_winrate",
    "n": "n_total",
}


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        where: its files.
        facts: what it came to.
        told: what run.json says; empty where there is none.
        tally: its preferences, counted.
        judge_models: the models that judged, as run.json names them.
    """

    where: Place
    facts: RunFacts
    told: Mapping[str, Any]
    tally: Tally = field(repr=False)
    judge_models: tuple[str, ...] = ()

    def scalars(self) -> dict[str, float]:
        """Return every number under the name that a board's column has, percentages in percent.

        The win rate of a subset is at `subset/<name>/win_rate`, with the ends of its interval beside it.
        """
        facts = self.facts
        found = {_NAMES.get(name, name): getattr(facts, name) for name in _SCALARS}
        cost = self.told.get("cost_usd")
        found["cost_usd"] = cost if isinstance(cost, int | float) else None
        for name, rate in self.tally.by_subset().items():
            found |= {
                f"subset/{name}/win_rate": rate.win_rate,
                f"subset/{name}/low": rate.low,
                f"subset/{name}/high": rate.high,
            }
        return {name: float(value) for name, value in found.items() if value is not None and value == value}

    def parameters(self) -> dict[str, str]:
        """Return what the numbers depend on."""
        facts, setting = self.facts, part(self.told, "setting")
        found = {
            "model": facts.model,
            "reference": facts.reference,
            "judge": facts.judge,
            "judge_models": ", ".join(self.judge_models),
            "fingerprint": facts.fingerprint,
            "eval_set": facts.eval_set,
            "eval_set_name": facts.eval_set_name,
            "preset": str(setting.get("preset") or ""),
            "seed": str(setting.get("seed", "")),
            "interval": facts.interval_name,
            "autoeval": str(part(self.told, "versions").get("autoeval") or __version__),
        }
        return {name: value for name, value in found.items() if value}

    def annotations(self) -> Iterator[Annotation]:
        """Read the run's pairs, one after another."""
        return read_annotations(of_one_model(read_rows(self.where.path, "run")))

    def pairs(self) -> Iterator[tuple[Any, ...]]:
        """Yield the columns `PAIR_COLUMNS` of each pair; None where there is nothing."""
        for each in self.annotations():
            pair = each.case
            yield pair.conversation, pair.dataset, pair.output_1, pair.output_2, each.value, each.failure

    @property
    def report(self) -> Path | None:
        """The run's report, where it has one."""
        path = self.where.path.with_name("report.html")
        return path if path.is_file() else None


def read_record(run: str | Path) -> RunRecord:
    """Read a run: its folder, one above it that holds no other run, or its annotations file.

    Raises:
        UsageError: there is none, or one of its files cannot be read, or nothing was judged.
    """
    paid = Path(run) / ROWS_NAME
    path = paid if paid.is_file() else find_annotations(run)
    where = place(path, path.parent.parent)
    if is_graded(first_fields(path)):
        raise UsageError(f"{path} has scores of single outputs; pairs with a win rate can be exported.")
    facts = facts_of(where)
    if facts.problem:
        raise UsageError(facts.problem)
    told = told_beside(path)
    tally, known = counted(where, facts)
    if not tally.n_judged:
        raise UsageError(
            f"{path}: not one of {tally.n_missing} pairs was judged, so there is nothing to export."
        )
    models = part(told, "setting").get("judge_models")
    judges = tuple(map(str, models)) if isinstance(models, list) else ()
    return RunRecord(where, known, told, tally, judges)
