"""Real HTTP servers that speak the providers' protocols, for tests and benchmarks."""

from tests.servers.answers import (
    Answer,
    Answerer,
    Fault,
    always,
    in_turn,
    prompt_text,
    rate_limited,
    with_faults,
)
from tests.servers.server import JudgeServer

__all__ = [
    "Answer",
    "Answerer",
    "Fault",
    "JudgeServer",
    "always",
    "in_turn",
    "prompt_text",
    "rate_limited",
    "with_faults",
]
