"""The least that asking can cost: a loop that posts prepared bodies over aiohttp and decodes the replies.

`python -m benchmarks.bare_loop URL OUTPUTS REFERENCE [IN_FLIGHT]` prints its requests a second, and processor seconds.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp

from autoeval.annotators.loading import JudgeOverrides, load_annotator
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


def measure(url: str, outputs: Path, reference: Path, in_flight: int = IN_FLIGHT) -> tuple[float, float]:
    """Return the requests a second, and the processor seconds that the loop took."""
    bodies = bodies_of(outputs, reference)
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(ask_all(url, bodies, in_flight))
    return len(bodies) / (time.perf_counter() - began), time.process_time() - used


if __name__ == "__main__":
    rate, processor = measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
    print(f"{rate:.0f} requests/s, {processor:.2f} processor seconds")
