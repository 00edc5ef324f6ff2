"""Reading over HTTP with bounds on what a hostile server can send: small replies whole, large files by lines."""

from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker

MOST_FILE_BYTES = 8 * 2**30
"""The largest file of results that is read; it is never in memory as a whole."""
_MOST_ERROR_BYTES = 64 * 2**10


def stream_lines(
    url: str,
    headers: dict[str, str],
    timeout: float,
    trouble: Callable[..., Exception],
) -> Iterator[bytes]:
    """Read a file's lines as they come.

    Args:
        url: the file.
        headers: what is sent along.
        timeout: seconds without a byte after which reading is given up.
        trouble: makes the exception that is raised, of what happened on the way, or of a body with the `status`
            and `headers` that it came with.
    """
    import httpx2

    with httpx2.Client(timeout=timeout, follow_redirects=False) as client:
        try:
            with client.stream("GET", url, headers=headers) as response:
                if response.status_code != 200:
                    body = b"".join(_bounded(response.iter_bytes(), _MOST_ERROR_BYTES))
                    raise trouble(
                        body.decode(errors="replace"), status=response.status_code, headers=response.headers
                    )
                yield from _lines(_counted(response.iter_bytes(), trouble))
        except httpx2.HTTPError as error:
            raise trouble(error) from None


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut at line ends; a line that is too long for any reply is dropped while it comes."""
    rest, is_dropping = b"", False
    for chunk in chunks:
        *ended, rest = (rest + chunk).split(b"\n")
        for line in ended:
            if not is_dropping and line.strip():
                yield line
            is_dropping = False
        if len(rest) > MOST_BYTES:
            rest, is_dropping = b"", True
    if rest.strip() and not is_dropping:
        yield rest


def _counted(chunks: Iterable[bytes], trouble: Callable[..., Exception]) -> Iterator[bytes]:
    n_bytes = 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > MOST_FILE_BYTES:
            raise trouble(f"the file is larger than {MOST_FILE_BYTES // 2**30} GB")
        yield chunk


def _bounded(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:most]
        most -= len(chunk)
        if most <= 0:
            return


def bounded_client(sdk: ModuleType) -> Any:
    """Return an HTTP client for an SDK's own calls, whose replies are small; it reads no larger ones."""
    import httpx2

    def bound(response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.SyncByteStream)
        unpacker = Unpacker(response.headers.pop("content-encoding", "identity"))
        response.stream = _BoundedStream(response.stream, unpacker)

    class _BoundedStream(httpx2.SyncByteStream):
        def __init__(self, stream: httpx2.SyncByteStream, unpacker: Unpacker) -> None:
            self._stream = stream
            self._unpacker = unpacker

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._stream:
                yield from self._unpacker.feed(chunk)
            self._unpacker.end()

        def close(self) -> None:
            self._stream.close()

    return sdk.DefaultHttpxClient(event_hooks={"response": [bound]}, follow_redirects=False)
