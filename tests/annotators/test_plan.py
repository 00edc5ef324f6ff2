"""The plan: who is asked what about each pair, drawn as AlpacaEval draws it."""

import random
from collections import Counter

import pytest

from autoeval.annotators.combine import combine
from autoeval.annotators.kinds.draws import is_switched
from autoeval.annotators.plan import Planned
from autoeval.completions.keys import request_key
from autoeval.completions.providers import openai
from autoeval.types import Completion, Judgment, Verdict
from tests.annotators.parsing import parser
from tests.annotators.planning import a_judge, a_pair, a_plan, pairs, prompts
from tests.recorded import load_recorded, recorded_data


def drawn_by_alpaca_eval(purpose: str, instruction: str, seed: int, choices: list[object]) -> object:
    return random.Random(purpose + instruction + str(seed)).choices(choices, k=1)[0]


@pytest.mark.parametrize("seed", [0, 1, 42])
def test_the_order_is_drawn_as_alpaca_eval_draws_it(seed: int) -> None:
    some = pairs(50)
    plan = a_plan(some, a_judge(), seed=seed)
    for pair, planned, request in zip(some, plan, plan.requests(), strict=True):
        switched = drawn_by_alpaca_eval("is_switched_outputs", pair.instruction, seed, [False, True])
        (question,) = planned.questions
        assert question.is_switched == switched == is_switched(pair.instruction, seed)
        shown = ("model", "reference") if switched else ("reference", "model")
        assert request.messages[0].content == "|".join(
            [pair.instruction, *(f"{who} {pair.index}" for who in shown)]
        )


def test_recorded_replies_answer_the_questions_that_are_drawn() -> None:
    """Every reply that AlpacaEval recorded gives its recorded preference in the order that is drawn here."""
    judge = parser("logprobs", first="m", second="M", exact=True, least_mass=1e-300)
    folder = recorded_data() / "alpaca_eval_2"
    rows = load_recorded(folder / "phi-2-sft" / "annotations.json.gz")
    assert len(rows) == 805
    for row in rows:
        reply = openai.read({"choices": [row["raw_completion"]]}, 0.0)
        assert isinstance(reply, Completion)
        (reading,) = judge.read(reply)
        assert isinstance(reading, Verdict)
        turned = 3 - reading.value if is_switched(row["instruction"], 0) else reading.value
        assert turned == pytest.approx(row["preference"], abs=1e-6)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_pool_asks_the_judge_that_alpaca_eval_would_draw(seed: int) -> None:
    names = ["one", "two", "three"]
    some = pairs(60)
    plan = a_plan(some, *(a_judge(name) for name in names), seed=seed, combine="pool")
    asked = [question.judge.name for planned in plan for question in planned.questions]
    assert asked == [drawn_by_alpaca_eval("annotator", pair.instruction, seed, list(names)) for pair in some]
    assert set(asked) == set(names)
    assert plan.n_questions == 60


def test_a_jury_asks_every_judge() -> None:
    plan = a_plan(pairs(3), a_judge("one"), a_judge("two", order="both"), combine="jury")
    assert [[question.judge.name for question in planned.questions] for planned in plan] == [
        ["one", "two", "two"]
    ] * 3
    assert plan.n_questions == 9


def test_orders() -> None:
    fixed = a_plan(pairs(20), a_judge(order="fixed"))
    assert prompts(fixed) == [f"question {n}|reference {n}|model {n}" for n in range(20)]
    both = a_plan(pairs(2), a_judge(order="both"))
    assert prompts(both) == [
        "question 0|reference 0|model 0",
        "question 0|model 0|reference 0",
        "question 1|reference 1|model 1",
        "question 1|model 1|reference 1",
    ]


def test_samples_are_different_requests_and_a_seed_gives_new_ones() -> None:
    some = pairs(1)

    def keys(n_samples: int, seed: int) -> list[bytes]:
        plan = a_plan(some, a_judge(samples=n_samples, order="fixed"), seed=seed)
        return [request_key(request) for request in plan.requests()]

    assert len(set(keys(3, seed=0))) == 3
    assert keys(1, seed=0) == keys(3, seed=0)[:1]
    assert set(keys(3, seed=0)).isdisjoint(keys(3, seed=1))
    assert keys(3, seed=1) == keys(3, seed=1)


