"""Which request parameters a model takes: one table, so that a config can name any model.

A config says what it wants in OpenAI's words. The first rule that fits the provider's family and the model's
name renames what the model calls otherwise and drops what it would refuse the request for. Parameters that no
rule mentions are sent as they are.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from autoeval.completions.providers.reasoning import EFFORT, plain_name
from autoeval.errors import UsageError, nearest

_SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias"})
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_TO_COMPLETION_TOKENS = {"max_tokens": "max_completion_tokens"}
_TO_TOKENS = {"max_completion_tokens": "max_tokens"}
_NOT_ANTHROPIC = _LOGPROBS | {
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
}


_CLOUDS = frozenset({"bedrock", "vertex"})
_SAME_RULES = {"azure": "openai", "openrouter": "openai"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of the parameters for models whose name matches `model` (from its start).

    `unless` undoes the dropping where a parameter has one of the given values (None: is not set). `most` caps
    numbers. With `counts_logprobs` the server wants a number of alternatives where others want a switch.
    """

    family: str
    model: str
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    unless: tuple[str, frozenset[str | None]] | None = None
    default: Mapping[str, Any] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    counts_logprobs: bool = False


RULES: tuple[Rule, ...] = (
    # Chat variants of reasoning families sample, but know only the new name of the limit.
    Rule("openai", r"gpt-(5|6)[\w.]*-chat|gpt-chat|chatgpt", _TO_COMPLETION_TOKENS),
    # These reason only when told to, and sample whenever they do not reason.
    Rule(
        "openai",
        r"gpt-5\.[1-4](-mini|-nano)?(-\d{4}-\d{2}-\d{2})?$",
        _TO_COMPLETION_TOKENS,
        _SAMPLING | _LOGPROBS,
        unless=(EFFORT, frozenset({None, "none"})),
    ),
    # These reason by default, but can be told not to, and sample then.
    Rule(
        "openai",
        r"gpt-6-(luna|sol)",
        _TO_COMPLETION_TOKENS,
        _SAMPLING | _LOGPROBS | {"stop"},
        unless=(EFFORT, frozenset({"none"})),
    ),
    # Reasoning models refuse everything that would steer sampling.
    Rule("openai", r"(o\d|gpt-[5-9]|codex)", _TO_COMPLETION_TOKENS, _SAMPLING | _LOGPROBS | {"stop"}),
    Rule("openai", r""),
    # Servers of other makers: all of them know the old name of the limit, some only that one.
    Rule("openai_compatible", r"", _TO_TOKENS),
    # Completion models never got the new name.
    Rule("completions", r"", _TO_TOKENS, counts_logprobs=True),
    Rule("deepseek", r".*reasoner", _TO_TOKENS, _SAMPLING | _LOGPROBS),
    Rule("fireworks", r"", _TO_TOKENS, most={"top_logprobs": 5}),
    Rule(
        "gemini", r"", _TO_TOKENS, _LOGPROBS | {"seed", "logit_bias", "frequency_penalty", "presence_penalty"}
    ),
    Rule("groq", r"", _TO_TOKENS, _LOGPROBS | {"logit_bias"}),
    Rule("mistral", r"", {**_TO_TOKENS, "seed": "random_seed"}, _LOGPROBS | {"logit_bias"}),
    Rule("together", r"", _TO_TOKENS, counts_logprobs=True),
    # From Opus 4.7 on, sampling cannot be steered, and the effort can be named.
    Rule(
        "anthropic",
        r"claude-(opus-4-[7-9]|[a-z]+-([5-9]|[1-9]\d)(?!\d))",
        {**_TO_TOKENS, "stop": "stop_sequences"},
        _NOT_ANTHROPIC | {"temperature", "top_p", "top_k"},
        default={"max_tokens": 4096},
    ),
    Rule(
        "anthropic",
        r"",
        {**_TO_TOKENS, "stop": "stop_sequences"},
        _NOT_ANTHROPIC | {EFFORT},
        default={"max_tokens": 4096},
    ),
)


def adapt(family: str, model: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as the model takes them.

    Args:
        family: the provider, or `completions` for plain prompts; one without rules of its own is taken for
            an OpenAI-compatible server.
        model: the model's name; a prefix (`openai/gpt-5`, `us.anthropic.claude-…`) is not looked at.
        parameters: as the config says them.
    """
    rule = _rule(family, model)
    dropped = rule.drop
    if rule.unless is not None:
        name, values = rule.unless
        dropped = frozenset() if parameters.get(name) in values else dropped
    kept = {name: value for name, value in parameters.items() if value is not None and name not in dropped}
    if rule.counts_logprobs:
        kept = _with_counted_logprobs(kept)
    capped = {
        name: min(value, rule.most[name]) if name in rule.most else value for name, value in kept.items()
    }
    return {**rule.default, **{rule.rename.get(name, name): value for name, value in capped.items()}}


def drops_logprobs(provider: str, model: str, parameters: Mapping[str, Any]) -> bool:
    """Whether log probabilities that a request wants are left out because its model gives none."""
    family = "anthropic" if provider in _CLOUDS and "claude" in model else provider
    return bool(parameters.get("logprobs")) and "logprobs" not in adapt(family, model, parameters)


def refuse_unknown(provider: str, parameters: Iterable[str], known: Collection[str]) -> None:
    """Refuse parameters that a local model would silently not get.

    Raises:
        UsageError: naming the nearest known one.
    """
    for name in parameters:
        if name not in known:
            raise UsageError(f"The provider {provider!r} has no parameter {name!r}. {nearest(name, known)}")


def _with_counted_logprobs(parameters: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in parameters.items() if name not in _LOGPROBS}
    wanted = parameters.get("logprobs")
    if wanted is True:
        wanted = parameters.get("top_logprobs", 1)
    return {**kept, "logprobs": wanted} if wanted else kept


@cache
def _rule(family: str, model: str) -> Rule:
    name = plain_name(model)
    families = (_SAME_RULES.get(family, family), "openai_compatible")
    fitting = (
        rule for family in families for rule in RULES if rule.family == family and re.match(rule.model, name)
    )
    return next(fitting)
