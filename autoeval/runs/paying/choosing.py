"""Which pairs to pay for: as many as were asked for, as a precision needs, or until it is clear who is better."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import interval_name
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Cases
from autoeval.checks import check_number
from autoeval.errors import UsageError
from autoeval.runs.paying.cheap import Guesses
from autoeval.runs.paying.deciding import Deciding
from autoeval.runs.paying.opponents import question_of
from autoeval.runs.paying.paid import Paid
from autoeval.runs.paying.sample import (
    Drawn,
    SomePairs,
    draw_or_continue,
    mean_length,
    samplable,
)

FEWEST_PAID = 50


@dataclass(frozen=True)
class Wanted:
    """How many pairs are to be paid for; at most one of the first three is given.

    Attributes:
        n_paid: so many.
        precision: as many as an interval needs that reaches so many points to each side.
        until_decided: as many as it takes until it is clear whether the model is better than this one: `reference`, a
            run, or a model of the board.
        predict_with: the cheap judge that is asked about every pair first; None where there is none.
    """

    n_paid: int | None = None
    precision: float | None = None
    until_decided: str | Path | None = None
    predict_with: str | Path | None = None

    @classmethod
    def checked(
        cls, n_paid: Any, precision: Any, until_decided: Any, predict_with: Any = None
    ) -> "Wanted | None":
        """Return what is wanted; None where nothing is, so that all pairs are to be judged.

        Raises:
            UsageError: a parameter is out of range, or several are given.
        """
        check_number("n_paid", n_paid, FEWEST_PAID, whole=True)
        check_number("precision", precision, 0.1, 50)
        if n_paid is not None and precision is not None:
            raise UsageError(
                "--n_paid says how many pairs to pay for, --precision finds it: give one of them."
            )
        if until_decided is not None and (n_paid is not None or precision is not None):
            raise UsageError(
                "--until_decided asks until it is clear who is better, --n_paid and --precision until a number is: "
                "give one of them."
            )
        if (n_paid, precision, until_decided) == (None, None, None):
            if predict_with is not None:
                raise UsageError(
                    "--predict_with asks a cheap judge about every pair, so that the judge is asked about fewer: say "
                    "how many with --n_paid, --precision or --until_decided."
                )
            return None
        return cls(n_paid, precision, until_decided, predict_with)

    def needs_all(self, n_pairs: int) -> bool:
        """Whether all pairs are to be judged, whatever anyone says of them beforehand."""
        return self.until_decided is None and (n_pairs <= FEWEST_PAID or (self.n_paid or 0) >= n_pairs)


def choose(
    pairs: Cases,
    annotator: Annotator,
    wanted: Wanted,
    seed: int,
    folder: Path | None,
    board: Path | None = None,
    guesses: Guesses | None = None,
) -> Paid | Deciding | None:
    """Choose the pairs to pay for.

    A sample that is stored for the same judge, pairs and seed is continued: a larger one holds the smaller one.

    Args:
        pairs: all pairs.
        annotator: the judge, whose history is looked for.
        wanted: how many to pay for.
        seed: of the draw.
        folder: where sample.json may be; without one, the same draw is made again.
        board: the board that the result is to stand on.
        guesses: what a cheap judge says of all pairs.

    Returns:
        The sample; None where all pairs are to be judged.

    Raises:
        UsageError: these pairs cannot be sampled, or sample.json is damaged.
    """
    if wanted.until_decided is not None:
        return _until_decided(pairs, annotator, wanted.until_decided, seed, folder, board, guesses)
    if wanted.needs_all(len(pairs)):
        return None
    everything = samplable(pairs, annotator, "--n_paid")
    drawn = draw_or_continue(everything, annotator, seed, folder, guesses=guesses)
    n = wanted.n_paid or _enough(drawn, wanted.precision or 1.0)
    if n >= len(pairs):
        return None
    subsets = tuple(pair.dataset or "" for pair in everything)
    chosen = SomePairs(pairs, drawn.sample.first(n).tolist())
    cost = guesses.cost if guesses else 0.0
    named = interval_name(annotator.name, annotator.provider)
    return Paid(chosen, drawn, n, subsets, mean_length(everything), named, cost)


def _until_decided(
    pairs: Cases,
    annotator: Annotator,
    other: str | Path,
    seed: int,
    folder: Path | None,
    board: Path | None,
    guesses: Guesses | None,
) -> Deciding:
    everything = samplable(pairs, annotator, "--until_decided")
    question = question_of(other, everything, annotator, board)
    drawn = draw_or_continue(everything, annotator, seed, folder, evenly=True, guesses=guesses)
    order = [index for index in drawn.sample.order.tolist() if question.bears_on(index)]
    named = interval_name(annotator.name, annotator.provider)
    return Deciding(SomePairs(pairs, order), drawn, question, mean_length(everything), named)


def _enough(drawn: Drawn, precision: float) -> int:
    """The least n whose interval is expected to reach no farther than so many points to each side."""
    from autoeval.metrics.sampled import expected_half_width

    low, high = FEWEST_PAID, len(drawn.predicted)
    while low < high:
        middle = (low + high) // 2
        if expected_half_width(drawn.predicted, drawn.sample.chances(middle)) <= precision:
            high = middle
        else:
            low = middle + 1
    return low
