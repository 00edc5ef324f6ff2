"""Words that a completion should have or should not have, as biases on the tokens of OpenAI's models."""

import functools
import warnings
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

_AVOIDED, _FAVORED = -100, 7
_ENCODINGS = (
    ("gpt-4o", "o200k_base"),
    ("gpt-4.1", "o200k_base"),
    ("gpt-4", "cl100k_base"),
    ("gpt-3.5", "cl100k_base"),
    ("text-davinci-002", "p50k_base"),
    ("text-davinci-003", "p50k_base"),
)


def token_bias(
    model: str, avoid: Iterable[str], favor: Iterable[str], only_single: bool, given: Mapping[Any, float]
) -> tuple[dict[str, float], str]:
    """Return a `logit_bias` by token number, and why it could not be made where it could not.

    Args:
        model: whose tokens.
        avoid: texts whose tokens are biased by -100.
        favor: texts whose tokens are biased by +7.
        only_single: leave out texts to avoid that are more than one token.
        given: biases that the config has already.
    """
    bias = {str(token): value for token, value in given.items()}
    avoid, favor = list(avoid), list(favor)
    if not avoid and not favor:
        return bias, ""
    encoding = next((name for prefix, name in _ENCODINGS if model.startswith(prefix)), None)
    if encoding is None:
        return (
            bias,
            f"the tokens of {model!r} are unknown, which 'tokens_to_avoid' and 'tokens_to_favor' need",
        )
    encoder = tokenizer(encoding)
    if encoder is None:
        return bias, (
            f"'tokens_to_avoid' and 'tokens_to_favor' need the tokenizer {encoding}. Install it with: "
            "pip install 'autoeval[alpaca_eval]' (it loads its vocabulary from OpenAI when it is first used)"
        )
    for text in avoid:
        tokens = encoder.encode(text)
        if len(tokens) == 1 or not only_single:
            bias |= {str(token): _AVOIDED for token in tokens}
    for text in favor:
        bias |= {str(token): _FAVORED for token in encoder.encode(text)}
    return bias, ""


@functools.cache
def tokenizer(encoding: str) -> Any:
    """Return a tokenizer: bpe-openai has most vocabularies with it, tiktoken loads them; None if neither can."""
    for package in ("bpe_openai", "tiktoken"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                return import_module(package).get_encoding(encoding)
        except (ImportError, RuntimeError, OSError):  # not installed, not known, not to be had
            continue
    return None
