"""All runs of a folder in a browser, on this machine."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from autoeval.checks import check_number
from autoeval.completions.ask import Display, Silent
from autoeval.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from autoeval.viewing.documents import Documents

_WAITING = 128  # connections that the system holds until they are taken


def view(
    folder: str | Path = "results",
    port: int = 8050,
    display: Display | None = None,
) -> None:
    """Show all runs of a folder in a browser, until interrupted: find, compare, read and label them.

    The page is served on this machine only, below an address that holds a secret, so that no other user and no web
    page can read it. The secret is kept, so that addresses stay valid from one start to the next.

    Args:
        folder: The folder whose runs are shown, with all folders below it.
        port: Where to listen, on this machine only; 0: any free one.
        display: Says the address (Python only).

    Raises:
        UsageError: there is no such folder, or the port is taken.
        MissingExtraError: the extra `view` is not installed.
    """
    check_number("port", port, 0, 65535, whole=True)
    root = runs_folder(folder)
    try:
        import uvicorn

        from autoeval.viewing.app import make_app
        from autoeval.viewing.labelling import Desk
    except ModuleNotFoundError as error:
        raise MissingExtraError("viewing runs", "view") from error
    token = _token()
    app = make_app(documents_of(root), Desk(), token)
    door = _listening(port)
    (display or Silent()).announce(
        f"showing {root} at http://127.0.0.1:{door.getsockname()[1]}/{token}/ until interrupted (Ctrl-C)"
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
    with door, suppress(KeyboardInterrupt):
        server.run(sockets=[door])


def runs_folder(folder: str | Path) -> Path:
    """Return a folder with runs.

    Raises:
        UsageError: it is no folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UsageError(
            f"there is no folder {str(root)!r}: name the one that the results of your runs are in, such as results."
        )
    return root


def documents_of(root: Path, keeps: bool = True) -> "Documents":
    """Return what can be shown of a folder's runs.

    Args:
        root: the folder.
        keeps: keep what is learned of its runs for the next time, in the user's cache.

    Raises:
        MissingExtraError: the extra `view` is not installed.
    """
    import platformdirs

    from autoeval.viewing.documents import Documents
    from autoeval.viewing.index import Index
    from autoeval.viewing.rendering import check_rendering
    from autoeval.viewing.store import PairStore
    from autoeval.viewing.tags import Tags

    check_rendering()
    kept_in = Path(platformdirs.user_cache_dir("autoeval")) / "view" if keeps else None
    return Documents(Index(root, kept_in), PairStore(), Tags(root))


def _token() -> str:
    """Return the user's secret; the first time, make it. Where it cannot be kept, it is good for this start."""
    import platformdirs

    path = Path(platformdirs.user_data_dir("autoeval")) / "view-secret"
    with suppress(OSError):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(24))
        kept = path.read_text(encoding="ascii", errors="replace").strip()
        is_private = path.stat().st_mode & 0o077 == 0
        if (
            is_private
            and len(kept) >= 32
            and all(character.isalnum() or character in "-_" for character in kept)
        ):
            return kept
    return secrets.token_urlsafe(24)


def _listening(port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
        door.listen(_WAITING)
    except OSError as error:
        door.close()
        raise UsageError(
            f"--port: {port} cannot be listened on: {error.strerror}. Is it taken? --port 0 takes any free one."
        ) from None
    return door
