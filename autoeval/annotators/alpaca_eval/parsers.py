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
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from autoeval.types import Unparsed

Values = list[Any]
Function = Callable[..., Values]

CONFLICT = Unparsed("the reply holds verdicts that contradict each other")

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


def reason(error: BaseException) -> str:
    """Say in a line why a reply could not be read."""
    text = " ".join(str(error).split())[:200]
    return f"the reply is not in the form asked for ({type(error).__name__}{': ' + text if text else ''})"


def regex_parser(completion: Any, outputs_to_match: Mapping[Any, str]) -> Values:
    """Return the keys of the patterns in the order in which they match, each match after the one before.

    Patterns of several keys that match at the same place are a conflict.
    """
    patterns = {key: compiled(pattern) for key, pattern in outputs_to_match.items()}
    keys, rest = [], _filled(completion)
    while matches := [(match, key) for key, pattern in patterns.items() if (match := pattern.search(rest))]:
        start = min(match.start() for match, _ in matches)
        first = [(match, key) for match, key in matches if match.start() == start]
        match, key = first[0]
        if match.end() == 0:
            raise ValueError("a pattern matches the empty text")
        keys.append(key if len({key for _, key in first}) == 1 else CONFLICT)
        rest = rest[match.end() :]  # a new text, so that `^` matches where it begins
    return keys


@_failing_alone
def lmsys_parser(completion: Any) -> Values:
    """Compare the two scores, and nothing else, on the first line: 1, 2, or 0 for equal ones."""
    scores = completion.split("\n")[0].replace(",", " ").split(" ")
    if len(scores) != 2:
        raise ValueError("the first line is not two scores")
    first, second = float(scores[0]), float(scores[1])
    if math.isnan(first) or math.isnan(second):
        raise ValueError("a score is not a number")
    return [0 if first == second else 1 if first > second else 2]


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

    An object that has the field twice, and several fenced blocks that differ in it, are a conflict.
    """
    text = _filled(completion)
    first, *others = re.findall(r"```json(.*?)```", text, re.DOTALL) if "```json" in text else [text]
    values = _fields(first, annotation_key)
    for block in others:
        try:
            if _fields(block, annotation_key) != values:
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


def logprob_parser(
    completion: Any,
    numerator_token: str,
    denominator_tokens: Sequence[str],
    is_binarize: bool = True,
    log_prob_index: Literal["batch"] | int = "batch",
) -> Values:
    """Weigh the probability of `numerator_token` (the first output is better) against the other tokens.

    Args:
        completion: a choice with the log probabilities of its tokens.
        numerator_token: says that the first output is better.
        denominator_tokens: all valid tokens.
        is_binarize: 1 where the numerator is likelier than every other token, 1.5 where as likely, else 2.
            Otherwise 2 - P(numerator) / P(denominators).
        log_prob_index: which token holds the verdict; `batch`: each token holds one.
    """
    content = completion["logprobs"]["content"]
    tokens = content if log_prob_index == "batch" else [content[log_prob_index]]
    if not tokens:
        raise ValueError("the reply has no log probabilities")
    weigh = _binary if is_binarize else _weighted
    return [weigh(token["top_logprobs"], numerator_token, list(denominator_tokens)) for token in tokens]


_ABSENT = float("-inf")


def _known(top: Sequence[Mapping[str, Any]], tokens: list[str]) -> dict[str, float]:
    return {one["token"]: float(one["logprob"]) for one in top if one["token"] in tokens}


def _binary(top: Sequence[Mapping[str, Any]], numerator: str, denominators: list[str]) -> float:
    known = _known(top, [numerator, *denominators])
    others = [known.get(token, _ABSENT) for token in denominators if token != numerator]
    first, best = known.get(numerator, _ABSENT), max(others, default=_ABSENT)
    if not known:
        return math.nan
    if first == best:
        return 1.5
    return 1.0 if first > best else 2.0


def _weighted(top: Sequence[Mapping[str, Any]], numerator: str, denominators: list[str]) -> float:
    known = _known(top, [numerator, *denominators])
    if not known:
        return math.nan
    likeliest = max(known.values())  # subtracted, so that tiny probabilities do not vanish
    total = math.fsum(math.exp(known.get(token, _ABSENT) - likeliest) for token in denominators)
    return 2 - math.exp(known.get(numerator, _ABSENT) - likeliest) / total


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
