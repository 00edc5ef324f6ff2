"""Keys and addresses from the environment, checked before any call is made."""

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from autoeval.errors import UsageError
from autoeval.types import Endpoint

NO_KEY = "none"
"""Sent to servers that need no key, since the SDKs insist on one."""


def find_key(endpoint: Endpoint, variables: Sequence[str], *, is_optional: bool) -> str:
    """Return the key for an endpoint.

    Args:
        endpoint: its `api_key_env`, if given, is the only variable looked at.
        variables: otherwise these are, in order.
        is_optional: whether the server may do without a key.

    Raises:
        UsageError: a key is needed and not there, or cannot be sent.
    """
    names = [endpoint.api_key_env] if endpoint.api_key_env else list(variables)
    for name in names:
        if key := os.environ.get(name, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise UsageError(f"The key in {name} has characters that no key has; was it copied whole?")
            return key
    if is_optional and not endpoint.api_key_env:
        return NO_KEY
    raise UsageError(
        f"There is no key for {endpoint.provider!r}: set the environment variable {' or '.join(names)}, "
        "name another one with api_key_env, or choose what needs none: --annotators_config offline as the judge, "
        "smollm2-135m as a model to try."
    )


def check_address(base_url: str, named: str = "") -> str:
    """Return an address as it is.

    Args:
        base_url: the address.
        named: what it is, where that is not known from itself: the variable that holds it.

    Raises:
        UsageError: it is no address of a server.
    """
    try:
        parts = urlsplit(base_url)
        is_address = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.netloc.endswith(":")  # as in http://http://host
            and base_url.isprintable()
            and " " not in base_url
        )
    except ValueError:  # a port beyond 65535, or half an IPv6 address
        is_address = False
    if not is_address:
        raise UsageError(
            f"{f'{named}: ' if named else ''}{base_url!r} is no address of a server: write it like "
            "http://127.0.0.1:8000/v1"
        )
    return base_url
