"""Finding a config by the name of a shipped one, its folder or its file."""

from pathlib import Path

from autoeval.errors import UsageError, nearest
from autoeval.resources import shipped

CONFIG_NAMES = ("config.yaml", "config.yml")


def find_config(source: str | Path, folder: str, role: str) -> Path:
    """Return the YAML file of a config.

    Args:
        source: the name of a shipped config, a config's folder, or a YAML file.
        folder: where shipped ones are, such as `annotator_configs`.
        role: the flag that named it.

    Raises:
        UsageError: naming the nearest shipped config.
    """
    given = Path(source)
    for root in (Path(), shipped(folder)):
        candidate = root / given
        if candidate.is_file():
            return candidate
        for config_name in CONFIG_NAMES:
            if (candidate / config_name).is_file():
                return candidate / config_name
    if given.is_dir():
        raise UsageError(f"{role}: the folder {given} has no {CONFIG_NAMES[0]}.")
    raise UsageError(
        f"{role}: there is no config {str(source)!r}. {nearest(str(source), shipped_configs(folder))}"
    )


def shipped_configs(folder: str) -> list[str]:
    """Return the names of the shipped configs in a folder such as `model_configs`."""
    return sorted(path.parent.name for path in shipped(folder).glob(f"*/{CONFIG_NAMES[0]}"))


def config_name(path: Path) -> str:
    """Return what a config is called: as its folder, or as its file where that has a name of its own."""
    return path.absolute().parent.name if path.name in CONFIG_NAMES else path.stem
