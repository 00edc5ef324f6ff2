"""How asking is limited: the parameters that say it, checked before anything is asked."""

from pathlib import Path
from typing import Annotated, TypedDict

from autoeval.checks import check_choice, check_number
from autoeval.completions.options import AskOptions, Engine
from autoeval.completions.providers.flex import LEAST_TIMEOUT
from autoeval.completions.retries import Retries
from autoeval.errors import UsageError
from autoeval.journeys.parameters.forwarding import Shared

ENGINES = ("ray",)


class Limits(TypedDict, total=False):
    """Parameters of every journey that asks: how much, how fast, how patiently."""

    max_cost: Annotated[float | None, Shared(None, "Stop before more than this many US dollars are spent.")]
    max_concurrency: Annotated[int, Shared(64, "Most requests in flight.")]
    requests_per_minute: Annotated[
        float | None, Shared(None, "Most requests a minute. Default: as many as the server takes.")
    ]
    tokens_per_minute: Annotated[
        float | None,
        Shared(None, "Most tokens a minute, sent and received. Default: as many as the server takes."),
    ]
    batch: Annotated[
        bool,
        Shared(
            False,
            "Ask through the provider's batch API, at half the price: submit what is missing and collect what is "
            "done; the same command collects the rest later.",
        ),
    ]
    flex: Annotated[
        bool,
        Shared(
            False,
            "Ask OpenAI for flex processing, at the price of a batch job and slower; at the full price where it has no "
            "capacity.",
        ),
    ]
    wait: Annotated[
        bool,
        Shared(
            False,
            "With batch, stay until everything is done; with flex, wait for capacity rather than pay the full price.",
        ),
    ]
    batch_files: Annotated[
        str | Path | None,
        Shared(
            None,
            "Ask through files in this folder, in OpenAI's batch form: write what is missing, and collect what came "
            "back, for example from `vllm run-batch`.",
        ),
    ]
    engine: Annotated[str | None, Shared(None, "Where to ask: ray, on a cluster. Default: in this process.")]
    ray_address: Annotated[
        str | None,
        Shared(
            None,
            "With engine ray, the cluster's address: auto or HOST:PORT. Default: RAY_ADDRESS, else a cluster of this "
            "machine alone.",
        ),
    ]
    request_timeout: Annotated[float, Shared(120.0, "Seconds that one request may take.")]
    max_attempts: Annotated[int, Shared(8, "How often a request is asked before it counts as failed.")]
    retry_delay: Annotated[float, Shared(0.5, "Seconds before the first retry; doubled each time.")]
    max_wait: Annotated[
        float,
        Shared(600.0, "Stop where the server asks to wait longer than this many seconds (Retry-After)."),
    ]


def ask_options(limits: Limits) -> AskOptions:
    """Return how to ask.

    Args:
        limits: all of them.

    Raises:
        UsageError: one of them is no such number.
    """
    check_number("max_concurrency", limits["max_concurrency"], 1, whole=True, optional=False)
    check_number("request_timeout", limits["request_timeout"], 0.001, optional=False)
    check_number("max_cost", limits["max_cost"], 0)
    check_number("max_attempts", limits["max_attempts"], 1, whole=True, optional=False)
    check_number("retry_delay", limits["retry_delay"], 0, optional=False)
    check_number("max_wait", limits["max_wait"], 0, optional=False)
    check_number("requests_per_minute", limits["requests_per_minute"], 0.001)
    check_number("tokens_per_minute", limits["tokens_per_minute"], 0.001)
    if limits["wait"] and not (limits["batch"] or limits["flex"]):
        raise UsageError("--wait is for batch jobs and flex processing: use it with --batch or --flex.")
    if limits["flex"] and (limits["batch"] or limits["batch_files"] is not None):
        raise UsageError("--flex asks at once, --batch and --batch_files in jobs: choose one.")
    if limits["batch_files"] is not None and limits["batch"]:
        raise UsageError("--batch_files and --batch are two ways to ask: choose one.")
    if limits["engine"] is not None and (
        limits["batch"] or limits["flex"] or limits["batch_files"] is not None
    ):
        raise UsageError("--engine asks at once and elsewhere: leave --batch, --batch_files and --flex out.")
    return AskOptions(
        limits["max_concurrency"],
        max(limits["request_timeout"], LEAST_TIMEOUT) if limits["flex"] else limits["request_timeout"],
        limits["max_cost"],
        Retries(
            limits["max_attempts"],
            base_delay=limits["retry_delay"],
            max_wait=limits["max_wait"],
            is_patient=limits["flex"] and limits["wait"],
        ),
        limits["requests_per_minute"],
        limits["tokens_per_minute"],
        is_batch=limits["batch"],
        waits=limits["wait"],
        flex=limits["flex"],
        batch_files=None if limits["batch_files"] is None else Path(limits["batch_files"]),
        engine=_engine(limits["engine"], limits["ray_address"]),
    )


def _engine(name: str | None, address: str | None) -> Engine | None:
    if name is None:
        if address is not None:
            raise UsageError("--ray_address is for --engine ray.")
        return None
    check_choice("engine", name, ENGINES)
    from autoeval.runs.on_ray import RayEngine

    return RayEngine.checked(address)
