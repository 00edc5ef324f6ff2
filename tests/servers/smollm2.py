"""SmolLM2-135M behind llama.cpp's own HTTP server: a real model behind a real OpenAI-compatible API."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autoeval.completions.providers.gguf import find_model, start_server
from autoeval.errors import MissingExtraError


@contextmanager
def smollm2_server(n_ctx: int = 2048, n_parallel: int = 4) -> Iterator[str]:
    """Serve the model and give its base URL; the test is skipped where the extra `local` is not installed."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    try:
        weights = find_model("smollm2-135m")
    except MissingExtraError:
        pytest.skip("the extra `local` is not installed")
    server = start_server(weights, n_ctx=n_ctx, n_parallel=n_parallel, n_gpu_layers=0)
    yield f"{server.listening_address}/v1"
    del server
