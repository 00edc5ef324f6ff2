"""Connections to servers over libcurl: nothing is followed, kept or unpacked that was not asked for."""

import os
import socket
import ssl
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from autoeval.completions.providers.failures import MalformedReplyError
from autoeval.completions.providers.remote import Answer
from autoeval.completions.providers.unpacking import MOST_BYTES, Unpacker, too_large
from autoeval.version import __version__

if TYPE_CHECKING:
    from autoeval.completions.providers.transfers import Transfers

_TRUSTED_FILE, _TRUSTED_FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
"""Where a user says whom to trust; the file counts where both are there."""
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"autoeval/{__version__}",
}
_NO_ANNOUNCEMENT = "Expect:"  # to ask before sending would only cost a round


def is_available() -> bool:
    """Whether libcurl is installed and can wait in this system's event loop."""
    return sys.platform != "win32" and find_spec("pycurl") is not None


class Connections:
    """Connections to one server, kept open between requests that are limited in number elsewhere.

    To be made and used in one event loop.
    """

    def __init__(
        self, address: str, headers: Mapping[str, str], timeout: float, most: int = MOST_BYTES
    ) -> None:
        """Take what all requests share.

        Args:
            address: the server's; decides the proxy and whom to trust.
            headers: sent with each request that has none of its own, besides ours.
            timeout: seconds that one request may take in all.
            most: how many bytes are read of a reply, packed or unpacked.
        """
        from autoeval.completions.providers.transfers import Transfers

        self._transfers = Transfers(timeout)
        self._options = _options(address, most)
        self._headers = _header_lines({**_HEADERS, **headers})
        self._most = most
        self._idle: list[_Transfer] = []

    async def ask(
        self, url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post data, or get where there are none.

        Args:
            url: where, on this server.
            data: the body.
            headers: all that are sent, in place of those of all requests.

        Raises:
            ValueError: a header has a line break in it.
            TimeoutError: it took too long.
            OSError: there is no connection, or it broke off.
            MalformedReplyError: the reply is too large, or packed in a way that cannot be undone.
        """
        sent = self._headers if headers is None else _header_lines(headers)
        transfer = self._idle.pop() if self._idle else _Transfer(self._options, self._most)
        answer = await transfer.made(self._transfers, url, data, sent)
        self._idle.append(transfer)  # one that failed is used no more
        return answer

    def close(self) -> None:
        """Close every connection."""
        self._transfers.close()


class _Transfer:
    """A handle of libcurl's, used for one request after the other."""

    def __init__(self, options: "Mapping[int, object]", most: int) -> None:
        import pycurl

        self._pycurl = pycurl
        self._most = most
        self._curl = pycurl.Curl()
        for option, value in options.items():
            self._curl.setopt(option, value)
        self._lines: list[bytes] = []
        self._curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)
        self._curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self._url = ""
        self._posts = False
        self._sent: Sequence[str] = ()

    async def made(self, transfers: "Transfers", url: str, data: bytes | None, sent: Sequence[str]) -> Answer:
        """Make a request and return what is answered."""
        pycurl, curl = self._pycurl, self._curl
        self._lines.clear()
        self._headers: dict[str, str] = {}
        self._n_read = 0
        self._chunks: list[bytes] = []
        self._unpacker: Unpacker | None = None
        self._refusal: MalformedReplyError | None = None
        if url != self._url:
            curl.setopt(pycurl.URL, url.encode())
            self._url = url
        if sent is not self._sent:
            curl.setopt(pycurl.HTTPHEADER, sent)
            self._sent = sent
        if (data is not None) is not self._posts:
            self._posts = data is not None
            curl.setopt(pycurl.POST if self._posts else pycurl.HTTPGET, True)
        if data is not None:
            curl.setopt(pycurl.POSTFIELDSIZE_LARGE, len(data))
            curl.setopt(
                pycurl.READFUNCTION, BytesIO(data).read
            )  # read once: libcurl must not ask twice by itself
        try:
            await transfers.perform(curl)
        except pycurl.error as error:
            raise self._refusal or self._meant(*error.args) from None
        if self._unpacker is not None:
            self._unpacker.end()
        return Answer(curl.getinfo(pycurl.RESPONSE_CODE), self._answered(), b"".join(self._chunks))

    def _take(self, chunk: bytes) -> int | None:
        """Take a piece of the body; -1 ends the transfer, for an exception would not leave libcurl."""
        try:
            if self._unpacker is None:
                packed = self._answered().get("content-encoding", "identity")
                self._unpacker = Unpacker(packed, self._most)
            self._chunks += self._unpacker.feed(chunk)
        except MalformedReplyError as error:
            self._refusal = error
            return -1
        return None

    def _answered(self) -> Mapping[str, str]:
        """Return the headers that have come; there may be more behind the body."""
        if self._n_read != len(self._lines):
            self._headers, self._n_read = _headers(self._lines), len(self._lines)
        return self._headers

    def _meant(self, code: int, message: str) -> Exception:
        """Return Python's own exception for an error of libcurl's."""
        pycurl = self._pycurl
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return TimeoutError(message)
        if code == pycurl.E_FILESIZE_EXCEEDED:
            return too_large()
        if code in (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY):
            return socket.gaierror(message)
        if code in (
            pycurl.E_SSL_CONNECT_ERROR,
            pycurl.E_PEER_FAILED_VERIFICATION,
            pycurl.E_SSL_CACERT_BADFILE,
            pycurl.E_SSL_ISSUER_ERROR,
        ):
            return ssl.SSLError(code, message)
        if code != pycurl.E_COULDNT_CONNECT:  # the number may be of an address that was tried before
            return OSError(message)
        return OSError(self._curl.getinfo(pycurl.OS_ERRNO), message)


