"""How a judge is asked: the flags that the analysing journeys share, declared and described once."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.annotators.config import Annotator
from autoeval.annotators.loading import JudgeOverrides, load_annotator
from autoeval.completions.ask import AskOptions, AskReport, Display, Silent
from autoeval.completions.cache import Cache
from autoeval.errors import UsageError
from autoeval.pipeline.checks import check_choice, check_number
from autoeval.pipeline.choosing import Folders, config_folders
from autoeval.pipeline.evaluate import ORDERS
from autoeval.pipeline.judging import open_cache, refuse_unknown_prices
from autoeval.pipeline.limits import ask_options
from autoeval.pipeline.obsolete import check_extra_parameters
from autoeval.pipeline.result import exit_code_after


@dataclass(frozen=True)
class Asking:
    """A judge and how it is asked."""

    annotator: Annotator
    options: AskOptions
    display: Display
    caching_path: str | Path | None
    is_reask_unparsed: bool
    min_coverage: float
    dry_run: bool

    def open_cache(self) -> Cache:
        """Open the cache of the judge's replies."""
        return open_cache(self.caching_path)

    def exit_code(self, asked: AskReport, coverage: float) -> int:
        """Return what the command line exits with after asking; `coverage` is a share of 0 to 1."""
        return exit_code_after(asked, is_complete=coverage >= self.min_coverage)


def prepare(
    annotators_config: str | Path,
    *,
    annotators_config_dir: Folders = None,
    base_dir: Folders = None,
    p_label_flip: float | None = None,
    order: str | None = None,
    is_reask_unparsed: bool = False,
    min_coverage: float = 0.99,
    dry_run: bool = False,
    max_cost: float | None = None,
    judge_model: str | None = None,
    judge_base_url: str | None = None,
    judge_api_key_env: str | None = None,
    judge_price: tuple[float, float] | None = None,
    caching_path: str | Path | None = "auto",
    max_concurrency: int = 64,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    batch: bool = False,
    wait: bool = False,
    request_timeout: float = 120.0,
    max_attempts: int = 8,
    retry_delay: float = 0.5,
    display: Display | None = None,
) -> Asking:
    """Load a judge and check how it is to be asked.

    Args:
        annotators_config: Who judges: the name of a shipped annotator, a config's folder, or a YAML file.
        annotators_config_dir: A folder of annotators (or several), such as alpaca_eval's evaluators_configs, looked
            into first.
        base_dir: alpaca_eval's name for annotators_config_dir.
        p_label_flip: With twice this probability a pair gets a coin flip instead of a verdict.
        order: Which output the judge sees first, in place of the config's word: random, both or fixed.
        is_reask_unparsed: Ask again where the judge's reply held no verdict.
        min_coverage: Exit with 3 if less than this share of the questions could be judged.
        dry_run: Say what would be asked and what it would cost; ask nothing.
        max_cost: Stop before more than this many US dollars are spent.
        judge_model: The judge's model, in place of the config's.
        judge_base_url: The judge's server, in place of the config's.
        judge_api_key_env: The environment variable with the judge's key.
        judge_price: US dollars per million input and output tokens, as [2, 8].
        caching_path: The cache of the judge's replies. `auto`: in the user's cache folder; None: a temporary
            one.
        max_concurrency: Most requests in flight.
        requests_per_minute: Most requests a minute. Default: as many as the server takes.
        tokens_per_minute: Most tokens a minute, sent and received. Default: as many as the server takes.
        batch: Ask through the provider's batch API, at half the price: submit what is missing and collect what
            is done; the same command collects the rest later.
        wait: With batch, stay until everything is done.
        request_timeout: Seconds that one request may take.
        max_attempts: How often a request is asked before it counts as failed.
        retry_delay: Seconds before the first retry; doubled each time.
        display: Shows the progress (Python only).

    Raises:
        UsageError: the config or a value is wrong.
    """
    if order is not None:
        check_choice("order", order, ORDERS)
    check_number("min_coverage", min_coverage, 0, 1, optional=False)
    check_number("p_label_flip", p_label_flip, 0, 0.5)
    overrides = JudgeOverrides(
        judge_base_url, judge_model, judge_api_key_env, order, judge_price, p_label_flip
    )
    annotator = load_annotator(annotators_config, overrides, config_folders(annotators_config_dir, base_dir))
    refuse_unknown_prices(annotator, max_cost)
    options = ask_options(
        max_concurrency,
        request_timeout,
        max_cost,
        max_attempts,
        retry_delay,
        requests_per_minute,
        tokens_per_minute,
        batch,
        wait,
    )
    return Asking(
        annotator, options, display or Silent(), caching_path, is_reask_unparsed, min_coverage, dry_run
    )


def asking_flags(given: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Take the flags of `prepare` out of a journey's keyword arguments.

    Args:
        given: keyword arguments that the journey does not have itself.
        known: every parameter that it has or takes from others, for the error message.

    Raises:
        UsageError: an argument is neither known nor one of alpaca_eval's old ones.
    """
    flags = inspect.signature(prepare).parameters
    check_extra_parameters({name: value for name, value in given.items() if name not in flags}, list(known))
    return {name: value for name, value in given.items() if name in flags}


def require_source(value: Any, flag: str, what: str) -> Any:
    """Return a source that has no default.

    Raises:
        UsageError: it was not given.
    """
    if value is None:
        raise UsageError(f"{flag} is missing: {what}.")
    return value
