"""A GGUF file on this machine's processor: llama.cpp inside this process."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autoeval.completions.providers import openai as protocol
from autoeval.completions.providers.failures import malformed, status_failure
from autoeval.completions.providers.packaged import PACKAGED, packaged_weights
from autoeval.completions.providers.weights import fingerprint
from autoeval.errors import UsageError, nearest
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

_LOADING: Mapping[str, int] = {"n_ctx": 4096, "n_parallel": 4, "n_gpu_layers": 0}


class GgufProvider:
    """Answers with llama.cpp. `model` is the path of a file, or a name in `PACKAGED`.

    Besides OpenAI's parameters, a config may set `n_ctx` (tokens that a prompt and its reply may have
    together), `n_parallel` (requests answered at once) and `n_gpu_layers`.
    """

    batch_size = 8
    """How many requests to hand over at once: as many are lost where a run is killed."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:  # noqa: ARG002
        """Check that llama.cpp is there; the model is loaded with the first request."""
        import xllamacpp  # noqa: F401

        self._servers: dict[tuple[Any, ...], Any] = {}

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Answer requests, several of them at once, in their order."""
        try:
            servers = [self._server(request) for request in requests]
        except (UsageError, RuntimeError) as error:
            return [Failure(FailureKind.REFUSED, str(error))] * len(requests)
        with ThreadPoolExecutor(_loading(requests[0])["n_parallel"]) as pool:
            return list(pool.map(_complete, servers, requests))

    def close(self) -> None:
        """Free the models' memory."""
        self._servers.clear()

    def _server(self, request: Request) -> Any:
        loading = _loading(request)
        key = (request.model, *loading.values())
        if key not in self._servers:
            # The library always opens a port; nobody else shall use it.
            secret = secrets.token_hex()
            self._servers[key] = start_server(find_model(request.model), **loading, key=secret)
        return self._servers[key]


def start_server(
    path: Path, *, n_ctx: int, n_parallel: int, n_gpu_layers: int, key: str | None = None
) -> Any:
    """Load a model and serve it on this machine at any free port, in OpenAI's protocol, while the result is referenced.

    Args:
        path: the GGUF file.
        n_ctx: tokens that a prompt and its reply may have together.
        n_parallel: requests answered at once.
        n_gpu_layers: layers that are computed on a GPU.
        key: the only key that is welcome; None: anybody is.

    Raises:
        RuntimeError: the file cannot be loaded.
    """
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {path.stem}
    parameters.n_ctx = n_ctx * n_parallel  # the library divides it among its slots
    parameters.n_parallel = n_parallel
    parameters.n_gpu_layers = n_gpu_layers
    for processor in (parameters.cpuparams, parameters.cpuparams_batch):
        processor.n_threads = _idle_cores()
        processor.poll = 0  # waiting in a busy loop costs nothing alone and very much beside other work
    parameters.cache_ram_mib = 0
    parameters.ui = False
    parameters.verbosity = 0
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.api_keys = [key] if key else []
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise RuntimeError(
            f"llama.cpp cannot load {path}: is it a GGUF file that fits into memory?"
        ) from error


def body(request: Request) -> dict[str, Any]:
    """Return what llama.cpp is asked."""
    asked = protocol.body(request)
    return {name: value for name, value in asked.items() if name not in _LOADING}


def weights_of(model: str) -> str:
    """Return the fingerprint of a model's file."""
    return fingerprint([find_model(model)])


def find_model(model: str) -> Path:
    """Return the file of a model given by path or by its name in `PACKAGED`.

    Raises:
        UsageError: there is none, or its weights cannot be fetched.
        MissingExtraError: a packaged model cannot run, because llama.cpp is not installed.
    """
    if model in PACKAGED:
        return packaged_weights(model)
    path = Path(model)
    if path.suffix == ".gguf" and path.is_file():
        return path
    if path.suffix == ".gguf":
        raise UsageError(f"There is no file {model}.")
    raise UsageError(f"{model!r} is neither a .gguf file nor a packaged model. {nearest(model, PACKAGED)}")


def _loading(request: Request) -> dict[str, int]:
    return {name: int(request.parameters.get(name, default)) for name, default in _LOADING.items()}


def _complete(server: Any, request: Request) -> Completion | Failure:
    started = time.perf_counter()
    ask = server.handle_chat_completions if request.prompt is None else server.handle_completions
    reply = ask(body(request))
    if "error" in reply:
        return status_failure(reply["error"].get("code", 500), reply, {}, "")
    try:
        return protocol.read(reply, time.perf_counter() - started)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return malformed(error)


def _idle_cores() -> int:
    """Return how many cores have nothing to do: a thread without one makes all others wait, and burn theirs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = int(os.getloadavg()[0]) if hasattr(os, "getloadavg") else 0
    return max(1, cores - busy)
