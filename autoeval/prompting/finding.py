"""Finding a config by the name of a shipped one, its folder or its file."""

from collections.abc import Sequence
from pathlib import Path

from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME as ALPACA_EVAL_CONFIG_NAME
from autoeval.resources import shipped

CONFIG_NAMES = ("config.yaml", "config.yml", ALPACA_EVAL_CONFIG_NAME)


def find_config(
    source: str | Path, folder: str, role: str, before: Sequence[Path] = (), after: Sequence[Path] = ()
) -> Path:
    """Return the YAML file of a config.

    Args:
        source: the name of a shipped config, a config's folder, or a YAML file.
        folder: where shipped ones are, such as `annotator_configs`.
        role: the flag that named it.
        before: folders of configs that are looked into first.
        after: folders that are looked into where nothing else has the name.

    Raises:
        UsageError: naming the nearest known config.
    """
    given = Path(source)
    for root in (*before, Path(), shipped(folder), *after):
        candidate = root / given
        if candidate.is_file():
            return candidate
        for config_name in CONFIG_NAMES:
            if (candidate / config_name).is_file():
                return candidate / config_name
    if given.is_dir():
        raise UsageError(f"{role}: the folder {given} has no {CONFIG_NAMES[0]}.")
    known = known_configs(folder, *before, *after)
    raise UsageError(f"{role}: there is no config {str(source)!r}. {nearest(str(source), known)}")


def known_configs(folder: str, *more: Path) -> list[str]:
    """Return the names of the shipped configs in a folder such as `model_configs`, and of those in more folders."""
    folders = (shipped(folder), *more)
    found = (path for place in folders for name in CONFIG_NAMES for path in place.glob(f"*/{name}"))
    return sorted({path.parent.name for path in found})


def config_name(path: Path) -> str:
    """Return what a config is called: as its folder, or as its file where that has a name of its own."""
    return path.absolute().parent.name if path.name in CONFIG_NAMES else path.stem
