"""What travels through autoeval: small frozen records, one per step of its sentence.

Cases become requests, requests become completions (or failures), completions become verdicts, and the verdicts on a
case become its annotation.
"""

from autoeval.types.cases import Case, Output
from autoeval.types.replies import RETRYABLE, Completion, Failure, FailureKind, TokenLogprobs
from autoeval.types.requests import Change, Endpoint, Message, Request
from autoeval.types.verdicts import (
    PREFERENCE,
    Annotation,
    Inapplicable,
    Judgment,
    Scale,
    Unfinished,
    Unparsed,
    Verdict,
)

__all__ = [
    "PREFERENCE",
    "RETRYABLE",
    "Annotation",
    "Case",
    "Change",
    "Completion",
    "Endpoint",
    "Failure",
    "FailureKind",
    "Inapplicable",
    "Judgment",
    "Message",
    "Output",
    "Request",
    "Scale",
    "TokenLogprobs",
    "Unfinished",
    "Unparsed",
    "Verdict",
]
