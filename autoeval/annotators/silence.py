"""Judges that reason until their token limit, or say nothing for another reason: what happened and what to raise."""

from collections.abc import Mapping

from autoeval.types import Completion

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_tokens_to_sample")


def why_silent(parameters: Mapping[str, object], completion: Completion) -> str | None:
    """Return why a reply says nothing at all; None where it says something, or was kept from saying it.

    Args:
        parameters: how it was asked, with its token limit.
        completion: what came.
    """
    says_anything = completion.text.strip() or completion.tool_arguments or completion.refusal
    if says_anything or completion.logprobs or completion.finish_reason == "content_filter":
        return None
    has_reasoned = completion.has_reasoning or bool(completion.reasoning_tokens)
    if completion.finish_reason == "length":
        spent = "the judge's reasoning took all of it" if has_reasoned else "nothing was said before"
        return f"the reply is empty because it was cut off; raise the judge's token limit{_limit(parameters)}, {spent}"
    if has_reasoned:
        return (
            "only the judge's reasoning came, and no answer; raise the judge's token limit"
            f"{_limit(parameters)}, or have it reason less"
        )
    return None


def _limit(parameters: Mapping[str, object]) -> str:
    found = ((name, parameters.get(name)) for name in _LIMITS)
    return next((f" ({name} {value})" for name, value in found if value is not None), "")
