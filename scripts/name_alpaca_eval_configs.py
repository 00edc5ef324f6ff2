"""Write the names of alpaca_eval's configs, so that an error can say where a config is to be had.

python scripts/name_alpaca_eval_configs.py .../site-packages/alpaca_eval
"""

import sys
from pathlib import Path

NAMES = Path(__file__).parents[1] / "autoeval" / "prompting" / "alpaca_eval"


def main(package: Path) -> None:
    """Write a file of names for each kind of config in the folder of an installed alpaca_eval."""
    for kind in ("evaluators_configs", "models_configs"):
        names = sorted(path.parent.name for path in (package / kind).glob("*/configs.yaml"))
        (NAMES / f"{kind}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
