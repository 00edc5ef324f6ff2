"""Texts as numbers: counts of what stands in them, and the words that they are compared by."""

import re

import numpy as np

from autoeval.annotators.builtin.text_features import Features, measure
from autoeval.metrics.observations import Floats
from autoeval.texts.patterns import lazy_pattern

_WORD = lazy_pattern(r"\w+")
_SENTENCE_END = lazy_pattern(r"[.!?。！？](?:\s|$)")
_BULLET = lazy_pattern(r"^[ \t]*[-*•]\s", re.MULTILINE)
_NUMBERED = lazy_pattern(r"^[ \t]*\d+[.)]\s", re.MULTILINE)
_HEADING = lazy_pattern(r"^#{1,6}\s", re.MULTILINE)
_DIGIT = lazy_pattern(r"\d")
_CAPITAL = lazy_pattern(r"[^\W\d_a-zß-öø-ÿ]")
_LONGEST = 20_000  # characters that count; a text that goes on repeating itself must not cost minutes


def counts(instruction: str, text: str) -> list[float]:
    """Count what stands in a text, and measure what the embedded judge measures.

    Args:
        instruction: what was asked.
        text: an answer to it, or the instruction itself.

    Returns:
        As many numbers for any two strings, all finite.
    """
    text = text[:_LONGEST]
    words = terms(text)
    features: Features = measure(instruction, text)
    return [
        len(text),
        len(words),
        len(set(words)),
        len(_SENTENCE_END.findall(text)),
        text.count("\n"),
        text.count("\n\n"),
        len(_BULLET.findall(text)),
        len(_NUMBERED.findall(text)),
        len(_HEADING.findall(text)),
        text.count("**") / 2,
        text.count("```") / 2,
        text.count("?"),
        text.count("!"),
        text.count(","),
        text.count("("),
        text.count('"'),
        len(_DIGIT.findall(text)),
        len(_CAPITAL.findall(text)),
        sum(map(len, words)) / (len(words) or 1),
        *(getattr(features, name) for name in Features.__dataclass_fields__),
    ]


def squashed(values: Floats) -> Floats:
    """Sign · log(1 + |·|): counts of any size become comparable, and differences keep their sign."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def terms(text: str) -> list[str]:
    """Return the words that a text is compared by, in lower case."""
    return _WORD.findall(text[:_LONGEST].lower())
