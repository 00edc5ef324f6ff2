"""SmolLM2-135M behind llama.cpp's own HTTP server: a real model behind a real OpenAI-compatible API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoeval.completions.providers.gguf import start_server
from autoeval.completions.providers.packaged import weights_here


def smollm2() -> Path:
    """Return the model's file; the test is skipped where this machine cannot run it without fetching anything."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    weights = weights_here("smollm2-135m")
    if weights is None:
        pytest.skip("the weights of smollm2-135m are not on this machine")
    return weights


@contextmanager
def smollm2_server(n_ctx: int = 2048, n_parallel: int = 4) -> Iterator[str]:
    """Serve the model and give its base URL."""
    server = start_server(smollm2(), n_ctx=n_ctx, n_parallel=n_parallel, n_gpu_layers=0)
    yield f"{server.listening_address}/v1"
    del server
