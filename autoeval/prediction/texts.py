"""Texts as numbers: counts of what stands in them, and hashed TF-IDF vectors to compare them by."""

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from autoeval.annotators.builtin.text_features import Features, measure
from autoeval.metrics.observations import Floats
from autoeval.texts.patterns import lazy_pattern

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Vectors: TypeAlias = csr_array

_WORD = lazy_pattern(r"\w+")
_SENTENCE_END = lazy_pattern(r"[.!?。！？](?:\s|$)")
_BULLET = lazy_pattern(r"^[ \t]*[-*•]\s", re.MULTILINE)
_NUMBERED = lazy_pattern(r"^[ \t]*\d+[.)]\s", re.MULTILINE)
_HEADING = lazy_pattern(r"^#{1,6}\s", re.MULTILINE)
_DIGIT = lazy_pattern(r"\d")
_CAPITAL = lazy_pattern(r"[^\W\d_a-zß-öø-ÿ]")
_BUCKETS = 1 << 18
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
    words = _WORD.findall(text.lower())
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


def tfidf(texts: Sequence[str], document_frequencies: Floats | None = None) -> "tuple[Vectors, Floats]":
    """Turn texts into unit vectors of (1 + log count) · idf over hashed words.

    Args:
        texts: any.
        document_frequencies: what an earlier call gave, to weigh words as it did; shape (2¹⁸ + 1,), the number
            of texts last.

    Returns:
        The vectors, a row a text, and the document frequencies.
    """
    from scipy.sparse import csr_array

    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    bucket_of: dict[str, int] = {}
    for text in texts:
        buckets: Counter[int] = Counter()
        for word, count in Counter(_WORD.findall(text[:_LONGEST].lower())).items():
            bucket = bucket_of.get(word)
            if bucket is None:
                bucket = bucket_of[word] = zlib.crc32(word.encode("utf-8", "surrogatepass")) % _BUCKETS
            buckets[bucket] += count
        columns.extend(buckets)
        values.extend(1 + math.log(count) for count in buckets.values())
        starts.append(len(columns))
    column = np.array(columns, dtype=np.int32)
    value = np.array(values)
    if document_frequencies is None:
        frequencies = np.bincount(column, minlength=_BUCKETS).astype(np.float64)
        document_frequencies = np.append(frequencies, len(texts))
    value *= np.log((1 + document_frequencies[-1]) / (1 + document_frequencies[column])) + 1
    lengths = (
        np.sqrt(np.add.reduceat(np.append(value**2, 0.0), starts[:-1])) if len(starts) > 1 else np.ones(0)
    )
    per_row = np.diff(starts)
    value /= np.repeat(np.where(per_row > 0, np.maximum(lengths, 1e-12), 1.0), per_row)
    return csr_array((value, column, np.array(starts)), shape=(len(texts), _BUCKETS)), document_frequencies
