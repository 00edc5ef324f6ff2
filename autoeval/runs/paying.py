"""Paying for some of the pairs: which ones, decided and stored before anything is asked, and what they come to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.annotators.config import Annotator
from autoeval.annotators.plan import Cases
from autoeval.checks import check_number
from autoeval.data.replacing import replacing
from autoeval.errors import UsageError
from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Estimate
from autoeval.types import Case

if TYPE_CHECKING:
    from autoeval.metrics.observations import Floats
    from autoeval.metrics.sampled import SampledWinRate
    from autoeval.metrics.sampling import Sample

FEWEST_PAID = 50
SAMPLE_NAME = "sample.json"
ROWS_NAME = "paid_annotations.json"
LEARNED, RANDOM = "sampled by a learned prediction", "sampled at random"
_KNOWN_SHARE = 0.9
_FEWEST_OF_A_SUBSET = 25


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
class Paid:
    """A sample of pairs that are to be paid for.

    Attributes:
        pairs: the pairs of the sample.
        sample: the order of all pairs and what their chances are proportional to.
        predicted: predictions of the preferences − 1 of all pairs.
        n: how many are paid for.
        method: how they were drawn.
        reason: why at random, where it is.
        subsets: of all pairs.
        avg_length: of the model's outputs on all pairs, in characters.
    """

    pairs: SomePairs
    sample: "Sample"
    predicted: "Floats"
    n: int
    method: str
    reason: str
    subsets: tuple[str, ...]
    avg_length: int

    def line(self) -> str:
        """Say before asking what is going to be paid for."""
        from autoeval.metrics.sampled import expected_half_width

        half = expected_half_width(self.predicted, self.sample.chances(self.n))
        why = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.n} of {len(self.predicted)} pairs, {self.method}{why}; expect the win rate on these "
            f"{len(self.predicted)} instructions within about ±{half:.1f} points"
        )

    def result(self, preferences: Sequence[float]) -> "PaidResult | None":
        """Estimate the win rate from the preferences of the sample, NaN where one is missing; None from too few."""
        import numpy as np

        from autoeval.metrics.sampled import FEWEST, sampled_win_rate

        shares = np.full(len(self.predicted), np.nan)
        shares[list(self.pairs.chosen)] = np.asarray(preferences, dtype=np.float64) - 1
        judged, chances = ~np.isnan(shares), self.sample.chances(self.n)
        if np.count_nonzero(judged) < FEWEST:
            return None
        by_subset = {}
        for name in sorted(set(self.subsets)) if len(set(self.subsets)) > 1 else ():
            part = np.array([subset == name for subset in self.subsets])
            if np.count_nonzero(judged & part) >= _FEWEST_OF_A_SUBSET:
                by_subset[name] = sampled_win_rate(shares[part], self.predicted[part], chances[part])
        found = sampled_win_rate(shares, self.predicted, chances)
        return PaidResult(found, by_subset, self.method, self.reason, self.avg_length)


@dataclass(frozen=True)
class PaidResult:
    """What the judgments that were paid for say; `by_subset` has the subsets with enough of them."""

    found: "SampledWinRate"
    by_subset: "Mapping[str, SampledWinRate]"
    method: str
    reason: str
    avg_length: int

    @property
    def lines(self) -> list[str]:
        """Say it: both populations by name, and what the prediction saved."""
        found = self.found
        saved = round(found.n_effective) - found.n_paid
        worth = f"as sure as {found.n_effective:.0f} pairs drawn at random"
        lines = [
            f"win rate on these {found.n_pairs} instructions: {_said(found.on_these)}",
            f"win rate on instructions like these: {_said(found.on_like_these)}",
            f"{found.n_paid} judgments, {self.method}: {worth}"
            + (f" ({saved} judgments saved)" if saved > 0 else "")
            + f", R² of the prediction {found.r_squared:.2f}"
            + (f"; {self.reason}" if self.reason else ""),
        ]
        return lines + [
            f"  {name or '(none)'}: {_said(part.on_these)}, {part.n_paid} of {part.n_pairs} pairs"
            for name, part in self.by_subset.items()
        ]

    def cells(self) -> dict[str, Cell]:
        """The cells of the leaderboard row that differ from those of a full run; what a sample cannot tell is empty."""
        these = self.found.on_these
        return {
            "win_rate": these.value,
            "standard_error": these.standard_error,
            "low": these.low,
            "high": these.high,
            "n_wins": None,
            "n_wins_base": None,
            "n_draws": None,
            "discrete_win_rate": None,
            "flip_rate": None,
            "avg_length": self.avg_length,
            "n_paid": self.found.n_paid,
            "method": self.method,
        }

    def facts(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {"method": self.method, "reason": self.reason, **asdict(self.found)}


def _said(estimate: Estimate) -> str:
    return f"{estimate.value:.1f}% (95% interval {estimate.low:.1f}–{estimate.high:.1f})"


def check_paying(n_paid: Any, precision: Any) -> None:
    """Check the parameters that ask for a sample.

    Raises:
        UsageError: one is out of range, or both are given.
    """
    check_number("n_paid", n_paid, FEWEST_PAID, whole=True)
    check_number("precision", precision, 0.1, 50)
    if n_paid is not None and precision is not None:
        raise UsageError("--n_paid says how many pairs to pay for, --precision finds it: give one of them.")


def choose(
    pairs: Cases,
    annotator: Annotator,
    n_paid: int | None,
    precision: float | None,
    seed: int,
    folder: Path | None,
) -> Paid | None:
    """Choose the pairs to pay for, and store how before anything is asked.

    A sample that is stored for the same judge, pairs and seed is continued: a larger one holds the smaller one.

    Args:
        pairs: all pairs.
        annotator: the judge, whose history is looked for.
        n_paid: how many to pay for.
        precision: or the half width of the interval to reach, in points.
        seed: of the draw.
        folder: where sample.json goes; None stores nothing, and the same draw is made again.

    Returns:
        The sample; None where all pairs are to be judged.

    Raises:
        UsageError: these pairs cannot be sampled, or sample.json cannot be written.
    """
    if n_paid is None and precision is None:
        return None
    if any(judge.batch_size > 1 for judge in annotator.judges):
        raise UsageError(
            f"--n_paid: {annotator.name} asks about several pairs in one prompt, so that no single pair can be left "
            "out. Use a judge that asks about one."
        )
    if len(pairs) <= FEWEST_PAID or (n_paid or 0) >= len(pairs):
        return None
    everything = list(pairs)
    if len({pair.instruction for pair in everything}) < len(everything):
        raise UsageError("--n_paid: an instruction has several outputs here; paying for some needs one each.")
    identity = _identity(everything, annotator, seed)
    path = folder / SAMPLE_NAME if folder else None
    plan = _stored(path, identity) or _drawn(everything, annotator, seed)
    n = n_paid or _enough(plan, precision or 1.0)
    if n >= len(pairs):
        return None
    if path is not None:
        _store(path, identity, plan, n)
    sample, predicted, method, reason = plan
    chosen = sample.first(n).tolist()
    subsets = tuple(pair.dataset or "" for pair in everything)
    avg_length = sum(len(pair.output_2) for pair in everything) // len(everything)
    return Paid(SomePairs(pairs, chosen), sample, predicted, n, method, reason, subsets, avg_length)


_Plan = tuple["Sample", "Floats", str, str]


def _drawn(everything: Sequence[Case], annotator: Annotator, seed: int) -> _Plan:
    import numpy as np

    from autoeval.metrics.sampling import Sample, uncertainty

    predicted, reason = _learned_prediction(everything, annotator)
    if predicted is not None:
        return Sample.draw(uncertainty(predicted), seed), predicted, LEARNED, ""
    from autoeval.annotators.builtin import offline

    guesses = [offline(pair.instruction, pair.output_1, pair.output_2) - 1 for pair in everything]
    predicted = np.clip(np.array(guesses), 0.005, 0.995)
    return Sample.draw(np.ones(len(everything)), seed), predicted, RANDOM, reason


def _learned_prediction(everything: Sequence[Case], annotator: Annotator) -> "tuple[Floats | None, str]":
    """Predict from the judge's history without the model itself; or say why not."""
    from autoeval.prediction.history import FEWEST_MODELS
    from autoeval.prediction.kept import kept_path, load_kept
    from autoeval.prediction.seen import TextReader

    kept = load_kept(kept_path(annotator.fingerprint))
    if kept is None:
        return None, f"nothing is learned of {annotator.name}: see alpaca_eval learn"
    instructions, references = [p.instruction for p in everything], [p.output_1 for p in everything]
    reader = TextReader(instructions, references, kept.frequencies)
    if kept.share_known(reader.keys, references) < _KNOWN_SHARE:
        return None, "what is learned of the judge is of other instructions or another reference"
    history = kept.history.without([everything[0].generator_2])
    if len(history.models) < FEWEST_MODELS:
        return None, f"only {len(history.models)} other models of the judge are known"
    return history.predict(reader.read([pair.output_2 for pair in everything])), ""


