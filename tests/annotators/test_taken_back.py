"""A verdict that a reply takes back, strikes out or only gives as an example is none."""

import json
from functools import partial

import pytest

from autoeval.annotators.parsers import Parser
from autoeval.types import Completion
from tests.annotators.parsing import made, parser, reading

REGEX = {"first": r"\[\[A\]\]", "second": r"\[\[B\]\]"}
JUDGES: dict[str, tuple[Parser, str, str]] = {
    "json": (parser("json", field="better"), '{"better": "a"}', "b is better."),
    "choice": (made("choice", first="model_1", second="model_2"), "**model_1**", "the other one is better."),
    "regex": (parser("regex", **REGEX), "[[A]]", "B is better."),
    "regex, last": (parser("regex", take="last", **REGEX), "[[A]]", "B is better."),
    "verdicts": (made("verdicts"), "[[A>B]]", "B is better."),
    "ranking": (parser("ranking"), "a > b", "it is the other way round."),
    "scores": (parser("scores"), "a: 8\nb: 3", "swap these."),
    "grade": (made("grade"), "[[8]]", "it should be lower."),
    "grade of a field": (made("grade", field="score"), '{"score": 8}', "6."),
    "probability": (parser("probability"), "73%", "27%, I think."),
    "levels": (made("levels", levels=("A>B", "A=B", "B>A")), "A>B", "B is better."),
    "classes": (made("classes", classes={"full": 1, "none": 0}), "[[full]]", "it is none of these."),
    "critique": (made("critique"), "Fine.\nOverall Score: 7", "that is too high."),
}
CORRECTIONS = (
    "Actually, ",
    "Wait, ",
    "No wait: ",
    "Correction: ",
    "On second thought, ",
    "I made a mistake: ",
    "Sorry, ",
    "**Hold on**: ",
    "Korrektur: ",
    "En fait, ",
    "Corrección: ",
    "На самом деле, ",
    "في الواقع، ",
    "更正：",
    "等等，",
    "訂正：",
    "정정: ",
)


@pytest.mark.parametrize("name", JUDGES)
def test_what_is_taken_back_is_no_verdict_until_it_is_said_again(name: str) -> None:
    judge, verdict, other = JUDGES[name]
    value = reading(judge, verdict)
    assert isinstance(value, float)
    for correction in CORRECTIONS:
        taken_back = f"{verdict}\n\n{correction}{other}"
        assert isinstance(reading(judge, taken_back), str), taken_back
        again = f"I first leaned the other way.\n{correction}I had it wrong.\n\n{verdict}"
        assert reading(judge, again) == value, again


def test_only_what_begins_a_sentence_takes_back_and_never_what_a_field_quotes() -> None:
    judge = parser("json", field="better", explanation="why")
    assert (
        reading(judge, json.dumps({"better": "a", "why": "b is wrong. Actually, it says so. Sorry, no."}))
        == 1.0
    )
    marked = parser("regex", **REGEX)
    assert reading(marked, "[[A]] because B did not actually wait for the reply, no matter what") == 1.0
    assert reading(marked, "<think>[[B]]. Wait, no.</think>[[A]]") == 1.0


@pytest.mark.parametrize("name", [name for name in JUDGES if name not in ("scores", "critique")])
@pytest.mark.parametrize(
    "struck", ["~~{}~~", "<del>{}</del>", '<s class="x">{}</s>', "<strike>\n{}\n</strike>"]
)
def test_what_is_struck_out_is_no_verdict(name: str, struck: str) -> None:
    judge, verdict, _ = JUDGES[name]
    assert isinstance(reading(judge, struck.replace("{}", verdict)), str)


def test_a_struck_out_letter_is_no_label() -> None:
    for overlay in "\u0335\u0336\u0338\u20e5":
        assert isinstance(reading(parser("choice"), f"a{overlay}"), str)
        assert isinstance(reading(parser("json", field="better"), f'{{"better": "a{overlay}"}}'), str)
        assert isinstance(reading(made("grade"), f"[[8{overlay}]]"), str)
        assert reading(parser("scores"), f"a: 7{overlay} 9\nb: 8") == 1.0


def test_what_is_said_in_place_of_what_is_struck_out_counts() -> None:
    assert reading(parser("choice"), "<del>a</del>\nb") == 2.0
    assert reading(made("grade"), "Rating: ~~8~~ 6") == 6.0
    assert reading(made("grade"), "It costs ~~3 dollars. Rating: 6") == 6.0


