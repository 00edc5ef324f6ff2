"""Finished runs, read back from their folders."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.formats import read_file
from autoeval.errors import UsageError
from autoeval.leaderboards.preferences import Preference
from autoeval.metrics.instructions import instruction_key
from autoeval.pipeline.annotation_table import find_annotations
from autoeval.pipeline.tally import Tally
from autoeval.report.pairs import is_flipped, judgments_of

_NEEDED = ("instruction", "output_1", "output_2", "preference")


@dataclass(frozen=True)
class Run:
    """A run's annotations, with what run.json says of it where there is one."""

    path: Path
    rows: list[dict[str, Any]]
    facts: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The evaluated model."""
        return str(self.rows[0].get("generator_2") or self.path.parent.name)

    @property
    def reference(self) -> str:
        """What it was compared with."""
        return str(self.rows[0].get("generator_1") or "reference")

    @property
    def judge(self) -> str:
        """Who judged."""
        named = self.facts.get("annotator", {}).get("name")
        return str(named or self.rows[0].get("annotator") or "unknown judge")

    @property
    def fingerprint(self) -> str | None:
        """The judge's fingerprint, where it is known."""
        found = self.facts.get("annotator", {}).get("fingerprint")
        return None if found is None else str(found)

    def tally(self) -> Tally:
        """Count the run's preferences again."""
        tally = Tally.of(self._preferences())
        tally.failures.update(
            str(row.get("failure") or "unknown").partition(":")[0]
            for row in self.rows
            if row["preference"] is None
        )
        return tally

    def _preferences(self) -> Iterator[Preference]:
        for row in self.rows:
            orders = {judgment.get("is_switched_outputs") for judgment in judgments_of(row)}
            yield Preference(
                instruction=instruction_key(row["instruction"]),
                subset=row.get("dataset") or "",
                preference=1.5 if row["preference"] == 0 else row["preference"],
                length_1=len(row["output_1"]),
                length_2=len(row["output_2"]),
                is_flipped=is_flipped(row) if {True, False} <= orders else None,
            )


def load_run(run: str | Path) -> Run:
    """Read a run.

    Args:
        run: its folder, one above it that holds no other run, or its annotations file (also one that AlpacaEval wrote).

    Raises:
        UsageError: there is none, or it holds no annotations.
    """
    path = find_annotations(run)
    rows = [row for _, row in read_file(path)]
    for number, row in enumerate(rows, 1):
        absent = [column for column in _NEEDED if not isinstance(row, dict) or column not in row]
        if absent:
            raise UsageError(f"{path}, row {number} has no {absent[0]!r}, so this is no file of annotations.")
    if not rows:
        raise UsageError(f"{path} holds no annotations.")
    facts = path.with_name("run.json")
    return Run(path, rows, json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else {})
