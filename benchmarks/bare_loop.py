"""The least that asking can cost: a loop that posts prepared bodies over aiohttp and decodes the replies.

`python -m benchmarks.bare_loop URL OUTPUTS REFERENCE [IN_FLIGHT]` prints its requests a second.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp

from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.plan import Plan
from autoeval.completions.providers import body
from autoeval.data.pairing import load_pairs

IN_FLIGHT = 64


def bodies_of(outputs: Path, reference: Path) -> list[bytes]:
    """Return what a judge would be sent about each pair."""
    with load_pairs(outputs, reference) as pairs:
        plan = Plan(load_annotator("gpt4_ranking", JudgeOverrides()), pairs)
        return [json.dumps(body(request)).encode() for request in plan.requests()]


async def ask_all(url: str, bodies: list[bytes], in_flight: int) -> None:
    left = iter(bodies)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=in_flight)
    ) as session:

        async def worker() -> None:
            for data in left:
                async with session.post(f"{url}/chat/completions", data=data) as response:
                    json.loads(await response.read())

        await asyncio.gather(*(worker() for _ in range(in_flight)))


def requests_per_second(url: str, bodies: list[bytes], in_flight: int = IN_FLIGHT) -> float:
    """Return how many requests a second the loop makes."""
    began = time.perf_counter()
    asyncio.run(ask_all(url, bodies, in_flight))
    return len(bodies) / (time.perf_counter() - began)


if __name__ == "__main__":
    prepared = bodies_of(Path(sys.argv[2]), Path(sys.argv[3]))
    print(f"{requests_per_second(sys.argv[1], prepared, *map(int, sys.argv[4:])):.0f} requests/s")