@pytest.mark.parametrize("name", ["regex", "verdicts", "grade", "classes"])
@pytest.mark.parametrize(
    "said",
    [
        "e.g. {}",
        "For example, {}",
        "例如：{}",
        "z. B. {}",
        "ejemplo: {}",
        "{} if it had answered",
        "❌ {}",
        "{} 👎",
    ],
)
def test_an_example_or_a_condition_is_no_verdict(name: str, said: str) -> None:
    judge, verdict, _ = JUDGES[name]
    assert isinstance(reading(judge, said.replace("{}", verdict)), str)


def test_a_label_below_a_heading_is_what_the_heading_says() -> None:
    choice, ranking = parser("choice"), parser("ranking")
    assert reading(choice, "**Winner:**\na\n\n**Loser:**\nb") == 1.0
    assert reading(choice, "Loser: b\nWinner: a") == 1.0
    assert reading(choice, "| better | \n|---|\n| b |") == 2.0
    for heading in ("Loser:", "## Worse", "| worst |\n|---|", "If you value brevity:"):
        assert isinstance(reading(choice, f"{heading}\nb"), str), heading
    assert isinstance(reading(choice, "If you value brevity: a"), str)
    assert reading(choice, "If I had to choose: a") == 1.0
    for worst_first in (
        "Worst to best:\n1. a\n2. b",
        "Ascending:\na, b",
        "从最差到最好：\na > b",
        "升序：\na > b",
    ):
        assert isinstance(reading(ranking, worst_first), str), worst_first
    assert reading(ranking, '{"ranking": ["a", "b"], "loser": "b"}') == 1.0


def test_an_order_from_worse_to_better_is_none_wherever_that_is_said() -> None:
    ranking = parser("ranking")
    for said in (
        "a > b (sorted worst to best)",
        '["a", "b"] (weakest first)',
        "Order: worst → best\na > b",
        "In increasing order: a > b",
        '{"order": "ascending", "ranking": ["a", "b"]}',
        '{"order": "worst to best", "ranking": ["a", "b"]}',
        '{"从差到好": ["a", "b"]}',
        "a > b （从差到好）",
        "由低到高：a > b",
        "低い順に並べると a > b",
        "낮은 순: a > b",
        "Rangfolge (aufsteigend): a > b",
        "von schlecht nach gut: a > b",
        "du moins bon au meilleur : a > b",
        "orden creciente: a > b",
    ):
        assert isinstance(reading(ranking, said), str), said
    for said in (
        "a > b (best first)",
        "b goes from bad to worse with regard to style, so a > b",
        "b is the least helpful. a > b",
        "a sorts the numbers in ascending order, from lowest to highest, which b does not do.\na > b",
    ):
        assert reading(ranking, said) == 1.0, said


def test_numbers_of_which_less_is_better_are_no_scores() -> None:
    judge = parser("scores")
    for said in ("Errors (fewer is better)", "Rank", "排名：", "越低越好"):
        assert isinstance(reading(judge, f"{said}\na: 1\nb: 2"), str), said
    assert reading(judge, "Scores:\na: 1\nb: 2") == 2.0


def test_what_a_judge_writes_beside_its_call_may_not_say_another_thing() -> None:
    judge = parser("tool", field="better")
    called = partial(Completion, finish_reason="stop", tool_arguments='{"better": "a"}')
    assert "contradict" in str(reading(judge, called('{"better": "b"}')))
    for beside in ("", '{"better": "a"}', "I looked at b first.", '<think>{"better": "b"}</think>'):
        assert reading(judge, called(beside)) == 1.0, beside


def test_a_reply_of_invisible_characters_is_empty() -> None:
    for name, (judge, *_) in JUDGES.items():
        assert "empty" in str(reading(judge, "\u200b\u2066 \u2069\n\ufeff")), name
    assert reading(made("grade"), "[[\u20678\u2069]]") == 8.0
    assert reading(made("grade"), "8\ufe0f\u20e3") == 8.0


def test_a_grade_that_is_more_or_less_than_a_number_is_none() -> None:
    for more in ("8 이상", "8以上", "8 以下", "8미만"):
        assert isinstance(reading(made("grade"), f"점수: {more}"), str), more


@pytest.mark.parametrize(
    "asked", ["Which is worse?: b", "Which one is worse?\nb", "**Which one is worse?**\nb"]
)
def test_a_label_that_answers_what_is_worse_is_no_verdict(asked: str) -> None:
    choice = parser("choice")
    assert isinstance(reading(choice, asked), str)
    assert reading(choice, asked.replace("worse", "better")) == 2.0
