"""Which models reason before they reply, and the room that a request must leave them for it.

Reasoning counts against the limit of a reply: a prompt that wants five tokens, with a limit of twenty, gets an
empty reply from such a model, and pays for it. So a request is fitted to its model when its config is loaded, and
what is sent is what the config's fingerprint and the cache's key say.

The table is read from OpenAI's reasoning guide, Anthropic's thinking guide and model pages, and Google's thinking
guide, in copies of October and November 2026. What it does not know is learnt from the server's refusals.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EFFORT = "reasoning_effort"
"""OpenAI's name for how much a model shall reason; other protocols' names are put in its place when it is sent."""

LIMITS = ("max_completion_tokens", "max_tokens")
ENOUGH = 1024
"""A limit from here on is taken for one that its writer has left room in."""
ROOM = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 65_536}
"""Tokens that are added to a smaller limit, by effort: a bound that is seldom met, not what is paid."""
EXPECTED = {"minimal": 100, "low": 300, "medium": 1000, "high": 3000, "xhigh": 8000, "max": 15_000}
"""Tokens of reasoning that a plan expects for each reply: an assumption, since nobody publishes any."""


@dataclass(frozen=True, slots=True)
class Reasoner:
    """How the models whose name begins with the pattern `model` reason.

    `by_default` is the effort where a request names none, `none` for those that reason only when told.
    `can_stop` says whether they take the effort `none` (None: sources disagree); `least` is the least they take
    otherwise, None where no effort can be named.
    """

    model: str
    by_default: str
    can_stop: bool | None
    least: str | None = "low"


REASONERS: tuple[Reasoner, ...] = (
    Reasoner(r"gpt-(5|6)[\w.]*-chat", "none", True),
    Reasoner(r"gpt-6-(luna|sol)", "medium", True),
    Reasoner(r"gpt-5\.[1-4](-mini|-nano)?(-\d{4}-\d{2}-\d{2})?$", "none", True),
    Reasoner(r"gpt-5\.[56]", "medium", None),
    Reasoner(r"(o\d|gpt-[5-9]|codex|gpt-oss)", "medium", False),
    Reasoner(r"claude-haiku-5-5", "medium", True),
    Reasoner(r"claude-opus-5(?!-\d(?!\d))", "high", True),
    Reasoner(r"claude-opus-5-5", "medium", False),
    Reasoner(r"claude-[a-z]+-([5-9]|[1-9]\d)(?!\d)", "high", False),
    Reasoner(r"gemini-2\.5-flash", "medium", True),
    Reasoner(r"gemini-(2\.5|[3-9])", "medium", False),
    Reasoner(r"(qwen-?3(?!.*instruct)|qwq|.*thinking|.*reasoner|.*-r1\b)", "medium", False, least=None),
)


def plain_name(model: str) -> str:
    """Return a model's name without the prefix of a reseller or of fine-tuning, as the tables know it."""
    return re.sub(r"^.*/|^.*\banthropic\.|^ft:", "", model)


def fitted(model: str, parameters: Mapping[str, Any], *, is_evaluated: bool = False) -> dict[str, Any]:
    """Return a request's parameters with an effort and a limit that let the model say what it is asked for.

    Args:
        model: its name, at whatever provider.
        parameters: as a config says them.
        is_evaluated: it is a model to evaluate, whose own effort is never changed for another.

    Returns:
        The same for a model that does not reason, and for a limit that leaves room. A short reply, or one with log
        probabilities, is asked for without reasoning where the model can do without; where it cannot, the effort
        `none` becomes the least there is and the room for it is added to the limit.
    """
    reasoner = _reasoner(model)
    if reasoner is None or _is_told_not_to(parameters):
        return dict(parameters)
    effort = _effort(reasoner, parameters, is_evaluated)
    kept = {name: value for name, value in parameters.items() if name != EFFORT}
    if effort is not None and reasoner.least is not None:
        kept[EFFORT] = effort
    room = ROOM.get(effort or reasoner.by_default, 0)
    return {name: _with_room(value, room) if name in LIMITS else value for name, value in kept.items()}


def expected_tokens(model: str, parameters: Mapping[str, Any]) -> int:
    """Return how many tokens of reasoning a plan expects of a request's reply; see `EXPECTED`.

    Args:
        model: its name.
        parameters: as `fitted` returns them.
    """
    reasoner = _reasoner(model)
    if reasoner is None or _is_told_not_to(parameters):
        return 0
    return EXPECTED.get(str(parameters.get(EFFORT) or reasoner.by_default), 0)


def _effort(reasoner: Reasoner, parameters: Mapping[str, Any], is_evaluated: bool) -> str | None:
    """Return the effort to name, None for the model's own."""
    named = parameters.get(EFFORT)
    if named is not None:
        return reasoner.least if named == "none" and reasoner.can_stop is False else str(named)
    if is_evaluated or not reasoner.can_stop or reasoner.by_default == "none":
        return None
    is_short = any(_is_short(parameters.get(name)) for name in LIMITS)
    return "none" if is_short or parameters.get("logprobs") else None


def _is_short(limit: Any) -> bool:
    return isinstance(limit, int) and limit < ENOUGH


def with_room(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without an effort, and with room for that of a model that cannot do without reasoning."""
    kept = {name: value for name, value in parameters.items() if name != EFFORT}
    return {
        name: _with_room(value, ROOM["medium"]) if name in LIMITS else value for name, value in kept.items()
    }


def _with_room(limit: Any, room: int) -> Any:
    return limit + room if _is_short(limit) else limit


def _is_told_not_to(parameters: Mapping[str, Any]) -> bool:
    """Whether a request turns reasoning off in its server's own words: vLLM's and SGLang's, or Anthropic's."""
    template, thinking = parameters.get("chat_template_kwargs"), parameters.get("thinking")
    return (isinstance(template, Mapping) and template.get("enable_thinking") is False) or (
        isinstance(thinking, Mapping) and thinking.get("type") == "disabled"
    )


def _reasoner(model: str) -> Reasoner | None:
    name = plain_name(model).casefold()
    return next((reasoner for reasoner in REASONERS if re.match(reasoner.model, name)), None)
