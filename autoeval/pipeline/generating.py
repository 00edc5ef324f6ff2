"""Plan, ask, read: from instructions to outputs."""

import platform
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from autoeval import __version__
from autoeval.completions.ask import AskOptions, AskReport, Display, Replay, ask
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import StopReason
from autoeval.completions.providers import LOCAL
from autoeval.errors import AutoevalError
from autoeval.generators.config import Generator
from autoeval.generators.plan import GenerationPlan, Key
from autoeval.generators.read import REFUSAL, Missing, read
from autoeval.pipeline.estimate import DryRun, count, price_of, with_notes
from autoeval.pipeline.outputs_file import OutputsFile, Row, row_of
from autoeval.pipeline.retirement import explained
from autoeval.types import Failure

_EXIT_CODES = {
    StopReason.BUDGET: 4,
    StopReason.REFUSED: 5,
    StopReason.UNREACHABLE: 3,
    StopReason.PENDING: 6,
}
_REFUSALS = frozenset({REFUSAL, "content_filter"})


class GenerationStoppedError(AutoevalError):
    """Generating ended early, or brought nothing; the outputs so far are kept."""

    def __init__(self, message: str, reason: StopReason | None) -> None:
        super().__init__(message)
        self.exit_code = _EXIT_CODES[reason] if reason else 3


@dataclass(frozen=True)
class Generation:
    """A model's outputs, a row each, in the eval set's order.

    `n_kept` of them were in the file already; `missing` counts, by reason, those that could not be had. `path` is
    the file, None where none is written.
    """

    generator: Generator
    rows: tuple[Row, ...]
    n_kept: int
    missing: Mapping[str, int]
    report: AskReport
    path: Path | None = None

    @property
    def n_missing(self) -> int:
        """How many outputs there are not."""
        return sum(self.missing.values())

    @property
    def coverage(self) -> float:
        """The outputs there are as a share of those wanted, 0 to 1."""
        return len(self.rows) / (len(self.rows) + self.n_missing)

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens a second of asking; None where nothing was asked."""
        if not self.report.output_tokens or not self.report.seconds:
            return None
        return self.report.output_tokens / self.report.seconds

    @cached_property
    def n_truncated(self) -> int:
        """How many outputs were cut off at the token limit."""
        return sum(row.get("finish_reason") == "length" for row in self.rows)

    @cached_property
    def n_refused(self) -> int:
        """How many times the model or its server refused to answer."""
        return sum(row.get("finish_reason") in _REFUSALS for row in self.rows)

    @cached_property
    def n_empty(self) -> int:
        """How many outputs are blank."""
        return sum(not row["output"].strip() for row in self.rows)


@dataclass(frozen=True)
class Side:
    """One model's outputs on their way: those wanted, those in the file, and the file (None: none is written)."""

    plan: GenerationPlan
    identity: Mapping[str, Any]
    kept: Mapping[Key, Row]
    file: OutputsFile | None
    date: str

    @classmethod
    def open(cls, plan: GenerationPlan, file: OutputsFile | None, *, strip: bool, load: bool) -> "Side":
        """Find out what is there already.

        Args:
            plan: every output wanted.
            file: where outputs are kept, None for nowhere.
            strip: take the blank space around outputs away.
            load: keep the outputs that the file has.

        Raises:
            UsageError: they were made with another config.
        """
        identity = {**plan.generator.identity, "is_strip_output": strip}
        kept = file.load(identity) if file and load else {}
        plan = GenerationPlan(plan.generator, plan.instructions, plan.n_samples, kept.keys())
        return cls(plan, identity, kept, file, datetime.now(UTC).isoformat(timespec="seconds"))

    def line(self) -> str:
        """Say in one line who is asked for what."""
        plan, endpoint = self.plan, self.plan.generator.endpoint
        at = f" at {endpoint.base_url}" if endpoint.base_url else ""
        is_greedy = plan.n_samples > 1 and plan.generator.parameters.get("temperature") == 0
        alike = "; samples at temperature 0 will be alike" if is_greedy else ""
        return (
            f"{plan.generator.name} ({endpoint.provider}: {plan.generator.model}{at}) on {len(plan.instructions)} "
            f"instructions: {len(self.in_order(self.kept))} of {plan.n_outputs} outputs are there{alike}"
        )

    def estimate(self, cache: Cache, is_batch: bool) -> DryRun:
        """Count what there is to ask, and estimate its tokens and cost."""
        generator = self.plan.generator
        price = price_of(generator)
        counted = count(
            self.plan.requests(),
            self.plan.n_outputs,
            cache,
            lambda _: price,
            lambda _: generator.reply_tokens,
            is_batch,
        )
        return with_notes(counted, [generator])

    def stand_ins(self, cache: Cache) -> list[Row]:
        """Return the outputs as far as they are known, and text of the expected length for the others."""
        rows, missing = self.read(cache, {})
        for lack in missing:
            name, text = (
                self.plan.generator.name,
                f"{self.plan.generator.name} " + "word " * self.plan.generator.reply_tokens,
            )
            key = lack.wanted.key
            rows[key] = {"instruction": key[0], "sample": key[1], "output": text, "generator": name}
        return [rows[key] for key in self.plan.all_keys()]

    def read(self, cache: Cache, failures: Mapping[bytes, Failure]) -> tuple[dict[Key, Row], list[Missing]]:
        """Return the outputs that there are, kept or in the cache, and those that there are not."""
        found = dict(self.kept)
        missing = []
        for item in read(self.plan, cache, failures, strip=bool(self.identity["is_strip_output"])):
            if isinstance(item, Missing):
                missing.append(item)
            else:
                found[item.key] = row_of(item, self.identity, self.date)
        return found, missing

    def in_order(self, found: Mapping[Key, Row]) -> tuple[Row, ...]:
        """Return the outputs of this run in its order."""
        return tuple(found[key] for key in self.plan.all_keys() if key in found)


