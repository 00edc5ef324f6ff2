"""Where AlpacaEval's configs lie, and how one is told from ours."""

from collections.abc import Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

CONFIG_NAME = "configs.yaml"
_PACKAGE = "alpaca_eval"


def is_dialect(data: Mapping[str, Any]) -> bool:
    """Whether a config file is AlpacaEval's: entries by name, each with a prompt template."""
    entries = list(data.values())
    return all(isinstance(entry, Mapping) for entry in entries) and any(
        "prompt_template" in entry for entry in entries
    )


def is_theirs(name: str, folder: str) -> bool:
    """Whether a config of that name comes with alpaca_eval 0.6.6.

    Args:
        name: of a config.
        folder: `evaluators_configs` or `models_configs`.
    """
    return name in Path(__file__).with_name(f"{folder}.txt").read_text(encoding="utf-8").splitlines()


def installed(folder: str) -> Path | None:
    """Return a folder of the alpaca_eval package where it is installed beside us; the package is not imported.

    Args:
        folder: `evaluators_configs`, `models_configs` or `leaderboards`.
    """
    package = installed_package()
    path = package / folder if package else None
    return path if path and path.is_dir() else None


def installed_package() -> Path | None:
    """Return the folder of the alpaca_eval package, None where it is not installed."""
    try:
        spec = PathFinder.find_spec(_PACKAGE)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None
