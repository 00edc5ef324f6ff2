"""What a judge will probably say of a run's pairs: from its own history, else from another judge's, else a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoeval.annotators.judges import Annotator
from autoeval.metrics.instructions import instruction_key
from autoeval.runs.paying.cheap import Guesses
from autoeval.types import Case

if TYPE_CHECKING:
    from autoeval.metrics.observations import Floats
    from autoeval.prediction.kept import Kept

LEARNED, RANDOM = "sampled by a learned prediction", "sampled at random"
_KNOWN_SHARE = 0.9


@dataclass(frozen=True)
class Prediction:
    """Predictions of all pairs, and how far they decide which ones are paid for.

    Attributes:
        shares: predictions of the preferences − 1, shape (N,).
        method: how pairs are sampled by it.
        doubt: see `uncertainty`; more where another judge's word stands for this one's.
        reason: why it decides nothing, where the pairs are to be drawn at random.
    """

    shares: "Floats"
    method: str
    doubt: float
    reason: str = ""

    @classmethod
    def guessed(cls, guesses: Guesses) -> "Prediction":
        """Take what a cheap judge said."""
        from autoeval.metrics.sampling import DOUBT

        return cls(guesses.predicted, f"sampled by what {guesses.judge} says", DOUBT)


def prediction_of(everything: Sequence[Case], annotator: Annotator) -> Prediction:
    """Predict the preferences of a model's pairs.

    From the judge's history without the model itself; from another judge's on the same instructions and the same
    reference, learned or shipped; else the embedded judge guesses, and the pairs are drawn at random.
    """
    import numpy as np

    from autoeval.annotators.builtin import offline
    from autoeval.metrics.sampling import DOUBT_OF_OTHERS, never_certain
    from autoeval.prediction.kept import kept_path, load_kept
    from autoeval.prediction.shipped import effects_for, lengths_of

    kept = load_kept(kept_path(annotator.fingerprint))
    learned = kept and _learned(everything, annotator, kept)
    if isinstance(learned, Prediction):
        return learned
    keys = [instruction_key(pair.instruction) for pair in everything]
    references = [pair.output_1 for pair in everything]
    if effects := effects_for(keys, references, _KNOWN_SHARE):
        seen = lengths_of(keys, references, [pair.output_2 for pair in everything])
        return Prediction(effects.predict(seen), _by([effects.judge]), DOUBT_OF_OTHERS)
    guesses = [offline(pair.instruction, pair.output_1, pair.output_2) - 1 for pair in everything]
    reason = learned or f"nothing is learned of {annotator.name}: see alpaca_eval learn"
    return Prediction(never_certain(np.array(guesses)), RANDOM, DOUBT_OF_OTHERS, reason)


def _learned(everything: Sequence[Case], annotator: Annotator, kept: "Kept") -> Prediction | str:
    """Predict from what was learned for the judge; or say why not."""
    from autoeval.metrics.sampling import DOUBT, DOUBT_OF_OTHERS
    from autoeval.prediction.history import FEWEST_MODELS
    from autoeval.prediction.seen import TextReader

    instructions, references = [p.instruction for p in everything], [p.output_1 for p in everything]
    reader = TextReader(instructions, references, kept.frequencies)
    if kept.share_known(reader.keys, references) < _KNOWN_SHARE:
        return "what is learned of the judge is of other instructions or another reference"
    history = kept.history.without([everything[0].generator_2])
    if len(history.models) < FEWEST_MODELS:
        return f"only {len(history.models)} other models of {annotator.name} are known"
    shares = history.predict(reader.read([pair.output_2 for pair in everything]))
    if kept.judged_by:
        return Prediction(shares, _by(kept.judged_by), DOUBT_OF_OTHERS)
    return Prediction(shares, LEARNED, DOUBT)


def _by(judges: Sequence[str]) -> str:
    return f"sampled by what {' and '.join(judges)} said of other models"
