"""Where results go, decided as AlpacaEval decides it. No folder is made before there is a file for it."""

from pathlib import Path
from typing import Any

from autoeval.data.replacing import refuse_unwritable
from autoeval.runs.run_json import RUN_NAME


def output_folder(
    output_path: str | Path | None,
    model_outputs: Any,
    name: str,
    annotator: str | Path,
    default: str = "results",
) -> Path | None:
    """Return the folder for a run's files, None for none.

    `auto` is the folder of the outputs file, or `results/<name>` where there is no file. An annotator given by
    name (not as a path) gets a subfolder of that name, so that judges do not overwrite each other.

    Raises:
        UsageError: the folder could not be made, or nothing could be written there.
    """
    if output_path is None:
        return None
    folder = Path(output_path)
    if output_path == "auto":
        folder = _beside(model_outputs) or _results(name, default)
    if isinstance(annotator, str) and "/" not in annotator and not annotator.endswith((".yaml", ".yml")):
        folder = folder / annotator
    return writable_folder(folder)


def results_folder(output_path: str | Path | None, name: str) -> Path | None:
    """Return the folder for the outputs of a model, None for none; `auto` is `results/<name>`. It is not looked at."""
    if output_path is None:
        return None
    return _results(name, "results") if output_path == "auto" else Path(output_path)


def _results(name: str, default: str) -> Path:
    return Path(default) / folder_name(name)


def folder_name(name: str) -> str:
    """Return a model's name as that of one folder, which is never above or outside the one that it lies in."""
    one = name.replace("/", "_").replace("\0", "_")
    return one.replace(".", "_") if one.strip(".") == "" else one


def writable_folder(folder: Path) -> Path:
    """Return a folder for results, which is made with the first of them.

    Raises:
        UsageError: it could not be made, or nothing could be written there.
    """
    refuse_unwritable(folder / RUN_NAME)
    return folder


def _beside(model_outputs: Any) -> Path | None:
    if not isinstance(model_outputs, str | Path):
        return None
    path = Path(model_outputs)
    try:
        return path.parent if path.is_file() else None
    except (OSError, ValueError):
        return None
