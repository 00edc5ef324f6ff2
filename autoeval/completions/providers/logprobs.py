"""Log probabilities as servers write them. What they mean is the parser's affair; here none costs a reply.

A probability of zero is null in the JSON of many servers, since JSON has no minus infinity. Anything that is no
number becomes NaN, so that a parser that needs it can say so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autoeval.completions.providers.fields import decimal, mapping
from autoeval.types import TokenLogprobs


def read_logprobs(logprobs: Any) -> tuple[TokenLogprobs, ...]:
    """Read a choice's log probabilities, of chats or of completion models; () where there are none."""
    if logprobs is None:
        return ()
    fields = mapping(logprobs)
    if content := _list(fields.get("content")):
        return tuple(_chat_token(mapping(token)) for token in content)
    tokens = _list(fields.get("tokens"))
    numbers = _list(fields.get("token_logprobs")) or [None] * len(tokens)
    tops = _list(fields.get("top_logprobs")) or [None] * len(tokens)
    if len(tokens) != len(numbers) or len(tokens) != len(tops):
        return ()
    return tuple(
        # the first token of an echoed prompt has no probability
        TokenLogprobs(_token(token), 0.0 if number is None else decimal(number), tuple(_top(top)))
        for token, number, top in zip(tokens, numbers, tops, strict=True)
    )


def _chat_token(token: Mapping[str, Any]) -> TokenLogprobs:
    return TokenLogprobs(
        _token(token.get("token")),
        _logprob(token.get("logprob", math.nan)),
        tuple(_top(token.get("top_logprobs"))),
    )


def _top(alternatives: Any) -> Iterator[tuple[str, float]]:
    """Walk through a token's alternatives: a list of objects, or an object from token to number."""
    if isinstance(alternatives, Mapping):
        yield from ((token, _logprob(number)) for token, number in alternatives.items())
        return
    for top in _list(alternatives):
        yield _token(mapping(top).get("token")), _logprob(mapping(top).get("logprob", math.nan))


def _logprob(value: Any) -> float:
    return -math.inf if value is None else decimal(value)


def _token(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def to_json(number: float) -> float | str | None:
    """Write a log probability in JSON, which has neither infinity nor NaN."""
    if math.isfinite(number):
        return number
    return None if number == -math.inf else str(number)


def from_json(value: float | str | None) -> float:
    """Read what `to_json` wrote."""
    return value if isinstance(value, float) else _logprob(value)
