"""Where shipped configs, boards and examples lie: inside the package when installed, beside it when editable."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """Return the path of a shipped data folder. It is never written to.

    Args:
        folder: `annotator_configs`, `model_configs`, `leaderboards` or `examples`.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        path = root / folder
        if path.is_dir():
            return path
    raise FileNotFoundError(
        f"the folder {folder!r} is missing from this installation of autoeval; reinstall it"
    )
