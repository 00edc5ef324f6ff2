"""Replies whose verdict is known: said in one of a parser's forms, and wrapped in all that judges put around it."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoeval.annotators.alpaca_eval.reading import AlpacaEvalParser
from autoeval.annotators.parsers import Parser
from autoeval.types import Completion
from tests.annotators.parsing import made, parser

Form = Callable[[str, str], str]
"""Says that one label is better than another."""

_RANKED: tuple[Form, ...] = (
    lambda better, worse: f"{better} > {worse}",
    lambda better, worse: f"{better}>>{worse}",
    lambda better, worse: f"**{better}** > **{worse}**",
    lambda better, worse: f"{better} &gt; {worse}",
    lambda better, worse: f"{better} ＞ {worse}",
    lambda better, worse: f"$\\boxed{{{better} \\succ {worse}}}$",
    lambda better, worse: f"__{better}__ > __{worse}__",
    lambda better, worse: f"1. {better}\n2. {worse}",
    lambda better, worse: json.dumps([better, worse]),
    lambda better, worse: repr({better: 1, worse: 2}),
    lambda better, worse: repr([{"model": worse, "rank": 2}, {"model": better, "rank": 1}]),
)
_CHOSEN: tuple[Form, ...] = (
    lambda better, _: f"**{better}**",
    lambda better, _: f'"{better}"',
    lambda better, _: f"「{better}」",
    lambda better, _: f"Answer: {better}",
    lambda better, _: f"答案：{better}",
    lambda better, _: f"<b>`{better}`</b>",
    lambda better, _: f"\\boxed{{{better}}}",
)
_FILLED: tuple[Form, ...] = (
    lambda better, _: json.dumps({"better": better}),
    lambda better, worse: json.dumps({"why": f"it is shorter than {worse}", "better": better}),
    lambda better, worse: json.dumps({"why": f'</think> as in {{"better": "{worse}"}}', "better": better}),
    lambda better, _: repr({"better": better}),
    lambda better, _: json.dumps({"result": {"better": better}}),
)
_SCORED: tuple[Form, ...] = (
    lambda better, worse: json.dumps({better: 9, worse: 7.5}),
    lambda better, worse: f"{better}: 8.9\n{worse}: 8.5",
    lambda better, worse: f"{worse}: 8,5\n{better}: 8,9",
    lambda better, worse: f"**{better}**: 9/10, **{worse}**: 8/10",
    lambda better, worse: f"{better} = 80%\n{worse} = 8%",
    lambda better, worse: f"{worse}: -9\n{better}: -7",
)
_GRADED: tuple[Form, ...] = (
    lambda grade, _: f"[[{grade}]]",
    lambda grade, _: f"［［{grade}］］",
    lambda grade, _: f"Rating: {grade}",
    lambda grade, _: f"**Score: {grade}/10**",
    lambda grade, _: f"评分：{grade}分",
    lambda grade, other: f"Rating: {grade} (at first I thought {other})",
)
_FIVE: tuple[Form, ...] = (
    lambda verdict, _: f"[[{verdict}]]",
    lambda verdict, _: f"**[[ {verdict} ]]**",
    lambda verdict, _: f"［［{verdict}］］",
    lambda verdict, _: f"[[{verdict.replace('>', '&gt;')}]]",
    lambda verdict, _: f"My verdict: [{verdict}]",
)
_MARKED: tuple[Form, ...] = (lambda better, _: f"[[{better}]]", lambda better, _: f"[RESULT] {better}")


def _of_places(better: str, worse: str) -> tuple[str, str]:
    """Return scores of a and b, in this order."""
    return ("9", "7.5") if better < worse else ("7.5", "9")


@dataclass(frozen=True)
class Subject:
    """A parser, how a judge says a verdict for it, and whether a tool call says it."""

    parser: Parser
    forms: Sequence[Form]
    labels: tuple[str, str] = ("a", "b")
    values: tuple[float, float] = (1.0, 2.0)
    """What each label is as a verdict where it is better."""
    is_tool: bool = False


def dialect(function: str, **kwargs: object) -> Parser:
    return AlpacaEvalParser(function=function, kwargs=kwargs)


_LETTERS = {1: r"(?:^|\n) ?Output \(a\)", 2: r"(?:^|\n) ?Output \(b\)"}
_REGEX = {"first": r"\[\[a\]\]|\[RESULT\] a\b", "second": r"\[\[b\]\]|\[RESULT\] b\b"}

SUBJECTS: Mapping[str, Subject] = {
    "ranking": Subject(parser("ranking"), _RANKED),
    "ranking, long labels": Subject(
        parser("ranking", first="model_1", second="model_10"), _RANKED, ("model_1", "model_10")
    ),
    "choice": Subject(parser("choice", tie="tie"), _CHOSEN),
    "choice, last": Subject(parser("choice", take="last"), _CHOSEN),
    "choice, words": Subject(
        parser("choice", first="model_1", second="model_2"), _CHOSEN, ("model_1", "model_2")
    ),
    "json": Subject(parser("json", field="better", explanation="why"), _FILLED),
    "tool as text": Subject(parser("tool", field="better"), _FILLED),
    "tool": Subject(parser("tool", field="better"), _FILLED, is_tool=True),
    "scores": Subject(parser("scores"), _SCORED),
    "scores by place": Subject(
        parser("scores"),
        (
            lambda better, worse: " ".join(_of_places(better, worse)),
            lambda better, worse: ", ".join(_of_places(better, worse)),
            lambda better, worse: " ".join(_of_places(better, worse)).replace(".", ","),
            lambda better, worse: f"[{', '.join(_of_places(better, worse))}]",
        ),
    ),
    "scores by pattern": Subject(
        parser("scores", pattern=r"\[\[([\d.,]+)\]\] to \[\[([\d.,]+)\]\]"),
        (lambda better, worse: "[[{}]] to [[{}]]".format(*_of_places(better, worse)),),
    ),
    "regex": Subject(parser("regex", **_REGEX), _MARKED),
    "regex, last": Subject(parser("regex", take="last", **_REGEX), _MARKED),
    "dialect: regex": Subject(
        dialect("regex_parser", outputs_to_match=_LETTERS), (lambda better, _: f"Output ({better})",)
    ),
    "dialect: json": Subject(
        dialect("json_parser", annotation_key="better"),
        (
            lambda better, _: json.dumps({"better": 1 if better == "a" else 2}),
            lambda better, _: f"```json\n{json.dumps({'better': 1 if better == 'a' else 2})}\n```",
        ),
    ),
    "dialect: ranking": Subject(
        dialect("ranking_parser"),
        (lambda better, worse: repr([{"model": better, "rank": 1}, {"model": worse, "rank": 2}]),),
        ("model_1", "model_2"),
    ),
    "dialect: scores": Subject(
        dialect("lmsys_parser"),
        (
            lambda better, worse: " ".join(_of_places(better, worse)),
            lambda better, worse: ", ".join(_of_places(better, worse)),
            lambda better, worse: " ".join(_of_places(better, worse)).replace(".", ","),
        ),
    ),
    "dialect: literal": Subject(
        dialect("eval_parser"), (lambda better, _: "[1]" if better == "a" else "[2]",)
    ),
    "dialect: word": Subject(
        dialect("replace_parser", replacer={"a": 1, "b": 2}), (lambda better, _: better,)
    ),
    "dialect: pipeline": Subject(
        dialect(
            "pipeline_meta_parser",
            parsers_to_kwargs={
                "regex_parser": {"outputs_to_match": {"A": r"\[\[a\]\]", "B": r"\[\[b\]\]"}},
                "replace_parser": {"replacer": {"A": 1, "B": 2}},
            },
        ),
        (lambda better, _: f"[[{better}]]",),
    ),
}

OF_OTHER_VALUES: Mapping[str, Subject] = {
    "grade": Subject(made("grade"), _GRADED, ("3", "8.5"), (3.0, 8.5)),
    "grade of a field": Subject(
        made("grade", field="better"), _FILLED[:2] + _FILLED[3:4], ("3", "8.5"), (3.0, 8.5)
    ),
    "critique": Subject(
        made("critique"), (lambda grade, _: f"Overall Score: {grade}",), ("3", "8.5"), (3.0, 8.5)
    ),
    "ratings": Subject(made("ratings"), (lambda grade, _: f"Rating: {grade}",), ("3", "4"), (3.0, 4.0)),
    "verdicts": Subject(made("verdicts"), _FIVE, ("A>B", "B>>A"), (1.25, 2.0)),
    "verdicts, last": Subject(made("verdicts", take="last"), _FIVE, ("A>B", "B>>A"), (1.25, 2.0)),
    "classes": Subject(
        made("classes", classes={"refusal": 1, "compliance": 2}),
        (lambda one, _: f"[[{one}]]", lambda one, _: f"**{one}**"),
        ("refusal", "compliance"),
    ),
    "levels": Subject(
        made("levels", levels=("A>>B", "A>B", "A=B", "B>A", "B>>A")),
        (lambda one, _: one,),
        ("A>B", "B>>A"),
        (1.25, 2.0),
    ),
    "probability": Subject(
        parser("probability"),
        (lambda share, _: f"{share}%", lambda share, _: f"a: {share}%"),
        ("75", "25"),
        (1.25, 1.75),
    ),
}
"""Parsers whose replies say another value when one of their characters is another one."""
ALL = {**SUBJECTS, **OF_OTHER_VALUES}

_REASONING = (
    ("<think>", "</think>"),
    ("<think>\n", "\n</think>\n\n"),
    ("<thinking>", "</thinking>"),
    ("<Thought>", "</Thought>"),
    ("<thought>\n", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("<antThinking>", "</antThinking>"),
    ("<think_slow>", "</think_slow>"),
    ('<think effort="high">', "</think>"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("＜think＞", "＜/think＞"),
    ("<|begin_of_thought|>", "<|end_of_thought|><|begin_of_solution|>"),
    ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<|channel>thought\n", "<channel|>"),
    ('<details type="reasoning" done="true">', "</details>\n"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<thinking><reflection>", "</reflection> so be it</thinking><output>"),
    ("<think><think>", "</think>"),
    ("<think>So <think>", "</think> I think, it is as I said</think>"),
    ("<｜think｜>", "<｜/think｜>"),
    ("\\<think\\>", "\\</think\\>"),
    ("\\u003cthink\\u003e", "\\u003c/think\\u003e"),
    ("&amp;lt;think&amp;gt;", "&amp;lt;/think&amp;gt;"),
    ("<思考>", "</思考>"),
    ("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    ("assistantanalysisWe compare. ", "assistantfinal"),
    ("analysisWe compare. ", "assistantfinal"),
)
_LONE = tuple(close for _, close in _REASONING[:20] if "output" not in close)
_THOUGHTS = (
    "Let me see. Perhaps {}, perhaps not.",
    "Hm. {}",
    "At first {}.\nBut then again, no",
    "Zuerst dachte ich: {}",
    "一开始我觉得 {}",
    "So `{}` or what?\n\n",
    "x = {{ [ {} hmm \" '",
    "They wrote `</think>` there, so {}",
)
_PACKAGES = (
    "{}",
    "{}",
    "\n\n {} \n",
    "```\n{}\n```",
    "```json\n{}\n```",
    "> {}",
    "<br>{}",
    "<p>{}</p>",
    "<output>{}</output>",
    "<answer>\n{}\n</answer>",
    "My verdict: {}",
    "={}",
    "/{}",
    "\ufeff{}",
    "「{}」",
    "{}<|im_end|>",
    "{}</s>",
    "| {} |",
    "## {}",
    "- {}",
)
_NOISE_BEFORE = (
    "",
    "",
    "",
    "Here is my verdict.\n\n",
    "Beide Antworten sind gut, aber nicht gleich gut.\n",
    "两个答案都不错。\n",
    "Both have 2 faults [1].\n",
    "It's a close call: one is 7 lines, the other one 9.\n",
    "Le modèle « préféré » :\n",
    "I looked at `<think>` too.\n",
)
_NOISE_AFTER = (
    "",
    "",
    "",
    "\n\nThis is because the other one is wrong in places [1].",
    "\nその理由は簡単です。",
    "\n\nI hope this helps :-)",
    "\n(see https://example.org/a/b?c=d&e=f)",
    "\n} ] </",
    "\nThe other one leaks </think> twice.",
)
_DOUBTS = (
    "At first glance {}, but on reflection: ",
    "One might say {}.\n",
    "I do not think that {}\n",
    "Well, {}? No.\n",
    "Well,\n{}? No.\n",
    "Is it {}?\n\n",
)


def replies(name: str, n: int, seed: int) -> Iterator[tuple[Completion, float]]:
    """Yield replies to a parser with the preference that each one says."""
    subject = ALL[name]
    draw = random.Random(f"{seed} {name}")
    for _ in range(n):
        better, worse = draw.sample(subject.labels, 2)
        said, unsaid = draw.choice(subject.forms)(better, worse), draw.choice(subject.forms)(worse, better)
        expected = subject.values[subject.labels.index(better)]
        if subject.is_tool:
            yield _called(draw, said, unsaid), expected
        else:
            yield _written(draw, said, unsaid), expected


def _written(draw: random.Random, said: str, unsaid: str) -> Completion:
    text = said
    if draw.random() < 0.7:
        text = draw.choice(_PACKAGES).replace("{}", said)
        text = draw.choice(_NOISE_BEFORE) + text + draw.choice(_NOISE_AFTER)
    if draw.random() < 0.15:
        text = draw.choice(_DOUBTS).replace("{}", unsaid) + text
    thought = draw.choice(_THOUGHTS).replace("{}", unsaid)
    kind = draw.random()
    if kind < 0.5:
        opening, closing = draw.choice(_REASONING)
        text = opening + thought + closing + text
    elif kind < 0.7:
        text = thought + draw.choice(_LONE) + text
    is_cut = draw.random() < 0.25
    if is_cut:
        text = text[: draw.randrange(len(text) + 1)]
    return Completion(text, "length" if is_cut else draw.choice(["stop", None]))


def _called(draw: random.Random, said: str, unsaid: str) -> Completion:
    """Make a tool call, or two that disagree, with nothing beside it, or text that says the same or another thing."""
    beside = draw.choice(["", said, unsaid])
    arguments = draw.choice([said, said, json.dumps(said), f"{said}\n{unsaid}"])
    if draw.random() < 0.25:
        return Completion(beside, "length", tool_arguments=arguments[: draw.randrange(len(arguments) + 1)])
    return Completion(beside, "tool_calls", tool_arguments=arguments)
