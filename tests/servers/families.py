"""Judges that behave as today's model families do: what they refuse, and what their reasoning costs.

OpenAI: with any effort but `none`, sampling parameters and log probabilities are refused, and reasoning counts
against the limit of the reply; some models do not take `none`. Claude: sampling parameters are refused and thinking
is on by default. Gemini, at its OpenAI-compatible address: thinking cannot be turned off, and usage counts it only
in the total.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.servers.answers import Answer, Answerer, Body

REASONING = {"none": 0, "minimal": 50, "low": 200, "medium": 900, "high": 3000}
"""Tokens that these models spend before they speak, by effort."""
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_LOGPROBS = ("logprobs", "top_logprobs")


def openai_family(judge: Answerer) -> Answerer:
    """Let a judge behave as an OpenAI model of its name would."""

    def answer(body: Body) -> Answer:
        model = str(body["model"])
        if not re.match(r"gpt-[56]|o\d", model):
            return judge(body)
        can_stop = re.match(r"gpt-6-(luna|sol)|gpt-5\.[1-4]", model) is not None
        effort = body.get("reasoning_effort", "none" if model.startswith("gpt-5.1") else "medium")
        if effort == "none" and not can_stop:
            return _unsupported(
                "reasoning_effort", "does not support 'none' with this model", "unsupported_value"
            )
        refused = ("max_tokens", *(() if effort == "none" else (*_SAMPLING, *_LOGPROBS)))
        return _refusal(body, refused, "is not supported with this model") or _after_reasoning(
            judge, body, effort
        )

    return answer


def claude_family(judge: Answerer) -> Answerer:
    """Let a judge behave as a Claude model of its name would."""

    def answer(body: Body) -> Answer:
        if not re.match(r"claude-(opus-4-[7-9]|[a-z]+-[5-9])", str(body["model"])):
            return judge(body)
        effort = (body.get("output_config") or {}).get("effort", "medium")
        if (body.get("thinking") or {}).get("type") == "disabled":
            effort = "none"
        refused = ("temperature", "top_p", "top_k", "logprobs", "reasoning_effort")
        return _refusal(body, refused, "is deprecated for this model") or _after_reasoning(
            judge, body, effort
        )

    return answer


def gemini_family(judge: Answerer) -> Answerer:
    """Let a judge behave as a Gemini 3 model does behind Google's OpenAI-compatible address."""

    def answer(body: Body) -> Answer:
        effort = str(body.get("reasoning_effort", "medium"))
        if effort == "none":
            return _unsupported("reasoning_effort", "cannot be none for this model", "INVALID_ARGUMENT")
        refused = (*_LOGPROBS, "seed", "logit_bias", "max_completion_tokens")
        found = _refusal(body, refused, "is an unknown name")
        return found or replace(_after_reasoning(judge, body, effort), is_reasoning_apart=True)

    return answer


def open_weights(judge: Answerer) -> Answerer:
    """Let a judge behave as Qwen3 behind vLLM: it thinks unless its chat template is told not to."""

    def answer(body: Body) -> Answer:
        thinks = (body.get("chat_template_kwargs") or {}).get("enable_thinking", True)
        return _after_reasoning(judge, body, "medium" if thinks else "none")

    return answer


FAMILIES: Mapping[str, tuple[str, ...]] = {
    "openai": ("gpt6_ranking", "gpt6_logprob", "gpt6_graded", "gpt6_levels", "gpt6_cot", "gpt6_sampled"),
    "gpt-4.1": ("gpt4_ranking", "gpt4_logprob", "gpt4_cot"),
    "anthropic": ("claude5_ranking", "claude5_graded", "claude5_cot", "claude", "claude_cot"),
    "gemini": ("gemini3_ranking", "gemini3_graded", "gemini3_cot"),
    "open": ("open_ranking", "open_logprob", "open_graded", "open_cot"),
}
"""The shipped judges that a server is asked for, by the family that it must behave as."""

BEHAVIOURS = {
    "openai": openai_family,
    "gpt-4.1": openai_family,
    "anthropic": claude_family,
    "gemini": gemini_family,
    "open": open_weights,
}


def _after_reasoning(judge: Answerer, body: Body, effort: str) -> Answer:
    """Spend the tokens of an effort; what the limit does not leave is not said, and paid for all the same."""
    thought = REASONING[effort]
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None and thought and limit <= thought:
        return Answer("", "length", output_tokens=limit, reasoning_tokens=limit)
    answer = judge(body)
    return replace(answer, reasoning_tokens=thought) if answer.status == 200 else answer


def _refusal(body: Body, names: Iterable[str], why: str) -> Answer | None:
    refused = next((name for name in names if name in body), None)
    return None if refused is None else _unsupported(refused, why, "unsupported_parameter")


def _unsupported(name: str, why: str, code: str) -> Answer:
    return Answer(f"Unsupported parameter: '{name}' {why}.", status=400, code=code)