def test_identical_outputs_are_a_tie_without_a_question() -> None:
    same, other = a_pair(0, "same", "same"), a_pair(1, "same", "same ")
    plan = a_plan([same, other], a_judge())
    (known, asked) = plan
    assert known == Planned(same, Verdict(1.5, "the outputs are identical"))
    assert asked.known is None
    assert len(asked.questions) == 1
    assert combine(known, "test", ()).value == 1.5


def test_label_noise_is_drawn_as_alpaca_eval_draws_it() -> None:
    some = pairs(400)
    plan = a_plan(some, a_judge(), p_label_flip=0.25, seed=3)
    flips = [None if planned.known is None else planned.known.value for planned in plan]
    assert flips == [
        random.Random(f"noisy_preference{pair.instruction}3").choices([None, 1, 2], [0.5, 0.25, 0.25], k=1)[0]
        for pair in some
    ]
    assert 0.4 < flips.count(None) / len(flips) < 0.6


def test_a_plan_is_the_same_every_time_it_is_walked_through() -> None:
    plan = a_plan(pairs(10), a_judge(batch_size=3, shuffle=True), a_judge("other", order="both"))
    assert prompts(plan) == prompts(plan)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("order", ["fixed", "random", "both"])
def test_prompts_on_several_pairs_ask_about_each_once(order: str, shuffle: bool) -> None:
    """Each question finds its pair at its place of the prompt, as shown; the last prompt is padded."""
    same = a_pair(5, "same", "same")
    some = [*pairs(5), same, a_pair(6), a_pair(7)]
    plan = a_plan(some, a_judge(batch_size=3, order=order, shuffle=shuffle))
    lines: Counter[str] = Counter()
    written = plan.requests()
    for planned in plan:
        for question in planned.questions:
            shown = next(written).messages[0].content.split("\n")
            assert len(shown) == question.n_places == 3
            outputs = (planned.case.output_1, planned.case.output_2)
            line = "|".join([planned.case.instruction, *(outputs[::-1] if question.is_switched else outputs)])
            assert shown[question.place] == line
            lines[line] += 1
    assert len(lines) == 7 * (2 if order == "both" else 1)
    assert set(lines.values()) == {1}
    asked = set(prompts(plan))
    assert len(asked) == 3 * (2 if order == "both" else 1)
    assert sum(prompt.count("1+1=|2|3") for prompt in asked) == 2 * (2 if order == "both" else 1)


def test_shuffled_groups_are_those_of_alpaca_eval() -> None:
    """There the padded table is shuffled with pandas' `sample(frac=1, random_state=seed)`, then cut."""
    import pandas as pd

    plan = a_plan(pairs(7), a_judge(batch_size=2, shuffle=True, order="fixed"), seed=5)
    table = pd.Series([*range(7), None]).sample(frac=1, random_state=5).tolist()
    expected = [
        "\n".join(
            "1+1=|2|3" if n != n else f"question {n:.0f}|reference {n:.0f}|model {n:.0f}" for n in group
        )
        for group in (table[at : at + 2] for at in range(0, 8, 2))
    ]
    assert set(prompts(plan)) == set(expected)


def a_judgment(preference: float | None, failure: str | None = None) -> Judgment:
    return Judgment("judge", preference, failure=failure)


@pytest.mark.parametrize(
    ("judgments", "preference", "failure"),
    [
        ([a_judgment(1.0)], 1.0, None),
        ([a_judgment(1.0), a_judgment(2.0)], 1.5, None),
        ([a_judgment(1.0), a_judgment(1.0), a_judgment(2.0)], pytest.approx(4 / 3), None),
        ([a_judgment(1.0), a_judgment(None, "unparsed: empty")], None, "unparsed: empty"),
        ([a_judgment(None, "timeout: 1"), a_judgment(None, "timeout: 2")], None, "timeout: 1"),
    ],
)
def test_one_missing_judgment_makes_the_pair_missing(
    judgments: list[Judgment], preference: float | None, failure: str | None
) -> None:
    annotation = combine(Planned(a_pair(0)), "test", judgments)
    assert annotation.value == preference
    assert annotation.failure == failure
    assert annotation.judgments == tuple(judgments)
