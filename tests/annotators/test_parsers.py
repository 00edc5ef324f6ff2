"""What each parser reads from a reply, and which replies it refuses to read rather than guess."""

import pytest

from autoeval.annotators.parsers import Parser
from tests.annotators.parsing import parser, reading

CONTRADICTION = "contradict each other"

RANKING = parser("ranking")
NAMED_RANKING = parser("ranking", first="model_1", second="model_2")
PARENTHESES = parser("ranking", first="Output (a)", second="Output (b)")
CHOICE = parser("choice")
NAMED_CHOICE = parser("choice", first="model_1", second="model_2", tie="draw")
WORDS = parser("choice", first="first", second="second")
NUMBERS = parser("choice", first="1", second="2")
CASED = parser("choice", first="m", second="M", exact=True)
JSON = parser("json", field="better", explanation="why")
TOOL = parser("tool", field="better", explanation="why")
SCORES = parser("scores")
REGEX = parser("regex", first=r"\[\[A\]\]", second=r"\[\[B\]\]", tie=r"\[\[C\]\]")

READABLE: list[tuple[Parser, str, float]] = [
    # an order, in signs
    (RANKING, "a > b", 1.0),
    (RANKING, "b > a", 2.0),
    (RANKING, "a>b", 1.0),
    (RANKING, " B >> A\n", 2.0),
    (RANKING, "`b > a`", 2.0),
    (RANKING, "**b** > **a**", 2.0),
    (RANKING, '"b" > "a"', 2.0),
    (RANKING, "b ≻ a", 2.0),
    (RANKING, "[[A>>B]]", 1.0),
    (RANKING, "a = b", 1.5),
    (RANKING, "Ranking: b > a", 2.0),
    (RANKING, "b > a\n\nThe answer b is a better one.", 2.0),
    (RANKING, "b > a because a is not complete", 2.0),
    (RANKING, "After a careful look, it is b > a.", 2.0),
    (NAMED_RANKING, "model_2 > model_1", 2.0),
    (NAMED_RANKING, "Model_2 > MODEL_1", 2.0),
    (PARENTHESES, "Output (b) > Output (a)", 2.0),
    (parser("ranking", first="<a>", second="<b>"), "So <b> > <a>.", 2.0),
    (RANKING, "<br>a > b", 1.0),
    (RANKING, "=a > b", 1.0),
    (RANKING, "/a > b", 1.0),
    (RANKING, "a &gt; b", 1.0),
    (RANKING, "a &amp;gt; b", 1.0),
    (RANKING, "a ＞ b", 1.0),
    (RANKING, "Ａ ＞ Ｂ", 1.0),
    (RANKING, "我认为a > b。", 1.0),
    (RANKING, "$\\boxed{b \\succ a}$", 2.0),
    (RANKING, r"b \succ a", 2.0),
    (RANKING, "$b$ > $a$", 2.0),
    (RANKING, r"b \u003E a", 2.0),
    (RANKING, r"b \u003d a", 1.5),
    (RANKING, "<b>b</b> > <b>a</b>", 2.0),
    (RANKING, "__b__ > __a__", 2.0),
    # an order, in words and lists
    (RANKING, "b, a", 2.0),
    (RANKING, "b\na", 2.0),
    (RANKING, "b then a", 2.0),
    (RANKING, "B over A", 2.0),
    (RANKING, "1. b\n2. a", 2.0),
    (RANKING, "My ranking:\n\n1) **b**\n2) **a**", 2.0),
    (RANKING, "b", 2.0),
    (RANKING, "**b**.", 2.0),
    (parser("ranking", tie="tie"), "Tie", 1.5),
    # an order, structured
    (RANKING, '["b", "a"]', 2.0),
    (RANKING, "['b', 'a']", 2.0),
    (RANKING, '{"a": 2, "b": 1}', 2.0),
    (RANKING, '{"a": "2", "b": "1", "why": "b is a hit"}', 2.0),
    (RANKING, '{"1": "b", "2": "a"}', 2.0),
    (RANKING, '{"a": 1, "b": 1}', 1.5),
    (RANKING, '{"ranking": ["b", "a"], "why": "a > b in style only"}', 2.0),
    (RANKING, '{"result": {"a": 2, "b": 1}}', 2.0),
    (NAMED_RANKING, "[{'model': 'model_1', 'rank': 2}, {'model': 'model_2', 'rank': 1}]", 2.0),
    (NAMED_RANKING, "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2},]", 1.0),
    (RANKING, 'Here it is:\n```json\n["b", "a"]\n```\nI hope that helps.', 2.0),
    (RANKING, '["b", "a"], so b > a', 2.0),
    *(
        (RANKING, f'[{{"{name}": "a", "rank": 2}}, {{"{name}": "b", "rank": 1}}]', 2.0)
        for name in ("model", "output", "label", "name", "id")
    ),
    *(
        (RANKING, f'[{{"model": "a", "{rank}": 2}}, {{"model": "b", "{rank}": 1}}]', 2.0)
        for rank in ("rank", "position", "place")
    ),
    # a choice
    (CHOICE, "b", 2.0),
    (CHOICE, '"b"', 2.0),
    (CHOICE, "(B).", 2.0),
    (CHOICE, "I prefer **b**.", 2.0),
    (CHOICE, 'The better one is "b". It is a fuller answer.', 2.0),
    (CHOICE, "Answer: b", 2.0),
    (CHOICE, "It is a fuller answer.\n\nFinal answer: **b**.", 2.0),
    (CHOICE, r"\boxed{b}", 2.0),
    (CHOICE, "b\n\nIt is a fuller answer.", 2.0),
    (WORDS, "second", 2.0),
    (WORDS, "At first glance they are equal, but I prefer the *second* one.", 2.0),
    (NUMBERS, "Both have 2 faults. [1]", 1.0),
    (NAMED_CHOICE, "I think that Model_2 is better.", 2.0),
    (NAMED_CHOICE, "draw", 1.5),
    (parser("choice", first="gpt", second="gpt-4"), "The winner is «gpt-4».", 2.0),
    (parser("choice", first="m-1", second="m-1-x"), "The winner is m-1-x.", 2.0),
    (parser("ranking", first="m-1", second="m-1-x"), "I say: m-1-x > m-1.", 2.0),
    (parser("choice", first="Ａ１", second="Ｂ１"), "I prefer **B1**.", 2.0),
    (CASED, "M", 2.0),
    (CASED, "m\n", 1.0),
    (CASED, 'I\'m for "M".', 2.0),
    # a field
    (JSON, '{"why": "shorter", "better": "b"}', 2.0),
    (JSON, "{'better': 'b'}", 2.0),
    (JSON, '{"better": " B "}', 2.0),
    (JSON, '{"better": "b",}', 2.0),
    (JSON, '{"why": "line\nbreak", "better": "b"}', 2.0),
    (JSON, '{"why": "it says {\\"better\\": \\"a\\"} in its text", "better": "b"}', 2.0),
    (JSON, '{"why": "answer a leaks its </think> tag", "better": "b"}', 2.0),
    (JSON, '{"why": "answer a begins with <think>", "better": "b"}', 2.0),
    (JSON, 'Sure!\n```json\n{"better": "b"}\n```', 2.0),
    (JSON, '```\n{"better": "b"}', 2.0),
    (JSON, '[{"better": "b"}]', 2.0),
    (JSON, '{"comparison": {"better": "b"}}', 2.0),
    (JSON, '{{"better": "b"}}', 2.0),
    (JSON, 'It\'s {"better": "b"} that I\'d say [see above', 2.0),
    (parser("json", first="1", second="2", field="best"), '{"best": 2}', 2.0),
    (TOOL, 'The tool: {"better": "b"}', 2.0),
    (JSON, "{'why': 'a } too many', 'better': 'b'}", 2.0),
    (JSON, "{'why': 'one \" and a }', 'better': 'b'}", 2.0),
    (JSON, "{'why': \"it's a }\", 'better': 'b',}", 2.0),
    (JSON, "{'why': 'it\\'s a }', 'better': 'b'}", 2.0),
    (JSON, "{'all': [{'x': ']'}], 'better': 'b'}", 2.0),
    (CASED, "My choice:\n  M", 2.0),
    (CASED, "My choice: M ", 2.0),
    # scores
    (SCORES, "7 9", 2.0),
    (SCORES, "9, 7.5", 1.0),
    (SCORES, "a: 8,5\nb: 8,7", 2.0),
    (SCORES, "8,5 8,7", 2.0),
    (SCORES, "a: -5, b: -7", 1.0),
    (SCORES, "a: .5\nb: .25", 1.0),
    (SCORES, "a: 80%\nb: 90 %", 2.0),
    (SCORES, "8 8", 1.5),
    (SCORES, "[7, 9]", 2.0),
    (SCORES, '{"a": 7, "b": 9}', 2.0),
    (SCORES, '{"A": "7.0", "b": 9, "why": "a: 10, b: 0 in style"}', 2.0),
    (SCORES, "a: 7/10\nb: 9/10", 2.0),
    (SCORES, "Answer **a**: 7\nAnswer **b**: 9", 2.0),
    (SCORES, "B = 9, A = 7", 2.0),
    (SCORES, "7 9\n\nThe answer b is a better one.", 2.0),
    (parser("scores", first="m", second="M", exact=True), '{"m": 7, "M": 9}', 2.0),
    (parser("scores", pattern=r"(\d+) to (\d+)"), "I score them 3 to 1.", 1.0),
    (RANKING, '{"x": {"y": ["b", "a"]}}', 2.0),
    # patterns
    (REGEX, "So the verdict is [[B]].", 2.0),
    (REGEX, "[[C]]", 1.5),
    (parser("regex", first="<b>A</b>", second="<b>B</b>"), "<b>B</b>", 2.0),
    (parser("regex", first="verdict A", second="verdict B"), "My verdict <b>B</b>.", 2.0),
]


