"""What tells annotators apart: hashes of all that decides what they say, and of their prompts alone."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from autoeval.annotators.judges import Judge


def fingerprint(judges: Sequence[Judge], combine: str, p_label_flip: float) -> str:
    """Return the hash of an annotator: of its judges, their prompts, and how their verdicts become one."""
    described: list[Any] = [_describe(judge) for judge in judges]
    return _hash([*described, *_prompts(judges), combine if len(judges) > 1 else "", p_label_flip])


def prompt_hash(judges: Sequence[Judge]) -> str:
    """Return the hash of an annotator's prompts."""
    return _hash(_prompts(judges))


def _prompts(judges: Sequence[Judge]) -> list[Any]:
    return [judge.prompt.sources if judge.prompt else [] for judge in judges]


def _describe(judge: Judge) -> list[Any]:
    parser = judge.parser.model_dump() if judge.parser else None
    endpoint = judge.endpoint
    where = endpoint.weights or endpoint.cache_as or endpoint.base_url
    asked = [endpoint.provider, where, judge.model, dict(judge.parameters)]
    described: list[Any] = [*asked, parser, judge.order, judge.samples, judge.batch_size, judge.shuffle]
    if judge.kind.scale is None:  # what is said of every judge is what was said of pairwise ones before
        described += [judge.kind.name, judge.scale.low, judge.scale.high]
    if judge.rubric:
        described.append(judge.rubric)
    if judge.aspects:
        described.append({name: [aspect.text, aspect.optional] for name, aspect in judge.aspects.items()})
    if judge.comparison:
        described.append(["compared", str(judge.comparison)])
    if judge.together > 1:
        described.append(["together", judge.together])
    if judge.disagreement != "mean":
        described.append(judge.disagreement)
    if judge.slight_win_margin is not None:
        described.append(["slight_win_margin", judge.slight_win_margin])
    if judge.follow_up:
        described.append(["follow_up", judge.follow_up.text, judge.follow_up.times])
    return described


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