def _enough(plan: _Plan, precision: float) -> int:
    """The least n whose interval is expected to reach no farther than so many points to each side."""
    from autoeval.metrics.sampled import expected_half_width

    sample, predicted, _, _ = plan
    low, high = FEWEST_PAID, len(predicted)
    while low < high:
        middle = (low + high) // 2
        if expected_half_width(predicted, sample.chances(middle)) <= precision:
            high = middle
        else:
            low = middle + 1
    return low


def _identity(everything: Sequence[Case], annotator: Annotator, seed: int) -> dict[str, Any]:
    digest = sha256()
    for pair in everything:
        for text in (pair.instruction, pair.output_1, pair.output_2):
            digest.update(sha256(text.encode("utf-8", "surrogatepass")).digest())
    return {"fingerprint": annotator.fingerprint, "pairs": digest.hexdigest()[:16], "seed": seed}


def _stored(path: Path | None, identity: dict[str, Any]) -> _Plan | None:
    import numpy as np

    from autoeval.metrics.sampling import Sample

    with suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(path.read_text(encoding="utf-8")) if path else {}
        if {name: stored.get(name) for name in identity} == identity:
            rows = stored["sample"]
            order = np.argsort([row["place"] for row in rows]).astype(np.intp)
            sizes, predicted = (np.array([row[name] for row in rows]) for name in ("size", "predicted"))
            return Sample(sizes, order), predicted, stored["method"], stored["reason"]
    return None


