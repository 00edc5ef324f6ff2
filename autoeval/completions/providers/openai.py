"""OpenAI's chat and completion protocols, at OpenAI or at any server that speaks them."""

from collections.abc import Mapping
from typing import Any

from autoeval.completions.pricing import FLEX
from autoeval.completions.providers.failures import (
    MalformedReplyError,
    hinted,
    printable,
    reported_failure,
)
from autoeval.completions.providers.fields import count, mapping, optional_text
from autoeval.completions.providers.logprobs import read_logprobs
from autoeval.completions.providers.messages import message_of
from autoeval.completions.providers.parameters import adapt
from autoeval.completions.providers.presets import PRESETS
from autoeval.completions.providers.refusals import changed
from autoeval.completions.providers.remote import RemoteProvider
from autoeval.types import Completion, Failure, FailureKind, Request

_FILTERED = frozenset({"content_filter", "content_filtered", "safety", "SAFETY", "PROHIBITED_CONTENT"})
_BROKEN_OFF = frozenset({"error", "abort", "aborted", "failed", "insufficient_system_resource"})


class OpenAIProtocol(RemoteProvider):
    """Posts chats and plain prompts; subclasses say how."""

    def _path(self, request: Request) -> str:
        return "/chat/completions" if request.prompt is None else "/completions"

    def _body(self, request: Request) -> dict[str, Any]:
        return body(request)

    def _read(self, reply: Any, seconds: float) -> Completion | Failure:
        return read(reply, seconds, self._key)


def body(request: Request) -> dict[str, Any]:
    """Return what is posted for a request."""
    if request.prompt is not None:
        parameters = adapt("completions", request.model, request.parameters)
        return changed({"model": request.model, "prompt": request.prompt, **parameters}, request.changes)
    parameters = adapt(request.endpoint.provider, request.model, request.parameters)
    return changed({"model": request.model, "messages": _messages(request), **parameters}, request.changes)


def _messages(request: Request) -> list[dict[str, str]]:
    preset = PRESETS.get(request.endpoint.provider)
    if preset is None or not preset.openai_messages:
        roles = {"developer": "system"}
        return [{"role": roles.get(m.role, m.role), "content": m.content} for m in request.messages]
    return [
        {"role": m.role, "content": m.content, **({"name": m.name} if m.name else {})}
        for m in request.messages
    ]


def read(reply: Any, seconds: float, key: str = "") -> Completion | Failure:
    """Read a decoded reply of either protocol.

    What only accompanies a verdict (counts, names, unused log probabilities) is taken where it is what it should be,
    and costs no reply where it is not.

    Args:
        reply: the decoded JSON.
        seconds: how long it took.
        key: the key that was sent, never to be repeated in a message.

    Raises:
        MalformedReplyError: it is not what the protocol promises.
    """
    fields = mapping(reply)
    choice = _first_choice(fields)
    if (error := _error_in(fields, choice)) is not None:
        return reported_failure(error, key)
    said = message_of(choice) if choice is not None else None
    reason = _finish_reason(choice)
    if said is None or (reason in _FILTERED and not said.says_anything):
        if (why := _filter_in(fields, reason)) is not None:
            return Failure(FailureKind.FILTERED, printable(why, key), is_answered=True)
        missing = "choices" if choice is None else "message"
        raise MalformedReplyError(hinted(f"the reply has no {missing}: {printable(str(reply), key)[:100]}"))
    usage = mapping(fields.get("usage"))
    given, made = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    details = mapping(usage.get("completion_tokens_details"))
    return Completion(
        text=said.text,
        finish_reason=reason,
        tool_arguments=said.tool_arguments,
        refusal=said.refusal,
        logprobs=read_logprobs(mapping(choice).get("logprobs")),
        model=optional_text(fields.get("model")),
        input_tokens=given,
        output_tokens=_output_tokens(given, made, count(usage.get("total_tokens"))),
        seconds=seconds,
        reasoning_tokens=count(details.get("reasoning_tokens")),
        has_reasoning=said.has_reasoning,
        processing=FLEX if fields.get("service_tier") == FLEX else None,
    )


def _output_tokens(given: int | None, made: int | None, total: int | None) -> int | None:
    """Return everything that is paid as output; Gemini counts its reasoning in the total alone."""
    if given is None or made is None or total is None:
        return made
    return max(made, total - given)


def _first_choice(reply: Mapping[str, Any]) -> Mapping[str, Any] | None:
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    first = min(choices, key=_index)  # they are told apart by it, and may come in any order
    return first if isinstance(first, Mapping) else None


def _index(choice: Any) -> int:
    return count(mapping(choice).get("index")) or 0


def _error_in(reply: Mapping[str, Any], choice: Mapping[str, Any] | None) -> Any:
    """Return the error that a reply reports, in whichever place; None where it reports none."""
    if reply.get("error"):  # also beside choices, which then hold what came before it
        return reply
    if choice is None:
        return reply if _is_report(reply) else None
    if choice.get("error"):
        return choice
    reason = _finish_reason(choice)
    return f"the model's server broke off (finish_reason {reason})" if reason in _BROKEN_OFF else None


def _is_report(reply: Mapping[str, Any]) -> bool:
    """Whether a reply without choices reports an error in words of its own."""
    if reply.get("type") == "error" or reply.get("success") is False or reply.get("detail"):
        return True
    return "choices" not in reply and isinstance(reply.get("message"), str)


def _filter_in(reply: Mapping[str, Any], reason: str | None) -> str | None:
    """Return why a reply without words was filtered; None where it does not say so."""
    feedback = reply.get("promptFeedback") or reply.get("prompt_feedback")
    if blocked := mapping(feedback).get("blockReason") or mapping(feedback).get("block_reason"):
        return f"the prompt was blocked ({blocked})"
    if reason in _FILTERED:
        return f"the server's filter let no reply through (finish_reason {reason})"
    is_blocked = reply.get("choices") == [] and "usage" in reply
    return "the server answered with no choice, as where a filter blocks the prompt" if is_blocked else None


def _finish_reason(choice: Mapping[str, Any] | None) -> str | None:
    reason = mapping(choice).get("finish_reason")
    return optional_text(mapping(reason).get("type") if isinstance(reason, Mapping) else reason)
