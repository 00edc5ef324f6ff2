"""Histories of judges on the disk: figures alone, a file for each judge, reference and kind of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autoeval.data.replacing import result_bytes
from autoeval.errors import UsageError
from autoeval.metrics.observations import Floats
from autoeval.prediction.history import History
from autoeval.prediction.seen import Seen, TextReader

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile
    from scipy.sparse import csr_array

_FORMAT = 1
_ANEW = "Run `alpaca_eval learn` again, or remove the file to go on without it."


@dataclass(frozen=True)
class Kept:
    """A history with what another model's pairs are read by.

    Attributes:
        history: what the judge said.
        frequencies: of words, as the history's answers were weighed.
        references: a hash of the reference's answer to each of the history's instructions.
        judged_by: whose judgments they are, where they are not the judge's own.
    """

    history: History
    frequencies: Floats
    references: tuple[str, ...]
    judged_by: tuple[str, ...] = ()

    def share_known(self, keys: Sequence[str], references: Sequence[str]) -> float:
        """The share of instructions that the history has with the same reference, 0 to 1."""
        return share_known(dict(zip(self.history.keys, self.references, strict=True)), keys, references)


def share_known(known: Mapping[str, str], keys: Sequence[str], references: Sequence[str]) -> float:
    """The share of instructions whose reference's answer has the hash that is known for them, 0 to 1."""
    same = [known.get(key) == text_hash(text) for key, text in zip(keys, references, strict=True)]
    return sum(same) / max(len(same), 1)


def text_hash(text: str) -> str:
    """Twelve hexadecimal digits that stand for a text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def kept_path(fingerprint: str) -> Path:
    """Where a judge's history is kept: in the user's cache folder, under its fingerprint."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("autoeval")) / "learned" / f"{fingerprint}.npz"


def save_kept(kept: Kept, path: Path) -> None:
    """Write a history; an older file is replaced only by a whole one.

    Raises:
        AutoevalError: it cannot be written.
    """
    arrays: dict[str, np.typing.NDArray[np.generic]] = {
        "format": np.array(_FORMAT),
        "fingerprint": np.array(path.stem),
        "models": np.array(kept.history.models),
        "keys": np.array(kept.history.keys),
        "references": np.array(kept.references),
        "judged_by": np.array(kept.judged_by, dtype=np.str_),
        "shares": kept.history.shares,
        "frequencies": kept.frequencies,
    }
    for number, seen in enumerate(kept.history.seen):
        assert seen.vectors is not None
        vectors = seen.vectors.tocsr()
        arrays |= {
            f"columns{number}": seen.columns,
            f"lengths{number}": seen.log_lengths,
            f"data{number}": vectors.data.astype(np.float32),
            f"indices{number}": vectors.indices,
            f"indptr{number}": vectors.indptr,
        }
    with result_bytes(path, "what is learned of the judge, ") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_kept(path: Path) -> Kept | None:
    """Read a history; None where there is none, or one that another version wrote.

    Raises:
        UsageError: the file is damaged, or another judge's.
    """
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if int(arrays["format"]) != _FORMAT:
                return None
            kept = _read(arrays)
            _check(kept)
            is_own = str(arrays.get("fingerprint", path.stem)) == path.stem
    except Exception:  # numpy's reader raises whatever its parser stumbles over
        raise UsageError(f"what is learned of the judge cannot be read: {path}. {_ANEW}") from None
    if not is_own:
        raise UsageError(f"{path} holds what is learned of another judge. {_ANEW}")
    return kept


def _read(arrays: "NpzFile") -> Kept:
    keys, models = tuple(map(str, arrays["keys"])), tuple(map(str, arrays["models"]))
    frequencies = arrays["frequencies"]
    seen = tuple(
        Seen(
            keys,
            arrays[f"columns{number}"],
            arrays[f"lengths{number}"],
            _vectors(arrays, number, (len(keys), len(frequencies) - 1)),
        )
        for number in range(len(models))
    )
    return Kept(
        History(models, seen, arrays["shares"]),
        frequencies,
        tuple(map(str, arrays["references"])),
        tuple(map(str, arrays.get("judged_by", ()))),
    )


def _vectors(arrays: "NpzFile", number: int, shape: tuple[int, int]) -> "csr_array":
    from scipy.sparse import csr_array

    data, indices, indptr = (arrays[f"{name}{number}"] for name in ("data", "indices", "indptr"))
    if indptr[-1] != len(data):  # the array would be cut off there
        raise ValueError("vectors of another length")
    return csr_array((data.astype(np.float64), indices, indptr), shape=shape)


def _check(kept: Kept) -> None:
    """Check that what was read is a history: shapes that fit, figures that are numbers, shares of 0 to 1.

    As much has to be seen of a pair as is today.

    Raises:
        ValueError: it is none.
    """
    history, count = kept.history, len(kept.references)
    reader = TextReader([""], [""])
    shares = history.shares
    judged = shares[~np.isnan(shares)]
    of_columns = {one.columns.shape for one in history.seen}
    fits = (
        len(history.seen) > 0
        and len(history.keys) == count
        and shares.shape == (len(history.models), count)
        and of_columns == {(count, reader.read([""]).columns.shape[1])}
        and kept.frequencies.shape == reader.frequencies.shape
        and all(one.log_lengths.shape == (count,) for one in history.seen)
    )
    vectors = [one.vectors for one in history.seen if one.vectors is not None]
    for one in vectors:
        one.check_format(
            full_check=True
        )  # places beyond the array would be read from whatever lies in memory there
    fits &= len({*history.keys}) == count and len({*history.models}) == len(history.models)
    figures = (
        kept.frequencies,
        *(part for one in history.seen for part in (one.columns, one.log_lengths)),
        *(one.data for one in vectors),
    )
    fits &= all(np.isrealobj(figure) for figure in (shares, *figures))
    is_there = bool((~np.isnan(shares)).any(axis=1).all()) if fits else False
    if not is_there or judged.min() < 0 or judged.max() > 1 or not all(np.isfinite(f).all() for f in figures):
        raise ValueError("no history")
