"""What servers mean by an error, in whatever words: a table of their codes, and a few phrases of theirs.

The status alone does not say it: a quota that is used up comes as 429 and as 400, a prompt that a filter blocks as
400, 403 and 451, and gateways report any of them with status 200.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autoeval.texts.patterns import lazy_pattern
from autoeval.types import FailureKind

_CODES: Mapping[FailureKind, Collection[str]] = {
    FailureKind.FILTERED: (
        "content_filter",
        "content_filtered",
        "content_policy_violation",
        "data_inspection_failed",
        "moderation",
        "moderation_blocked",
        "prohibited_content",
        "ResponsibleAIPolicyViolation",
        "safety",
    ),
    FailureKind.REFUSED: (
        "account_deactivated",
        "authentication_error",
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_balance",
        "insufficient_quota",
        "invalid_api_key",
        "model_not_found",
        "not_found_error",
        "permission_denied",
        "permission_error",
        "unauthenticated",
        "unauthorized",
        "unknown_model",
    ),
    FailureKind.RATE_LIMITED: (
        "rate_limit",
        "rate_limit_error",
        "rate_limit_exceeded",
        "rate_limited",
        "resource_exhausted",
        "too_many_requests",
    ),
    FailureKind.SERVER_ERROR: ("api_error", "internal", "overloaded_error", "server_error", "unavailable"),
    FailureKind.INVALID_REQUEST: (
        "bad_request_error",
        "invalid_argument",
        "invalid_request_error",
        "request_too_large",
    ),
}
_ALWAYS = (FailureKind.FILTERED, FailureKind.REFUSED)
"""What counts whatever the status says; the other codes only tell what a status of 200 does not."""
_NO_ACCESS = lazy_pattern(
    r"credit balance|insufficient (credits?|balance|funds|quota)"
    r"|api[ _-]?key (is )?(not valid|invalid|expired|not found)"
    r"|(incorrect|invalid|missing) (x-)?api[ _-]?key|not authori[sz]ed|unauthori[sz]ed|billing",
    re.IGNORECASE,
)
_FILTER = lazy_pattern(
    r"content[ _-]?(management|filter|policy|moderation)|moderation|\bflagged\b|safety (system|filter|polic)"
    r"|usage polic|inappropriate content|prohibited content|sensitive (content|words?)|responsible ?ai",
    re.IGNORECASE,
)
_OF_THE_ACCOUNT = lazy_pattern(r"\b(account|api key|organi[sz]ation|subscription)\b", re.IGNORECASE)
_RATE = lazy_pattern(r"rate[ _-]?limit|too many requests|slow down|throttl", re.IGNORECASE)
_WRONG_ADDRESS = lazy_pattern(
    r"unexpected endpoint|\b(cannot|can't) (get|post)\b|no (such )?route|(url|path|page|endpoint) (was )?not found"
    r"|unknown (endpoint|path|route|url)|invalid url",
    re.IGNORECASE,
)
_FILTER_STATUSES = frozenset({200, 400, 403, 422, 451})
_NO_ACCESS_STATUSES = frozenset({200, 400})


def meant(codes: Collection[str], message: str, status: int) -> FailureKind | None:
    """Return what kind of failure an error is by its own words, None where only its status says it.

    Args:
        codes: its codes and types.
        message: what it says.
        status: the HTTP status, or the one that a reply of status 200 reports.
    """
    known = {_bare(code) for code in codes}
    if (kind := _by_code(known, _ALWAYS)) is not None:
        return kind
    if status in _NO_ACCESS_STATUSES and _NO_ACCESS.search(message):
        return FailureKind.REFUSED
    if status in _FILTER_STATUSES and _FILTER.search(message) and not _OF_THE_ACCOUNT.search(message):
        return FailureKind.FILTERED
    if status != 200:
        return None
    if _RATE.search(message):
        return FailureKind.RATE_LIMITED
    return _by_code(known, _CODES) or (FailureKind.REFUSED if is_wrong_address(message) else None)


def _by_code(known: Collection[str], kinds: Iterable[FailureKind]) -> FailureKind | None:
    return next((kind for kind in kinds if any(_bare(name) in known for name in _CODES[kind])), None)


def is_wrong_address(message: str) -> bool:
    """Whether a server says that it knows nothing of the address it was asked at."""
    return bool(_WRONG_ADDRESS.search(message))


def described(error: Any) -> tuple[set[str], str]:
    """Return the error codes and the message; servers wrap them in `error`, in a list, or not at all."""
    if isinstance(error, list) and error:
        error = error[0]
    outer: Mapping[str, Any] = error if isinstance(error, dict) else {}
    inner = outer.get("error") or error
    if not isinstance(inner, dict):
        codes = _codes(outer)
        more = [value for name, value in outer.items() if isinstance(value, str) and name in _SAYING]
        return codes, ": ".join(dict.fromkeys([str(inner or ""), *more]))
    message = inner.get("message") or inner.get("detail") or inner.get("msg") or outer.get("message") or inner
    return _codes(inner) | _moderation(inner), str(message)


_SAYING = frozenset({"message", "detail", "supplierError"})


def _codes(error: Mapping[str, Any]) -> set[str]:
    inner = error.get("innererror")
    found = {
        str(value)
        for name in ("code", "type", "status")
        if isinstance(value := error.get(name), str | int) and value
    }
    return found | (_codes(inner) if isinstance(inner, Mapping) else set())


def _moderation(error: Mapping[str, Any]) -> set[str]:
    """OpenRouter says beside the message why a prompt was flagged."""
    about = error.get("metadata")
    is_flagged = isinstance(about, Mapping) and ("flagged_input" in about or "reasons" in about)
    return {"moderation"} if is_flagged else set()


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
