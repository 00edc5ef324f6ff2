"""AlpacaEval's completion parsers: the verdicts that its functions give, from the replies that they take.

A function takes a completion, or what the function before it in a pipeline made of it, and returns a list with a
value for each pair that the prompt asked about. It raises where AlpacaEval's would raise, which means no verdict on
any of them. A value that is `Unparsed` means no verdict on one: `CONFLICT` where AlpacaEval's function takes one of
several verdicts that contradict each other.
"""

import ast
import functools
import json
import math
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from autoeval.annotators.alpaca_eval.logprobs import logprob_parser
from autoeval.annotators.parsers.base import CONTRADICTION as CONFLICT
from autoeval.annotators.parsers.doubted import is_doubted
from autoeval.annotators.parsers.marks import as_asked
from autoeval.annotators.parsers.markup import without_markup
from autoeval.texts.literals import found_in
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Unparsed

Values = list[Any]
Function = Callable[..., Values]

AMBIGUOUS = Unparsed("the first line is one number with a decimal comma, or two scores")

FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a reply of another form than expected can raise."""


def _failing_alone(function: Function) -> Function:
    """Make a failure the value of one pair, so that in a pipeline it is not that of the others."""

    @functools.wraps(function)
    def parse(completion: Any, *args: Any, **kwargs: Any) -> Values:
        _filled(completion)
        try:
            return function(completion, *args, **kwargs)
        except FAILURES as error:
            return [Unparsed(reason(error))]

    return parse


_ADDRESS = lazy_pattern(r" at 0x[0-9a-f]+")
"""Where an object lies, which Python puts into some errors: it differs from run to run, and files of results do not."""


def reason(error: BaseException) -> str:
    """Say in a line why a reply could not be read."""
    text = _ADDRESS.sub("", " ".join(str(error).split()))[:200]
    return f"the reply is not in the form asked for ({type(error).__name__}{': ' + text if text else ''})"


def regex_parser(completion: Any, outputs_to_match: Mapping[Any, str]) -> Values:
    """Return the keys of the patterns in the order in which they match, each match after the one before.

    Patterns of several keys that match at the same place are a conflict, as is a match that is denied or asked.
    """
    patterns = {key: compiled(pattern) for key, pattern in outputs_to_match.items()}
    text = _filled(completion)
    keys = _matched(patterns, text)
    seen = as_asked(without_markup(text), patterns.values()) if keys else text
    if seen != text and _matched(patterns, seen) != keys:
        return [CONFLICT] * len(keys)  # some stand where only a reader sees them, after a tag or in a list
    return keys


def _matched(patterns: Mapping[Any, re.Pattern[str]], text: str) -> Values:
    keys, rest = [], text
    while matches := [(match, key) for key, pattern in patterns.items() if (match := pattern.search(rest))]:
        start = min(match.start() for match, _ in matches)
        first = [(match, key) for match, key in matches if match.start() == start]
        match, key = first[0]
        if match.end() == 0:
            raise ValueError("a pattern matches the empty text")
        is_clear = len({key for _, key in first}) == 1 and not is_doubted(rest, *match.span())
        keys.append(key if is_clear else CONFLICT)
        rest = rest[match.end() :]  # a new text, so that `^` matches where it begins
    return keys


@_failing_alone
def lmsys_parser(completion: Any) -> Values:
    """Compare the two scores, and nothing else, on the first line: 1, 2, or 0 for equal ones.

    A comma between digits may be a decimal one, which AlpacaEval's function takes for the end of a score. Another
    line of two scores that says something else is a conflict.
    """
    line, *others = completion.split("\n")
    verdict = _of_scores(line)
    if re.search(r"\d,\d", line):
        return [AMBIGUOUS]
    for other in others:
        try:
            if _of_scores(other.rpartition(": ")[2]) != verdict:
                return [CONFLICT]
        except ValueError:
            continue
    return [verdict]


def _of_scores(line: str) -> int:
    scores = line.replace(",", " ").split(" ")
    if len(scores) != 2:
        raise ValueError("the first line is not two scores")
    first, second = float(scores[0]), float(scores[1])
    if math.isnan(first) or math.isnan(second):
        raise ValueError("a score is not a number")
    return 0 if first == second else 1 if first > second else 2


@_failing_alone
def ranking_parser(completion: Any, model_1_name: str = "model_1") -> Values:
    """Return the rank of `model_1_name` in a list of models with ranks.

    Several ranks for it, or another model with the same rank, are a conflict.
    """
    models = ast.literal_eval(completion) if isinstance(completion, str) else completion
    ranks = [(model["model"], model.get("rank")) for model in models]
    own = [rank for name, rank in ranks if name == model_1_name]
    if own[0] not in (1, 2):
        raise ValueError(f"the rank of {model_1_name!r} is {own[0]!r}")
    others = [rank for name, rank in ranks if name != model_1_name]
    return [CONFLICT if own[0] in others or any(rank != own[0] for rank in own) else own[0]]


def json_parser(completion: Any, annotation_key: str | None) -> Values:
    """Return a field of the JSON object in the reply, or of each object in its list.

    An object that has the field twice, and several objects or lists around that differ in it, are a conflict.
    """
    text = _filled(completion)
    if "```json" not in text:
        return _fields(text, annotation_key)
    values = _fields(re.findall(r"```json(.*?)```", text, re.DOTALL)[0], annotation_key)
    for _, start, end in found_in(text):
        try:
            if _fields(text[start:end], annotation_key) != values:
                return [CONFLICT] * len(values)
        except FAILURES:
            continue
    return values


def _fields(block: str, key: str | None) -> Values:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = [value for name, value in pairs if name == key]
        is_conflict = any(value != values[0] for value in values)
        return dict(pairs) | ({str(key): CONFLICT} if is_conflict else {})

    loaded = json.loads(block, object_pairs_hook=once)
    objects = [loaded] if isinstance(loaded, dict) else list(loaded)
    return objects if key is None else [item[key] for item in objects]


def eval_parser(completion: Any) -> Values:
    """Return the Python literal that the reply is, as a list."""
    value = ast.literal_eval(_filled(completion))
    return value if isinstance(value, list) else [value]


def replace_parser(completion: Any, replacer: Mapping[Any, Any], default_replacer: Any = "auto") -> Values:
    """Return what stands for the reply in a dictionary; `auto` leaves an unknown one as it is."""
    is_kept = isinstance(default_replacer, str) and default_replacer == "auto"
    return [replacer.get(_filled(completion), completion if is_kept else default_replacer)]


def pipeline_meta_parser(
    completion: Any, parsers_to_kwargs: Mapping[str, Mapping[str, Any]], is_squeeze: bool = True
) -> Values:
    """Apply parsers one after another, each to every value of the one before."""
    steps = [(PARSERS[name], dict(kwargs or {})) for name, kwargs in parsers_to_kwargs.items()]

    def applied(value: Any, depth: int) -> Any:
        if isinstance(value, Unparsed):
            return value
        parse, kwargs = steps[depth]
        values = parse(value, **kwargs)
        if depth + 1 < len(steps):
            values = [applied(one, depth + 1) for one in values]
        return values[0] if is_squeeze and len(values) == 1 and depth > 0 else values

    result: Values = applied(completion, 0)
    return result


PARSERS: Mapping[str, Function] = {
    "eval_parser": eval_parser,
    "json_parser": json_parser,
    "lmsys_parser": lmsys_parser,
    "logprob_parser": logprob_parser,
    "pipeline_meta_parser": pipeline_meta_parser,
    "ranking_parser": ranking_parser,
    "regex_parser": regex_parser,
    "replace_parser": replace_parser,
}


_CLOSED = lazy_pattern(r"(?:```\w*\s*)?[\[{(].*[\]})](?:\s*`{1,3})?", re.DOTALL)


def is_entire(function: str | None, kwargs: Mapping[str, Any], text: str) -> bool:
    """Whether a text that was cut off at the token limit is nothing but a verdict, which more text would not change."""
    if function == "pipeline_meta_parser":
        inner, inner_kwargs = next(iter(kwargs["parsers_to_kwargs"].items()))
        return is_entire(inner, inner_kwargs or {}, text)
    if function in ("eval_parser", "json_parser", "ranking_parser"):
        return _CLOSED.fullmatch(text.strip()) is not None
    if function == "replace_parser":
        replacer = kwargs["replacer"]
        return text in replacer and not any(str(key).startswith(text) and key != text for key in replacer)
    if function == "regex_parser":
        is_ended = len(text.strip()) == 1 or not text.rstrip()[-1:].isalnum()
        patterns = map(compiled, kwargs["outputs_to_match"].values())
        return is_ended and any(pattern.fullmatch(text.rstrip()) for pattern in patterns)
    return False


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; `[[A]]`, which Python warns of, means what it means to AlpacaEval."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)


def _filled(completion: Any) -> Any:
    """Return a completion unless it is an empty text, which no parser takes."""
    if completion is None or (isinstance(completion, str) and not completion):
        raise ValueError("the reply is empty")
    return completion
