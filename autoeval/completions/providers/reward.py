"""Reward models behind an HTTP server: vLLM's pooling endpoint, or text-embeddings-inference's predict endpoint.

A request holds the instruction and the output as a chat, or both in one prompt; the completion's text is the number
that the model gives, unbounded, as it stands in the reply.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autoeval.completions.providers.failures import MalformedReplyError, hinted, printable, reported_failure
from autoeval.completions.providers.fields import count, decimal, mapping, optional_text
from autoeval.completions.providers.keys import check_address, find_key
from autoeval.completions.providers.sdk import SdkProvider
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, Request

_TEI, _VLLM = "tei", "vllm"
_NOT_SENT = frozenset({"form"})


class RewardProvider(SdkProvider):
    """Asks for rewards. The parameter `form` says whose protocol the server speaks: `vllm` (the default) or `tei`.

    vLLM gets the chat and applies the model's template; text-embeddings-inference gets the pair of texts.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Find address and key.

        Raises:
            UsageError: no address is given.
        """
        import openai

        if not endpoint.base_url:
            raise UsageError("the provider 'reward' needs the address of a server: give `base_url`.")
        self._address = check_address(endpoint.base_url).rstrip("/").removesuffix("/v1")
        super().__init__(openai, find_key(endpoint, [], is_optional=True), timeout)

    def _connect(self, **options: Any) -> Any:
        return self._sdk.AsyncOpenAI(api_key=self._key, base_url=self._address, **options)

    def _path(self, request: Request) -> str:
        return "/predict" if _form(request) == _TEI else "/pooling"

    def _body(self, request: Request) -> dict[str, Any]:
        return body(request)

    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        return read(reply, seconds, self._key)


def body(request: Request) -> dict[str, Any]:
    """Return what is posted for a request.

    Raises:
        ValueError: the form is not known.
    """
    parameters = {name: value for name, value in request.parameters.items() if name not in _NOT_SENT}
    if _form(request) == _TEI:
        texts = [message.content for message in request.messages]
        inputs = request.prompt if request.prompt is not None else texts
        return {"inputs": inputs, "raw_scores": True, "truncate": False, **parameters}
    if request.prompt is not None:
        return {"model": request.model, "input": request.prompt, **parameters}
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return {"model": request.model, "messages": messages, **parameters}


def read(reply: Any, seconds: float, key: str = "") -> Completion | Failure:
    """Read a decoded reply of either form.

    Raises:
        MalformedReplyError: it holds not exactly one number.
    """
    fields = mapping(reply)
    if fields.get("error"):
        return reported_failure(reply, key)
    rewards = _rewards(reply)
    if len(rewards) != 1 or not math.isfinite(rewards[0]):
        told = f"the reply holds {len(rewards)} rewards where one was asked for"
        raise MalformedReplyError(hinted(f"{told}: {printable(str(reply), key)[:100]}"))
    return Completion(
        text=in_digits(rewards[0]),
        finish_reason="stop",
        model=optional_text(fields.get("model")),
        input_tokens=count(mapping(fields.get("usage")).get("prompt_tokens")),
        output_tokens=0,
        seconds=seconds,
    )


def in_digits(reward: float) -> str:
    """Write a number without an exponent, every digit of it."""
    return format(Decimal(repr(reward)), "f")


def _rewards(value: Any) -> list[float]:
    """Return the numbers that a reply holds: `data[].data`, `data[].score`, or a list of scores, however nested."""
    if isinstance(value, Mapping):
        inner = next((value[name] for name in ("data", "score") if name in value), None)
        return _rewards(inner)
    if isinstance(value, list):
        return [number for item in value for number in _rewards(item)]
    number = decimal(value)
    return [number] if isinstance(value, int | float) and not math.isnan(number) else []


def _form(request: Request) -> str:
    form = request.parameters.get("form", _VLLM)
    if form not in (_VLLM, _TEI):
        raise ValueError(f"the parameter form is {form!r}; it should be {_VLLM} or {_TEI}")
    return str(form)
