"""What asking came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autoeval.completions.ledger import Stop
from autoeval.completions.options import AskOptions
from autoeval.types import Failure


@dataclass(frozen=True)
class AskReport:
    """What asking came to.

    `failures` has what went wrong with each request that got no reply in this run, by cache key. `stop` says why
    asking ended early. `spent` is in US dollars, and a lower bound unless `is_price_known`. `models` are the
    names that servers gave for the models they ran. `adapted` says what was sent otherwise than planned.
    """

    n_requests: int
    n_cached: int
    n_asked: int
    failures: Mapping[bytes, Failure]
    stop: Stop | None
    input_tokens: int
    output_tokens: int
    spent: float
    is_price_known: bool
    models: frozenset[str]
    seconds: float
    reasoning_tokens: int = 0
    adapted: frozenset[str] = frozenset()

    @staticmethod
    def all_cached(n_requests: int) -> "AskReport":
        """Return the report of a run that had nothing to ask."""
        return AskReport(n_requests, n_requests, 0, {}, None, 0, 0, 0.0, True, frozenset(), 0.0)

    def plus_cached(self, n_requests: int) -> "AskReport":
        """Return the report with so many more requests that were in the cache."""
        return replace(self, n_requests=self.n_requests + n_requests, n_cached=self.n_cached + n_requests)


def added(reports: Sequence[AskReport]) -> AskReport:
    """Return what several rounds came to together; why asking stopped, the last one says."""
    failures: dict[bytes, Failure] = {}
    for report in reports:
        failures |= report.failures
    return replace(
        reports[-1],
        n_requests=sum(report.n_requests for report in reports),
        n_cached=sum(report.n_cached for report in reports),
        n_asked=sum(report.n_asked for report in reports),
        failures=failures,
        input_tokens=sum(report.input_tokens for report in reports),
        output_tokens=sum(report.output_tokens for report in reports),
        reasoning_tokens=sum(report.reasoning_tokens for report in reports),
        adapted=frozenset[str]().union(*(report.adapted for report in reports)),
        spent=sum(report.spent for report in reports),
        is_price_known=all(report.is_price_known for report in reports),
        models=frozenset[str]().union(*(report.models for report in reports)),
        seconds=sum(report.seconds for report in reports),
    )


def left(options: AskOptions, reports: Sequence[AskReport]) -> AskOptions:
    """Return the options with what is left of the budget after some asking."""
    if options.max_cost is None:
        return options
    spent = sum(report.spent for report in reports)
    return replace(options, max_cost=max(options.max_cost - spent, 0.0))
