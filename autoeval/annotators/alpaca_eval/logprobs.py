"""AlpacaEval's `logprob_parser`: a preference from how likely each of a judge's words was."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from autoeval.annotators.parsers.logprobs import NO_NUMBERS, are_logprobs
from autoeval.types import Unparsed


def logprob_parser(
    completion: Any,
    numerator_token: str,
    denominator_tokens: Sequence[str],
    is_binarize: bool = True,
    log_prob_index: Literal["batch"] | int = "batch",
) -> list[Any]:
    """Weigh the probability of `numerator_token` (the first output is better) against the other tokens.

    Args:
        completion: a choice with the log probabilities of its tokens.
        numerator_token: says that the first output is better.
        denominator_tokens: all valid tokens.
        is_binarize: 1 where the numerator is likelier than every other token, 1.5 where as likely, else 2.
            Otherwise 2 - P(numerator) / P(denominators).
        log_prob_index: which token holds the verdict; `batch`: each token holds one.
    """
    content = completion["logprobs"]["content"]
    tokens = content if log_prob_index == "batch" else [content[log_prob_index]]
    if not tokens:
        raise ValueError("the reply has no log probabilities")
    weigh, denominators = _binary if is_binarize else _weighted, list(denominator_tokens)
    found = [_likelihoods(token["top_logprobs"], [numerator_token, *denominators]) for token in tokens]
    return [
        likelihoods
        if isinstance(likelihoods, Unparsed)
        else weigh(likelihoods, numerator_token, denominators)
        if likelihoods
        else math.nan
        for likelihoods in found
    ]


def _likelihoods(top: Sequence[Mapping[str, Any]], tokens: list[str]) -> dict[str, float] | Unparsed:
    """Return how likely each of `tokens` is, relative to the likeliest entry; {} where none is possible.

    Different tokens can have equal texts, and add up; an entry given twice counts once.
    """
    entries = {(one["token"], _logprob(one["logprob"])) for one in top if one["token"] in tokens}
    if not are_logprobs(logprob for _, logprob in entries):
        return NO_NUMBERS
    likeliest = max((logprob for _, logprob in entries), default=_IMPOSSIBLE)
    if likeliest == _IMPOSSIBLE:
        return {}
    found = dict.fromkeys(tokens, 0.0)
    for token, logprob in sorted(entries):
        found[token] += math.exp(logprob - likeliest)  # subtracted, so that tiny probabilities do not vanish
    return found


_IMPOSSIBLE = float("-inf")


def _logprob(value: Any) -> float:
    """Return a log probability; many servers write null for that of the impossible, as JSON has no infinity."""
    return _IMPOSSIBLE if value is None else float(value)


def _binary(likelihoods: Mapping[str, float], numerator: str, denominators: list[str]) -> float:
    first = likelihoods[numerator]
    best = max((likelihoods[token] for token in denominators if token != numerator), default=0.0)
    if first == best:
        return 1.5
    return 1.0 if first > best else 2.0


def _weighted(likelihoods: Mapping[str, float], numerator: str, denominators: list[str]) -> float:
    return 2 - likelihoods[numerator] / math.fsum(likelihoods[token] for token in denominators)
