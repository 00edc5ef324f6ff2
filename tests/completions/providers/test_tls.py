"""Whom an https server has to be vouched for by: whom the user names and nobody else, or whom the system trusts."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from autoeval.types import FailureKind
from tests.completions.providers.asking import PROTOCOLS, ask, endpoint_of, fail, request_to
from tests.servers import JudgeServer, always

pytestmark = pytest.mark.parametrize("protocol", PROTOCOLS)
VOUCHES, ANOTHER = trustme.CA(), trustme.CA()


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """A server that one authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    VOUCHES.issue_cert("127.0.0.1").configure_cert(context)
    with JudgeServer(always("a"), tls=context) as server:
        yield server


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nobody is named; files of both authorities lie in `tmp_path`."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, authority in (("vouches.pem", VOUCHES), ("another.pem", ANOTHER)):
        authority.cert_pem.write_to_path(str(tmp_path / name))
    return monkeypatch


def the_system_trusts(file: Path) -> ssl.DefaultVerifyPaths:
    return ssl.DefaultVerifyPaths(str(file), None, "SSL_CERT_FILE", str(file), "SSL_CERT_DIR", "")  # type: ignore[arg-type]


def test_a_file_that_the_user_names(
    protocol: str, server: JudgeServer, trusting: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusting.setenv("SSL_CERT_FILE", str(tmp_path / "vouches.pem"))
    assert ask(request_to(endpoint_of(server, protocol))).text == "a"


def test_the_systems_store(
    protocol: str, server: JudgeServer, trusting: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = the_system_trusts(tmp_path / "vouches.pem")
    trusting.setattr(ssl, "get_default_verify_paths", lambda: paths)
    assert ask(request_to(endpoint_of(server, protocol))).text == "a"


@pytest.mark.parametrize(
    ("variable", "name"),
    [("SSL_CERT_FILE", "another.pem"), ("SSL_CERT_FILE", "there is none.pem"), ("SSL_CERT_DIR", "")],
)
def test_who_names_somebody_trusts_nobody_else(
    variable: str, name: str, protocol: str, server: JudgeServer, trusting: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = the_system_trusts(tmp_path / "vouches.pem")
    trusting.setattr(ssl, "get_default_verify_paths", lambda: paths)
    trusting.setenv(variable, str(tmp_path / name))
    found = fail(request_to(endpoint_of(server, protocol)))
    assert found.kind is FailureKind.CONNECTION
    assert "no secure connection" in found.message
    assert server.n_requests == 0
