"""Read: take replies from the cache in the plan's order, as outputs, and see what is to be asked next."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.completions.replies import stretches
from autoeval.data.instructions import Instruction
from autoeval.generators.plan import GenerationPlan, Key, Wanted
from autoeval.types import Completion, Failure, Request

REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote, turn by turn.

    `finish_reason` is the server's (`length`: cut off at the token limit), or `refusal`; of several turns, that of
    the first one that did not end by itself.
    """

    instruction: Instruction
    sample: int
    turns: tuple[str, ...]
    finish_reason: str | None
    model: str | None

    @property
    def text(self) -> str:
        """All that the model wrote."""
        return "\n\n".join(self.turns)

    @property
    def key(self) -> Key:
        """What tells it from the model's other outputs."""
        return self.instruction.text, self.sample


@dataclass(frozen=True, slots=True)
class Missing:
    """An output that there is not, and why."""

    wanted: Wanted
    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """An output as far as the cache has it: the replies so far, and what is asked next (None: it is whole)."""

    wanted: Wanted
    replies: tuple[Completion, ...]
    next: Request | None
    key: bytes = b""

    @classmethod
    def asking(cls, wanted: Wanted, replies: tuple[Completion, ...], request: Request) -> "Begun":
        """Return an output that waits for the reply to a request."""
        return cls(wanted, replies, request, request_key(request))


def begin(plan: GenerationPlan, wanted: Iterable[Wanted]) -> Iterator[Begun]:
    """Begin outputs with their first request."""
    return (Begun.asking(one, (), plan.request(one, ())) for one in wanted)


def followed(plan: GenerationPlan, outputs: Iterable[Begun], cache: Cache) -> Iterator[Begun]:
    """Follow each output through its turns for as long as the cache has the reply.

    Yields:
        One item per output, in their order.
    """
    for chunk in stretches(outputs):
        for _ in range(max(len(one.wanted.instruction.turns) for one in chunk)):
            entries = cache.get_many([one.key for one in chunk if one.next is not None])
            chunk = [_with_reply(plan, one, entries.get(one.key)) for one in chunk]
        yield from chunk


def _with_reply(plan: GenerationPlan, output: Begun, entry: object) -> Begun:
    if output.next is None or not isinstance(entry, Completion):
        return output
    replies = (*output.replies, entry)
    if len(replies) == len(output.wanted.instruction.turns):
        return Begun(output.wanted, replies, None)
    return Begun.asking(output.wanted, replies, _next_request(plan, output.wanted, replies))


def _next_request(plan: GenerationPlan, wanted: Wanted, replies: Iterable[Completion]) -> Request:
    return plan.request(wanted, [text_of(reply, plan.strip) for reply in replies])


def requests(plan: GenerationPlan, cache: Cache, turn: int) -> Iterator[Request]:
    """Walk through what is to be asked in a round: the requests for a turn (from 0) whose replies before are there.

    Those that are answered already are among them.
    """
    if turn == 0:
        yield from plan.first_requests()
        return
    for output in followed(plan, begin(plan, plan), cache):
        if len(output.replies) >= turn:
            yield _next_request(plan, output.wanted, output.replies[:turn])


def expected_requests(plan: GenerationPlan, cache: Cache) -> Iterator[Request]:
    """Walk through everything there is to ask in all rounds, with stand-ins for the replies that are still to come."""
    stand_in = Completion("word " * plan.generator.reply_tokens)
    for output in followed(plan, begin(plan, plan), cache):
        n_turns = len(output.wanted.instruction.turns)
        replies = (*output.replies, *[stand_in] * (n_turns - len(output.replies)))
        for turn in range(n_turns):
            yield _next_request(plan, output.wanted, replies[:turn])


def read(
    plan: GenerationPlan, wanted: Iterable[Wanted], cache: Cache, failures: Mapping[bytes, Failure]
) -> Iterator[Output | Missing]:
    """Read outputs of a plan.

    Args:
        plan: says how they are asked for.
        wanted: those of its outputs that are looked for.
        cache: has the replies.
        failures: why a request has no reply, by cache key.

    Yields:
        One item per wanted output, in their order.
    """
    for output in followed(plan, begin(plan, wanted), cache):
        if output.next is None:
            yield output_of(output, plan.strip)
        else:
            failure = failures.get(output.key)
            yield Missing(output.wanted, f"{failure.kind}: {failure.message}" if failure else "not asked")


def text_of(completion: Completion, strip: bool) -> str:
    """Return a reply's text; a refusal's words are what the user of the model would see."""
    text = completion.text or completion.refusal or ""
    return text.strip() if strip else text


def output_of(output: Begun, strip: bool) -> Output:
    """Return an output that is whole."""
    reasons = [REFUSAL if reply.refusal else reply.finish_reason for reply in output.replies]
    return Output(
        instruction=output.wanted.instruction,
        sample=output.wanted.sample,
        turns=tuple(text_of(reply, strip) for reply in output.replies),
        finish_reason=next((reason for reason in reasons if reason not in ("stop", None)), reasons[-1]),
        model=output.replies[-1].model,
    )
