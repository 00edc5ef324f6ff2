"""How fast judging goes: whole processes beside alpaca-eval 0.6.6, and beside bare loops that only ask."""

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import bare_loop, material, peer
from benchmarks.evaluating import evaluate
from benchmarks.processes import Usage, in_turn, measure_once, median
from benchmarks.results import Section
from benchmarks.server import judge_server

REPEATS = 3
MANY = 20_000
MANY_FOR_PEER = 2_000
SLOW_REPLY = 0.3
IN_FLIGHT = 32
SDK_IN_FLIGHT = 64
SDK_REQUESTS = 5_000


def measure() -> Section:
    """Measure the four figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recorded, many = material.write_pairs(folder), material.write_pairs(folder, MANY)
        some = material.write_pairs(folder, MANY_FOR_PEER)
        with judge_server() as url:
            found = in_turn(
                {
                    "805 pairs, autoeval": evaluate(folder, *recorded, url, "--no_report"),
                    "805 pairs, autoeval, with its report": evaluate(folder, *recorded, url),
                    "805 pairs, alpaca-eval, 5 at once (its default)": peer.evaluate(
                        folder, *recorded, url, 5
                    ),
                    "805 pairs, alpaca-eval, 32 at once": peer.evaluate(folder, *recorded, url, 32),
                },
                REPEATS,
            )
            large, asked, bare = beside_bare_loop(folder, many, url)
            large_peer = measure_once(peer.evaluate(folder, *some, url, 32))
            sdk = asyncio.run(sdk_loop(url, *many))
        with judge_server(delay=SLOW_REPLY) as url:
            flag = ("--max_concurrency", str(IN_FLIGHT))
            slow = measure_once(evaluate(folder, *recorded, url, *flag))
            n_slow, judging = asked_in(folder)
            slow_peer = measure_once(peer.evaluate(folder, *recorded, url, IN_FLIGHT))
    ours, _, default, parallel = found.values()
    best = min(default.wall, parallel.wall)
    least = min(default.processor, parallel.processor)
    rate, peer_rate = MANY / large.wall, MANY_FOR_PEER / large_peer.wall
    judged_rate = asked[0] / asked[1]
    ideal = -(-n_slow // IN_FLIGHT) * SLOW_REPLY
    rows = [_row(label, usage) for label, usage in found.items()]
    rows += [
        _row(f"{MANY:,} pairs, autoeval", large, f"{rate:.0f} pairs/s"),
        _row(f"{MANY_FOR_PEER:,} pairs, alpaca-eval, 32 at once", large_peer, f"{peer_rate:.0f} pairs/s"),
        (f"judging those {MANY:,}, autoeval", f"{asked[1]:.2f}", "", "", f"{judged_rate:.0f} requests/s"),
        ("a bare loop over aiohttp", "", "", "", f"{bare:.0f} requests/s"),
        ("a bare loop over the openai SDK on aiohttp", "", "", "", f"{sdk:.0f} requests/s"),
        _row(
            f"805 pairs, replies take {SLOW_REPLY} s, 32 at once, autoeval", slow, f"judging {judging:.2f} s"
        ),
        _row(f"the same, alpaca-eval (ideal: {ideal:.1f} s)", slow_peer),
    ]
    return Section(
        "judgments a second",
        ("", "seconds", "processor seconds", "memory, MiB", ""),
        rows,
        reached=[
            (f"805 pairs at least 15 times as fast: {best / ours.wall:.1f} times", best >= 15 * ours.wall),
            (
                f"with at most 1/25 of the processor: 1/{least / ours.processor:.1f}",
                least >= 25 * ours.processor,
            ),
            (
                f"{MANY:,} pairs at least 15 times the pairs a second: {rate / peer_rate:.1f}",
                rate >= 15 * peer_rate,
            ),
            (f"{MANY:,} pairs at least 60% of the bare loop: {100 * rate / bare:.0f}%", rate >= 0.6 * bare),
            (f"at least 80% of the bare SDK loop: {100 * judged_rate / sdk:.0f}%", judged_rate >= 0.8 * sdk),
            (f"0.3 s replies within 10% of the ideal {ideal:.2f} s: {judging:.2f} s", judging <= 1.1 * ideal),
        ],
        notes=[
            "Prompt, server and pairs are the same for both, and the first row writes no report, as alpaca-eval "
            "writes none; identical outputs are not asked about.",
            f"The bare loop over aiohttp posts the same {MANY:,} bodies, prepared beforehand, {bare_loop.IN_FLIGHT} at "
            f"once, decodes the replies and keeps nothing; measured in turn with autoeval's whole processes.",
            f"That over the SDK asks the first {SDK_REQUESTS:,} of the same prompts, {SDK_IN_FLIGHT} at once, through "
            "`AsyncOpenAI(http_client=DefaultAioHttpClient()).chat.completions.create` and keeps nothing. autoeval "
            "plans, looks up, asks, stores and counts in its figure.",
        ],
    )


def beside_bare_loop(
    folder: Path, pairs: tuple[Path, Path], url: str
) -> tuple[Usage, tuple[int, float], float]:
    """Judge many pairs and ask the same by a bare loop, in turn.

    Returns:
        The medians: of whole processes, of asking (requests, seconds), and of the loop's requests a second.
    """
    bodies = bare_loop.bodies_of(*pairs)
    processes, asked, rates = [], [], []
    for _ in range(REPEATS):
        processes.append(measure_once(evaluate(folder, *pairs, url)))
        asked.append(asked_in(folder))
        rates.append(bare_loop.requests_per_second(url, bodies))
    asked.sort(key=lambda one: one[1])
    return median(processes), asked[len(asked) // 2], statistics.median(rates)


async def sdk_loop(url: str, outputs: Path, reference: Path) -> float:
    """Return the requests a second of a loop that only asks."""
    import openai

    from autoeval.annotators.loading import load_annotator
    from autoeval.annotators.overrides import JudgeOverrides
    from autoeval.annotators.plan import Plan
    from autoeval.completions.providers import body
    from autoeval.data.pairing import load_pairs

    with load_pairs(outputs, reference, max_instances=SDK_REQUESTS) as pairs:
        plan = Plan(load_annotator("gpt4_ranking", JudgeOverrides()), pairs)
        bodies: list[dict[str, Any]] = [body(request) for request in plan.requests()]
    left = iter(bodies)
    http = openai.DefaultAioHttpClient()
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0, http_client=http) as client:

        async def worker() -> None:
            for arguments in left:
                await client.chat.completions.create(**arguments)

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(SDK_IN_FLIGHT)))
        return len(bodies) / (time.perf_counter() - began)


def asked_in(folder: Path) -> tuple[int, float]:
    """Return how many requests the latest run made, and in how many seconds."""
    (path,) = folder.glob("results/**/run.json")
    run = json.loads(path.read_text())
    return run["requests"]["asked"], run["seconds"]


def _row(label: str, usage: Usage, more: str = "") -> tuple[str, ...]:
    return (label, *usage.cells(), more)
