"""Which models are checkpoints of one training, by their names."""

import re
from dataclasses import dataclass

from autoeval.texts.patterns import lazy_pattern

_STEP = lazy_pattern(
    r"(?:^|[-_/. ])(?:global[-_]?steps?|steps?|ckpt|checkpoint|chkpt|iter|iteration|epochs?|ep)[-_=. ]?"
    r"(\d+(?:\.\d+)?)([kKmM]?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_TIMES = {"": 1, "k": 1e3, "m": 1e6}


@dataclass(frozen=True)
class Checkpoint:
    """A point of a training: which one, and after how many steps."""

    name: str
    step: float


def checkpoint_of(model: str) -> Checkpoint | None:
    """Read a model's name as that of a checkpoint: `mine-step-2000`, `mine/checkpoint-2k`, `mine_epoch3`.

    Returns:
        The training and the step; None where the name has none of the words that say so.
    """
    found = list(_STEP.finditer(model))
    if not found:
        return None
    last = found[-1]
    name = (model[: last.start()] + model[last.end() :]).strip("-_/. ")
    return Checkpoint(name or "checkpoints", float(last[1]) * _TIMES[last[2].lower()])
