"""What a judge's reply says: its parser's readings, none of them off its scale."""

from collections import defaultdict
from collections.abc import Iterable

from autoeval.annotators.judges import Judge
from autoeval.annotators.parsers import Reading
from autoeval.annotators.silence import why_silent
from autoeval.completions.trial import WhyUnread
from autoeval.types import Completion, Endpoint, Inapplicable, Request, Scale, Unparsed


def within_scale(reading: Reading, scale: Scale) -> Reading:
    """Return a reading, but none for a verdict outside of its scale, whoever gave it."""
    if isinstance(reading, Unparsed) or scale.holds(reading.value):
        return reading
    return Unparsed(f"the verdict {reading.value!r} is not a number {scale}".rstrip())


def is_unread(reading: Reading) -> bool:
    """Whether a reply says nothing that can be read; that something does not apply is read."""
    return isinstance(reading, Unparsed) and not isinstance(reading, Inapplicable)


def readings_of(judge: Judge, completion: Completion) -> list[Reading]:
    """Return what a judge's reply says of each case that its request asks about."""
    assert judge.parser is not None
    if (silent := why_silent(judge.parameters, completion)) is not None:
        return [Unparsed(silent)]
    return [within_scale(reading, judge.scale) for reading in judge.parser.read(completion)]


def why_unread(judges: Iterable[Judge]) -> WhyUnread:
    """Return what says why no judge's parser finds a verdict in a reply, None where one does."""
    asked: dict[tuple[Endpoint, str], list[Judge]] = defaultdict(list)
    for judge in judges:
        asked[judge.endpoint, judge.model].append(judge)

    def why(request: Request, completion: Completion) -> str | None:
        found = [
            reading
            for judge in asked[request.endpoint, request.model]
            for reading in readings_of(judge, completion)
        ]
        reasons = [
            reading.reason for reading in found if isinstance(reading, Unparsed) and is_unread(reading)
        ]
        return None if len(reasons) < len(found) else next(iter(reasons), "the reply holds no verdict")

    return why
