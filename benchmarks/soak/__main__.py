"""A short soak that writes nothing: `python -m benchmarks.soak --minutes 2`."""

import argparse
import sys

from benchmarks.soak.conduct import MINUTES, measure
from benchmarks.soak.rounds import BrokenPromiseError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=float, default=1.0, help="times as long as everything may take")
    arguments = parser.parse_args()
    try:
        section = measure(arguments.minutes, arguments.seed, arguments.patience)
    except BrokenPromiseError as broken:
        sys.exit(f"a promise is broken: {broken}")
    command = f"python -m benchmarks.soak --minutes {arguments.minutes:g} --seed {arguments.seed}"
    if arguments.patience != 1:
        command += f" --patience {arguments.patience:g}"
    print(section.markdown("soak", command))


if __name__ == "__main__":
    main()
