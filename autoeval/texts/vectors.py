"""Texts as hashed TF-IDF vectors, to compare them by."""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Vectors: TypeAlias = csr_array

_BUCKETS = 1 << 18


def tfidf(
    texts: Sequence[str],
    terms: Callable[[str], Iterable[str]],
    document_frequencies: npt.NDArray[np.float64] | None = None,
) -> "tuple[Vectors, npt.NDArray[np.float64]]":
    """Turn texts into unit vectors of (1 + log count) · idf over hashed terms.

    The idf is log((1 + texts) / (1 + texts with the term)) + 1, so that a term of all texts counts too.

    Args:
        texts: any.
        terms: gives what counts in a text, each as often as it stands there.
        document_frequencies: what an earlier call gave, to weigh terms as it did; shape (2¹⁸ + 1,), the number
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
        for term, count in Counter(terms(text)).items():
            bucket = bucket_of.get(term)
            if bucket is None:
                bucket = bucket_of[term] = zlib.crc32(term.encode("utf-8", "surrogatepass")) % _BUCKETS
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
