"""Memory stays flat: ten times the pairs do not take more than a little more of it."""

import json
import random
from pathlib import Path

import pytest

from tests.processes import start_python

_SCRIPT = """
import resource, sys
from autoeval.data.pairing import load_pairs
with load_pairs(sys.argv[1], sys.argv[2]) as pairs:
    assert sum(1 for _ in pairs) == len(pairs) == int(sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write(path: Path, count: int, words: list[str]) -> Path:
    chance = random.Random(0)
    with path.open("w") as file:
        file.write("[")
        for number in range(count):
            output = " ".join(chance.choices(words, k=250))
            file.write(
                ("," if number else "") + json.dumps({"instruction": f"question {number}", "output": output})
            )
        file.write("]")
    return path


@pytest.mark.slow
def test_ten_times_the_pairs_take_hardly_more_memory(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(1000)]

    def peak(count: int) -> int:
        model = write(tmp_path / f"model_{count}.json", count, words)
        reference = write(tmp_path / f"reference_{count}.json", count, words)
        run = start_python("-c", _SCRIPT, model, reference, count, is_new=True).finish()
        assert run.returncode == 0, run.stderr
        return int(run.stdout)

    assert peak(10_000) < 1.2 * peak(1_000)
