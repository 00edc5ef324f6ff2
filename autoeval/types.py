"""What travels through autoeval: small frozen records, one per step of its sentence.

Cases become requests, requests become completions (or failures), completions become verdicts, and the verdicts on a
case become its annotation.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote: one turn, or several; `generator` names the model."""

    turns: tuple[str, ...]
    generator: str = ""

    @property
    def text(self) -> str:
        """All that the model wrote."""
        return self.turns[0] if len(self.turns) == 1 else "\n\n".join(self.turns)


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: what the user said, and one output for it (graded alone) or two (a pair).

    `turns` is what the user said, `index` the case's place in the run, from 0. `sample` counts a model's outputs for
    the same instruction, from 0. `fields` are further columns that a prompt can show, such as a reference answer.
    In a pair, output 1 is the reference and output 2 is the evaluated model's.
    """

    index: int
    turns: tuple[str, ...]
    outputs: tuple[Output, ...]
    dataset: str | None = None
    sample: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def pair(
        cls,
        index: int,
        instruction: str,
        output_1: str,
        output_2: str,
        generator_1: str = "",
        generator_2: str = "",
        dataset: str | None = None,
        sample: int = 0,
    ) -> "Case":
        """Return two outputs for one instruction."""
        outputs = (Output((output_1,), generator_1), Output((output_2,), generator_2))
        return cls(index, (instruction,), outputs, dataset, sample)

    @property
    def instruction(self) -> str:
        """What the user said; of several turns the first."""
        return self.turns[0]

    @property
    def conversation(self) -> str:
        """All that the user said: what tells the instructions of an eval set apart."""
        return self.turns[0] if len(self.turns) == 1 else "\n\n".join(self.turns)

    @property
    def question(self) -> str:
        """What is one observation: the instruction, or what is the same in several languages (`same_question`)."""
        return str(self.fields.get("same_question") or self.conversation)

    @property
    def output(self) -> str:
        """The evaluated model's output."""
        return self.outputs[-1].text

    @property
    def generator(self) -> str:
        """The evaluated model."""
        return self.outputs[-1].generator

    @property
    def output_1(self) -> str:
        """The first output of a pair, the reference's."""
        return self.outputs[0].text

    @property
    def output_2(self) -> str:
        """The second output of a pair, the model's."""
        return self.outputs[1].text

    @property
    def generator_1(self) -> str:
        """Whose the first output of a pair is."""
        return self.outputs[0].generator

    @property
    def generator_2(self) -> str:
        """Whose the second output of a pair is."""
        return self.outputs[1].generator


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
    known_key: bytes | None = field(default=None, init=False, compare=False, repr=False)
    """What `completions.keys.request_key` has found, which is asked for more than once."""


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


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers that a verdict can be, both ends among them; None where there is no end, as of a reward."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: object) -> bool:
        """Whether a value is a number of the scale."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, None where one of them is open."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def __str__(self) -> str:
        low, high = ("" if end is None else f"{end:g}" for end in (self.low, self.high))
        return (
            f"from {low} to {high}"
            if low and high
            else f"from {low}"
            if low
            else f"to {high}"
            if high
            else ""
        )


PREFERENCE = Scale(1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of a case as it was shown: a number on the judge's scale.

    Of a pair, 1 = the output shown first is better, 2 = the second one, 1.5 = a tie. `parts` are the numbers of
    aspects that it is made of, by name. `weight`: how many times it counts.
    """

    value: float
    explanation: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A reply from which no verdict can be read without guessing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unfinished(Unparsed):
    """A reply that has not come to a verdict, or not to its end; more words could bring one."""


@dataclass(frozen=True, slots=True)
class Inapplicable(Unparsed):
    """A reply that says that what was asked about does not apply to the output, and why: no number, and no failure."""

    reason: str = "it does not apply"
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Judgment:
    """One verdict on one case, turned back to the case's own order; several can make an annotation.

    `part` is what of the case it is about, such as a turn; empty for the whole. `raw_completion` is the judge's text,
    or an OpenAI-shaped choice where log probabilities matter. `is_switched` says whether the outputs changed places for
    it (None: a file does not tell, or one output was shown by itself). `price` is in US dollars (None: unknown),
    `seconds` is the time the call took.
    `model` is the name that the server gave for the model that judged, `adapted` in which ways it was asked otherwise
    than planned. `parts` and `weight` are the verdict's. `applies`: where it is false, the judge said that what was
    asked about does not apply, so that there is neither a value nor a failure. `output` is the one of a pair, 1 or 2,
    that it scores by itself; 0: it is about the whole case.
    """

    annotator: str
    value: float | None
    is_switched: bool | None = False
    raw_completion: Any = None
    explanation: str | None = None
    price: float | None = None
    seconds: float | None = None
    failure: str | None = None
    model: str | None = None
    adapted: tuple[str, ...] = ()
    part: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
    applies: bool = True
    output: int = 0


@dataclass(frozen=True, slots=True)
class Annotation:
    """The final word on one case. `value` is None exactly when `failure` says why.

    `parts` has the values of its turns and aspects by name, those that there are, also where the whole has none.
    """

    case: Case
    annotator: str
    value: float | None
    failure: str | None = None
    judgments: tuple[Judgment, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
