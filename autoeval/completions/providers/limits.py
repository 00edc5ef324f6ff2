"""What response headers say about rate limits, in the spellings of OpenAI and Anthropic."""

import contextlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from autoeval.completions.providers import Quota
from autoeval.texts.patterns import lazy_pattern

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = lazy_pattern(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return _seconds_until(parsedate_to_datetime(value), headers)
    except ValueError:
        return None


def quota(headers: Mapping[str, str]) -> Quota | None:
    """Return what is left of the request and token limits, None if the server does not say."""
    if not any("ratelimit" in name.lower() for name in headers):
        return None
    requests, tokens = _window(headers, "requests"), _window(headers, "tokens")
    if requests is None and tokens is None:
        return None
    left_requests, request_refill = requests or (None, None)
    left_tokens, token_refill = tokens or (None, None)
    return Quota(left_requests, left_tokens, request_refill, token_refill)


def _window(headers: Mapping[str, str], what: str) -> tuple[int, float | None] | None:
    """Return what remains, and how much of it comes back a second."""
    for spelling in (f"x-ratelimit-{{}}-{what}", f"anthropic-ratelimit-{what}-{{}}"):
        remaining = _number(headers.get(spelling.format("remaining")))
        if remaining is not None:
            limit = _number(headers.get(spelling.format("limit")))
            reset = _reset(headers.get(spelling.format("reset")), headers)
            is_known = limit is not None and reset and limit > remaining
            return int(remaining), (limit - remaining) / reset if is_known else None  # type: ignore[operator]
    return None


def _reset(value: str | None, headers: Mapping[str, str]) -> float | None:
    """Read a duration (`1m30s`, `20ms`, `12.5`) or a point in time (`2026-11-22T10:00:00Z`)."""
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    if parts := _DURATION.findall(value):
        return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    try:
        return _seconds_until(datetime.fromisoformat(value), headers)
    except ValueError:
        return None


def _seconds_until(moment: datetime, headers: Mapping[str, str]) -> float:
    """Measure from the server's own clock where it gives it, since ours may be wrong."""
    now = datetime.now(UTC)
    with contextlib.suppress(KeyError, ValueError):
        now = parsedate_to_datetime(headers["date"])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