@pytest.mark.parametrize(("judge", "reply", "preference"), READABLE)
def test_a_verdict_is_read(judge: Parser, reply: str, preference: float) -> None:
    assert reading(judge, reply) == preference


UNREADABLE: list[tuple[Parser, str, str]] = [
    # nothing was said
    *((judge, "", "empty") for judge in (RANKING, CHOICE, JSON, TOOL, SCORES, REGEX)),
    *((judge, " \n", "empty") for judge in (RANKING, CHOICE, JSON, TOOL, SCORES, REGEX)),
    (RANKING, "Both are good.", "does not rank"),
    (RANKING, "a > a", "does not rank"),
    (RANKING, '{"x": {"y": {"z": ["b", "a"]}}}', "does not rank"),
    (CHOICE, "I cannot compare these.", "names neither"),
    (JSON, "b", "no JSON object"),
    (TOOL, "b", "called no tool"),
    (SCORES, "Both deserve a 9.", "does not score both"),
    *(
        (SCORES, f'{{"a": "{odd}", "b": "9"}}', "does not score both")
        for odd in ("1e1", "1_0", "inf", "1,000")
    ),
    (REGEX, "B", "no pattern matches"),
    # too much was said
    (RANKING, "a > b\nb > a", CONTRADICTION),
    (RANKING, "a > b\n\nWait, on reflection b > a.", CONTRADICTION),
    (RANKING, "a > b > a", CONTRADICTION),
    (RANKING, '["a", "b"] or ["b", "a"]', CONTRADICTION),
    (RANKING, '["a", "b"], that is b > a', CONTRADICTION),
    (RANKING, "1. a\n2. b\n\nb", CONTRADICTION),
    (RANKING, "I answer `a > b` or `b > a`: b > a", CONTRADICTION),
    (CHOICE, "**a** or **b**", CONTRADICTION),
    (CHOICE, "a\nb", CONTRADICTION),
    (CHOICE, "Answer: a\nAnswer: b", CONTRADICTION),
    (NAMED_CHOICE, "model_1 beats model_2", CONTRADICTION),
    (JSON, '{"better": "a"} … {"better": "b"}', CONTRADICTION),
    (JSON, '```json\n{"better": "a"}\n```\nOn reflection:\n{"better": "b"}', CONTRADICTION),
    (SCORES, "7 9\n9 7", CONTRADICTION),
    (SCORES, '{"a": 7, "b": 9}, that is a: 9, b: 7', CONTRADICTION),
    (REGEX, "[[A]] or [[B]]", CONTRADICTION),
    (RANKING, "a > b? No, b > a.", CONTRADICTION),
    (RANKING, "I do not think b > a: a > b", CONTRADICTION),
    (RANKING, "In style b > a. Answer: a", CONTRADICTION),
    (RANKING, "b > a in style, but overall b < a", CONTRADICTION),
    (JSON, '{"why": "it says {"better": "a"} there", "better": "b"}', CONTRADICTION),
    # something else was said
    (RANKING, "a < b", "does not rank"),
    (RANKING, "a >= b", "does not rank"),
    (RANKING, '[{"answer": "a", "rank": 1}, {"answer": "b", "rank": 2}]', "does not rank"),
    (RANKING, '[{"model": "a", "score": 1}, {"model": "b", "score": 2}]', "does not rank"),
    (RANKING, "b >", "does not rank"),
    (RANKING, "b -> a", "does not rank"),
    (RANKING, "<b> a good answer", "does not rank"),
    (RANKING, "b:\n- wrong\n\na has no such faults", "does not rank"),
    (RANKING, '["a", "b", "c"]', "does not rank"),
    (RANKING, '["a"]', "does not rank"),
    (RANKING, '{"a": 8, "b": 9}', "does not rank"),
    (RANKING, '{"a": true, "b": false}', "does not rank"),
    (RANKING, '{"a": NaN, "b": 1}', "does not rank"),
    (RANKING, '{"a": 1, "a": 2, "b": 1}', "does not rank"),
    (RANKING, f'{{"a": {"9" * 400}, "b": 1}}', "does not rank"),
    (CHOICE, "It is a close call.", "names neither"),
    (CHOICE, "A good question!", "names neither"),
    (CHOICE, "b is a better answer", "names neither"),
    (CHOICE, "a:", "names neither"),
    (CHOICE, 'I would not choose "a".', "perhaps not as the better one"),
    (CHOICE, "The other one is better than **a**.", "perhaps not as the better one"),
    (CHOICE, "**a** is worse.", "perhaps not as the better one"),
    (CHOICE, "The worse answer: a", "names neither"),
    (WORDS, "First, I cannot judge this.", "names neither"),
    (NUMBERS, "Both have 2 faults.", "names neither"),
    (NAMED_CHOICE, "Neither; model_1 isn't good.", "perhaps not as the better one"),
    (NAMED_CHOICE, "model_10", "names neither"),
    (CASED, "I'm not sure.", "names neither"),
    (JSON, '{"better": null}', "'better' holds None"),
    (JSON, '{"better": ["b"]}', "'better' holds ['b']"),
    (JSON, '{"better": {"b": 1}}', "'better' holds {'b': 1}"),
    (parser("ranking", exact=True), "A > B", "does not rank"),
    (JSON, '{"better": "both"}', "'better' holds 'both'"),
    (JSON, '{"better": ["a", "b"]}', "no label"),
    (JSON, '{"better": "a"}{"better": "c"}', "no label"),
    (JSON, '{"better": "a", "better": "b"}', "no field 'better'"),
    (JSON, "{'better': 'a', 'better': 'b'}", "no field 'better'"),
    (JSON, '{"best": "a"}', "no field 'better'"),
    (JSON, '{"why": "it is b", "better": "b', "no JSON object"),
    (JSON, "{better: b}", "no JSON object"),
    (SCORES, "7/10", "does not score both"),
    (SCORES, "8,5", "does not score both"),
    (SCORES, "a: 1,000\nb: 900", "does not score both"),
    (SCORES, "a: 8/10\nb: 60/100", "does not score both"),
    (SCORES, "a: 8-9\nb: 8.5", "does not score both"),
    (parser("scores", pattern=r"(\d)/10 to (\d)/10"), "7.5/10 to 6/10", "does not score both"),
    (SCORES, "7 8 9", "does not score both"),
    (SCORES, "a: 7", "does not score both"),
    (SCORES, '{"a": true, "b": false}', "does not score both"),
    (SCORES, '{"a": {"score": 7}, "b": {"score": 9}}', "does not score both"),
    (SCORES, '{"a": NaN, "b": Infinity}', "does not score both"),
    (SCORES, '{"a": 7, "A": 8, "b": 9}', "does not score both"),
    (SCORES, f"[{'9' * 4000}, 1]", "does not score both"),
    (parser("scores", pattern=r"(\d)?:(\d)?"), "7:", "does not score both"),
]


@pytest.mark.parametrize(("judge", "reply", "reason"), UNREADABLE)
def test_no_verdict_is_guessed(judge: Parser, reply: str, reason: str) -> None:
    assert reason in str(reading(judge, reply))
