"""Parameters that a server refuses: which one, read from its error, and what is sent in its place.

No table knows every server. One that does not take a parameter says so with a 400 that names it, each in its own words;
a value that it finds too large or too small is the user's to mend, and none of these.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autoeval.completions.providers.meanings import described
from autoeval.completions.providers.reasoning import EFFORT, LIMITS, with_room
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Change, Failure, FailureKind, Request

LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_TURNS_REASONING_OFF = frozenset({EFFORT, "thinking", "output_config", "output_config.effort"})
_ALIASES: Sequence[Sequence[str]] = (
    ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_new_tokens"),
    ("stop", "stop_sequences"),
    ("seed", "random_seed"),
)
_PART_OF_THE_QUESTION = frozenset({"model", "messages", "prompt", "system", "tools", "stream"})
_CODES = frozenset(
    {"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden", "unknown_field"}
)
_NOT_TAKEN = lazy_pattern(
    r"unsupported|not (currently |yet )?(be )?support|(n[o']t|no longer) (accept|allow|recogni[sz]e|permit|support)"
    r"|un(known|recogni[sz]ed|expected)|extra(neous)? (input|field|key|param)|deprecated|removed|incompatible"
    r"|(not|no longer) (available|enabled|valid|implemented|a valid|an allowed|configurable)|only the default"
    r"|cannot (both )?be (specified|used|set|disabled|combined|turned|none)|mutually exclusive|cannot find field"
    r"|invalid (parameter|argument|field|keyword|option)|may only be set|must be (omitted|unset|removed|left out|null)"
    r"|only (supported|available|allowed) (for|with|on|when|if)",
    re.IGNORECASE,
)
_VALUE_OUT_OF_RANGE = lazy_pattern(
    r"too (large|long|big|high|small|low|many)|maximum context|at (most|least)\b"
    r"|(greater|less|larger|smaller|more) than"
    r"|out of range|must be (?!omitted|unset|removed|left out|null)|should be|\bbetween\b|exceed|[<>]=? ?\d",
    re.IGNORECASE,
)
_TOGETHER = lazy_pattern(r"\bboth\b|mutually exclusive|at the same time|only one of", re.IGNORECASE)
_NAME = lazy_pattern(r"""(?P<open>['"`\[(]?)(?P<name>[A-Za-z_]\w*(?:\.\w+)*)(?P<close>['"`\])]?)""")
_BESIDE_A_NAME = lazy_pattern(
    r"(parameter|argument|field|property|keyword|option|key|input)s?\W*$", re.IGNORECASE
)
_AFTER_A_NAME = lazy_pattern(
    r"^\W{0,2}(parameter|argument|field|property|keyword|option)\b|^:", re.IGNORECASE
)


def remedy(error: Any, body: Mapping[str, Any], made: Collection[Change] = ()) -> Change | None:
    """Return the change with which a server would take what it refuses; None where it names no parameter.

    Args:
        error: the decoded error, or its message.
        body: what was posted.
        made: the changes that were made in it before.
    """
    codes, message = described(error)
    is_unsupported = bool(_CODES & codes)
    if not is_unsupported and (not _NOT_TAKEN.search(message) or _VALUE_OUT_OF_RANGE.search(message)):
        return None
    named = list(_named(message, body))
    if _TOGETHER.search(message):
        named.reverse()
    refused = _parameter(_param(error), body) or next(iter(named), None)
    return (
        None
        if refused is None
        else Change(refused, _other_name(refused, message, {*body, *(change.name for change in made)}))
    )


def changed(body: dict[str, Any], changes: Collection[Change]) -> dict[str, Any]:
    """Return a body with changes made."""
    for change in changes:
        outer, _, inner = change.name.partition(".")
        if outer not in body:
            continue
        value = body[outer]
        body = {name: other for name, other in body.items() if name not in _group(outer)}
        if inner and isinstance(value, Mapping):
            body[outer] = {name: other for name, other in value.items() if name != inner}
        elif change.instead is not None:
            body[change.instead] = value
    return body


def with_changes(request: Request, changes: tuple[Change, ...]) -> Request:
    """Return a request that is sent with changes, and with room for the reasoning that it can then not turn off."""
    if not changes or request.changes == changes:
        return request
    parameters = dict(request.parameters)
    left_out = {change.name for change in changes if change.instead is None}
    if left_out & _TURNS_REASONING_OFF and parameters.get(EFFORT) == "none":
        parameters = with_room(parameters)
    if left_out & set(LIMITS):
        parameters = {name: value for name, value in parameters.items() if name not in LIMITS}
    return replace(request, parameters=parameters, changes=changes)


def refused_need(request: Request, change: Change) -> Failure | None:
    """Return the failure of a request that means nothing without the parameter that a server refuses."""
    if not _group(change.name) & request.needs:
        return None
    return Failure(
        FailureKind.REFUSED,
        f"the server refuses {change.name}, from which this judge's verdict is read: take a model or server that gives "
        "log probabilities, or a judge that does without (one with a parser of kind ranking or choice)",
    )


def _group(name: str) -> frozenset[str]:
    """Return what is left out with a parameter, since it means nothing alone."""
    return LOGPROBS if name in LOGPROBS else frozenset({name})


def _named(message: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Walk through the parameters that a message names; a name that is a word too has to be marked as one."""
    for found in _NAME.finditer(message):
        name = found["name"]
        parameter = _parameter(name, body)
        if parameter is None:
            continue
        is_marked = bool(found["open"]) and bool(found["close"])
        is_marked |= found.start() == 0 and name == parameter
        is_marked |= bool(_BESIDE_A_NAME.search(message[: found.start()]))
        is_marked |= bool(_AFTER_A_NAME.search(message[found.end() :]))
        if is_marked or not _is_word(name):
            yield parameter


def _is_word(name: str) -> bool:
    is_technical = "_" in name or any(sign.isupper() for sign in name[1:])
    return not is_technical and name.lower() not in ("temperature", "logprobs")


def _parameter(name: str | None, body: Mapping[str, Any]) -> str | None:
    """Return what a body calls a parameter, which servers spell in their own ways and put paths around."""
    if not name:
        return None
    known = {_plain(key): key for key in body if key not in _PART_OF_THE_QUESTION}
    path = [part for part in re.split(r"[.\[\]/]+", name) if part]
    for place, part in enumerate(path):
        if part in _PART_OF_THE_QUESTION:
            return None
        key = known.get(_plain(part))
        if key is not None:
            value, inner = body[key], path[place + 1] if place + 1 < len(path) else ""
            is_one_of_several = isinstance(value, Mapping) and inner in value and len(value) > 1
            return f"{key}.{inner}" if is_one_of_several else key
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _param(error: Any) -> str | None:
    """Return the parameter that an error names in a field of its own."""
    for fields in (error, error.get("error") if isinstance(error, Mapping) else None):
        if isinstance(fields, Mapping) and isinstance(param := fields.get("param"), str):
            return param
    return None


def _other_name(refused: str, message: str, tried: Collection[str]) -> str | None:
    """Return the name under which a server takes a parameter: the one that it names, else the usual other one."""
    names = next((names for names in _ALIASES if refused in names), ())
    others = [name for name in names if name != refused and name not in tried]
    said = next((name for name in others if re.search(rf"\b{name}\b", message)), None)
    return said or next((name for name in others if name in LIMITS), None)
