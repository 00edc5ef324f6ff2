"""A judge that costs almost nothing, so that what is measured is the client: `python -m benchmarks.server`.

It speaks just enough HTTP for OpenAI's chat and Anthropic's messages, always says the same, and can be slow or
keep to a rate. It runs in a process of its own, prints its address, and tells what it did at `/stats`.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_REFUSAL = json.dumps({"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}).encode()


@dataclass
class Behaviour:
    """How the judge answers.

    `delay` is in seconds; `slow_share` of the replies take `slow_seconds`. `rates` are requests a second that
    are allowed from a number of seconds after the first request on; others get a 429 at once. They fill a bucket
    that holds a tenth of a second's worth or, with `counts_seconds`, are allowed in each second anew. With
    `tells_quota`, replies carry the headers that say what is left.
    """

    text: str = "a > b"
    delay: float = 0.0
    slow_share: float = 0.0
    slow_seconds: float = 30.0
    rates: list[tuple[float, float]] = field(default_factory=list)
    counts_seconds: bool = False
    tells_quota: bool = False
    output_tokens: int | None = None


class Judge:
    """Counts, and decides about each request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.began: float | None = None
        self.served: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.last_quick = 0.0
        self._random = random.Random(0)
        self._tokens = 0.0
        self._refilled = 0.0

    def decide(self) -> tuple[float, bool, str]:
        """Return the seconds to wait, whether to answer, and headers to add."""
        now = time.monotonic()
        if self.began is None:
            self.began = now
        since = now - self.began
        behaviour = self.behaviour
        headers = ""
        if behaviour.rates:
            rate = [rate for start, rate in behaviour.rates if start <= since][-1]
            burst = rate if behaviour.counts_seconds else max(1.0, rate / 10)
            self._refill(rate, burst, since)
            if self._tokens < 1:
                self.refused[int(since)] += 1
                return 0.0, False, headers
            self._tokens -= 1
            if behaviour.tells_quota:
                headers = (
                    f"x-ratelimit-limit-requests: {int(burst)}\r\n"
                    f"x-ratelimit-remaining-requests: {int(self._tokens)}\r\n"
                    f"x-ratelimit-reset-requests: {(burst - self._tokens) / rate:.3f}s\r\n"
                )
        self.served[int(since)] += 1
        is_slow = behaviour.slow_share and self._random.random() < behaviour.slow_share
        if is_slow:
            return behaviour.slow_seconds, True, headers
        self.last_quick = since + behaviour.delay
        return behaviour.delay, True, headers

    def _refill(self, rate: float, burst: float, since: float) -> None:
        if not self.behaviour.counts_seconds:
            self._tokens = min(burst, self._tokens + (since - self._refilled) * rate)
        elif int(since) != int(self._refilled) or not since:
            self._tokens = rate
        self._refilled = since

    def reply(self, path: str, body: bytes) -> bytes:
        """Say the same as always, in the protocol that is spoken at a path."""
        given = max(1, len(body) // 4)
        made = self.behaviour.output_tokens
        made = len(self.behaviour.text) // 2 if made is None else made
        if path.endswith("/v1/messages"):
            reply: dict[str, Any] = {
                "content": [{"type": "text", "text": self.behaviour.text}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": given, "output_tokens": made},
            }
        else:
            message = {"role": "assistant", "content": self.behaviour.text}
            reply = {
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {
                    "prompt_tokens": given,
                    "completion_tokens": made,
                    "total_tokens": given + made,
                },
            }
        kind = {"id": "1", "object": "chat.completion", "type": "message", "role": "assistant", "created": 1}
        return json.dumps({**kind, "model": "instant", **reply}).encode()

    def stats(self) -> bytes:
        """Return how many requests were served and refused, second by second, and when the last quick reply left."""
        return json.dumps(
            {"served": self.served, "refused": self.refused, "last_quick": self.last_quick}
        ).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection: reads a request, writes a reply, and again."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1").lower()
            _, _, length = head.partition("content-length:")
            size = int(length.split("\r\n", 1)[0]) if length else 0
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            self._answer(head.split(" ", 2)[1], body)

    def _answer(self, path: str, body: bytes) -> None:
        if path == "/stats":
            self._send("200 OK", "", self._judge.stats())
            return
        delay, is_served, headers = self._judge.decide()
        if not is_served:
            self._send("429 Too Many Requests", headers, _REFUSAL)
        elif delay:
            loop = asyncio.get_running_loop()
            loop.call_later(delay, self._send, "200 OK", headers, self._judge.reply(path, body))
        else:
            self._send("200 OK", headers, self._judge.reply(path, body))

    def _send(self, status: str, headers: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


@contextmanager
def judge_server(**behaviour: object) -> Iterator[str]:
    """Run the server in a process of its own; yields the address that the OpenAI SDK takes."""
    flags = [
        f"--{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in behaviour.items()
    ]
    command = [sys.executable, "-m", "benchmarks.server", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@dataclass(frozen=True)
class Stats:
    """What a server did: requests served and refused by the second, and when its last quick reply left."""

    served: dict[int, int]
    refused: dict[int, int]
    last_quick: float


def stats_of(url: str) -> Stats:
    """Ask a server what it did."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as reply:
        found = json.load(reply)
    served, refused = (
        {int(second): count for second, count in found[name].items()} for name in ("served", "refused")
    )
    return Stats(served, refused, found["last_quick"])


async def _serve(judge: Judge) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(judge), "127.0.0.1", 0, backlog=4096
    )
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", default=Behaviour.text)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--slow_share", type=float, default=0.0)
    parser.add_argument("--slow_seconds", type=float, default=30.0)
    parser.add_argument("--rates", type=json.loads, default=[], help="[[0, 50], [15, 100]]")
    parser.add_argument("--counts_seconds", type=json.loads, default=False)
    parser.add_argument("--tells_quota", type=json.loads, default=False)
    parser.add_argument("--output_tokens", type=json.loads, default=None)
    asyncio.run(_serve(Judge(Behaviour(**vars(parser.parse_args())))))
