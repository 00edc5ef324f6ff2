"""Reward models: a tiny random one in this process, and the same behind servers of both forms, with equal scores."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.providers import LocalProvider, body, create
from autoeval.completions.providers.failures import MalformedReplyError
from autoeval.completions.providers.reward import read
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.completions.providers.tiny_model import make_tiny_reward_model

CHATS = [("hello", "there"), ("a longer question", "and an answer to it"), ("x", "y" * 40)]


def request(endpoint: Endpoint, model: str, chat: tuple[str, str], **parameters: Any) -> Request:
    return Request(
        endpoint, model, (Message("user", chat[0]), Message("assistant", chat[1])), parameters=parameters
    )


def local_scores(model: str) -> list[float]:
    provider = create(Endpoint("reward_model"), 10)
    assert isinstance(provider, LocalProvider)
    outcomes = provider.complete_many([request(Endpoint("reward_model"), model, chat) for chat in CHATS])
    provider.close()
    assert all(isinstance(outcome, Completion) for outcome in outcomes), outcomes
    return [float(outcome.text) for outcome in outcomes if isinstance(outcome, Completion)]


@contextmanager
def server(score: Any) -> Iterator[str]:
    """Serve rewards in vLLM's and in text-embeddings-inference's form; `score` gets the instruction and the output."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/pooling":
                reward = score(*(message["content"] for message in asked["messages"]))
                reply: Any = {"model": asked["model"], "data": [{"index": 0, "data": [[reward]]}]}
            else:
                assert self.path == "/predict"
                reply = [{"label": "LABEL_0", "score": score(*asked["inputs"])}]
            content = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def remote_scores(address: str, model: str, form: str) -> list[float]:
    endpoint = Endpoint("reward", base_url=address)

    async def ask() -> list[Completion | Failure]:
        provider = create(endpoint, 10)
        assert not isinstance(provider, LocalProvider)
        try:
            replies = [await provider.complete(request(endpoint, model, chat, form=form)) for chat in CHATS]
        finally:
            await provider.close()
        return [reply.outcome for reply in replies]

    outcomes = asyncio.run(ask())
    assert all(isinstance(outcome, Completion) for outcome in outcomes), outcomes
    return [float(outcome.text) for outcome in outcomes if isinstance(outcome, Completion)]


@pytest.mark.parametrize("form", ["vllm", "tei"])
def test_a_server_of_either_form(form: str) -> None:
    with server(lambda instruction, output: len(output) - len(instruction) / 8) as address:
        assert remote_scores(address, "m", form) == [len(output) - len(text) / 8 for text, output in CHATS]


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_in_process_and_behind_servers_the_scores_are_equal(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra `transformers` is not installed")
    pytest.importorskip("torch", reason="the extra `transformers` is not installed")
    model = make_tiny_reward_model(tmp_path)
    local = local_scores(model)
    assert len(set(local)) == len(CHATS)
    by_chat = dict(zip(CHATS, local, strict=True))
    with server(lambda instruction, output: by_chat[instruction, output]) as address:
        for form in ("vllm", "tei"):
            assert remote_scores(address, model, form) == local
    provider = create(Endpoint("reward_model"), 10)
    assert isinstance(provider, LocalProvider)
    (too_long,) = provider.complete_many([request(Endpoint("reward_model"), model, ("a", "b" * 5000))])
    assert isinstance(too_long, Failure)
    assert too_long.kind is FailureKind.INVALID_REQUEST
    (none,) = provider.complete_many([request(Endpoint("reward_model"), str(tmp_path / "none"), ("a", "b"))])
    assert isinstance(none, Failure)
    assert none.kind is FailureKind.REFUSED


def test_what_is_sent() -> None:
    endpoint = Endpoint("reward", base_url="http://localhost:1/v1")
    assert body(request(endpoint, "m", ("q", "a"))) == {
        "model": "m",
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
    }
    assert body(request(endpoint, "m", ("q", "a"), form="tei"))["inputs"] == ["q", "a"]
    with pytest.raises(UsageError, match="base_url"):
        create(Endpoint("reward"), 1)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        {"data": []},
        {"data": [{"data": [[0.1, 0.2]]}]},
        [{"score": "high"}],
        [{"score": float("nan")}],
        {"data": "1"},
    ],
)
def test_a_reply_without_exactly_one_reward_is_malformed(reply: Any) -> None:
    with pytest.raises(MalformedReplyError):
        read(reply, 0.1)


def test_an_error_in_a_reply_is_a_failure() -> None:
    assert isinstance(read({"error": "overloaded"}, 0.1), Failure)


def test_a_small_reward_is_written_in_digits() -> None:
    found = read([{"score": -1.5e-7}], 0.1)
    assert isinstance(found, Completion)
    assert found.text == "-0.00000015"
