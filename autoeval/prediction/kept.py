"""Histories of judges on the disk: figures alone, a file for each judge, reference and kind of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from autoeval.metrics.observations import Floats
from autoeval.prediction.history import History
from autoeval.prediction.seen import Seen

_FORMAT = 1


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
        OSError: it cannot be written.
    """
    arrays: dict[str, np.typing.NDArray[np.generic]] = {
        "format": np.array(_FORMAT),
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
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.part.npz")
    np.savez_compressed(aside, allow_pickle=False, **arrays)
    aside.replace(path)


def load_kept(path: Path) -> Kept | None:
    """Read a history; None where there is none, or one that this version does not read."""
    from scipy.sparse import csr_array

    try:
        with np.load(path, allow_pickle=False) as arrays:
            if int(arrays["format"]) != _FORMAT:
                return None
            keys, models = tuple(map(str, arrays["keys"])), tuple(map(str, arrays["models"]))
            frequencies = arrays["frequencies"]
            seen = tuple(
                Seen(
                    keys,
                    arrays[f"columns{number}"],
                    arrays[f"lengths{number}"],
                    csr_array(
                        (
                            arrays[f"data{number}"].astype(np.float64),
                            arrays[f"indices{number}"],
                            arrays[f"indptr{number}"],
                        ),
                        shape=(len(keys), len(frequencies) - 1),
                    ),
                )
                for number in range(len(models))
            )
            judged_by = arrays.get("judged_by", ())
            return Kept(
                History(models, seen, arrays["shares"]),
                frequencies,
                tuple(map(str, arrays["references"])),
                tuple(map(str, judged_by)),
            )
    except (OSError, ValueError, KeyError):
        return None
