"""Finding a config by the name of a shipped one, its folder or its file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME, installed, is_theirs
from autoeval.resources import shipped

_YAML = (".yaml", ".yml")
CONFIG_NAMES = ("config.yaml", "config.yml", CONFIG_NAME)
_FOLDER_FLAGS = {"annotator_configs": "--annotators_config_dir", "model_configs": "--base_dir"}
_THEIRS = {"annotator_configs": "evaluators_configs", "model_configs": "models_configs"}


def find_config(source: str | Path, folder: str, role: str, first: Sequence[Path] = ()) -> Path:
    """Return the YAML file of a config.

    A name is looked for in the folders of `first`, in the working folder, among the shipped configs, and among
    those of the alpaca_eval package where that is installed beside us.

    Args:
        source: the name of a config, a config's folder, or a YAML file.
        folder: where shipped ones are, such as `annotator_configs`.
        role: the flag that named it.
        first: folders of configs that come before any other.

    Raises:
        UsageError: naming the nearest known config.
    """
    if not isinstance(source, str | Path):
        raise UsageError(f"{role}: {source!r} is neither a name nor a path.")
    given = Path(source)
    theirs = installed(_THEIRS[folder])
    last = [theirs] if theirs else []
    for root in (*first, Path(), shipped(folder), *last):
        for candidate in (root / given, *(root / given / config_name for config_name in CONFIG_NAMES)):
            if _says(candidate.is_file):
                return candidate
    if not theirs and is_theirs(str(source), _THEIRS[folder]):
        raise UsageError(
            f"{role}: {str(source)!r} is a config of alpaca_eval 0.6.6 and comes with that package: "
            "pip install 'autoeval[alpaca_eval]' (and type autoeval from then on, for that package has a command "
            f"alpaca_eval of its own), or name the folder that holds it with {_FOLDER_FLAGS[folder]}."
        )
    if _says(given.is_dir):
        raise UsageError(f"{role}: the folder {given} has no {CONFIG_NAMES[0]}.")
    known = {name for place in (*first, shipped(folder), *last) for name in _names_in(place)}
    raise UsageError(f"{role}: there is no config {str(source)!r}. {nearest(str(source), known)}")


def _says(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # a folder that we may not look into, or a name that no file can have
        return False


def shipped_configs(folder: str) -> list[str]:
    """Return the names of the shipped configs in a folder such as `model_configs`."""
    return sorted(_names_in(shipped(folder)))


def _names_in(folder: Path) -> set[str]:
    return {path.parent.name for name in CONFIG_NAMES for path in folder.glob(f"*/{name}")}


def config_name(path: Path) -> str:
    """Return what a config is called: as its folder, or as its file where that has a name of its own."""
    return path.absolute().parent.name if path.name in CONFIG_NAMES else path.stem


def judge_name(annotator: str | Path) -> str:
    """Return what a judge is called: by its name, its config's folder, or its file where that has a name of its own."""
    path = Path(annotator)
    return config_name(path) if path.suffix in _YAML else path.absolute().name
