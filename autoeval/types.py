"""What travels through autoeval: small frozen records, one per step of its sentence.

Pairs of outputs become requests, requests become completions (or failures), completions become
verdicts, and the verdicts on a pair become its annotation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """Two outputs for one instruction; output 1 is the reference, output 2 the evaluated model.

    `index` is the pair's place in the run, from 0. `sample` counts the model's outputs for the same
    instruction, from 0 (always 0 where a model gave one output each).
    """

    index: int
    instruction: str
    output_1: str
    output_2: str
    generator_1: str
    generator_2: str
    dataset: str | None = None
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt. `name` is OpenAI's optional author name."""

    role: str
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go and which environment variable holds the key; never the key itself.

    `base_url` is None for the provider's own address. `cache_as` names a server whose address moves,
    so that its replies stay valid. `weights` is the hash of a local model's weights. `clients` is a file of several
    clients among which requests rotate; `base_url` is then the first one's and only names the server. `more_urls` are
    further servers of the same model, among which requests are shared out; the first address names them all.
    """

    provider: str
    base_url: str | None = None
    api_key_env: str | None = None
    cache_as: str | None = None
    weights: str | None = None
    clients: str | None = None
    more_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter that a server refuses: left out, or sent under the name `instead`."""

    name: str
    instead: str | None = None

    def __str__(self) -> str:
        return f"{self.name} sent as {self.instead}" if self.instead else f"{self.name} left out"


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model. Exactly one of `messages` (chat) and `prompt` (completion models) is set.

    Equal requests have equal replies in the cache; `sample` tells repeated ones apart. `needs` are parameters without
    which nothing can be read from the reply. `changes` are made in what is sent, because the server refuses it as it
    was planned; neither of the two is part of what the reply is cached under.
    """

    endpoint: Endpoint
    model: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0
    needs: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()


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
    `processing` is `batch` where the reply came from a batch job, at another price. `adapted` says in which ways the
    request was sent otherwise than it was planned, because the server refuses a parameter.
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


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers that a verdict can be, both ends among them."""

    low: float
    high: float

    def holds(self, value: object) -> bool:
        """Whether a value is a number of the scale."""
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high
        )


PREFERENCE = Scale(1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of two outputs as it was shown them: 1 = the first is better, 2 = the second, 1.5 = tie."""

    preference: float
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply from which no verdict can be read without guessing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """One verdict on one pair, turned back to the pair's own order; several can make an annotation.

    `raw_completion` is the judge's text, or an OpenAI-shaped choice where log probabilities matter.
    `is_switched` says whether the outputs changed places for it (None: a file does not tell). `price` is in US
    dollars (None: unknown), `seconds` is the time the call took. `model` is the name that the
    server gave for the model that judged, `adapted` in which ways it was asked otherwise than planned.
    """

    annotator: str
    preference: float | None
    is_switched: bool | None = False
    raw_completion: Any = None
    explanation: str | None = None
    price: float | None = None
    seconds: float | None = None
    failure: str | None = None
    model: str | None = None
    adapted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """The final word on one pair. `preference` is None exactly when `failure` says why."""

    pair: Pair
    annotator: str
    preference: float | None
    failure: str | None = None
    judgments: tuple[Judgment, ...] = ()
