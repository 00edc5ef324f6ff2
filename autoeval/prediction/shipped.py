"""What judges said of AlpacaEval's instructions, shipped as figures: a prediction for a judge that nobody knows yet."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from autoeval.metrics.effects import EffectsModel, fit_effects
from autoeval.metrics.observations import Floats
from autoeval.metrics.sampling import never_certain
from autoeval.prediction.history import Curves, History, Standard
from autoeval.prediction.kept import share_known
from autoeval.prediction.seen import Seen, read_lengths
from autoeval.resources import shipped

EFFECTS_NAME = "instruction_effects.csv"


@dataclass(frozen=True)
class ShippedEffects:
    """A logistic regression of one judge's preferences on lengths, with an effect for each instruction.

    Attributes:
        judge: whose preferences they were.
        keys: of the instructions, G.
        references: a hash of the reference's answer to each.
        curves: the scale of what is seen.
        model: what was fitted.
    """

    judge: str
    keys: tuple[str, ...]
    references: tuple[str, ...]
    curves: Curves
    model: EffectsModel

    @classmethod
    def of(cls, judge: str, history: History, references: Sequence[str]) -> "ShippedEffects":
        """Fit it to recorded preferences, of which lengths alone are seen.

        Args:
            judge: whose they are.
            history: the preferences.
            references: a hash of the reference's answer to each of its instructions.
        """
        count, g = history.shares.shape
        columns = np.concatenate([one.columns for one in history.seen])
        curves, shares = Curves.of(columns, columns.shape[1]), history.shares.ravel()
        judged = np.flatnonzero(~np.isnan(shares))
        model = fit_effects(
            curves.of_columns(columns)[judged],
            shares[judged],
            np.tile(np.arange(g), count)[judged],
            g,
            np.ones(len(judged)),
        )
        return cls(judge, history.keys, tuple(references), curves, model)

    def predict(self, seen: Seen) -> Floats:
        """Predict preferences − 1 of a model's pairs, whose lengths were read; in [.005, .995]."""
        place = {key: i for i, key in enumerate(self.keys)}
        rows = np.array([place.get(key, -1) for key in seen.keys], dtype=np.intp)
        return never_certain(self.model.predict(self.curves.of_columns(seen.columns), rows))

    def write(self, path: Path) -> None:
        """Write the effects, four decimals each, and beside them as JSON the rest of the model."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["instruction", "reference", "effect"])
            rows = zip(self.keys, self.references, self.model.effects.tolist(), strict=True)
            writer.writerows([key, reference, f"{effect:.4f}"] for key, reference, effect in rows)
        about = {
            "judge": self.judge,
            "constant": round(self.model.constant, 4),
            "slopes": _rounded(self.model.slopes),
            "columns": [_rounded(self.curves.straight.means), _rounded(self.curves.straight.deviations)],
            "squares": [_rounded(self.curves.squares.means), _rounded(self.curves.squares.deviations)],
        }
        path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "ShippedEffects":
        """Read what `write` wrote."""
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        straight, squares = (
            Standard(*(np.array(figures) for figures in about[name])) for name in ("columns", "squares")
        )
        effects = np.array([float(row["effect"]) for row in rows])
        return cls(
            about["judge"],
            tuple(row["instruction"] for row in rows),
            tuple(row["reference"] for row in rows),
            Curves(straight, squares),
            EffectsModel(about["constant"], np.array(about["slopes"]), effects),
        )


@cache
def shipped_effects() -> tuple[ShippedEffects, ...]:
    """Read those that come with autoeval, one for each reference; made by `python -m benchmarks.fit_effects`."""
    return tuple(map(ShippedEffects.read, sorted(shipped("leaderboards").glob(f"*/{EFFECTS_NAME}"))))


def effects_for(keys: Sequence[str], references: Sequence[str], least: float) -> ShippedEffects | None:
    """Find those of the same instructions and the same reference.

    Args:
        keys: of a model's instructions.
        references: the reference's answers to them.
        least: the share of pairs that have to be known, 0 to 1.
    """
    for effects in shipped_effects():
        if share_known(dict(zip(effects.keys, effects.references, strict=True)), keys, references) >= least:
            return effects
    return None


def lengths_of(keys: Sequence[str], references: Sequence[str], outputs: Sequence[str]) -> Seen:
    """See the lengths of a model's pairs."""
    of_reference, of_output = (
        np.array([len(text) for text in texts], dtype=np.float64) for texts in (references, outputs)
    )
    return read_lengths(keys, of_reference, of_output)


def _rounded(values: Floats) -> list[float]:
    return [round(value, 4) for value in values.tolist()]
