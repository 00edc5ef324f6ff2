"""Is a judge that has drifted found by its anchors, and one that has not left alone? Judges over HTTP.

    python -m benchmarks.anchors [clean judges] [drifting judges a level of noise] [pairs]

Each judge is a server on this machine that `anchor` asks on two days, as it would ask any other. A clean one errs in
0, 2, 10 or 30% of its answers on both; at most 5% of them should be said to have drifted, up to Monte Carlo error (18
of 200 is three standard errors above it). A drifting one goes, on the later day, one time in five to the model's
output whatever it is, which moves a preference of 50% by 10 points.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from autoeval.journeys.anchor import Anchored, anchor
from tests.servers import JudgeServer
from tests.servers.synthetic_judge import SyntheticJudge, rows

NOISES = (0.0, 0.02, 0.1, 0.3)


def anchored(judge: SyntheticJudge, n_pairs: int, folder: Path) -> Anchored:
    """Ask a judge about its anchors on two days; one with a fault drifts in between."""
    with JudgeServer(judge, keeps=0) as server:

        def once() -> Anchored:
            result: Anchored = anchor(
                rows(n_pairs, 1),
                rows(n_pairs, 0),
                "openai_compatible",
                folder / "anchors",
                max_instances=None,
                seed=judge.seed,
                judge_base_url=server.base_url,
                judge_model="synthetic",
                order="random",
                caching_path=folder / "cache.sqlite",
                retry_delay=0,
            )
            return result

        once()
        judge.has_drifted = True
        return once()


def has_drifted(judge: SyntheticJudge, n_pairs: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        found = anchored(judge, n_pairs, Path(folder)).drift
        assert found is not None
        return found.has_drifted


def main(n_clean: int = 200, n_drifting: int = 60, n_pairs: int = 200) -> None:
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:

        def counted(judges: list[SyntheticJudge]) -> int:
            return sum(pool.map(has_drifted, judges, [n_pairs] * len(judges), chunksize=4))

        clean = [SyntheticJudge(seed, noise=NOISES[seed % 4]) for seed in range(n_clean)]
        print(f"said to have drifted: {counted(clean)} of {n_clean} judges that are the same", flush=True)
        for noise in NOISES:
            found = counted([SyntheticJudge(seed, "drift", noise=noise) for seed in range(n_drifting)])
            print(f"found: {found} of {n_drifting} that drift by 10 points, noise {noise:.0%}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