def _headers(lines: Iterable[bytes]) -> dict[str, str]:
    """Return the last answer's headers; those before were a proxy's, or of an announcement."""
    headers: dict[str, str] = {}
    for line in lines:
        if line.startswith(b"HTTP/"):
            headers.clear()
            continue
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _header_lines(headers: Mapping[str, str]) -> list[str]:
    """Return headers as libcurl takes them."""
    for name, value in headers.items():
        if "\n" in value or "\r" in value:  # libcurl would send what follows as a header of its own
            raise ValueError(f"the header {name!r} has a line break in it")
    return [*(f"{name}: {value}" for name, value in headers.items()), _NO_ANNOUNCEMENT]


def _options(address: str, most: int) -> "dict[int, object]":
    import pycurl

    options: dict[int, object] = {
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.FOLLOWLOCATION: False,
        pycurl.MAXFILESIZE_LARGE: most,
        pycurl.NOSIGNAL: True,
        pycurl.PROXY: proxy_for(address) or "",
        pycurl.NOPROXY: "",  # which addresses go without one has been looked up
    }
    if urlsplit(address).scheme == "https":
        options |= _trust()
    return options


def proxy_for(address: str) -> str | None:
    """Return the proxy through which the environment says that an address is reached."""
    parts = urlsplit(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


def _trust() -> "dict[int, object]":
    """Trust whom the SDKs trust: the certificates that the user names, and no others, else the system's.

    Mozilla's stand in for a system's file where there is none, as for a Python that was built elsewhere.
    """
    import pycurl

    if (file := os.environ.get(_TRUSTED_FILE)) or os.environ.get(_TRUSTED_FOLDER):
        return {pycurl.CAINFO: file, pycurl.CAPATH: None if file else os.environ[_TRUSTED_FOLDER]}
    import certifi

    known = ssl.get_default_verify_paths()
    return {
        pycurl.CAINFO: known.cafile or certifi.where(),
        pycurl.CAPATH: known.capath,
        pycurl.SSL_OPTIONS: pycurl.SSLOPT_NATIVE_CA,  # a store that is no file
    }
