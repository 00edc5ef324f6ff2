"""Who judges, and against whom: from parameters that several journeys have to their meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.data.alpaca_eval import reference
from autoeval.data.eval_sets import EvalSet
from autoeval.errors import UsageError
from autoeval.leaderboards.presets import default_annotator

Folders = str | Path | Sequence[str | Path] | None
"""A folder of annotators, or several."""


Judges = str | Path | Annotator
"""An annotator by name, folder or file, or one that is loaded already."""


def annotator_source(
    annotators_config: Judges | None, preset: EvalSet, folders: Sequence[Path]
) -> str | Path:
    """Return what names the annotator that is given, else the preset's."""
    if isinstance(annotators_config, Annotator):
        return annotators_config.source or annotators_config.name
    return annotators_config or default_annotator(preset, folders)


def outputs_to_compare(reference_outputs: Any, preset: EvalSet) -> Any:
    """Return the source of the outputs that are named, else the preset's."""
    return reference(preset.reference) if reference_outputs is None else reference_outputs


def config_folders(annotators_config_dir: Folders, base_dir: Folders) -> list[Path]:
    """Return the folders that annotators are looked for in first.

    Args:
        annotators_config_dir: our name for them.
        base_dir: alpaca_eval's.

    Raises:
        UsageError: one is no folder.
    """
    given: list[Any] = []
    for folders in (annotators_config_dir, base_dir):
        given += [folders] if isinstance(folders, str | Path) else list(folders or ())
    paths = [Path(folder).expanduser() for folder in given]
    for path in paths:
        if not path.is_dir():
            raise UsageError(
                f"--annotators_config_dir: {path} is no folder. Name the one that holds annotators."
            )
    return paths
