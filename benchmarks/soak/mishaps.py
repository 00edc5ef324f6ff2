"""What goes wrong at the soak's server, each with its share of the requests."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.servers import Answer, Fault, protocols, rate_limited
from tests.servers.answers import Body

Reply = dict[str, Any]


@dataclass(frozen=True)
class Mishap:
    """One way in which a request goes wrong.

    `instead` comes in place of a verdict, and is paid for where `is_charged`. Without it the verdict comes, in an odd
    `form`; that can be a form which a protocol does not have, where the reply is a plain one.
    """

    name: str
    share: float
    instead: Callable[[Body], Answer] | None = None
    is_charged: bool = False
    form: Callable[[Body, Answer], Answer] = lambda _, answer: answer


def _always(answer: Answer) -> Callable[[Body], Answer]:
    return lambda _: answer


def _reply(body: Body, answer: Answer) -> Reply:
    shape = protocols.anthropic_message if is_anthropics(body) else protocols.openai_chat
    return shape(body, answer)


def is_anthropics(body: Body) -> bool:
    """Whether a request is one of Anthropic's protocol, by the model that it asks."""
    return str(body.get("model", "")).startswith("claude")


def _broken_off(body: Body) -> Answer:
    error = {"message": "Upstream provider went away", "code": 502}
    choice = {"message": {"role": "assistant", "content": ""}, "finish_reason": "error", "error": error}
    return Answer(raw=_overloaded() if is_anthropics(body) else {"choices": [{"index": 0, **choice}]})


def _no_choices(body: Body) -> Answer:
    error = {"message": "Provider returned error", "code": 429}
    return Answer(raw=_overloaded() if is_anthropics(body) else {"choices": None, "error": error})


def _overloaded() -> Reply:
    return {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def _filtered(body: Body) -> Answer:
    if is_anthropics(body):  # it knows no such reply
        return _flagged(body)
    choice = {"index": 0, "message": None, "finish_reason": "content_filter"}
    return Answer(raw={"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 0}})


def _flagged(_: Body) -> Answer:
    message = "Your input was flagged by our moderation"
    return Answer(raw={"error": {"message": message, "metadata": {"reasons": ["violence"]}}}, status=403)


def _compressed(body: Body, answer: Answer) -> Answer:
    content = gzip.compress(json.dumps(_reply(body, answer)).encode())
    return replace(answer, raw=content, headers={"Content-Encoding": "gzip"})


def _odd_usage(body: Body, answer: Answer) -> Answer:
    usage: Mapping[str, Any] = {
        "prompt_tokens": -10_000_000,
        "completion_tokens": float("inf"),
        "input_tokens": "many",
        "output_tokens": float("nan"),
    }
    return replace(answer, raw={**_reply(body, answer), "usage": usage, "model": 7})


def _events(body: Body, answer: Answer) -> Answer:
    if is_anthropics(body):
        return answer
    deltas = [{"role": "assistant"}, *({"content": part} for part in (answer.text[:1], answer.text[1:]))]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    content = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return replace(answer, raw=content.encode(), headers={"Content-Type": "text/event-stream"})


MISHAPS = (
    Mishap("429", 0.01, _always(rate_limited())),
    Mishap("429 with Retry-After", 0.01, _always(rate_limited(retry_after=0.5))),
    Mishap("500", 0.01, _always(Answer("something broke", status=500))),
    Mishap("503", 0.005, _always(Answer("overloaded", status=503))),
    Mishap("529", 0.005, _always(Answer("overloaded", status=529))),
    Mishap("403 of a moderation", 0.001, _flagged),
    Mishap("dropped connection", 0.01, _always(Answer(fault=Fault.DROP))),
    Mishap("half-sent body", 0.01, _always(Answer(fault=Fault.HALF_BODY))),
    Mishap("body that is no JSON", 0.01, _always(Answer(fault=Fault.NOT_JSON))),
    Mishap("JSON of another kind", 0.005, _always(Answer(fault=Fault.NO_CHOICES))),
    Mishap("body that drips for ever", 0.001, _always(Answer(fault=Fault.SLOW_BODY))),
    Mishap("no reply ever", 0.001, _always(Answer(fault=Fault.HANG))),
    Mishap("body of 100 MB", 0.0005, _always(Answer(fault=Fault.HUGE_BODY))),
    Mishap("200 with an error in the choice", 0.01, _broken_off),
    Mishap("200 with choices null beside an error", 0.01, _no_choices),
    Mishap("200 filtered, its message null", 0.001, _filtered),
    Mishap("compressed reply", 0.02, form=_compressed),
    Mishap("reply with odd counts of tokens", 0.02, form=_odd_usage),
    Mishap("reply as a stream of events", 0.02, form=_events),
    Mishap("empty reply", 0.005, _always(Answer("")), is_charged=True),
    Mishap("reply without a verdict", 0.01, _always(Answer("Both answers are fine.")), is_charged=True),
)
"""All of them; for the rest of the requests nothing goes wrong."""
PLAIN = Mishap("", 1.0)
