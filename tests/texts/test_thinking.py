"""An output without the reasoning that its server left in it."""

import pytest

from autoeval.texts.thinking import without_thinking

ANSWER = "The capital is **Canberra**.\n\n- not Sydney"
THOUGHT = "They ask for a capital. 1 < 2, so `x` -> y.\n\nSydney?"


@pytest.mark.parametrize(
    "output",
    [
        f"<think>{THOUGHT}</think>{ANSWER}",
        f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}\n",
        f"{THOUGHT}\n</think>\n\n{ANSWER}",
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"<thought>{THOUGHT}</thought>\n{ANSWER}",
        f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
        f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
        f"◁think▷{THOUGHT}◁/think▷{ANSWER}",
        f"&lt;think&gt;{THOUGHT}&lt;/think&gt;{ANSWER}",
        f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{ANSWER}",
        f"<think>\n```py\nprint(1)\n{THOUGHT}\n</think>\n{ANSWER}",
    ],
)
def test_the_answer_is_what_is_left(output: str) -> None:
    assert without_thinking(output) == ANSWER


@pytest.mark.parametrize(
    "output",
    [
        ANSWER,
        "",
        "  kept as it is, blanks too \n",
        "In HTML, a <think> element is unknown to browsers.",
        "Models write `<think>` first and `</think>` last.",
        "Like so:\n\n```xml\n<think>\nhm\n</think>\n<answer>1</answer>\n```\n\nThat is all.",
        'It is stored as {"raw": "<think>hm</think>yes"}.',
        "a < b and b > c, so <br> breaks; <b>bold</b>; 1 << 3; List<Integer>",
        "x = '\ue0000\ue001'",
    ],
)
def test_what_holds_no_reasoning_stays_as_it_is(output: str) -> None:
    assert without_thinking(output) == output


def test_code_in_an_answer_stays_where_it_stood() -> None:
    answer = "Write\n\n```xml\n<think>hm</think>\n```\n\nor `<think>`."
    assert without_thinking(f"<think>`code` and ```more```</think>\n{answer}") == answer


@pytest.mark.parametrize("output", ["<think>", "<think>\nWell, let me see", " \n<thought>```py\nx"])
def test_reasoning_that_never_ended_leaves_nothing(output: str) -> None:
    assert without_thinking(output) == ""
