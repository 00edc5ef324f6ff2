"""The journey before a cheaper one: learn from a judge's recorded preferences what it will probably say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.checks import require_source
from autoeval.completions.ask import Display, Silent
from autoeval.data.annotations import read_annotations
from autoeval.data.loading import expand, read_rows
from autoeval.errors import UsageError
from autoeval.journeys.parameters.choosing import Folders, annotator_source, config_folders
from autoeval.leaderboards.presets import find_preset
from autoeval.runs.annotation_table import with_files
from autoeval.types import Annotation

FEWEST_MODELS = 5


@dataclass(frozen=True)
class Learned:
    """What was learned from a judge's history.

    Attributes:
        annotator: the judge that it is kept for.
        judged_by: whose judgments they are; another judge's predict less, and are recalibrated on what is paid.
        path: where it is kept.
        n_pairs: judgments that it was learned from.
        r_squared: of the prediction for each model, left out of everything; NaN where its preferences do not vary.
    """

    annotator: str
    judged_by: Sequence[str]
    path: Path
    n_pairs: int
    r_squared: Mapping[str, float]

    @property
    def lines(self) -> list[str]:
        """Say it."""
        rates = [rate for rate in self.r_squared.values() if rate == rate]
        mean = sum(rates) / len(rates) if rates else 0.0
        return [
            f"learned from {self.n_pairs:,} judgments of {', '.join(self.judged_by)} on {len(self.r_squared)} models",
            *self._caution,
            *(f"  R² {rate:.2f}  {name}" for name, rate in self.r_squared.items()),
            f"R² {mean:.2f} on average, each model left out of everything; kept in {self.path}",
            "It is no judge: evaluate --n_paid N uses it to say as much with fewer judgments.",
        ]

    @property
    def _caution(self) -> list[str]:
        if list(self.judged_by) == [self.annotator]:
            return []
        return [
            f"they are not {self.annotator}'s own: expect less of them than their R² says; pairs are drawn with more "
            "doubt, what is paid for recalibrates them, and the interval says what they are worth"
        ]


def learn(
    annotations: Any = None,
    annotators_config: str | Path | None = None,
    annotators_config_dir: Folders = None,
    judge_model: str | None = None,
    judge_base_url: str | None = None,
    order: str | None = None,
    preset: str | None = None,
    display: Display | None = None,
) -> Learned:
    """Learn from a judge's recorded preferences of several models, so that `evaluate --n_paid` needs fewer.

    What is kept are figures: no text, and no verdict on a new model. It is kept under the judge's fingerprint, and used
    where the instructions and the reference are those of the history.

    Args:
        annotations: Judgments of at least five models: the runs' folders, or annotations.json of ours or of
            alpaca_eval; a glob or a list.
        annotators_config: The judge that is going to be asked: an annotator as in evaluate. Default: the preset's.
            Another judge's preferences on the same instructions and reference may serve, and predict less.
        annotators_config_dir: A folder of annotators (or several), looked into first.
        judge_model: The judge's model, in place of the config's.
        judge_base_url: The judge's server, in place of the config's.
        order: Which output the judge saw first, in place of the config's word: random, both or fixed.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        display: Shows the progress (Python only).

    Returns:
        What was learned, with its R² on models left out.

    Raises:
        UsageError: a file or the config is wrong, there are fewer than five models, or several references.
    """
    require_source(annotations, "--annotations", "name the files of judgments to learn from")
    folders = config_folders(annotators_config_dir, None)
    source = annotator_source(annotators_config, find_preset(preset), folders)
    overrides = JudgeOverrides(base_url=judge_base_url, model=judge_model, order=order)
    annotator = load_annotator(source, overrides, folders)
    by_model = _by_model(annotations, annotator.name)
    (display or Silent()).announce(f"learning from {len(by_model)} models")
    return _learn(by_model, annotator)


def _by_model(annotations: Any, annotator: str) -> dict[str, list[Annotation]]:
    found: dict[str, list[Annotation]] = {}
    for file in expand(with_files(annotations, takes_samples=True), "annotations"):
        for one in read_annotations(read_rows(file, "annotations"), annotator):
            found.setdefault(one.case.generator_2 or str(file), []).append(one)
    judged = {name: rows for name, rows in found.items() if any(row.value is not None for row in rows)}
    if len(judged) < FEWEST_MODELS:
        raise UsageError(
            f"--annotations: of the {FEWEST_MODELS} or more models that learning needs, {len(judged)} were judged "
            "there. Evaluate more models with this judge in full first."
        )
    return judged


def _learn(by_model: Mapping[str, Sequence[Annotation]], annotator: Annotator) -> Learned:
    import numpy as np

    from autoeval.prediction.history import aligned, r_squared
    from autoeval.prediction.kept import Kept, kept_path, save_kept, text_hash
    from autoeval.prediction.seen import TextReader

    references = _references(by_model)
    reader = TextReader(list(references), list(references.values()))
    seen, shares = {}, {}
    for name, rows in by_model.items():
        by_instruction = {row.case.instruction: row for row in rows}
        outputs, judged = [], []
        for instruction in references:
            row = by_instruction.get(instruction)
            outputs.append(row.case.output_2 if row else "")
            judged.append(np.nan if row is None or row.value is None else row.value - 1)
        seen[name], shares[name] = reader.read(outputs), np.array(judged)
    history = aligned(seen, shares)
    judges = {judge.name: annotator.name for judge in annotator.judges}
    judged_by = sorted(
        {judges.get(row.annotator, row.annotator) for rows in by_model.values() for row in rows}
    )
    others = () if judged_by == [annotator.name] else tuple(judged_by)
    kept = Kept(history, reader.frequencies, tuple(map(text_hash, references.values())), others)
    path = kept_path(annotator.fingerprint)
    save_kept(kept, path)
    found = {
        name: r_squared(history.without([name]).predict(one), shares[name]) for name, one in seen.items()
    }
    n_pairs = int((~np.isnan(history.shares)).sum())
    return Learned(annotator.name, judged_by, path, n_pairs, found)


def _references(by_model: Mapping[str, Sequence[Annotation]]) -> dict[str, str]:
    """Return the reference's answers by instruction.

    Raises:
        UsageError: an instruction has several.
    """
    found: dict[str, str] = {}
    for name, rows in by_model.items():
        for row in rows:
            if found.setdefault(row.case.instruction, row.case.output_1) != row.case.output_1:
                raise UsageError(
                    f"--annotations: {name} was compared with another reference than a model before it (instruction "
                    f"{row.case.instruction[:60]!r}). Learn from one reference at a time."
                )
    return found
