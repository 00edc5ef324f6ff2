"""SmolLM2-135M behind llama.cpp's own HTTP server: a real model behind a real OpenAI-compatible API."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autoeval.completions.providers.gguf import find_model
from autoeval.errors import MissingExtraError


@contextmanager
def smollm2_server(n_ctx: int = 8192, n_parallel: int = 4) -> Iterator[str]:
    """Serve the model and give its base URL; the test is skipped where the extra `local` is not installed."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    try:
        weights = find_model("smollm2-135m")
    except MissingExtraError:
        pytest.skip("the extra `local` is not installed")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {"smollm2-135m"}
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.n_ctx, parameters.n_parallel = n_ctx, n_parallel
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 2
    parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
    parameters.ui, parameters.verbosity, parameters.cache_ram_mib = False, 0, 0
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server
