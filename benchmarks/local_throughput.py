"""Tokens a second of local models, many requests at once beside one at a time.

`transformers` runs a tiny model with random weights, `gguf` the real SmolLM2-135M.
Run: python -m benchmarks.local_throughput
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from autoeval.completions.providers import LocalProvider, create
from autoeval.types import Completion, Endpoint, Message, Request
from tests.completions.providers.tiny_model import make_tiny_model

N_REQUESTS = 32


def tokens_per_second(provider: LocalProvider, batches: Sequence[Sequence[Request]]) -> float:
    """Answer batch after batch."""
    started = time.perf_counter()
    replies = [outcome for batch in batches for outcome in provider.complete_many(batch)]
    tokens = sum(reply.output_tokens or 0 for reply in replies if isinstance(reply, Completion))
    return tokens / (time.perf_counter() - started)


def compare(name: str, model: str) -> None:
    """Print one line for a provider."""
    endpoint = Endpoint(name)
    provider = create(endpoint, 60)
    assert isinstance(provider, LocalProvider)
    requests = [
        Request(
            endpoint,
            model,
            (Message("user", "Tell me about " + "it " * (i % 7)),),
            parameters={"temperature": 0, "max_tokens": 48, "seed": 0},
        )
        for i in range(N_REQUESTS)
    ]
    provider.complete_many(requests[:1])
    alone = tokens_per_second(provider, [[request] for request in requests])
    together = tokens_per_second(provider, [requests])
    print(
        f"{name:14} {alone:8.0f} tokens/s one at a time {together:8.0f} together ({together / alone:.1f} times)"
    )
    provider.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        compare("transformers", make_tiny_model(Path(folder)))
    compare("gguf", "smollm2-135m")
