"""Plan, ask, read: from instructions to outputs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from autoeval.completions.ask import AskOptions, AskReport, Display, Replay, added, ask
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import StopReason
from autoeval.completions.providers import LOCAL
from autoeval.errors import AutoevalError
from autoeval.generators.config import Generator
from autoeval.generators.read import REFUSAL, Missing, requests
from autoeval.runs.accounts import account_of
from autoeval.runs.estimate import price_of
from autoeval.runs.growing_file import GrowingFile
from autoeval.runs.outputs_file import Row
from autoeval.runs.retirement import explained
from autoeval.runs.side import Side

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
        self.exit_code = _EXIT_CODES.get(reason, 3) if reason else 3


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
    if generator.endpoint.provider in LOCAL:  # it is here and costs nothing; --batch is for the others
        options = replace(options, is_batch=False, flex=False, waits=False)
    n_new = side.plan.n_outputs - len(side.in_order(side.kept))
    report = _ask_in_rounds(side, cache, options, display, n_new, GrowingFile(side, cache, chunksize))
    report = explained(report, [generator])
    found, missing = side.read(cache, report.failures)
    reasons = Counter(lack.reason.partition(":")[0] for lack in missing)
    rows = side.in_order(found)
    path = side.file.outputs if side.file else None
    result = Generation(generator, rows, side.plan.n_outputs - n_new, reasons, report, path)
    if n_new and rows:
        side.write(found, _account(result))
    _refuse_stopped(result, missing)
    return result


def _ask_in_rounds(
    side: Side, cache: Cache, options: AskOptions, display: Display, n_new: int, file: "GrowingFile"
) -> AskReport:
    """Ask turn by turn: what is asked in a later round depends on the replies of the rounds before."""
    price = price_of(side.plan.generator)
    reports: list[AskReport] = []
    for turn in range(side.plan.n_turns):
        spent = sum(report.spent for report in reports)
        left = None if options.max_cost is None else max(0.0, options.max_cost - spent)
        report = ask(
            Replay(partial(requests, side.plan, cache, turn)),
            cache,
            replace(options, max_cost=left),
            lambda _: price,
            display,
            total=n_new,
            doing="generated" if side.plan.n_turns == 1 else f"answered in turn {turn + 1}",
            on_reply=file.note_reply if turn == side.plan.n_turns - 1 else None,
        )
        reports.append(report)
        if report.stop:
            break
    return added(reports)


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
        "adapted": sorted(report.adapted),
        **account_of(report),
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
