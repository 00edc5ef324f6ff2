"""A judge that has not come to a verdict is told to finish: the conversation goes on, its replies are read as one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autoeval.annotators.judges import FollowUp, Judge
from autoeval.annotators.plan import Plan, Planned
from autoeval.annotators.readings import readings_of
from autoeval.completions.cache import Entry
from autoeval.completions.keys import request_key
from autoeval.completions.replies import Replies, stretches
from autoeval.types import Completion, Message, Request, Unfinished


@dataclass(frozen=True, slots=True)
class Talk:
    """What a judge was asked and said about one thing: the question first, then each time that it was told to finish.

    One request more than replies: the last one has none yet.
    """

    judge: Judge
    follow_up: FollowUp
    requests: tuple[Request, ...]
    replies: tuple[Completion, ...]

    @property
    def whole(self) -> Completion:
        """All replies as one."""
        first, *later = self.replies
        for reply in later:
            first = joined(first, reply)
        return first

    @property
    def open_key(self) -> bytes | None:
        """The key of the request that has no reply yet; None where each has one."""
        return request_key(self.requests[-1]) if len(self.requests) > len(self.replies) else None

    def told(self) -> "Talk":
        """Return the talk with the judge told once more to finish; the same where that is not to be."""
        is_over = len(self.requests) > self.follow_up.times or not self.replies[-1].text.strip()
        if self.open_key or is_over or not is_unfinished(self.judge, self.whole):
            return self
        request = told_to_finish(self.judge, self.follow_up, self.requests[-1], self.replies[-1])
        return replace(self, requests=(*self.requests, request))

    def answered(self, reply: Entry | None) -> "Talk":
        """Return the talk with the reply to its last request, where there is one."""
        return replace(self, replies=(*self.replies, reply)) if isinstance(reply, Completion) else self


def talks_about(
    plan: Plan, stretch: Sequence[Planned], entries: Mapping[bytes, Entry], cache: Replies
) -> dict[bytes, Talk]:
    """Follow the talks about planned cases in which a judge was told to finish, as far as the cache has them.

    Args:
        plan: what was asked.
        stretch: some of its cases.
        entries: the replies to the questions about them, by key.
        cache: has the replies to what was said later.

    Returns:
        Each by the key of its question.
    """
    talks = dict(_begun(plan, stretch, entries))
    waiting = list(talks)
    while waiting:
        found = cache.get_many([last for key in waiting if (last := talks[key].open_key)])
        answered = {key: talks[key].answered(found.get(talks[key].open_key or b"")) for key in waiting}
        talks |= {key: talk.told() for key, talk in answered.items()}
        waiting = [key for key, talk in answered.items() if not talk.open_key and talks[key].open_key]
    return talks


def follow_ups(plan: Plan, cache: Replies, number: int = 1) -> Iterator[tuple[bytes, Request]]:
    """Walk through what judges are told whose replies have not come to a verdict, with the keys of their questions.

    Args:
        plan: what was asked.
        cache: has the replies.
        number: whether they are told for the first time, the second, ….
    """
    if not any(judge.follow_up for judge in plan.annotator.judges):
        return
    for stretch in stretches(plan):
        entries = cache.get_many(list({one.key for each in stretch for one in each.questions if one.key}))
        for key, talk in talks_about(plan, stretch, entries, cache).items():
            if len(talk.requests) > number:
                yield key, talk.requests[number]


def told_to_finish(judge: Judge, follow_up: FollowUp, request: Request, reply: Completion) -> Request:
    """Return what a judge is asked after a reply that has not come to a verdict."""
    said = Message("assistant", reply.text), Message("user", follow_up.text)
    return judge.request((*request.messages, *said), None, request.parameters, request.sample)


def is_unfinished(judge: Judge, completion: Completion) -> bool:
    """Whether more words could bring the verdict that a reply does not hold."""
    return all(isinstance(one, Unfinished) for one in readings_of(judge, completion))


def joined(first: Completion, second: Completion) -> Completion:
    """Return two replies of one conversation as one, which ends as the second does."""
    return replace(
        second,
        text=f"{first.text}\n{second.text}",
        input_tokens=_sum(first.input_tokens, second.input_tokens),
        output_tokens=_sum(first.output_tokens, second.output_tokens),
        reasoning_tokens=_sum(first.reasoning_tokens, second.reasoning_tokens),
        seconds=first.seconds + second.seconds,
        has_reasoning=first.has_reasoning or second.has_reasoning,
        adapted=tuple(dict.fromkeys((*first.adapted, *second.adapted))),
    )


def _begun(
    plan: Plan, stretch: Sequence[Planned], entries: Mapping[bytes, Entry]
) -> Iterator[tuple[bytes, Talk]]:
    for planned in stretch:
        unfinished = {
            question.key: question.judge
            for question in planned.questions
            if question.judge.follow_up
            and question.key
            and isinstance(entry := entries.get(question.key), Completion)
            and is_unfinished(question.judge, entry)
        }
        if not unfinished:
            continue
        for request in plan.about(planned.case):  # filled in anew: a reply without a verdict is rare
            key = request_key(request)
            judge, entry = unfinished.get(key), entries.get(key)
            if judge is not None and judge.follow_up and isinstance(entry, Completion):
                yield key, Talk(judge, judge.follow_up, (request,), (entry,)).told()


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
