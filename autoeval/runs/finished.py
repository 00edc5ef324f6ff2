"""Finished runs, read back from their folders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.config import common_provider
from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.loading import describe, read_rows
from autoeval.errors import UsageError
from autoeval.leaderboards.tally import Tally
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.run_json import RUN_NAME, told_beside
from autoeval.types import Annotation


@dataclass(frozen=True)
class Run:
    """A run's annotations, at least one, with who judged as run.json says it where there is one.

    `judge_name`, `fingerprint` and `provider` (who serves all of its judges) are None where run.json does not say.
    """

    path: Path
    annotations: Sequence[Annotation] = field(repr=False)
    judge_name: str | None = None
    fingerprint: str | None = None
    provider: str | None = None

    @property
    def model(self) -> str:
        """The evaluated model."""
        return self.annotations[0].case.generator_2 or self.path.parent.name

    @property
    def reference(self) -> str:
        """What it was compared with; several names where its outputs were of several models."""
        names = dict.fromkeys(each.case.generator_1 for each in self.annotations)
        return ", ".join(filter(None, names)) or "reference"

    @property
    def judge(self) -> str:
        """Who judged."""
        return self.judge_name or self.annotations[0].annotator or "unknown judge"

    @property
    def interval_name(self) -> str:
        """What the interval of the win rate is called."""
        return interval_name(self.judge, self.provider)

    def tally(self) -> Tally:
        """Count the run's preferences again."""
        tally = Tally()
        for _ in tally.counted(self.annotations):
            pass
        return tally


def load_run(run: str | Path) -> Run:
    """Read a run.

    Args:
        run: its folder, one above it that holds no other run, or its annotations file (also one that AlpacaEval wrote).

    Raises:
        UsageError: there is none, or a row or run.json is not what it should be; the message names the place.
    """
    path = find_annotations(run)
    annotations = tuple(read_annotations(of_one_model(read_rows(path, "run"))))
    return Run(path, annotations, *_judge_of(path))


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
