"""A sample of a run's pairs: its order, kept in sample.json before anyone is asked, and its rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Cases
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.runs.annotation_table import PAID_NAME
from autoeval.runs.paying.cheap import Guesses
from autoeval.runs.paying.predicting import RANDOM, Prediction, prediction_of
from autoeval.types import Case

if TYPE_CHECKING:
    from autoeval.metrics.observations import Floats
    from autoeval.metrics.sampling import Sample

SAMPLE_NAME = "sample.json"


@dataclass(frozen=True)
class SomePairs:
    """Some of a run's pairs, in their order; `index` of a pair stays what it is among all."""

    pairs: Cases
    chosen: Sequence[int]

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator[Case]:
        return (self.pairs[index] for index in self.chosen)

    def __getitem__(self, index: int) -> Case:
        return self.pairs[self.chosen[index]]


@dataclass(frozen=True)
class Drawn:
    """An order of all pairs, made before anyone is asked.

    Attributes:
        sample: the order, and what chances are proportional to.
        predicted: predictions of the preferences − 1 of all pairs.
        method: how it was drawn.
        reason: why at random, where it is.
        identity: what the order is valid for where it is kept; empty where it is not.
    """

    sample: "Sample"
    predicted: "Floats"
    method: str
    reason: str
    identity: Mapping[str, Any] = field(default_factory=dict)

    def store(self, n: int, folder: Path) -> None:
        """Write the order with the chances of a sample of n.

        Raises:
            AutoevalError: it cannot be written.
        """
        sample = self.sample
        places = dict(zip(sample.order.tolist(), range(len(sample.order)), strict=True))
        rows = [
            {"place": places[i], "size": size, "chance": chance, "predicted": guess}
            for i, (size, chance, guess) in enumerate(
                zip(sample.sizes.tolist(), sample.chances(n).tolist(), self.predicted.tolist(), strict=True)
            )
        ]
        about = {"n_paid": n, "method": self.method, "reason": self.reason}
        with result_file(folder / SAMPLE_NAME) as file:
            json.dump({**self.identity, **about, "sample": rows}, file)


def draw(
    everything: Sequence[Case],
    annotator: Annotator,
    seed: int,
    *,
    evenly: bool = False,
    guesses: Guesses | None = None,
) -> Drawn:
    """Draw an order of all pairs.

    Args:
        everything: the pairs.
        annotator: the judge, whose history is looked for.
        seed: of the draw.
        evenly: give every pair the same chance, whatever is predicted.
        guesses: what a cheap judge says of them, in place of a prediction from the history.
    """
    import numpy as np

    from autoeval.metrics.sampling import Sample, uncertainty

    found = prediction_of(everything, annotator) if guesses is None else Prediction.guessed(guesses)
    if evenly or found.reason:
        return Drawn(Sample.draw(np.ones(len(everything)), seed), found.shares, RANDOM, found.reason)
    sample = Sample.draw(uncertainty(found.shares, found.doubt), seed)
    return Drawn(sample, found.shares, found.method, "")


def samplable(pairs: Cases, annotator: Annotator, flag: str) -> list[Case]:
    """Return all pairs, if some can be judged without the others.

    Raises:
        UsageError: the judge is asked about several at once, or an instruction has several outputs.
    """
    if any(judge.is_grouped for judge in annotator.judges):
        raise UsageError(
            f"{flag}: {annotator.name} asks about several pairs in one prompt, so that no single pair can be left "
            "out. Use a judge that asks about one."
        )
    everything = list(pairs)
    if len({pair.conversation for pair in everything}) < len(everything):
        raise UsageError(f"{flag}: an instruction has several outputs here; paying for some needs one each.")
    return everything


def mean_length(pairs: Sequence[Case]) -> int:
    """The mean length of the model's outputs in characters, as the leaderboard has it."""
    return sum(len(pair.output_2) for pair in pairs) // len(pairs)


def draw_or_continue(
    everything: Sequence[Case],
    annotator: Annotator,
    seed: int,
    folder: Path | None,
    *,
    evenly: bool = False,
    guesses: Guesses | None = None,
) -> Drawn:
    """Read the order that is stored in a folder for the same judge, pairs and seed; else draw one: see `draw`.

    Raises:
        UsageError: what is stored is damaged.
    """
    identity = _identity_of(everything, annotator, seed)
    if evenly:
        identity["evenly"] = True
    if guesses:
        identity["predict_with"] = guesses.fingerprint
    drawn = _stored(folder, identity, len(everything))
    drawn = drawn or draw(everything, annotator, seed, evenly=evenly, guesses=guesses)
    return replace(drawn, identity=identity)


def _identity_of(everything: Sequence[Case], annotator: Annotator, seed: int) -> dict[str, Any]:
    digest = sha256()
    for pair in everything:
        for text in (pair.conversation, pair.output_1, pair.output_2):
            digest.update(sha256(text.encode("utf-8", "surrogatepass")).digest())
    return {"fingerprint": annotator.fingerprint, "pairs": digest.hexdigest()[:16], "seed": seed}


_IDENTITY = ("fingerprint", "pairs", "seed", "evenly", "predict_with")


def _stored(folder: Path | None, identity: Mapping[str, Any], n_pairs: int) -> Drawn | None:
    """Read the order that a folder has; None where it has none, or one for something else.

    Raises:
        UsageError: the file is damaged. Another order would be drawn in its place, of which less is paid for.
    """
    path = folder / SAMPLE_NAME if folder else None
    if path is None or not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if [kept.get(name) for name in _IDENTITY] != [identity.get(name) for name in _IDENTITY]:
            return None
        return _order_of(kept, n_pairs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise UsageError(
            f"{path} does not hold the order in which pairs are paid for, as --n_paid writes it. Remove it to draw "
            "another (replies are in the cache)."
        ) from None


def _order_of(kept: Mapping[str, Any], n_pairs: int) -> Drawn:
    """Make of a file's object the order again; ValueError, TypeError or KeyError where it is none of so many pairs."""
    import numpy as np

    from autoeval.metrics.sampling import Sample

    rows, said = kept["sample"], (kept["method"], kept["reason"])
    order = np.argsort([int(row["place"]) for row in rows]).astype(np.intp)
    sizes, predicted = (np.array([float(row[name]) for row in rows]) for name in ("size", "predicted"))
    are_all = sorted(row["place"] for row in rows) == list(range(n_pairs))
    are_numbers = np.isfinite([*sizes, *predicted]).all() and (sizes > 0).all()
    if not (are_all and are_numbers and all(isinstance(text, str) and text.isprintable() for text in said)):
        raise ValueError(kept)
    return Drawn(Sample(sizes, order), predicted, *said)


def save_paid(rows: Sequence[Mapping[str, Any]], folder: Path | None) -> None:
    """Write the annotations of the pairs that were paid for, under a name that no full run has.

    What reads annotations.json takes its rows for all pairs; these are a sample with unequal chances.

    Raises:
        AutoevalError: the file cannot be written.
    """
    if folder is None:
        return
    with result_file(folder / PAID_NAME) as file:
        file.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
