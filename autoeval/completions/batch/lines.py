"""The lines of OpenAI's batch files, which many runners read and write: a request each, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autoeval.completions.pricing import BATCH
from autoeval.completions.providers import body
from autoeval.completions.providers.failures import reported_failure, status_failure
from autoeval.completions.providers.fields import count, mapping
from autoeval.completions.providers.openai import read
from autoeval.types import Completion, Failure, FailureKind, Request

_NO_HEADERS: Mapping[str, str] = {}


def line_of(key: str, request: Request) -> bytes:
    """Return the line that stands for a request.

    Raises:
        ValueError, TypeError: it is no JSON: halves of characters, NaN.
    """
    url = "/v1/chat/completions" if request.prompt is None else "/v1/completions"
    line = {"custom_id": key, "method": "POST", "url": url, "body": body(request)}
    return json.dumps(line, ensure_ascii=False, allow_nan=False).encode()


def outcome_of(line: Mapping[str, Any], key: str = "") -> Completion | Failure:
    """Return what a line of results says.

    Args:
        line: it, decoded.
        key: the key that was used, never to be repeated in a message.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is not what the form promises.
    """
    response, error = mapping(line.get("response")), line.get("error")
    if error and "cancel" in str(mapping(error).get("code")):
        return Failure(FailureKind.NOT_ASKED, "the batch was cancelled")
    if error:
        return reported_failure({"error": error}, key)
    status = count(response.get("status_code"))
    if status is not None and status != 200:
        return status_failure(status, response.get("body"), _NO_HEADERS, key)
    outcome = read(response.get("body"), 0.0, key)
    return replace(outcome, processing=BATCH) if isinstance(outcome, Completion) else outcome
