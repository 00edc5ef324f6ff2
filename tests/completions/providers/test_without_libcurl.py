"""Where libcurl cannot wait in the event loop (Windows), the SDKs' own clients ask, within the same bounds."""

import gzip
import json

import pytest

from autoeval.completions.providers import connections, sdk
from autoeval.types import FailureKind
from tests.completions.providers.asking import PROTOCOLS, ask, endpoint_of, fail, request_to
from tests.servers import Answer, Fault, JudgeServer, always, in_turn

pytestmark = pytest.mark.parametrize("protocol", PROTOCOLS)


@pytest.fixture(autouse=True)
def _without_libcurl(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connections, sdk):
        monkeypatch.setattr(module, "is_available", lambda: False)


def test_a_reply_is_read(protocol: str) -> None:
    with JudgeServer(always("a")) as server:
        assert ask(request_to(endpoint_of(server, protocol))).text == "a"


@pytest.mark.parametrize("fault", [Fault.HUGE_BODY, Fault.HUGE_CHUNKED_BODY, Fault.ZIP_BOMB])
def test_a_huge_reply_is_refused(protocol: str, fault: Fault) -> None:
    with JudgeServer(in_turn(Answer(fault=fault))) as server:
        found = fail(request_to(endpoint_of(server, protocol)))
    assert (found.kind, "larger than" in found.message) == (FailureKind.MALFORMED, True)


def test_a_packed_error_keeps_its_words(protocol: str) -> None:
    content = gzip.compress(json.dumps({"error": {"message": "Incorrect API key provided"}}).encode())
    with JudgeServer(always(raw=content, status=401, headers={"Content-Encoding": "gzip"})) as server:
        found = fail(request_to(endpoint_of(server, protocol)))
    assert (found.kind, found.message) == (FailureKind.REFUSED, "Incorrect API key provided (HTTP 401)")


def test_no_redirect_is_followed(protocol: str) -> None:
    with JudgeServer(always(status=307, headers={"Location": "http://localhost:1/elsewhere"})) as server:
        found = fail(request_to(endpoint_of(server, protocol)))
    assert "redirects to http://localhost:1/elsewhere" in found.message


def test_a_connection_that_breaks_off_is_a_connection_failure(protocol: str) -> None:
    with JudgeServer(in_turn(Answer(fault=Fault.DROP))) as server:
        assert fail(request_to(endpoint_of(server, protocol))).kind is FailureKind.CONNECTION
