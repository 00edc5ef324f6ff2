"""Does the audit find what is there, and nothing else? Audits synthetic judges over HTTP.

    python -m benchmarks.audit [clean judges] [judges a fault] [pairs]

Each judge is a server on this machine that `autoeval.audit` asks as it would ask any other. Clean judges differ
in how much they err (0, 2, 10 or 30% of the answers) and in how good the model is: at most 5% of them should be
flagged for anything, up to Monte Carlo error (18 of 200 is three standard errors above it). A planted fault
decides one answer in five where it applies, which moves preference by 10 points: it should be found in at least
95% of the judges.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from autoeval.analysis.perturbations import CHECKS, DEFAULT_CHECKS
from autoeval.journeys.audit import Audit, audit
from tests.servers import JudgeServer
from tests.servers.synthetic_judge import FAULTS, SyntheticJudge, rows

NOISES = (0.0, 0.02, 0.1, 0.3)


def audited(judge: SyntheticJudge, n_pairs: int = 200, folder: Path | None = None) -> Audit:
    """Audit a judge over HTTP; one that drifts is audited twice, with the drift in between."""
    with JudgeServer(judge, keeps=0) as server, tempfile.TemporaryDirectory() as temporary:

        def once(checks: Any) -> Audit:
            found: Audit = audit(
                rows(n_pairs, 1),
                rows(n_pairs, 0),
                "openai_compatible",
                checks,
                max_instances=None,
                output_path=folder,
                seed=judge.seed,
                order="random",
                judge_base_url=server.base_url,
                judge_model="synthetic",
                caching_path=Path(temporary) / "cache.sqlite",
                retry_delay=0,
            )
            return found

        found = once(DEFAULT_CHECKS)
        if judge.fault != "drift":
            return found
        judge.has_drifted = True
        return once(CHECKS)


def flagged(judge: SyntheticJudge, n_pairs: int) -> list[str]:
    return [finding.check for finding in audited(judge, n_pairs).report.flagged]


def clean(seed: int) -> SyntheticJudge:
    return SyntheticJudge(seed, noise=NOISES[seed % 4], quality=(0.5, 0.63, 0.75)[seed % 3])


def main(n_clean: int = 200, n_faulty: int = 60, n_pairs: int = 200) -> None:
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:

        def counted(judges: list[SyntheticJudge], fault: str | None) -> int:
            found = pool.map(flagged, judges, [n_pairs] * len(judges), chunksize=4)
            return sum(fault in checks if fault else bool(checks) for checks in found)

        false_alarms = counted([clean(seed) for seed in range(n_clean)], None)
        print(f"clean judges flagged: {false_alarms} of {n_clean}", flush=True)
        for fault in FAULTS:
            judges = [SyntheticJudge(seed, fault) for seed in range(n_faulty)]
            found = counted(judges, fault)
            print(
                f"{fault} of 10 points found: {found} of {n_faulty} ({100 * found / n_faulty:.0f}%)",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
