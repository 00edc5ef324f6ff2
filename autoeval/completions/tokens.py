"""How many tokens a text has, without the model's tokenizer: an estimate for plans, a bound for budgets."""

from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Request

_TOKENS_PER_MESSAGE = 4  # role and separators, as in the chat formats of today's models
_MOST_OUTPUT_TOKENS = 131_072
_PIECE = lazy_pattern(r"[A-Za-z]+|\d{1,3}|[^\sA-Za-z0-9]|\n+")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_tokens_to_sample")


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text for today's byte-pair encodings.

    A word counts one token and one more for every seven letters after the second; up to three digits, a
    punctuation mark and a run of line breaks count one each, and so does a character outside ASCII. On recorded
    outputs this is 5 to 12% above what cl100k_base and o200k_base count (benchmarks/tokens.py): a plan errs on
    the dear side, and tokenizers that cut finer than OpenAI's are still met.
    """
    return sum(1 + max(0, len(piece) - 2) // 7 if piece.isalpha() else 1 for piece in _PIECE.findall(text))


def estimate_input_tokens(request: Request) -> int:
    """Estimate the input tokens that a provider will count for a request."""
    if request.prompt is not None:
        return estimate_tokens(request.prompt)
    return sum(estimate_tokens(message.content) + _TOKENS_PER_MESSAGE for message in request.messages)


def most_input_tokens(request: Request) -> int:
    """Return a number of input tokens that the request cannot exceed: a token has at least one byte."""
    texts = [request.prompt or "", *(message.content for message in request.messages)]
    schema = len(repr(dict(request.parameters)))  # tools and schemas are read by the model too
    return sum(len(text.encode("utf-8", "replace")) + 4 * _TOKENS_PER_MESSAGE for text in texts) + schema


def most_output_tokens(request: Request) -> int:
    """Return the output limit that the request sets, or the largest one there is where it sets none."""
    for name in _LIMITS:
        limit = request.parameters.get(name)
        if isinstance(limit, int):
            return limit * int(request.parameters.get("n", 1))
    return _MOST_OUTPUT_TOKENS
