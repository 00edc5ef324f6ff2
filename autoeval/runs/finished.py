"""Finished runs, read back from their folders."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import common_provider
from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.loading import describe, read_rows
from autoeval.errors import UsageError
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.instructions import instruction_key
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.measured import WIN_RATE, Measured, measured
from autoeval.runs.run_json import RUN_NAME, told_beside
from autoeval.types import Annotation


@dataclass(frozen=True)
class Run:
    """A run's annotations, at least one, what they measure, and who judged as run.json says it where there is one.

    `judge_name`, `fingerprint` and `provider` (who serves all of its judges) are None where run.json does not say.
    """

    path: Path
    annotations: Sequence[Annotation] = field(repr=False)
    measured: Measured = field(repr=False)
    judge_name: str | None = None
    fingerprint: str | None = None
    provider: str | None = None

    @property
    def model(self) -> str:
        """The evaluated model."""
        return self.measured.model

    @property
    def is_of_pairs(self) -> bool:
        """Whether its outputs were compared with a reference's, not scored by themselves."""
        return self.measured.name == WIN_RATE

    @property
    def reference(self) -> str:
        """What it was compared with, several names where it was several models; empty where each stands alone."""
        return self.measured.reference or ("reference" if self.is_of_pairs else "")

    @property
    def judge(self) -> str:
        """Who judged."""
        return self.judge_name or self.annotations[0].annotator or "unknown judge"

    @property
    def interval_name(self) -> str:
        """What the interval of the win rate is called."""
        return interval_name(self.judge, self.provider)

    def tally(self) -> Tally:
        """Return the counted preferences of a run on pairs."""
        assert isinstance(self.measured.counts, Tally)
        return self.measured.counts

    def instructions(self) -> dict[Hashable, str]:
        """Return what the user said, by the names that the measured questions have."""
        return {instruction_key(each.case.conversation): each.case.conversation for each in self.annotations}


def load_run(run: str | Path) -> Run:
    """Read a run.

    Args:
        run: its folder, one above it that holds no other run, or its annotations file (also one that AlpacaEval wrote).

    Raises:
        UsageError: there is none, or a row or run.json is not what it should be; the message names the place.
    """
    path = find_annotations(run)
    rows = list(read_rows(path, "run"))
    annotations = tuple(read_annotations(of_one_model(rows, compares=False)))
    judge = _judge_of(path)
    return Run(path, annotations, measured(path, rows), *judge)


def _judge_of(annotations: Path) -> tuple[str | None, str | None, str | None]:
    """Return the name, the fingerprint and the provider of the judge that run.json tells."""
    path = annotations.with_name(RUN_NAME)
    judge = _field(told_beside(annotations), "annotator", Mapping, "an object", path) or {}
    judges = _field(judge, "judges", list, "a list", path) or []
    providers = [_field(one, "provider", str, "text", path) for one in judges]
    return (
        _field(judge, "name", str, "text", path),
        _field(judge, "fingerprint", str, "text", path),
        common_provider(providers),
    )


def _field(fields: Any, name: str, kind: type, said: str, path: Path) -> Any:
    """Return a field of run.json; None where it is not there."""
    if not isinstance(fields, Mapping):
        raise UsageError(f"{path} holds {describe(fields)}; it should be an object.")
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise UsageError(f"{path}: `{name}` is {describe(value)}; it should be {said}.")
    return value
