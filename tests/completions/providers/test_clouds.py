"""Bedrock and Vertex: the SDKs' own clients against a server that speaks at their addresses."""

from collections.abc import Callable

import pytest

from autoeval.completions.providers import body, create
from autoeval.errors import UsageError
from autoeval.types import Endpoint, FailureKind
from tests.completions.providers.asking import KEY, KEY_VARIABLE, ask, fail, request_to
from tests.completions.virtual_time import Forward
from tests.servers import Answer, Fault, JudgeServer, always, rate_limited

pytest.importorskip("botocore", reason="the extra `bedrock` is not installed")
pytest.importorskip("google.auth", reason="the extra `vertex` is not installed")

CLAUDE = {"bedrock": "us.anthropic.claude-haiku-4-5-20251001-v1:0", "vertex": "claude-haiku-4-5@20251001"}
OTHER = {"bedrock": "openai.gpt-oss-120b-1:0", "vertex": "google/gemini-3-pro"}
PATHS = {
    ("bedrock", "claude"): "/model/us.anthropic.claude-haiku-4-5-20251001-v1:0/invoke",
    ("bedrock", "other"): "/openai/v1/chat/completions",
    (
        "vertex",
        "claude",
    ): "/projects/p1/locations/europe-west1/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict",
    ("vertex", "other"): "/projects/p1/locations/europe-west1/endpoints/openapi/chat/completions",
}
EACH = pytest.mark.parametrize("cloud", ["bedrock", "vertex"])
KIND = pytest.mark.parametrize("kind", ["claude", "other"])
ToEndpoint = Callable[[str, JudgeServer], Endpoint]


@pytest.fixture(autouse=True)
def _clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west1")
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def endpoint_of(cloud: str, server: JudgeServer) -> Endpoint:
    return Endpoint(cloud, base_url=server.address, api_key_env=KEY_VARIABLE)


def model_of(cloud: str, kind: str) -> str:
    return (CLAUDE if kind == "claude" else OTHER)[cloud]


@EACH
@KIND
def test_a_request_reaches_the_models_own_address(cloud: str, kind: str) -> None:
    with JudgeServer(always("first"), key=KEY) as server:
        request = request_to(endpoint_of(cloud, server), model_of(cloud, kind), temperature=0, max_tokens=5)
        completion = ask(request)
        (received,) = server.received
    assert completion.text == "first"
    assert completion.input_tokens
    assert received.path == PATHS[cloud, kind]
    sent = body(request)
    assert {name: received.body[name] for name in sent if name in received.body} == {
        name: value for name, value in sent.items() if name in received.body
    }
    assert received.body["max_tokens"] == 5
    assert received.body["temperature"] == 0


@EACH
@KIND
@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (rate_limited(3), FailureKind.RATE_LIMITED),
        (Answer("overloaded", status=503), FailureKind.SERVER_ERROR),
        (Answer("wrong token", status=403), FailureKind.REFUSED),
        (Answer("no such model", status=404), FailureKind.REFUSED),
        (Answer("bad parameter", status=400), FailureKind.INVALID_REQUEST),
        (Answer(fault=Fault.DROP), FailureKind.CONNECTION),
        (Answer(fault=Fault.NOT_JSON), FailureKind.MALFORMED),
        (Answer(fault=Fault.HUGE_BODY), FailureKind.MALFORMED),
    ],
)
def test_failures(cloud: str, kind: str, answer: Answer, failure: FailureKind) -> None:
    with JudgeServer(lambda _: answer) as server:
        found = fail(request_to(endpoint_of(cloud, server), model_of(cloud, kind)))
        assert server.n_requests == 1
    assert found.kind is failure
    assert found.retry_after == (3 if failure is FailureKind.RATE_LIMITED else None)


@EACH
@KIND
def test_timeout_and_truncation(cloud: str, kind: str) -> None:
    clock = Forward()
    with JudgeServer(always(fault=Fault.HANG), on_hanging=clock.jump) as server:
        found = fail(request_to(endpoint_of(cloud, server), model_of(cloud, kind)), clock=clock)
    assert found.kind is FailureKind.TIMEOUT
    with JudgeServer(always("fi", finish_reason="length")) as server:
        assert ask(request_to(endpoint_of(cloud, server), model_of(cloud, kind))).finish_reason == "length"


@KIND
def test_aws_keys_sign_the_request(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-aws")
    with JudgeServer(always("a")) as server:
        ask(
            request_to(
                Endpoint("bedrock", base_url=server.address),
                CLAUDE["bedrock"] if kind == "claude" else OTHER["bedrock"],
            )
        )
        authorization = server.received[0].headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIATEST/")
    assert "/eu-central-1/bedrock/" in authorization


def test_missing_credentials_and_places_are_usage_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="aws configure"):
        create(Endpoint("bedrock"), 10)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token")
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(UsageError, match="AWS_REGION"):
        create(Endpoint("bedrock"), 10)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent.json")
    with pytest.raises(UsageError, match="gcloud auth"):
        create(Endpoint("vertex"), 10)
    monkeypatch.delenv("GOOGLE_CLOUD_LOCATION")
    with pytest.raises(UsageError, match="GOOGLE_CLOUD_LOCATION"):
        create(Endpoint("vertex", api_key_env=KEY_VARIABLE), 10)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    with pytest.raises(UsageError, match="GOOGLE_CLOUD_PROJECT"):
        create(Endpoint("vertex", api_key_env=KEY_VARIABLE), 10)
