"""How asking is limited, from what users say, checked before anything is asked."""

from autoeval.completions.ask import AskOptions
from autoeval.completions.retries import Retries
from autoeval.errors import UsageError
from autoeval.pipeline.checks import check_number


def ask_options(
    max_concurrency: int,
    request_timeout: float,
    max_cost: float | None,
    max_attempts: int,
    retry_delay: float,
    requests_per_minute: float | None,
    tokens_per_minute: float | None,
    batch: bool,
    wait: bool,
) -> AskOptions:
    """Return how to ask; the parameters are those of the journeys.

    Raises:
        UsageError: one of them is no such number.
    """
    check_number("max_concurrency", max_concurrency, 1, whole=True, optional=False)
    check_number("request_timeout", request_timeout, 0.001, optional=False)
    check_number("max_cost", max_cost, 0)
    check_number("max_attempts", max_attempts, 1, whole=True, optional=False)
    check_number("retry_delay", retry_delay, 0, optional=False)
    check_number("requests_per_minute", requests_per_minute, 0.001)
    check_number("tokens_per_minute", tokens_per_minute, 0.001)
    if wait and not batch:
        raise UsageError("--wait is for batch jobs: use it with --batch.")
    retries = Retries(max_attempts, base_delay=retry_delay)
    return AskOptions(
        max_concurrency,
        request_timeout,
        max_cost,
        retries,
        requests_per_minute,
        tokens_per_minute,
        is_batch=batch,
        waits=wait,
    )
