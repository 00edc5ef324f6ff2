"""How many requests a second the providers make, beside a bare loop over the same SDK and HTTP backend.

Run: python -m benchmarks.provider_throughput
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autoeval.completions.providers import Provider, create
from autoeval.types import Completion, Endpoint, Message, Request

N_REQUESTS = 2_000
IN_FLIGHT = 64
PROMPT = "Which of the two answers follows the instruction better? " * 40

Ask = Callable[[], Awaitable[Any]]


@contextmanager
def server() -> Iterator[str]:
    """Run an instant server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "tests.servers"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


async def measure(name: str, ask: Ask) -> None:
    """Print requests a second and processor milliseconds a request."""
    left = iter(range(N_REQUESTS))

    async def worker() -> None:
        for _ in left:
            await ask()

    await ask()
    wall, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:34} {N_REQUESTS / wall:7.0f} /s {1000 * processor / N_REQUESTS:6.2f} ms processor each")


def through_provider(endpoint: Endpoint, model: str) -> tuple[Provider, Ask]:
    """Return a provider of ours and one call of it."""
    provider: Any = create(endpoint, timeout=60)
    request = Request(endpoint, model, (Message("user", PROMPT),), parameters={"max_tokens": 5})

    async def ask() -> None:
        reply = await provider.complete(request)
        assert isinstance(reply.outcome, Completion), reply

    return provider, ask


async def main(url: str) -> None:
    """Measure both SDKs bare and through our providers."""
    import anthropic
    import openai

    messages: Any = [{"role": "user", "content": PROMPT}]
    os.environ.update(OPENAI_API_KEY="none", ANTHROPIC_API_KEY="none")
    async with openai.AsyncOpenAI(
        base_url=url, max_retries=0, http_client=openai.DefaultAioHttpClient()
    ) as client:
        create_chat: Any = client.chat.completions.create
        create_raw: Any = client.chat.completions.with_raw_response.create
        await measure("openai SDK", lambda: create_chat(model="m", messages=messages, max_tokens=5))
        await measure(
            "openai SDK, raw response", lambda: create_raw(model="m", messages=messages, max_tokens=5)
        )
    provider, ask = through_provider(Endpoint("openai", base_url=url), "m")
    await measure("autoeval's openai provider", ask)
    await provider.close()
    address = url.removesuffix("/v1")
    async with anthropic.AsyncAnthropic(
        base_url=address, max_retries=0, http_client=anthropic.DefaultAioHttpClient()
    ) as claude:
        create_message: Any = claude.messages.create
        await measure("anthropic SDK", lambda: create_message(model="m", messages=messages, max_tokens=5))
    provider, ask = through_provider(Endpoint("anthropic", base_url=address), "m")
    await measure("autoeval's anthropic provider", ask)
    await provider.close()


if __name__ == "__main__":
    with server() as url:
        asyncio.run(main(url))