def generate(
    side: Side, cache: Cache, options: AskOptions, display: Display, chunksize: int | None
) -> Generation:
    """Have every output of a plan.

    Args:
        side: what is wanted and what there is.
        cache: has the replies there are, and gets those there will be.
        options: how to ask.
        display: shows the progress.
        chunksize: write the file whenever so many outputs have come; None: only in the end.

    Raises:
        GenerationStoppedError: the budget is spent, the endpoint refused or does not answer, or there is no
            output at all. The outputs that came are in the file.
    """
    generator = side.plan.generator
    price = price_of(generator)
    if generator.endpoint.provider in LOCAL:  # it is here and costs nothing; --batch is for the others
        options = replace(options, is_batch=False, waits=False)
    requests, n_new = Replay(side.plan.requests), side.plan.n_outputs - len(side.in_order(side.kept))
    save = _every(chunksize, lambda: _write(side, side.read(cache, {})[0], {}))
    report = ask(
        requests, cache, options, lambda _: price, display, total=n_new, doing="generated", on_reply=save
    )
    report = explained(report, [generator])
    found, missing = side.read(cache, report.failures)
    reasons = Counter(lack.reason.partition(":")[0] for lack in missing)
    rows = side.in_order(found)
    path = side.file.outputs if side.file else None
    result = Generation(generator, rows, side.plan.n_outputs - n_new, reasons, report, path)
    if n_new and rows:
        _write(side, found, _account(result))
    _refuse_stopped(result, missing)
    return result


def _every(n: int | None, save: Callable[[], None]) -> Callable[[], None] | None:
    """Return what saves at every n-th call."""
    if n is None:
        return None
    calls = 0

    def counted() -> None:
        nonlocal calls
        calls += 1
        if calls % n == 0:
            save()

    return counted


def _write(side: Side, found: Mapping[Key, Row], account: Mapping[str, Any]) -> None:
    """Write this run's outputs in their order, and after them what else the file held."""
    if side.file is None:
        return
    wanted = dict.fromkeys(key for key in side.plan.all_keys() if key in found)
    rows = [found[key] for key in {**wanted, **dict.fromkeys(found)}]
    side.file.write(rows, {"config": side.identity, "date": side.date, **account})


def _account(result: Generation) -> dict[str, Any]:
    """Say what came of a run, for its record."""
    report = result.report
    return {
        "outputs": {
            "wanted": len(result.rows) + result.n_missing,
            "kept": result.n_kept,
            "truncated": result.n_truncated,
            "refused": result.n_refused,
            "empty": result.n_empty,
            "missing": dict(result.missing),
        },
        "models_named_by_server": sorted(report.models),
        "requests": {"planned": report.n_requests, "cached": report.n_cached, "asked": report.n_asked},
        "tokens": {"input": report.input_tokens, "output": report.output_tokens},
        "cost_usd": report.spent if report.is_price_known else None,
        "seconds": round(report.seconds, 3),
        "versions": {"autoeval": __version__, "python": platform.python_version()},
    }


def _refuse_stopped(result: Generation, missing: list[Missing]) -> None:
    stop = result.report.stop
    if stop is None and result.rows:
        return
    why = (stop.message if stop else missing[0].reason).rstrip(".")
    kept = f" in {result.path}" if result.path and result.rows else ""
    raise GenerationStoppedError(
        f"generating with {result.generator.name} stopped: {why}. {len(result.rows)} of "
        f"{len(result.rows) + result.n_missing} outputs are kept{kept}; run the same command again for the rest.",
        stop.reason if stop else None,
    )
