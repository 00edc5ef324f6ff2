"""An evolved eval set: its rows with where each comes from, what was dropped and why, and its files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.completions.ask import AskReport
from autoeval.evolving.pool import Pool
from autoeval.evolving.steps import Evolved, Step
from autoeval.runs.evolution_report import EvolutionReport
from autoeval.runs.exits import exit_code_after
from autoeval.runs.saving import save_json, save_records


@dataclass(frozen=True)
class EvolvedSet:
    """What an evolution came to.

    Attributes:
        pool: what was given, made, kept and dropped.
        ask: what asking came to.
        setting: how it was made, for the record.
        path: the eval set's file; None where none is written.
        report: whether it is harder and tells models apart; None where that was not asked.
        min_coverage: the share of steps that must have come to an end.
        cautions: what is to be known of the set.
    """

    pool: Pool
    ask: AskReport
    setting: Mapping[str, Any]
    path: Path | None = None
    report: EvolutionReport | None = None
    min_coverage: float = 0.99
    cautions: Sequence[str] = ()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The instructions that were made, each with where it comes from."""
        return [_row(one, self.setting["writer"]) for one in self.pool.kept]

    @property
    def dropped(self) -> list[dict[str, Any]]:
        """What was dropped, or has no reply or verdict, each with the reason."""
        drops = [
            {**_of_step(drop.step), "text": drop.text, "reason": str(drop.reason), "detail": drop.detail}
            for drop in self.pool.dropped
        ]
        lacks = [
            {**_of_step(lack.step), "text": None, "reason": "missing", "detail": lack.why}
            for lack in self.pool.lacking
        ]
        return [*drops, *lacks]

    @property
    def reasons(self) -> Counter[str]:
        """How many were dropped for each reason."""
        return Counter(row["reason"] for row in self.dropped)

    @property
    def coverage(self) -> float:
        """The share of steps that came to an end: kept, or dropped for a reason."""
        done = len(self.pool.kept) + len(self.pool.dropped)
        return done / (done + len(self.pool.lacking)) if done else 0.0

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 3 where nothing was kept or too much is missing."""
        is_complete = bool(self.pool.kept) and self.coverage >= self.min_coverage
        return exit_code_after(self.ask, is_complete)

    @property
    def paths(self) -> list[Path]:
        """The files."""
        if self.path is None:
            return []
        names = (".dropped.json", ".run.json", *([".report.json"] if self.report else []))
        return [self.path, *(self.path.with_suffix(name) for name in names)]

    def save(self) -> None:
        """Write the eval set, what was dropped, how it was made, and the report.

        Raises:
            UsageError: a file cannot be written.
        """
        if self.path is None:
            return
        save_records(
            self.rows, self.path
        )  # also where it is empty: an earlier one would be taken for this one
        save_records(self.dropped, self.path.with_suffix(".dropped.json"))
        save_json({**self.setting, **self._account()}, self.path.with_suffix(".run.json"))
        if self.report is not None:
            save_json(self.report.facts(), self.path.with_suffix(".report.json"))

    def _account(self) -> dict[str, Any]:
        asked = self.ask
        return {
            "counts": {
                "given": len(self.pool.given),
                "kept": len(self.pool.kept),
                "by_round": dict(Counter(str(one.round) for one in self.pool.kept)),
                "dropped": dict(self.reasons),
            },
            "requests": {"planned": asked.n_requests, "cached": asked.n_cached, "asked": asked.n_asked},
            "tokens": {"input": asked.input_tokens, "output": asked.output_tokens},
            "cost_usd": asked.spent if asked.is_price_known else None,
            "models_named_by_server": sorted(asked.models),
            "cautions": list(self.cautions),
        }


def _row(one: Evolved, writer: str) -> dict[str, Any]:
    assert one.parent is not None
    return {
        "instruction": one.text,
        "dataset": one.dataset,
        "round": one.round,
        "operation": str(one.operation),
        "lineage": one.lineage,
        "parent": one.parent.text,
        "origin": one.origin.text,
        "writer": writer,
    }


def _of_step(step: Step) -> dict[str, Any]:
    return {
        "round": step.round,
        "operation": str(step.operation),
        "lineage": step.parent.lineage,
        "parent": step.parent.text,
    }
