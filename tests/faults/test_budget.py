"""A budget holds whatever is in flight: what the server charged is never more."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.small import evaluated, write_outputs
from tests.servers import Answer, Fault, JudgeServer, prompt_text
from tests.servers.answers import Body
from tests.servers.protocols import count_tokens

INPUT_PRICE, OUTPUT_PRICE = 100.0, 2_000.0
MOST_TOKENS = 20  # gpt4_ranking's limit


class Till:
    """Answers at unequal length and speed, some of the time badly, and adds up what it charges."""

    def __init__(self, seed: int, fault_share: float) -> None:
        self._draw = random.Random(seed)
        self._fault_share = fault_share
        self.charged = 0.0

    def __call__(self, body: Body) -> Answer:
        tokens = self._draw.choice((1, 2, 5, MOST_TOKENS))
        given = count_tokens(prompt_text(body))
        self.charged += (given * INPUT_PRICE + tokens * OUTPUT_PRICE) / 1_000_000
        good = Answer("a > b", output_tokens=tokens, delay=self._draw.uniform(0, 0.02))
        if self._draw.random() < self._fault_share:
            return replace(good, fault=Fault.NOT_JSON)  # charged for, and of no use
        return good


@pytest.mark.parametrize("fault_share", [0.0, 0.05])
@pytest.mark.parametrize("max_cost", [0.5, 1.0, 5.0])
def test_spending_never_passes_the_budget(max_cost: float, fault_share: float, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, 800)
    till = Till(0, fault_share)
    with JudgeServer(till) as server:
        result = evaluated(
            outputs,
            reference,
            "gpt4_ranking",
            judge_base_url=server.base_url,
            judge_price=(INPUT_PRICE, OUTPUT_PRICE),
            caching_path=tmp_path / "cache.sqlite",
            output_path=None,
            max_concurrency=200,
            retry_delay=0,
            max_cost=max_cost,
        )
    assert till.charged <= max_cost
    assert result.exit_code == 4
    if not fault_share:
        assert result.ask.spent == pytest.approx(till.charged)
        assert till.charged > 0.5 * max_cost, "most of the money is used"
