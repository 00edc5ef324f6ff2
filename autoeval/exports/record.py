"""A finished run as other tools take it: numbers by name, what they depend on, its pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.metrics.estimates import Estimate
from autoeval.runs.annotation_table import PAID_NAME, find_annotations
from autoeval.runs.catalog import Place, RunFacts, place
from autoeval.runs.counted_facts import counted, facts_of
from autoeval.runs.measured import WIN_RATE, Measured
from autoeval.runs.run_json import part, told_beside
from autoeval.version import __version__

_SCALARS = (
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


_PAIR = ("output_1", "output_2", "preference")
_OUTPUT = ("output", "score")


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        where: its files.
        facts: what it came to.
        told: what run.json says; empty where there is none.
        measured: what it measures.
        judge_models: the models that judged, as run.json names them.
    """

    where: Place
    facts: RunFacts
    told: Mapping[str, Any]
    measured: Measured = field(repr=False)
    judge_models: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """The name of the number that the run comes to: `win_rate`, `score`, `refusal`."""
        return self.measured.name

    @property
    def is_of_pairs(self) -> bool:
        """Whether its outputs were compared with a reference's."""
        return self.metric == WIN_RATE

    def scalars(self) -> dict[str, float]:
        """Return every number under the name that a board's column has; rates are in percent.

        The headline's interval is `low` and `high`, that of another number `<name>_low` and `<name>_high`; the headline
        of a subset or category is at `subset/<name>/<headline>`, with the ends of its interval beside it.
        """
        facts = self.facts
        found = {self.metric: facts.value}
        found |= {_NAMES.get(name, name): getattr(facts, name) for name in _SCALARS}
        cost = self.told.get("cost_usd")
        found["cost_usd"] = cost if isinstance(cost, int | float) else None
        for name, one in self.parts().items():
            found |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
        for name, one in self.subsets().items():
            found |= {
                f"subset/{name}/{self.metric}": one.value,
                f"subset/{name}/low": one.low,
                f"subset/{name}/high": one.high,
            }
        return {name: float(value) for name, value in found.items() if value is not None and value == value}

    def parts(self) -> dict[str, Estimate]:
        """Return what is measured besides the headline: turns, aspects, other readings of the same answers."""
        plain = self.measured.plain.items()
        return {name: one.estimate() for name, one in plain if name != self.metric}

    def subsets(self) -> dict[str, Estimate]:
        """Return the headline of each subset or category; empty where there are not several."""
        return {name: one.estimate() for name, one in self.measured.subsets.items()}

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

    @property
    def table(self) -> str:
        """What the rows are called."""
        return "pairs" if self.is_of_pairs else "outputs"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table of pairs or outputs; of scored ones with a column a turn or aspect."""
        parts = () if self.is_of_pairs else tuple(self.parts())
        return ("instruction", "dataset", *(_PAIR if self.is_of_pairs else _OUTPUT), *parts, "failure")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the `columns` of each pair or output; None where there is nothing."""
        parts = self.columns[len(_OUTPUT) + 2 : -1]
        for each in read_annotations(of_one_model(read_rows(self.where.path, "run"), compares=False)):
            outputs = tuple(output.text for output in each.case.outputs)
            more = () if self.is_of_pairs else tuple(each.parts.get(name) for name in parts)
            yield each.case.conversation, each.case.dataset, *outputs, each.value, *more, each.failure

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
    paid = Path(run) / PAID_NAME
    path = paid if paid.is_file() else find_annotations(run)
    where = place(path, path.parent.parent)
    facts = facts_of(where)
    if facts.problem:
        raise UsageError(facts.problem)
    told = told_beside(path)
    found, known = counted(where, facts)
    if not found.counts.n_judged:
        what = "pairs" if found.name == WIN_RATE else "outputs"
        raise UsageError(
            f"{path}: not one of {found.counts.n_missing} {what} was judged, so there is nothing to export."
        )
    models = part(told, "setting").get("judge_models")
    judges = tuple(map(str, models)) if isinstance(models, list) else ()
    return RunRecord(where, known, told, found, judges)
