"""Who may ask a server on this machine: this machine, and no web page of another origin.

A page in a browser can reach any local port: it sends its own Origin, or, where its name was made to resolve to this
machine (DNS rebinding), its own Host.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


def why_refused(hosts: Iterable[str], origins: Iterable[str], site: str | None, target: str) -> str | None:
    """Say why a request is refused; None where it is not.

    Args:
        hosts: its Host headers.
        origins: its Origin headers.
        site: its Sec-Fetch-Site header, which browsers add.
        target: what it asks for, as its first line has it.
    """
    hosts = list(hosts)
    if len(hosts) != 1 or not is_this_machine(hosts[0]):
        return "the Host is not this machine: ask it as localhost or 127.0.0.1"
    if not target.startswith("/"):
        return "the request names another server"
    own = {f"http://{hosts[0]}".lower(), f"https://{hosts[0]}".lower()}
    if site not in (None, "none", "same-origin") or not {origin.lower() for origin in origins} <= own:
        return "it comes from a web page of another origin"
    return None


def is_this_machine(host: str) -> bool:
    """Whether a Host header names this machine: localhost, or a loopback address of either version, at any port."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = (parts.hostname or "").removesuffix("."), parts.port
        if parts.netloc != host or "@" in host or parts.path or not name:
            return False
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
