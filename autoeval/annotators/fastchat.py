"""Judgments that FastChat recorded become cache entries: each is the reply to the prompt that stands beside it."""

from collections.abc import Iterable, Iterator

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.recorded import Imported
from autoeval.completions.cache import Cache, Entry
from autoeval.completions.keys import request_key
from autoeval.data.fastchat import ERROR, Games, GradedTurn
from autoeval.errors import UsageError
from autoeval.prompting.fastchat import FastChatPrompt
from autoeval.types import Completion, Message


def import_fastchat(annotator: Annotator, judgments: Iterable[GradedTurn | Games], cache: Cache) -> Imported:
    """Put FastChat's judgments into the cache; of several on one prompt the first.

    Args:
        annotator: whose judgments they are: one judge, whose prompts are FastChat's own.
        judgments: the rows of `<judge>_single.jsonl` or `<judge>_pair.jsonl`.
        cache: gets the entries; what it has already stays.

    Raises:
        UsageError: the annotator asks otherwise than FastChat did.
    """
    judge = annotator.judges[0]
    if len(annotator.judges) > 1 or not isinstance(judge.prompt, FastChatPrompt):
        raise UsageError(
            "judgments of FastChat's answer its own prompts: name them with --judge_prompts judge_prompts.jsonl."
        )
    imported, found = Imported(), dict[bytes, Entry]()
    for prompt, user_prompt, judgment in _replies(judgments):
        if judgment == ERROR:
            imported.failed += 1
            continue
        key = _key(judge, judge.prompt, prompt, user_prompt)
        imported.known += key in found
        found.setdefault(key, Completion(judgment))
    known = cache.known(list(found))
    imported.known += len(known)
    new = {key: entry for key, entry in found.items() if key not in known}
    imported.replies = len(new)
    cache.put_many(iter(new.items()))
    return imported


def _replies(judgments: Iterable[GradedTurn | Games]) -> Iterator[tuple[str, str, str]]:
    """Walk through the name of each prompt, what it said to the user, and the reply."""
    for one in judgments:
        if isinstance(one, GradedTurn):
            yield one.prompt, one.user_prompt, one.judgment
        else:
            for asked, said in zip(one.user_prompts, one.judgments, strict=True):
                yield one.prompt, asked, said


def _key(judge: Judge, prompts: FastChatPrompt, name: str, user_prompt: str) -> bytes:
    system = prompts.prompts.named(name).system
    messages = (Message("system", system), Message("user", user_prompt))
    return request_key(judge.request(messages, None, judge.parameters))
