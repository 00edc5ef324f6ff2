"""Valid replies of every shape that is read, each with the parser that it is for and the verdict that it says."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autoeval.annotators.parsers import Parser
from autoeval.annotators.parsers.graded import LevelsParser
from tests.annotators.generated import SUBJECTS, dialect
from tests.annotators.parsing import parser
from tests.fuzz.mutations import Path

Reply = dict[str, Any]

_GRADED: Mapping[str, tuple[Parser, Mapping[str, str]]] = {
    "probability": (parser("probability"), {"a": "100%", "b": "0%"}),
    "levels": (
        LevelsParser(kind="levels", levels=("much better", "same", "much worse")),
        {"a": "much better", "b": "much worse"},
    ),
    "logprobs": (parser("logprobs"), {"a": "a", "b": "b"}),
    "dialect: logprobs": (
        dialect("logprob_parser", numerator_token="a", denominator_tokens=["a", "b"], log_prob_index=0),
        {"a": "a", "b": "b"},
    ),
}


@dataclass(frozen=True)
class Valid:
    """A valid reply: its shape, its parser, the text that says the verdict, and the verdict."""

    shape: str
    parser: Parser
    reply: Any
    preference: float
    reads_logprobs: bool = False

    def is_about(self, path: Path) -> bool:
        """Whether a place has to do with the verdict, rather than only accompanying it."""
        return not (
            {"usage", "id", "model", "created", "object", "index", "role", "stop_sequence"} & set(path)
            or ("logprobs" in path and not self.reads_logprobs)
        )


def drawn(draw: random.Random) -> Valid:
    """Draw a reply, its parser and what it says."""
    better = draw.choice("ab")
    names = [*SUBJECTS, *_GRADED]
    name = draw.choice(names)
    if name in _GRADED:
        judge, texts = _GRADED[name]
        is_weighed = "logprobs" in name
        shape = "openai" if is_weighed else draw.choice(list(_SHAPES))
        if name == "dialect: logprobs":
            judge = judge.model_copy(update={"takes_choice": True})
        return _valid(shape, judge, texts[better], better == "a", is_weighed)
    subject = SUBJECTS[name]
    first, second = subject.labels
    said = draw.choice(subject.forms)(*((first, second) if better == "a" else (second, first)))
    shapes = ["openai tool", "anthropic tool"] if subject.is_tool else list(_SHAPES)
    return _valid(draw.choice(shapes), subject.parser, said, better == "a")


def _valid(shape: str, judge: Parser, text: str, is_first: bool, is_weighed: bool = False) -> Valid:
    made = {**_SHAPES, **_TOOLS}[shape](text)
    if is_weighed and not is_first:
        for token in made["choices"][0]["logprobs"]["content"]:
            token["top_logprobs"].reverse()
            for top, logprob in zip(token["top_logprobs"], (-0.1, -2.5), strict=True):
                top["logprob"] = logprob
    return Valid(shape, judge, made, 1.0 if is_first else 2.0, is_weighed)


def openai(text: str) -> Reply:
    tops = [{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -2.5}]
    return {
        "id": "chatcmpl-x",
        "object": "chat.completion",
        "created": 1,
        "model": "judge",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": text[:1], "logprob": -0.1, "top_logprobs": tops}]},
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "total_tokens": 105,
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _openai_completion(text: str) -> Reply:
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    return {**openai(text), "object": "text_completion", "choices": [choice]}


def _openai_tool(arguments: str) -> Reply:
    reply = openai("")
    call = {"id": "call", "type": "function", "function": {"name": "choose", "arguments": arguments}}
    reply["choices"][0] |= {"message": {"role": "assistant", "content": None, "tool_calls": [call]}}
    return reply


def anthropic(text: str) -> Reply:
    return {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "model": "judge",
        "content": [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 5, "cache_read_input_tokens": 0},
    }


def _anthropic_tool(arguments: str) -> Reply:
    try:
        given = json.loads(arguments)
    except ValueError:
        given = {"better": arguments}  # no form of an object says nothing here
    call = {"type": "tool_use", "id": "call", "name": "choose", "input": given}
    return {**anthropic(""), "content": [call], "stop_reason": "tool_use"}


_SHAPES: Mapping[str, Callable[[str], Reply]] = {
    "openai": openai,
    "openai completion": _openai_completion,
    "anthropic": anthropic,
}
_TOOLS: Mapping[str, Callable[[str], Reply]] = {
    "openai tool": _openai_tool,
    "anthropic tool": _anthropic_tool,
}


def as_events(reply: Reply) -> bytes:
    """Return a chat's reply as the stream of events that says the same."""
    choice = reply["choices"][0]
    text = choice["message"]["content"]
    deltas = [{"role": "assistant"}, *({"content": part} for part in (text[:1], text[1:]))]
    chunks = [{"id": "x", "model": "judge", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": reply["usage"]})
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


def as_batch_line(shape: str, reply: Reply, name: str) -> Reply:
    """Return the line of a batch job's results that brings a reply."""
    if shape.startswith("anthropic"):
        return {"custom_id": name, "result": {"type": "succeeded", "message": reply}}
    response = {"status_code": 200, "request_id": "x", "body": reply}
    return {"id": "x", "custom_id": name, "response": response, "error": None}
