"""What the record of a run says of asking: how many requests, what they cost, and with which versions."""

import platform
from typing import Any

from autoeval.completions.ask_report import AskReport
from autoeval.version import __version__


def account_of(report: AskReport) -> dict[str, Any]:
    """Say what asking came to."""
    return {
        "requests": {"planned": report.n_requests, "cached": report.n_cached, "asked": report.n_asked},
        "tokens": {
            "input": report.input_tokens,
            "output": report.output_tokens,
            "reasoning": report.reasoning_tokens,
        },
        "cost_usd": report.spent if report.is_price_known else None,
        "seconds": round(report.seconds, 3),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Name the versions that a number depends on."""
    return {"autoeval": __version__, "python": platform.python_version()}
