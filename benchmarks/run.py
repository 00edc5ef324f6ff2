"""Measure and write RESULTS.md: `python -m benchmarks.run [NAME …]`; without a name, everything."""

import argparse
from importlib import import_module

from benchmarks import results

BENCHMARKS = {
    "startup": "benchmarks.startup",
    "throughput": "benchmarks.throughput",
    "rates": "benchmarks.rates",
    "scale": "benchmarks.scale",
    "local_models": "benchmarks.local_models",
    "postgresql": "benchmarks.postgresql",
    "workers": "benchmarks.workers",
    "battles": "benchmarks.battles",
    "soak": "benchmarks.soak.conduct",
    "injection": "benchmarks.injection",
}
"""Names with the module whose `measure()` returns the section."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        section = import_module(BENCHMARKS[name]).measure()
        results.write(name, section, f"python -m benchmarks.run {name}")
        print(section.markdown(name, f"python -m benchmarks.run {name}"), flush=True)


if __name__ == "__main__":
    main()
