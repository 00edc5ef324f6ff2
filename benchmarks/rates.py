"""Endpoints with limits, limits that change, and replies that hang: judging over real HTTP."""

import tempfile
from pathlib import Path

from benchmarks import material
from benchmarks.evaluating import evaluate
from benchmarks.processes import measure_once
from benchmarks.results import Section
from benchmarks.server import Stats, judge_server, stats_of

SECONDS = 30
CHANGE = 15
N_HANGING = 2_000
IN_FLIGHT = 32

Row = tuple[str, ...]
Reached = tuple[str, bool]


def measure() -> Section:
    """Judge at limited, changing and hanging endpoints."""
    rows: list[Row] = []
    reached: list[Reached] = []
    with tempfile.TemporaryDirectory() as name:
        for delay, counts_seconds in ((0.0, False), (0.3, False), (0.3, True)):
            for rate in (50, 200):
                _limited(Path(name), rate, delay, counts_seconds, rows, reached)
        for before, after in ((100, 50), (100, 200)):
            _changing(Path(name), before, after, rows, reached)
        _hanging(Path(name), rows, reached)
    return Section(
        "limited, changing and hanging endpoints",
        ("endpoint", "used", "refused"),
        rows,
        reached=reached,
        notes=[
            "The server takes a tenth of a second's worth of requests at once (where it counts anew each second: all "
            "of them), refuses more with 429 and says neither when to come back nor what is left.",
        ],
    )


def _run(folder: Path, n_pairs: int, *flags: str, **behaviour: object) -> Stats:
    outputs, reference = material.write_pairs(folder, n_pairs)
    with judge_server(**behaviour) as url:
        measure_once(evaluate(folder, outputs, reference, url, "--no_report", *flags))
        return stats_of(url)


def _limited(
    folder: Path, rate: int, delay: float, counts_seconds: bool, rows: list[Row], reached: list[Reached]
) -> None:
    stats = _run(folder, rate * (SECONDS + 3), rates=[[0, rate]], delay=delay, counts_seconds=counts_seconds)
    served = sum(count for second, count in stats.served.items() if second < SECONDS)
    refused = sum(count for second, count in stats.refused.items() if second < SECONDS)
    used, share = served / rate / SECONDS, refused / (served + refused)
    way = ", counted anew each second" if counts_seconds else ""
    name = f"{rate} requests a second{way}, replies in {delay:g} s"
    rows.append((name, f"{100 * used:.1f}% of {SECONDS} s", f"{100 * share:.2f}%"))
    reached.append((f"{name}: 95% used, under 2% refused", used >= 0.95 and share < 0.02))


def _changing(folder: Path, before: int, after: int, rows: list[Row], reached: list[Reached]) -> None:
    stats = _run(folder, before * CHANGE + after * (CHANGE + 1), rates=[[0, before], [CHANGE, after]])
    seconds = [stats.served.get(second, 0) for second in range(CHANGE, SECONDS)]
    settled = sum(seconds[5:]) / len(seconds[5:])
    refused = sum(count for second, count in stats.refused.items() if second >= CHANGE)
    name = f"{before} requests a second, {after} after {CHANGE} s"
    rows.append((name, f"served second by second after it: {' '.join(map(str, seconds))}", f"{refused}"))
    reached.append((f"{name}: within 10% 5 s later ({settled:.0f})", abs(settled / after - 1) <= 0.1))


def _hanging(folder: Path, rows: list[Row], reached: list[Reached]) -> None:
    flags = ("--max_concurrency", str(IN_FLIGHT))
    took = [
        _run(folder, N_HANGING, *flags, delay=0.3, slow_share=share, slow_seconds=30.0).last_quick
        for share in (0.0, 0.01)
    ]
    name = f"1% of {N_HANGING:,} replies take 30 s, the others 0.3 s, {IN_FLIGHT} at once"
    rows.append((name, f"the others done after {took[1]:.1f} s, without those that hang {took[0]:.1f} s", ""))
    reached.append((f"{name}: the others within 10%", took[1] <= 1.1 * took[0]))
