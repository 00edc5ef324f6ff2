"""Names of request parameters in OpenAI's words and those of the servers that speak its protocol."""

from collections.abc import Mapping
from difflib import get_close_matches
from numbers import Real
from typing import Any


def _listed(names: str) -> frozenset[str]:
    return frozenset(names.split())


_NUMBERS = _listed(
    "temperature top_p top_k min_p max_tokens max_completion_tokens min_tokens seed n top_logprobs presence_penalty "
    "frequency_penalty repetition_penalty length_penalty"
)
_OTHERS = _listed(
    "stop stop_token_ids logprobs logit_bias response_format tools tool_choice parallel_tool_calls reasoning "
    "reasoning_effort thinking verbosity service_tier extra_body extra_headers chat_template chat_template_kwargs "
    "skip_special_tokens ignore_eos grammar user metadata"
)
_KNOWN = {name.replace("_", ""): name for name in _NUMBERS | _OTHERS}
_MISSPELT = 0.9  # `min_tokens` is as like `max_tokens` as 0.8, and is another one


def is_parameter(name: str) -> bool:
    """Whether a name is that of a parameter which every server knows."""
    return name in _NUMBERS or name in _OTHERS


def meant_by(name: str) -> str | None:
    """Return the parameter that a name misspells, None for a known one and for one that is like none of them."""
    if is_parameter(name):
        return None
    plain = name.casefold().replace("_", "").replace("-", "")
    close = get_close_matches(plain, _KNOWN, n=1, cutoff=_MISSPELT)
    return _KNOWN[close[0]] if close else None


def wrong_with(parameters: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a config's parameters; None where nothing is.

    A server may take parameters that nobody here knows, so that one is refused only where it is a known one misspelt:
    many servers leave out what they do not know, and answer with another temperature than the config says.
    """
    for name, value in parameters.items():
        meant = meant_by(name)
        if meant is not None:
            return f"there is no parameter {name!r}. Did you mean {meant!r}?"
        if name in _NUMBERS and not (
            value is None or (isinstance(value, Real) and not isinstance(value, bool))
        ):
            return f"parameters.{name}: should be a number, not {value!r}."
    return None
