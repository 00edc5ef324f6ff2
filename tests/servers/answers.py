"""What a test server can answer: good replies, errors, and every way in which a connection can go wrong."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]
"""The decoded JSON that a client posted."""


class Fault(StrEnum):
    """What a server does in place of a good reply."""

    HANG = "hang"  # takes the request and never answers
    DROP = "drop"  # closes the connection without a byte
    HALF_BODY = "half body"  # announces a body and closes in its middle
    NOT_JSON = "not JSON"  # status 200 and a body that is no JSON
    NO_CHOICES = "no choices"  # status 200 and JSON of another kind
    SLOW_BODY = "slow body"  # a byte now and then, for ever
    HUGE_BODY = "huge body"  # 100 MB, announced
    HUGE_CHUNKED_BODY = "huge chunked body"  # 100 MB, not announced
    ZIP_BOMB = "zip bomb"  # 100 MB of zeros, compressed


@dataclass(frozen=True)
class Answer:
    """One reply, in the words that both protocols share.

    `choice` replaces the whole OpenAI choice (a recorded one with log probabilities, for example).
    `status` other than 200 makes an error with `text` as its message and `code` as its code.
    `delay` is in seconds. `raw` is sent as it is, whatever the protocol: JSON, or the body's bytes.
    `reasoning_tokens` were spent before the reply and are part of its output tokens; with `is_reasoning_apart` only the
    total has them, as at Gemini's OpenAI-compatible address.
    """

    text: str = ""
    finish_reason: str = "stop"
    tool_arguments: Mapping[str, Any] | str | None = None
    refusal: str | None = None
    choice: Mapping[str, Any] | None = None
    status: int = 200
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    delay: float = 0.0
    model: str | None = None
    output_tokens: int | None = None
    raw: Any = None
    reasoning_tokens: int = 0
    is_reasoning_apart: bool = False


Answerer = Callable[[Body], Answer]
"""Decides the answer to a request; called in the server's own thread, one request at a time."""


def always(text: str = "yes", **fields: Any) -> Answerer:
    """Give the same answer to everything."""
    answer = Answer(text, **fields)
    return lambda _: answer


def in_turn(*answers: Answer) -> Answerer:
    """Give these answers one after the other, and the last one from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def rate_limited(retry_after: float | None = None) -> Answer:
    """Refuse with 429."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return Answer("Rate limit reached", status=429, code="rate_limit_exceeded", headers=headers)


def with_faults(answerer: Answerer, faults: Sequence[Answer], share: float, seed: int = 0) -> Answerer:
    """Put each of `faults` in the place of such a share of the answers, drawn with a seed."""
    draw = random.Random(seed)

    def answer(body: Body) -> Answer:
        place = int(draw.random() / share)
        return faults[place] if place < len(faults) else answerer(body)

    return answer


def prompt_text(body: Body) -> str:
    """Return everything that a request says to the model, in either protocol."""
    parts = [body.get("system", ""), body.get("prompt", "")]
    parts += [message["content"] for message in body.get("messages", ())]
    return "\n\n".join(part if isinstance(part, str) else str(part) for part in parts if part)
