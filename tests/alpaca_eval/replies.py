"""Replies for each of AlpacaEval's parsers: valid, broken and odd ones, the same every time."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

N_REPLIES = 200


@dataclass(frozen=True)
class Case:
    """A reply and how it is parsed."""

    function: str
    kwargs: dict[str, Any]
    completion: Any
    n_pairs: int = 1


@dataclass(frozen=True)
class Kind:
    """A parser with arguments, and where its replies come from."""

    function: str
    make: Callable[[random.Random], Any]
    kwargs: dict[str, Any] = field(default_factory=dict)
    n_pairs: int = 1


def cases() -> Iterator[Case]:
    """Yield 200 replies a kind."""
    for kind in KINDS:
        draw = random.Random(f"{kind.function} {kind.kwargs} {kind.n_pairs}")
        for _ in range(N_REPLIES):
            yield Case(kind.function, kind.kwargs, kind.make(draw), kind.n_pairs)


_ODD = (
    "",
    " ",
    "\n",
    "I refuse.",
    "{",
    "[",
    "null",
    "NaN",
    "1",
    "2",
    "0",
    "3",
    "True",
    "None",
    "'",
    "é",
    "\x00",
    "[]",
)
_PREFIX = ("", "", "", " ", "\n", "Sure: ", "```\n", "\t")
_SUFFIX = ("", "", "", "\n", ".", " because", "\n```", "  ")


_VALID = 0.4
"""The share of replies that are just as asked for."""


def _wrapped(draw: random.Random, text: str) -> str:
    if draw.random() < 0.15:
        return draw.choice(_ODD)
    return draw.choice(_PREFIX) + text + draw.choice(_SUFFIX)


def _letters(draw: random.Random) -> str:
    """Write what prompts for `Output (a)` get."""
    if draw.random() < _VALID:
        return draw.choice(["Output (a)", "Output (b)"])
    lines = [
        draw.choice(["Output (a)", "Output (b)", " Output (a)", "(a)", "output (b)", "neither", ""])
        for _ in range(draw.choice([1, 1, 1, 2, 3, 5, 5]))
    ]
    return _wrapped(draw, draw.choice(["\n", "\n\n", " "]).join(lines))


def _scores(draw: random.Random) -> str:
    if draw.random() < _VALID:
        return f"{draw.randint(1, 5)} {draw.randint(6, 9)}\nWhy: …" if draw.random() < 0.5 else "9.5 2"
    numbers = ["1", "7", "7", "8.5", "10", "-1", "x", "nan", "inf", "1e1", "", "7/10"]
    scores = [draw.choice(numbers) for _ in range(draw.choice([2, 2, 2, 2, 1, 3]))]
    return _wrapped(
        draw, draw.choice([" ", " ", ",", ", ", "\n"]).join(scores) + draw.choice(["", "\nWhy: …", "\n9 1"])
    )


def _ranking(draw: random.Random) -> list[dict[str, Any]]:
    if draw.random() < _VALID:
        names = draw.choice([["model_1", "model_2"], ["m", "M"]])
        order = draw.choice([(1, 2), (2, 1)])
        return [{"model": name, "rank": rank} for name, rank in zip(names, order, strict=True)]
    names = draw.choice(
        [["model_1", "model_2"], ["model_2", "model_1"], ["m", "M"], ["model_1"], ["model_1", "model_1"]]
    )
    ranks: list[Any] = draw.choice(
        [[1, 2], [2, 1], [1, 2], [1, 1], [2, 2], [1.0, 2.0], ["1", "2"], [0, 1], [None, 1], [3, 1], [True, 2]]
    )
    models = [{"model": name, "rank": rank} for name, rank in zip(names, ranks, strict=False)]
    if draw.random() < 0.1:
        models[0].pop(draw.choice(["model", "rank"]))
    return models


def _ranking_text(draw: random.Random) -> str:
    models = _ranking(draw)
    return _wrapped(
        draw, draw.choice([repr, json.dumps])(draw.choice([models, models, models, models[0], tuple(models)]))
    )


def _fields(draw: random.Random) -> str:
    value = draw.choice([1, 2, 1.5, 1.25, 0, 3, "1", "a", None, True, False, [1], float("nan")])
    objects: list[Any] = [{"why": "…", "verdict": value} for _ in range(draw.choice([1, 1, 1, 2, 5]))]
    if draw.random() < 0.1:
        objects[0] = draw.choice([{}, {"Verdict": 1}, 1, "text", [1]])
    text = json.dumps(objects[0] if len(objects) == 1 and draw.random() < 0.7 else objects)
    if draw.random() < 0.1:
        text = text[: draw.randrange(len(text))]
    if draw.random() < 0.08:
        text = f'{{"verdict": 1, "verdict": {draw.choice([1, 2])}}}'
    if draw.random() < 0.2:
        text = f"```json\n{text}\n```" + draw.choice(["", "", '\n```json\n{"verdict": 2}\n```', "\n```json"])
    return _wrapped(draw, text)


def _literals(draw: random.Random) -> str:
    options = [
        "1",
        "2",
        "1.5",
        "[1]",
        "[2]",
        "[1, 2]",
        "(1,)",
        "True",
        "False",
        "'1'",
        "{1: 2}",
        "0",
        "-1",
        "2.5",
        "1+1",
        "[1, 1, 2, 2, 1]",
        "f(1)",
        "1e0",
        "None",
    ]
    return _wrapped(draw, draw.choice(options))


def _words(draw: random.Random) -> str:
    return draw.choice(["True", "False", "tie", "true", " True", "both", "", "1", "neither", "first"])


def _choice(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.1:
        return draw.choice(
            [{"logprobs": None}, {"logprobs": {"content": []}}, {"text": "m"}, {"logprobs": {}}]
        )
    n_tokens = draw.choice([1, 1, 1, 2, 3])
    content = [{"token": "m", "logprob": -0.1, "top_logprobs": _top(draw)} for _ in range(n_tokens)]
    return {"logprobs": {"content": content}, "message": {"content": "m"}, "text": "m"}


def _top(draw: random.Random) -> list[dict[str, Any]]:
    logprobs = [-0.01, -0.7, -0.7, -5.0, -20.25, -800.0, -9999.0]
    tokens = draw.sample(["m", "M", " m", "Both", "The", "**"], draw.choice([5, 3, 2, 1, 0]))
    return [{"token": token, "logprob": draw.choice(logprobs)} for token in tokens]


def _ranking_fields(draw: random.Random) -> str:
    return _wrapped(draw, json.dumps({"concise_explanation": "…", "ordered_models": _ranking(draw)}))


def _ranking_lists(draw: random.Random) -> str:
    return _wrapped(
        draw, json.dumps([{"ordered_models": _ranking(draw)} for _ in range(draw.choice([2, 2, 2, 1, 3]))])
    )


_PATTERNS = {"1": r"(?:^|\n) ?Output \(a\)", "2": r"(?:^|\n) ?Output \(b\)"}
_WEIGHTED = {"numerator_token": "m", "denominator_tokens": ["m", "M"]}
_PIPELINE = {"json_parser": {"annotation_key": "ordered_models"}, "ranking_parser": {}}

KINDS = (
    Kind("regex_parser", _letters, {"outputs_to_match": _PATTERNS}),
    Kind("regex_parser", _letters, {"outputs_to_match": _PATTERNS}, n_pairs=5),
    Kind("regex_parser", _letters, {"outputs_to_match": {"1": r"\(a\)", "2": r"\(b\)"}}),
    Kind("regex_parser", _letters, {"outputs_to_match": {"1": r"Output", "2": r"Output \(b\)"}}),
    Kind("lmsys_parser", _scores),
    Kind("ranking_parser", _ranking_text),
    Kind("ranking_parser", _ranking_text, {"model_1_name": "m"}),
    Kind("json_parser", _fields, {"annotation_key": "verdict"}),
    Kind("json_parser", _fields, {"annotation_key": None}),
    Kind("json_parser", _fields, {"annotation_key": "verdict"}, n_pairs=5),
    Kind("eval_parser", _literals),
    Kind("eval_parser", _literals, n_pairs=5),
    Kind("replace_parser", _words, {"replacer": {"True": 1, "False": 2, "tie": 1.5}}),
    Kind("replace_parser", _words, {"replacer": {"True": 1}, "default_replacer": 2}),
    Kind("logprob_parser", _choice, {**_WEIGHTED, "is_binarize": False}),
    Kind("logprob_parser", _choice, {**_WEIGHTED, "is_binarize": True}),
    Kind("logprob_parser", _choice, {**_WEIGHTED, "is_binarize": False, "log_prob_index": -1}),
    Kind(
        "logprob_parser", _choice, {"numerator_token": "m", "denominator_tokens": ["M"], "is_binarize": False}
    ),
    Kind("pipeline_meta_parser", _ranking_fields, {"parsers_to_kwargs": _PIPELINE}),
    Kind("pipeline_meta_parser", _ranking_lists, {"parsers_to_kwargs": _PIPELINE}, n_pairs=2),
    Kind(
        "pipeline_meta_parser",
        _fields,
        {
            "parsers_to_kwargs": {
                "json_parser": {"annotation_key": "verdict"},
                "replace_parser": {"replacer": {"a": 2}},
            }
        },
    ),
    Kind("pipeline_meta_parser", _literals, {"parsers_to_kwargs": {"eval_parser": {}}, "is_squeeze": False}),
)
