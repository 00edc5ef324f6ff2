"""Read: take replies from the cache in the plan's order, as outputs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.data.instructions import Instruction
from autoeval.generators.plan import Key, Wanted
from autoeval.types import Completion, Failure

_READ_AT_ONCE = 200
REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Output:
    """What a model wrote. `finish_reason` is the server's (`length`: cut off at the token limit), or `refusal`."""

    instruction: Instruction
    sample: int
    text: str
    finish_reason: str | None
    model: str | None

    @property
    def key(self) -> Key:
        """What tells it from the model's other outputs."""
        return self.instruction.text, self.sample


@dataclass(frozen=True, slots=True)
class Missing:
    """An output that there is not, and why."""

    wanted: Wanted
    reason: str


def read(
    plan: Iterable[Wanted], cache: Cache, failures: Mapping[bytes, Failure], *, strip: bool
) -> Iterator[Output | Missing]:
    """Read every output of a plan.

    Args:
        plan: the outputs wanted.
        cache: has the replies.
        failures: why a request has no reply, by cache key.
        strip: take the blank space around an output away.

    Yields:
        One item per wanted output, in the plan's order.
    """
    source = iter(plan)
    while chunk := list(islice(source, _READ_AT_ONCE)):
        keys = [request_key(wanted.request) for wanted in chunk]
        entries = cache.get_many(keys)
        for wanted, key in zip(chunk, keys, strict=True):
            entry = entries.get(key)
            if isinstance(entry, Completion):
                yield _output(wanted, entry, strip)
            else:
                failure = failures.get(key)
                yield Missing(wanted, f"{failure.kind}: {failure.message}" if failure else "not asked")


def _output(wanted: Wanted, completion: Completion, strip: bool) -> Output:
    """Take a refusal's words as the output: they are what the user of the model would see."""
    text = completion.text or completion.refusal or ""
    return Output(
        instruction=wanted.instruction,
        sample=wanted.sample,
        text=text.strip() if strip else text,
        finish_reason=REFUSAL if completion.refusal else completion.finish_reason,
        model=completion.model,
    )
