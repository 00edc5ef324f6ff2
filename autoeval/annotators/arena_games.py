"""Judgments that Arena-Hard's tools recorded become cache entries: each game is the reply to the prompt beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autoeval.annotators.finishing import is_unfinished, told_to_finish
from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.recorded import Imported
from autoeval.completions.cache import Cache, Entry
from autoeval.completions.keys import request_key
from autoeval.data.arena_hard import ArenaJudgment, Game
from autoeval.data.fastchat import ERROR
from autoeval.errors import UsageError
from autoeval.prompting.arena_hard import ArenaPrompt
from autoeval.types import Completion, Message, Request

_OTHER_PROMPTS = "other prompts"


def import_arena_games(annotator: Annotator, judgments: Iterable[ArenaJudgment], cache: Cache) -> Imported:
    """Put Arena-Hard's games into the cache; of several on one prompt the first.

    Args:
        annotator: whose judgments they are: one judge, whose prompts are those of upstream's config, or a run's own.
        judgments: the rows of a judge's `<model>.jsonl`.
        cache: gets the entries; what it has already stays.

    Raises:
        UsageError: the judge asks otherwise, or the file does not say what was asked.
    """
    if len(annotator.judges) > 1:
        raise UsageError(f"{annotator.name} is several judges, and judgments of Arena-Hard's are of one.")
    judge = annotator.judges[0]
    imported, found, said = Imported(), dict[bytes, Entry](), dict[bytes, Entry]()
    for judgment in judgments:
        _refuse_other_judge(judgment, judge)
        for game in judgment.games:
            reply = None if game.reply is None else game.reply.removeprefix("\n")
            if reply is None or reply == ERROR:
                imported.failed += 1
                continue
            messages = _asked(judge, judgment, game)
            if isinstance(judge.prompt, ArenaPrompt) and not _is_of(judge.prompt, judgment, messages):
                imported.foreign[_OTHER_PROMPTS] += 1
                continue
            request, completion = judge.request(messages, None, judge.parameters), Completion(reply)
            key = request_key(request)
            imported.known += key in found
            found.setdefault(key, completion)
            said |= _nothing_more(judge, request, completion)
    if imported.foreign and not found:
        raise UsageError(
            "no game answers a prompt of this config. Name the config that the judgments were made with: "
            "--judge_prompts CONFIG.yaml."
        )
    known = cache.known(list(found))
    imported.known += len(known)
    new = {key: entry for key, entry in found.items() if key not in known}
    imported.replies = len(new)
    cache.put_many((said | new).items())
    return imported


def _nothing_more(judge: Judge, request: Request, reply: Completion) -> dict[bytes, Entry]:
    """Return what followed a recorded reply without a verdict: nothing, as upstream records all replies as one."""
    if judge.follow_up is None or not is_unfinished(judge, reply):
        return {}
    return {request_key(told_to_finish(judge, judge.follow_up, request, reply)): Completion("")}


def _refuse_other_judge(judgment: ArenaJudgment, judge: Judge) -> None:
    """Refuse what another model said; a name and its dated one are one model."""
    one, other = (name.rpartition("/")[2].casefold() for name in (judgment.judge, judge.model))
    if not (one.startswith(other) or other.startswith(one)):
        raise UsageError(
            f"{judgment.where}: the judge is {judgment.judge!r}, and replies of {judge.model!r} are imported. Name the "
            f"model that gave them: --judge_model {judgment.judge}."
        )


def _asked(judge: Judge, judgment: ArenaJudgment, game: Game) -> tuple[Message, ...]:
    """Return what a game's judge was asked: the recorded messages, or the user's words behind the config's system's.

    Raises:
        UsageError: the file does not say it.
    """
    fields = game.fields or {}
    prompt: Any = fields.get("prompt")
    if _is_messages(prompt):
        return tuple(Message(str(one["role"]), str(one["content"])) for one in prompt)
    words = fields.get("user_prompt")
    if not isinstance(words, str):
        raise UsageError(
            f"{judgment.where}: a game has neither `prompt` nor `user_prompt`, so it is not known what was asked."
        )
    if not isinstance(judge.prompt, ArenaPrompt):
        raise UsageError(
            "judgments of Arena-Hard's first form answer the prompts of its config: name it with --judge_prompts "
            "CONFIG.yaml."
        )
    system = judge.prompt.config.system(judgment.category or "")
    return (Message("system", system), Message("user", words))


def _is_messages(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) > 0
        and all(isinstance(one, Mapping) and {"role", "content"} <= one.keys() for one in value)
    )


def _is_of(prompt: ArenaPrompt, judgment: ArenaJudgment, messages: Sequence[Message]) -> bool:
    """Whether messages begin as the config's do: a reply to others would never be found again."""
    system = next((one.content for one in messages if one.role == "system"), None)
    heads = _heads(prompt.config.templates)
    users = [one.content for one in messages if one.role == "user"]
    return (
        system == prompt.config.system(judgment.category or "")
        and len(users) == len(prompt.config.templates)
        and all(said.startswith(head) for said, head in zip(users, heads, strict=True))
    )


def _heads(templates: Iterable[str]) -> Iterator[str]:
    """Return what stands before the first place of each template."""
    return (template.partition("{")[0] for template in templates)
