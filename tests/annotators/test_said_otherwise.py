"""What a reply denies, asks, goes on to say, or says otherwise elsewhere is no verdict, whatever a pattern finds."""

import json

import pytest

from autoeval.annotators.parsers import Parser
from tests.annotators.generated import dialect
from tests.annotators.parsing import made, parser, reading

REGEX = {"first": r"\[\[A\]\]", "second": r"\[\[B\]\]"}
MARKED = {
    "regex": (parser("regex", **REGEX), "[[A]]", "[[B]]", 1.0),
    "regex, last": (parser("regex", take="last", **REGEX), "[[A]]", "[[B]]", 1.0),
    "dialect": (
        dialect("regex_parser", outputs_to_match={1: REGEX["first"], 2: REGEX["second"]}),
        "[[A]]",
        "[[B]]",
        1.0,
    ),
    "verdicts": (made("verdicts"), "[[A>B]]", "[[B>A]]", 1.25),
    "verdicts, last": (made("verdicts", take="last"), "[[A>B]]", "[[B>A]]", 1.25),
    "grade": (made("grade"), "[[8]]", "[[3]]", 8.0),
    "grade of a field": (made("grade", field="score"), '{"score": 8}', '{"score": 3}', 8.0),
    "classes": (made("classes", classes={"full": 1, "none": 0}), "[[full]]", "[[none]]", 1.0),
}
DOUBTED = (
    "not {}",
    "It is not {}.",
    "I would never say {}",
    "Neither {} nor anything else",
    "Is it {}? No.",
    "{} is not my verdict",
    "{} isn't right.",
    "{} would be too much",
    "{} ist nicht richtig",
)
SAID = ("{}", "**{}**", "So: {}.", "`{}`", "{}, which is not a close call", "No doubt about it: {}", "> {}")


@pytest.mark.parametrize("name", MARKED)
def test_what_is_denied_or_asked_is_no_verdict(name: str) -> None:
    judge, mark, _, value = MARKED[name]
    for said in SAID:
        assert reading(judge, said.replace("{}", mark)) == value, said
    for doubted in DOUBTED:
        assert isinstance(reading(judge, doubted.replace("{}", mark)), str), doubted
    assert isinstance(reading(judge, f"{mark} is what I thought. Now I say it is not {mark}"), str)


def test_a_mention_that_is_spoken_against_is_no_choice() -> None:
    """Whatever the language, and wherever in the sentence; a fault behind a full stop is of something else."""
    judge = parser("choice", first="model_1", second="model_2")
    for said in ("I choose **{}**", "**{}** because it is not wrong", "**{}**. It has errors", "我选 **{}**"):
        assert reading(judge, said.replace("{}", "model_2")) == 2.0, said
    for against in (
        "**{}** isn't better",
        "**{}** doesn't follow",
        "I wouldn't say **{}**",
        "**{}**不好",
        "差的是 **{}**",
        "**{}** 더 나쁜 답",
        "anything but **{}**",
        "**{}** makes errors",
        "**{}** falls short",
    ):
        assert isinstance(reading(judge, against.replace("{}", "model_2")), str), against


def test_the_last_pattern_is_one() -> None:
    judge = parser("regex", take="last", first="A wins", second="A wins|B wins")
    assert reading(judge, "A wins, no: B wins") == 2.0
    assert isinstance(reading(judge, "B wins, no: A wins"), str)


def test_a_torso_is_entire_only_as_one_mark() -> None:
    for name in ("regex", "regex, last"):
        judge, mark, _, value = MARKED[name]
        assert reading(judge, mark, "length") == value
        assert isinstance(reading(judge, f"{mark} is what I would say.", "length"), str)


@pytest.mark.parametrize("name", ["regex", "regex, last", "dialect", "verdicts", "verdicts, last"])
def test_marks_of_another_spelling_contradict(name: str) -> None:
    judge, mark, other, value = MARKED[name]
    full_width = other.replace("[", "［").replace("]", "］")
    for spelled in (f"[[ {other[2:-2]} ]]", other.lower(), full_width, other.replace(">", "＞")):
        found = reading(judge, f"At first {mark}. But in the end {spelled}")
        assert found == 3 - value or isinstance(found, str), spelled


@pytest.mark.parametrize(
    ("reply", "judge"),
    [
        ("The answer ends in `[[10]]`. Rating: 3", made("grade")),
        ("> [[10]]\n\n3", made("grade")),
        ("[[7]]\nMy rating is 8", made("grade")),
        ('{"score": 8} score: 9', made("grade", field="score")),
        ("[[A>B]] [[B]]", made("verdicts")),
        ("[[A>B]], no: [B>A]", made("verdicts")),
        ("Answer B says [[B>>A]].\nMy verdict: A>B", made("verdicts")),
        ("[[full]]\nVerdict: none", made("classes", classes={"full": 1, "none": 0})),
        ("This is no: full", made("classes", classes={"full": 1, "none": 0})),
        ("a: 75%\n<p>a: 25%</p>", parser("probability")),
        ("b, a:\n7 9", parser("scores")),
        ("8 9\n\nScores: 9 8", dialect("lmsys_parser")),
        ('{"better": true}', dialect("json_parser", annotation_key="better")),
        ("True", dialect("eval_parser")),
    ],
)
def test_two_statements_are_none(reply: str, judge: Parser) -> None:
    assert isinstance(reading(judge, reply), str)


