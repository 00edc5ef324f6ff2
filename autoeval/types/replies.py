"""What a model replied, or why there is no reply."""

from dataclasses import dataclass
from enum import StrEnum

from autoeval.types.requests import Change


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """The natural log probabilities of one generated token and of its alternatives (token, logprob)."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model replied, in the same shape for every provider. Any well-formed reply is one.

    `tool_arguments` is the JSON text of the tool calls' arguments, one a line. `model` is the name that the
    server gave, which can be a dated snapshot of the one asked for. Tokens are None where the server did
    not count them; those of reasoning are among the output's. `has_reasoning`: the model reasoned beside its text.
    `processing` is `batch` where the reply came from a batch job and `flex` where by flex processing, at another price.
    `adapted` says in which ways the request was sent otherwise than it was planned, because the server refuses a
    parameter.
    """

    text: str
    finish_reason: str | None = None
    tool_arguments: str | None = None
    refusal: str | None = None
    logprobs: tuple[TokenLogprobs, ...] = ()
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0
    processing: str | None = None
    reasoning_tokens: int | None = None
    has_reasoning: bool = False
    adapted: tuple[str, ...] = ()


class FailureKind(StrEnum):
    """Why there is no usable reply."""

    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed reply"
    INVALID_REQUEST = "invalid request"
    FILTERED = "filtered"  # the server does not want to have this one prompt, or its reply, said
    REFUSED = "refused"  # the key, the model or the quota: no request to this endpoint can succeed
    NOT_ASKED = "not asked"  # the run stopped before its turn


RETRYABLE = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.SERVER_ERROR,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.MALFORMED,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable reply. Never stored, so the next run asks again.

    `retry_after` is in seconds. `is_answered`: it came in a reply of status 200, which may be charged. `remedy` is the
    change with which the server would have taken the request, where it refuses one of its parameters.
    """

    kind: FailureKind
    message: str
    retry_after: float | None = None
    is_answered: bool = False
    remedy: Change | None = None

    @property
    def retryable(self) -> bool:
        """Whether asking again can help."""
        return self.kind in RETRYABLE
