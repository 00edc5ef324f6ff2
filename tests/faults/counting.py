"""What these tests share: a judge that counts what it is paid for, and a whole run against it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import autoeval
from autoeval.completions.cache import Cache
from tests.journeys.small import evaluate_small
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Answerer, Body, always, with_faults

N_PAIRS = 60


@dataclass
class PaidJudge:
    """Answers, a `share` of the time with each of `faults`, and counts the good replies, which are charged."""

    text: str = "a > b"
    faults: Sequence[Answer] = ()
    share: float = 0.05
    paid: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._answer: Answerer = with_faults(always(self.text), self.faults, self.share)

    def __call__(self, body: Body) -> Answer:
        answer = self._answer(body)
        if answer.status == 200 and answer.fault is None:
            self.paid[prompt_text(body)] += 1
        return answer

    @property
    def n_paid_twice(self) -> int:
        """Replies beyond the first to each question."""
        return self.paid.total() - len(self.paid)


def run(
    folder: Path, server: JudgeServer, protocol: str = "openai", **parameters: Any
) -> autoeval.Evaluation:
    """Evaluate 60 pairs without waiting between retries."""
    quiet = {"precomputed_leaderboard": None, "no_report": True, **parameters}
    return evaluate_small(folder, server, protocol, N_PAIRS, **quiet)


def n_stored(path: Path) -> int:
    """Return how many replies a cache has, and that it is whole."""
    with Cache(path) as cache:
        assert cache.salvaged is None
        assert cache.query("PRAGMA integrity_check") == [("ok",)]
        ((n,),) = cache.query("SELECT count(*) FROM replies")
    return int(n)
