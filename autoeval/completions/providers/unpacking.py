"""Unpacking what a server compresses unasked, and never more of it than a reply may be."""

import zlib
from collections.abc import Iterator

from autoeval.completions.providers.failures import MalformedReplyError

MOST_BYTES = 16 * 2**20
"""The largest reply that is read, packed or unpacked."""
_DETECTED = zlib.MAX_WBITS | 32  # with gzip's or zlib's header
_BARE = -zlib.MAX_WBITS
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})


def too_large() -> MalformedReplyError:
    """Return the error for a reply that is not read to its end."""
    return MalformedReplyError(f"the reply is larger than {MOST_BYTES // 2**20} MB; it was not read")


class Unpacker:
    """Undoes the packings of a `Content-Encoding`, chunk by chunk."""

    def __init__(self, encoding: str, most: int = MOST_BYTES) -> None:
        """Take what the header says.

        Raises:
            MalformedReplyError: it is a packing that was not asked for and cannot be undone here.
        """
        names = [name.strip().lower() for name in encoding.split(",")]
        self._packings = [name for name in reversed(names) if name not in ("", "identity")]
        if len(self._packings) > 1 or not _KNOWN.issuperset(self._packings):
            raise MalformedReplyError(
                f"the reply is compressed with {encoding[:40]!r} although that was not asked for"
            )
        self._left = most
        self._inflater = zlib.decompressobj(_DETECTED) if self._packings else None
        self._has_begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Return what a chunk holds.

        Raises:
            MalformedReplyError: it is damaged, or there is too much of it.
        """
        if self._inflater is None:
            yield self._counted(chunk)
            return
        while chunk:
            yield self._counted(self._inflated(chunk))
            if self._inflater.unconsumed_tail:
                raise too_large()
            chunk = self._inflater.unused_data
            if chunk:  # a file of several parts
                self._inflater = zlib.decompressobj(_DETECTED)

    def end(self) -> None:
        """Check that nothing is missing.

        Raises:
            MalformedReplyError: it was cut short.
        """
        if self._inflater is not None and self._has_begun and not self._inflater.eof:
            raise MalformedReplyError("the compressed reply was cut short")

    def _inflated(self, chunk: bytes) -> bytes:
        assert self._inflater is not None
        most = self._left + 1  # one more shows that there is too much
        try:
            try:
                unpacked = self._inflater.decompress(chunk, most)
            except zlib.error:
                if self._has_begun or self._packings != ["deflate"]:
                    raise
                self._inflater = zlib.decompressobj(_BARE)  # some servers leave the header out
                unpacked = self._inflater.decompress(chunk, most)
        except zlib.error as error:
            raise MalformedReplyError(f"the compressed reply is damaged: {error}") from None
        self._has_begun = True
        return unpacked

    def _counted(self, unpacked: bytes) -> bytes:
        self._left -= len(unpacked)
        if self._left < 0:
            raise too_large()
        return unpacked
