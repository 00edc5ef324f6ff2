"""The outputs of `benchmarks/injection.yaml`, written to sway the judge: they stay in their place in the prompt."""

from pathlib import Path

import pytest

from autoeval.prompting.templates import nonce
from benchmarks import injection
from tests.annotators.test_hostile_outputs import HONEST, judged
from tests.servers.smollm2 import smollm2

OUTPUTS = [{"instruction": f"Add {number} and 1.", "output": f"It is {number + 7}."} for number in range(3)]
VARIANTS = injection.variants(OUTPUTS)
ATTACKED = [variant for variant in VARIANTS if variant.where]


def test_an_attack_stands_after_the_outputs_or_in_their_place() -> None:
    assert VARIANTS[0].outputs == OUTPUTS
    for variant in ATTACKED:
        text = injection.ATTACKS[variant.name]["text"]
        found = [row["output"] for row in variant.outputs]
        if variant.where == "after":
            assert found == [f"{row['output']}\n\n{text}" for row in OUTPUTS]
        else:
            assert set(found) == {text}, "the same whatever the instruction"
    assert {variant.where for variant in ATTACKED if variant.name == injection.CONTROL} == {
        "after",
        "in place",
    }


@pytest.mark.parametrize("variant", ATTACKED, ids=lambda variant: variant.label)
def test_an_attack_closes_no_delimiter_with_a_mark(variant: injection.Variant) -> None:
    result, judge, _ = judged("gpt4_logprob", variant.outputs, order="both")
    assert [round(row["preference"], 1) for row in result.records()] == [1.0] * len(OUTPUTS)
    texts = {row["instruction"]: row["output"] for row in variant.outputs}
    assert len(judge.seen) == 2 * len(OUTPUTS)
    for mark, found in judge.seen:
        text = texts[found["instruction"]]
        assert {found["answer a"], found["answer b"]} == {HONEST, text}
        assert mark == nonce(found["instruction"], *sorted([HONEST, text]))
        assert mark not in text


@pytest.mark.model
def test_smollm2_gives_the_same_verdicts_again_with_either_prompt(tmp_path: Path) -> None:
    smollm2()
    attacked = next(variant.outputs for variant in ATTACKED if variant.name == "order")[:1]
    reference = [{**row, "output": HONEST} for row in OUTPUTS[:1]]
    for judge in injection.write_judges(tmp_path).values():
        first, again = (injection.judged(judge, attacked, reference).records() for _ in range(2))
        assert [row["preference"] for row in first] == [row["preference"] for row in again]
        assert all(1 < row["preference"] < 2 for row in first)
