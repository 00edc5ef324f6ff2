"""Memory does not grow with the number of pairs."""

import json
from pathlib import Path

import pytest

from tests.processes import start_python
from tests.recorded import load_recorded, recorded_data
from tests.servers import JudgeServer, always

MEASURE = """
from pathlib import Path
from autoeval.cli import main
try:
    main()
finally:  # not ru_maxrss, which starts at the size of the process that forked this one
    print("PEAK", Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def _write(folder: Path, n: int) -> tuple[Path, Path]:
    recorded = recorded_data() / "alpaca_eval_1"
    sources = recorded / "claude" / "model_outputs.json.gz", recorded / "reference_outputs.json.gz"
    paths = folder / f"outputs-{n}.json", folder / f"reference-{n}.json"
    for source, path in zip(sources, paths, strict=True):
        rows = load_recorded(source)
        repeated = [
            {
                **rows[number % len(rows)],
                "instruction": f"{rows[number % len(rows)]['instruction']} ({number})",
            }
            for number in range(n)
        ]
        path.write_text(json.dumps(repeated))
    return paths


def _peak(folder: Path, n: int, server: JudgeServer) -> int:
    outputs, reference = _write(folder, n)
    sources = ["--model_outputs", outputs, "--reference_outputs", reference]
    flags = [
        "--annotators_config",
        "gpt4_ranking",
        "--judge_base_url",
        server.base_url,
        "--output_path",
        folder / str(n),
    ]
    flags += ["--caching_path", folder / f"{n}.sqlite"]
    run = start_python("-c", MEASURE, *sources, *flags, is_new=True).finish()
    assert run.returncode == 0, run.stderr
    assert server.n_requests >= n - n // 20  # identical outputs are not asked about
    return int(run.stdout.rpartition("PEAK ")[2])


@pytest.mark.slow
def test_ten_thousand_pairs_take_little_more_memory_than_two_thousand(tmp_path: Path) -> None:
    with JudgeServer(always("a > b"), keeps=0) as server:
        small = _peak(tmp_path, 2_000, server)
        server.n_requests = 0
        large = _peak(tmp_path, 10_000, server)
    assert large <= 1.2 * small