ONE_NUMBER = {
    "grade": (made("grade"), "Rating: {}"),
    "grade, marked": (made("grade"), "[[{}]]"),
    "grade behind a mark": (made("grade", after="[RESULT]"), "[RESULT] {}"),
    "grade of a field": (made("grade", field="score"), json.dumps({"score": "{}"}, ensure_ascii=False)),
    "critique": (made("critique"), "Overall Score: {}"),
    "ratings": (made("ratings", out_of=10), "Rating: {}"),
}
NUMBERS = {
    "8": 8,
    "8.5": 8.5,
    "8,5": 8.5,
    "8/10": 8,
    "8 / 10": 8,
    "8 out of 10": 8,
    "８": 8,
    "٨": 8,
    **dict.fromkeys(["8 or 9", "8 to 9", "7-8", "7–8", "8~9", "8 → 6", "8 -> 6", "8, no: 6", "8 minus 2"]),
    **dict.fromkeys(
        ["8½", "8 1/2", "8 and a half", "1,000", "1e1", "8e0", "8^2", "8²", "8%", "8 %", "80 percent"]
    ),
    **dict.fromkeys(
        ["4/5", "8 of ten", "4 stars out of five", "8 | 5", "8:9", "8 9", "8 million", "8x", "<8", "~8"]
    ),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_a_number_that_goes_on_is_none(name: str) -> None:
    judge, form = ONE_NUMBER[name]
    for written, value in NUMBERS.items():
        found = reading(judge, form.replace("{}", written))
        assert isinstance(found, str) if value is None else found == value, written
    assert reading(judge, form.replace("{}", ".5")) != 5


def test_scores_that_go_on_are_none() -> None:
    judge = parser("scores")
    assert reading(judge, "a: −7\nb: −9") == 1.0
    for written in (
        "7 or 9",
        "7 to 9",
        "7 → 9",
        "7 1/2",
        "1 000",
        "7^2",
        "7 million",
        "10 minus 3",
        "<7",
        "~7",
        "–7",
    ):
        assert isinstance(reading(judge, f"a: {written}, b: 8"), str), written
        assert isinstance(reading(judge, f"b: 8, a: {written}"), str), written
    for labels in (("1", "2"), ("a", "b")):
        assert (
            reading(parser("scores", first=labels[0], second=labels[1]), f"{labels[0]}: 7, {labels[1]}: 9")
            == 2.0
        )


SPURNED = (
    "**b**?",
    "2nd place: b",
    "Second: b",
    "Rank 2: b",
    "Discard: b",
    "Which one fails: b",
    "Anything but **b**",
    "Instead of **b**, take the other one",
    "**b** makes errors",
    "**b** falls short",
    "**b** would be better if it were shorter",
    "**b** underperforms",
    "I dislike **b**",
)


def test_naming_an_output_for_its_faults_does_not_choose_it() -> None:
    judge = parser("choice")
    for spurned in SPURNED:
        assert isinstance(reading(judge, spurned), str), spurned
    for chosen in (
        "I prefer **b** because the other one makes errors",
        "So **b**! It lacks nothing",
    ):
        assert reading(judge, chosen) == 2.0, chosen


def test_an_order_that_is_turned_round_or_called_wrong_is_none() -> None:
    judge = parser("ranking")
    for turned in (
        "wrong: a > b",
        "It is false that a > b",
        "the opposite of a > b",
        "!(a > b)",
        "~~a > b~~",
        "a > b: false",
        "a > b -> no",
        "a > b ❌",
        "least to most helpful: a > b",
        "Worst first: a > b",
        '{"worst_to_best": ["b", "a"]}',
    ):
        assert isinstance(reading(judge, turned), str), turned
    for said in (
        "Since b is wrong, a > b",
        "b has the worst style. So: a > b",
        "a > b: b is wrong",
        '{"best_first": ["a", "b"]}',
    ):
        assert reading(judge, said) == 1.0, said


def test_scores_are_two() -> None:
    for written in ("[7, 9, 3]", "[7]", "a: 7, b: 9, a: 3", "a: 7"):
        assert isinstance(reading(parser("scores"), written), str), written
    with_tie = parser("scores", tie="tie")
    assert reading(with_tie, "a: 7, b: 9, tie: 1") == 2.0
    pattern = parser("scores", pattern=r"\[(\d), (\d)\]")
    assert reading(pattern, "[7, 9]", "length") == 2.0
    assert isinstance(reading(pattern, "[7, 9] or so", "length"), str)
