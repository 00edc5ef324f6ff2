"""Fail when a judge that a preset takes by default is about to be shut down, as the workflow `lifetimes` does.

    python scripts/check_lifetimes.py [--today 2026-12-15] [--days 30]

Exits with 1 where a default goes within so many days; every other shipped judge and model that does is named.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import date, timedelta

from autoeval.annotators.loading import FOLDER as JUDGES
from autoeval.annotators.loading import names
from autoeval.completions.lifetimes import Lifetime, lifetime, table_date, today
from autoeval.generators.loading import FOLDER as MODELS
from autoeval.leaderboards.presets import PRESETS
from autoeval.prompting.finding import find_config, shipped_configs
from autoeval.prompting.yaml_files import read_yaml


def main() -> int:
    """Say what ends when; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="count from this day")
    parser.add_argument("--days", type=int, default=30, help="how long before its end a default is too old")
    options = parser.parse_args()
    day = options.today or today()
    within = timedelta(days=options.days)
    defaults = {preset.annotator for preset in PRESETS.values()}
    failed = False
    for folder, shipped in ((JUDGES, names()), (MODELS, shipped_configs(MODELS))):
        for name, found in ending(folder, shipped, day, within):
            is_default = folder == JUDGES and name in defaults
            failed |= is_default
            word = "DEFAULT" if is_default else "shipped"
            print(f"{word} {folder}/{name}: {found.model} ends on {found.shutdown} ({found.source})")
    print(
        f"{day}: the table of lifetimes is of {table_date()}; {'a default has to be replaced' if failed else 'ok'}"
    )
    return 1 if failed else 0


def ending(folder: str, shipped: list[str], day: date, within: timedelta) -> Iterator[tuple[str, Lifetime]]:
    """Walk through the shipped configs whose model is gone by the end of a time."""
    for name in shipped:
        found = lifetime(str(read_yaml(find_config(name, folder, "check_lifetimes")).get("model", "")))
        if found is not None and found.is_ending(day, within):
            yield name, found


if __name__ == "__main__":
    sys.exit(main())
