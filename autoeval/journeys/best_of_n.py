"""The journey from several samples of a model to what a scorer's pick of them is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autoeval.checks import check_number, require_source
from autoeval.errors import UsageError
from autoeval.journeys.parameters.output_paths import writable_folder
from autoeval.leaderboards.boards import save_board
from autoeval.leaderboards.table import Board
from autoeval.metrics.best_of import best_of_k
from autoeval.metrics.columns import Cell
from autoeval.metrics.estimates import Estimate
from autoeval.metrics.intervals import mean_interval
from autoeval.metrics.observations import Floats
from autoeval.runs.exits import EXIT_INCOMPLETE, EXIT_OK, is_enough
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.samples import Samples, Scores, Verdicts, read_samples, read_scores, read_verdicts
from autoeval.runs.saving import BOARD_NAME, save_json, save_records

PICKED = "best_of_n"
"""What the picks are called among the samples."""


@dataclass(frozen=True)
class BestOfN:
    """What picking is worth.

    Attributes:
        samples: the win rate of each sample, in percent.
        curve: the win rate of the best-scored of k samples, by k; empty without scores.
        picked: the win rate of the scorer's picks among all; None without scores.
        n_missing: picks without a verdict.
        cautions: what a reader must know.
        min_coverage: the share of picks that must have a verdict.
        paths: the files.
    """

    samples: Mapping[str, Estimate]
    curve: Mapping[int, Estimate]
    picked: Estimate | None
    n_missing: int
    cautions: Sequence[str]
    min_coverage: float
    paths: Sequence[Path]

    def rates(self) -> dict[str, Estimate]:
        """Every win rate that is a row of the board, the picks first."""
        return {**({PICKED: self.picked} if self.picked else {}), **self.samples}

    def facts(self) -> dict[str, Any]:
        """Say the numbers, for run.json."""
        return {
            "samples": {name: asdict(rate) for name, rate in self.samples.items()},
            "picked": asdict(self.picked) if self.picked else None,
            "curve": [{"k": k, **asdict(rate)} for k, rate in self.curve.items()],
            "counts": {"missing": self.n_missing},
            "cautions": list(self.cautions),
        }

    @property
    def exit_code(self) -> int:
        """3 where too many picks have no verdict, else 0."""
        if self.picked is None:
            return EXIT_OK
        coverage = self.picked.n / (self.picked.n + self.n_missing)
        return EXIT_OK if is_enough(coverage, self.min_coverage) else EXIT_INCOMPLETE


def best_of_n(
    model_outputs: Any = None,
    scores: Any = None,
    annotations: Any = None,
    output_path: str | Path | None = "results/best_of_n",
    min_coverage: float = 0.99,
) -> BestOfN:
    """Say what the best of n samples is worth, picked by a scorer such as a reward model.

    The curve is the expected win rate of the best-scored of k samples, over all subsets of k (unbiased).

    Args:
        model_outputs: The samples: a file each (a glob), with instruction, output and generator; or one file whose rows
            have `sample`.
        scores: A scorer's scores: rows with instruction, generator (or sample: 0, 1, …) and score; or rows with
            instruction and scores, one a sample. Rows with an output and no score are picks. Default: no picks.
        annotations: What a judge said of the samples: the runs' folders or annotations.json, a glob or a list.
        output_path: Folder for the results; None: write nothing.
        min_coverage: Exit with 3 if less than this share of the picks have a verdict.

    Returns:
        Win rates of the samples, of the picks, and the curve, all with intervals.

    Raises:
        UsageError: a file or row is wrong, or nothing can be matched.
    """
    require_source(model_outputs, "--model_outputs", "name the files of samples")
    require_source(annotations, "--annotations", "name the files with what a judge said of the samples")
    check_number("min_coverage", min_coverage, 0, 1)
    samples = read_samples(model_outputs)
    verdicts = read_verdicts(annotations, samples)
    shares = verdicts.preferences - 1
    coverage = np.isfinite(shares).mean(axis=0)
    judged = [
        place
        for place, share in enumerate(coverage)
        if share and (place in verdicts.own or share >= min_coverage)
    ]
    if not coverage.any():
        raise UsageError(
            "--annotations: not one of those of a sample of --model_outputs has a preference."
            if verdicts.own or verdicts.references
            else "--annotations: not one is of a sample of --model_outputs: their texts and names differ."
        )
    rates = {samples.names[place]: mean_interval(shares[:, place]) for place in judged}
    result = BestOfN(rates, {}, None, 0, verdicts.notes, min_coverage, ())
    rows: list[dict[str, Any]] = []
    if scores is not None:
        scored = read_scores(scores, samples)
        among = _among(scored, shares, min_coverage)
        choice = scored.choice(among)
        values = np.where(choice >= 0, shares[np.arange(len(shares)), choice], np.nan)
        result = replace(
            result,
            curve={} if scored.are_picks else _curve(shares[:, among], scored.values[:, among]),
            picked=mean_interval(values),
            n_missing=int(np.isnan(values).sum()),
            cautions=[*verdicts.notes, *scored.notes, *_left_out(samples, among, scored)],
        )
        rows = _picks(samples, verdicts, choice.tolist())
    return result if output_path is None else _saved(result, rows, Path(output_path))


def _among(scored: Scores, shares: Floats, min_coverage: float) -> list[int]:
    """Return the samples that the scorer picks from: those that it scored and the judge judged; of picks, all."""
    has_score = np.isfinite(scored.values).any(axis=0)
    is_judged = np.isfinite(shares).mean(axis=0) >= min_coverage
    found = np.flatnonzero(has_score if scored.are_picks else has_score & is_judged)
    return [int(place) for place in (found if len(found) else np.flatnonzero(has_score))]


def _left_out(samples: Samples, among: Sequence[int], scored: Scores) -> list[str]:
    """Say which samples are in no pick, and where scores are missing."""
    told = []
    left_out = [name for place, name in enumerate(samples.names) if place not in among]
    if left_out:
        told.append(
            f"picked from {len(among)} of {len(samples.names)} samples, which are scored and judged; left out: "
            + ", ".join(left_out)
        )
    n_unscored = int((~np.isfinite(scored.values[:, among])).any(axis=1).sum())
    if n_unscored:
        told.append(
            f"{n_unscored} questions have no score of every sample: they are in the picks, not in the curve"
        )
    return told


def _curve(shares: Floats, scores: Floats) -> dict[int, Estimate]:
    """Return the win rate of the best of k by k, over the questions of which every sample has a score and a verdict."""
    whole = np.isfinite(scores).all(axis=1) & np.isfinite(shares).all(axis=1)
    if not whole.any():
        return {}
    return {
        k: mean_interval(best_of_k(shares[whole], scores[whole], k)) for k in range(1, scores.shape[1] + 1)
    }


def _picks(samples: Samples, verdicts: Verdicts, choice: Sequence[int]) -> list[dict[str, Any]]:
    """Return the picks as rows of annotations.json."""
    rows = []
    for question, place in enumerate(choice):
        output_1, generator_1 = verdicts.references.get(question, ("", "reference"))
        preference = verdicts.preferences[question, place] if place >= 0 else float("nan")
        is_known = bool(np.isfinite(preference))
        rows.append(
            {
                "instruction": samples.instructions[question],
                "dataset": samples.datasets[question],
                "generator_1": generator_1,
                "output_1": output_1,
                "generator_2": PICKED,
                "output_2": (samples.outputs[question][place] if place >= 0 else None) or "",
                "annotator": " ".join(verdicts.annotators),
                "preference": float(preference) if is_known else None,
                "picked": samples.names[place] if place >= 0 else None,
                "failure": None
                if is_known
                else "the pick was not judged"
                if place >= 0
                else "no sample has a score",
            }
        )
    return rows


def _saved(result: BestOfN, rows: Sequence[Mapping[str, Any]], folder: Path) -> BestOfN:
    writable_folder(folder)
    board = Board({name: _cells(rate) for name, rate in result.rates().items()})
    save_board(board, folder / BOARD_NAME)
    paths = [folder / BOARD_NAME, save_json(result.facts(), folder / RUN_NAME)]
    if rows:
        paths.insert(0, save_records(rows, folder / "annotations.json"))
    return replace(result, paths=paths)


def _cells(rate: Estimate) -> dict[str, Cell]:
    return {
        "win_rate": rate.value,
        "standard_error": rate.standard_error,
        "low": rate.low,
        "high": rate.high,
        "n_total": rate.n,
    }
