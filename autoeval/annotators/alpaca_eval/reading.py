"""How a judge in AlpacaEval's dialect is read: its parser functions as one of our parsers."""

import inspect
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from autoeval.annotators.alpaca_eval.parsers import (
    FAILURES,
    PARSERS,
    Function,
    compiled,
    is_entire,
    reason,
)
from autoeval.annotators.parsers import Parser, Reading
from autoeval.annotators.parsers.base import CUT_OFF, body, is_complete, refusal
from autoeval.errors import UsageError, nearest
from autoeval.texts.reasoning import without_reasoning
from autoeval.types import Completion, Unparsed, Verdict


class AlpacaEvalParser(Parser):
    """Reads a reply with one of AlpacaEval's parser functions."""

    kind: Literal["alpaca_eval"] = "alpaca_eval"
    """Names this parser."""
    function: str | None = "regex_parser"
    """The function; None takes the reply as the verdict."""
    kwargs: dict[str, Any] = Field(default_factory=dict)
    """Its arguments."""
    takes_choice: bool = False
    """Whether it takes the whole choice, with log probabilities, rather than the text."""
    n_pairs: int = 1
    """How many verdicts a reply has."""
    explanation: tuple[str, ...] = ()
    """Fields of a JSON reply that are kept beside the verdict."""

    @property
    def needs(self) -> frozenset[str]:
        """The log probabilities, for which alone a function takes a whole choice."""
        return frozenset({"logprobs"}) if self.takes_choice else frozenset()

    def read(self, completion: Completion) -> list[Reading]:
        """Read as many verdicts as there are pairs, or say of each why there is none."""
        text = "" if self.takes_choice else self._text(completion)
        why = refusal(completion) or (text if isinstance(text, Unparsed) else None)
        if why is not None:
            return [why] * self.n_pairs
        try:
            values = list(self._function(_choice(completion) if self.takes_choice else text))
        except FAILURES as error:
            return [Unparsed(reason(error))] * self.n_pairs
        if len(values) != self.n_pairs:
            why = Unparsed(f"the reply has {len(values)} verdicts where {self.n_pairs} were asked for")
            return [why] * self.n_pairs
        explanation = self._explanation(str(text))
        return [_reading(value, explanation) for value in values]

    def _text(self, completion: Completion) -> str | Unparsed:
        """Return what the function gets: the text without its reasoning, or why there is nothing to read."""
        text = completion.tool_arguments
        if text is None:
            text = without_reasoning(completion.text)
            if text is None or not text.strip():
                why = body(completion)
                return why if isinstance(why, Unparsed) else Unparsed("the reply is empty")
            text = text if text == completion.text else text.strip()
        is_whole = is_complete(completion) or is_entire(self.function, self.kwargs, text)
        return text if is_whole else CUT_OFF

    @property
    def _function(self) -> Any:
        if self.function is None:
            return lambda value: [value]
        return lambda value: PARSERS[self.function or ""](value, **self.kwargs)

    def _explanation(self, text: str) -> str | None:
        if not self.explanation:
            return None
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(fields, dict):
            return None
        kept = {name: fields.get(name) for name in self.explanation}
        only = next(iter(kept.values()))
        return (
            only if len(kept) == 1 and isinstance(only, str | None) else json.dumps(kept, ensure_ascii=False)
        )


def _reading(value: Any, explanation: str | None) -> Reading:
    """Make a verdict of a parser's value: 1 to 2, or 0 for a tie; true and false say not which output is better."""
    if isinstance(value, Unparsed):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Unparsed("the reply holds no verdict")
    if isinstance(value, int | float) and not isinstance(value, bool) and (1 <= value <= 2 or value == 0):
        return Verdict(float(value) or 1.5, explanation)
    return Unparsed(f"the reply's verdict {value!r} is not from 1 to 2")


def _choice(completion: Completion) -> dict[str, Any]:
    """Return a reply as OpenAI's choice."""
    content = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": text, "logprob": logprob} for text, logprob in token.top],
        }
        for token in completion.logprobs
    ]
    return {"logprobs": {"content": content} if content else None, "text": completion.text}


def check_parser(function: str | None, kwargs: Mapping[str, Any], where: str) -> None:
    """Refuse a parser that does not exist, and arguments that it does not take.

    Raises:
        UsageError: naming the function and the argument.
    """
    if function is None:
        return
    parse = PARSERS.get(function)
    if parse is None:
        raise UsageError(
            f"{where}: there is no 'fn_completion_parser: {function}'. {nearest(function, PARSERS)}"
        )
    _check_arguments(function, parse, kwargs, where)
    if function == "regex_parser":
        _check_patterns(kwargs["outputs_to_match"], where)
    if function == "pipeline_meta_parser":
        if not isinstance(kwargs["parsers_to_kwargs"], Mapping) or not kwargs["parsers_to_kwargs"]:
            raise UsageError(f"{where}: 'parsers_to_kwargs' lists no parser. Name at least one.")
        for name, inner in kwargs["parsers_to_kwargs"].items():
            check_parser(name, inner or {}, where)


def first_function(function: str | None, kwargs: Mapping[str, Any]) -> str | None:
    """Return the function that gets the reply itself: that of a pipeline's first step."""
    while function == "pipeline_meta_parser":
        function, kwargs = next(iter(kwargs["parsers_to_kwargs"].items()))
    return function


def _check_arguments(name: str, parse: Function, kwargs: Mapping[str, Any], where: str) -> None:
    try:
        inspect.signature(parse).bind("", **kwargs)
    except TypeError as error:
        known = list(inspect.signature(parse).parameters)[1:]
        raise UsageError(
            f"{where}: 'completion_parser_kwargs' do not fit {name}: {error}. It takes: {', '.join(known) or 'none'}."
        ) from None


def _check_patterns(patterns: Any, where: str) -> None:
    if not isinstance(patterns, Mapping) or not patterns:
        raise UsageError(f"{where}: 'outputs_to_match' must map verdicts (1, 2) to patterns.")
    for pattern in patterns.values():
        try:
            compiled(pattern)
        except (re.error, TypeError) as error:
            raise UsageError(f"{where}: {pattern!r} is no regular expression: {error}.") from None