def _store(path: Path, identity: dict[str, Any], plan: _Plan, n: int) -> None:
    sample, predicted, method, reason = plan
    places = dict(zip(sample.order.tolist(), range(len(sample.order)), strict=True))
    rows = [
        {"place": places[i], "size": size, "chance": chance, "predicted": guess}
        for i, (size, chance, guess) in enumerate(
            zip(sample.sizes.tolist(), sample.chances(n).tolist(), predicted.tolist(), strict=True)
        )
    ]
    try:
        with replacing(path) as file:
            json.dump({**identity, "n_paid": n, "method": method, "reason": reason, "sample": rows}, file)
    except OSError as error:
        raise UsageError(f"--output_path: {path} cannot be written: {error.strerror}.") from None


def save_paid(rows: Sequence[Mapping[str, Any]], folder: Path | None) -> None:
    """Write the annotations of the pairs that were paid for, under a name that no full run has.

    What reads annotations.json takes its rows for all pairs; these are a sample with unequal chances.

    Raises:
        UsageError: the file cannot be written.
    """
    if folder is None:
        return
    try:
        with replacing(folder / ROWS_NAME) as file:
            file.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
    except OSError as error:
        raise UsageError(
            f"--output_path: {folder / ROWS_NAME} cannot be written: {error.strerror}."
        ) from None
