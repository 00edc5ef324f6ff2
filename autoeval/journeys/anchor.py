"""The journey that asks a judge the same things again: is it still the judge whose verdicts we have?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from autoeval.analysis.drift import Drift
from autoeval.checks import check_number
from autoeval.completions.ask import AskReport
from autoeval.completions.lifetimes import today
from autoeval.data.loading import require_files
from autoeval.data.pairing import load_pairs
from autoeval.errors import UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.choosing import outputs_to_compare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.leaderboards.presets import find_preset
from autoeval.runs.anchor_set import (
    REPLIES,
    AnchorSet,
    Preferences,
    Wave,
    anchors_file,
    anchors_folder,
    load_anchors,
    save_anchors,
)
from autoeval.runs.askable import refuse_unaskable_plans
from autoeval.runs.estimate import estimate_all
from autoeval.runs.judging import Judged, judge_all
from autoeval.runs.retirement import refuse_gone
from autoeval.types import FailureKind

_FINAL = frozenset({FailureKind.FILTERED, FailureKind.INVALID_REQUEST, FailureKind.MALFORMED})
"""Failures that asking once more would not mend."""


@dataclass(frozen=True)
class Anchored:
    """What asking a judge about its anchors came to.

    Attributes:
        anchors: the pairs with what it said each time, this time included unless replies are missing.
        drift: this time compared with the first; None the first time, and where there is nothing to compare.
        n_missing: questions of this time without a verdict.
        ask: what asking came to.
        exit_code: what the command line exits with. A judge that has drifted is a result, not a failure.
        path: where the anchors are kept.
    """

    anchors: AnchorSet
    drift: Drift | None
    n_missing: int
    ask: AskReport
    exit_code: int
    path: Path

    @property
    def is_whole(self) -> bool:
        """Whether all replies of this time are there."""
        return self.anchors.waves[-1].day is not None

    @property
    def n_questions(self) -> int:
        """How many verdicts are asked for each time."""
        return len(self.anchors.pairs) * REPLIES


@also_takes(AskingParameters)
def anchor(
    model_outputs: Any = None,
    reference_outputs: Any = None,
    annotators_config: str | Path | None = None,
    anchors_path: str | Path = "auto",
    max_instances: int | None = 200,
    is_allow_partial: bool = False,
    preset: str | None = None,
    seed: int = 0,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Ask a judge the same things again, and say whether it is still the same judge.

    The first time, pairs are drawn from outputs and kept with the judge's verdicts: its anchors. Every later time it
    is asked about them anew, past what is cached, and its verdicts are compared with the first ones. Each pair is
    asked about twice each time, so that a change is told from the judge's own noise.

    Args:
        model_outputs: The first time: outputs to make pairs of, as in evaluate. Later they are not read.
        reference_outputs: The outputs to pair them with. Default: those of the preset, from the hub.
        annotators_config: The judge: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        anchors_path: The folder with the anchors of all judges, each under its fingerprint. `auto`: in the user's
            data folder.
        max_instances: The first time: draw a sample of this many pairs. None: all.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: The first time: decides the sample, and which output the judge sees first.
        **asking: How the judge is asked.

    Returns:
        An Anchored; a DryRun with dry_run.

    Raises:
        UsageError: a parameter, file or config is wrong, or the judge is gone; nothing was spent.
        AutoevalError: the run could not be finished; what was judged is in the cache.
    """
    parameters = checked(asking, anchor)
    check_number("max_instances", max_instances, 2, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    defaults = find_preset(preset)
    asked_how = prepare(judge_source(annotators_config, defaults, parameters), parameters)
    for judge in asked_how.annotator.judges:
        refuse_gone(judge, asked_how.annotator.name)
    folder = anchors_folder(anchors_path)
    kept = load_anchors(anchors_file(folder, asked_how.annotator.fingerprint))
    if kept is not None and (kept.done or model_outputs is None):
        if model_outputs is not None:
            asked_how.display.announce(_not_read(kept))
        anchors = kept
    else:
        if model_outputs is None:
            raise UsageError(
                f"--model_outputs is missing: {asked_how.annotator.name} (fingerprint "
                f"{asked_how.annotator.fingerprint}) has no anchors in {folder} yet; say which outputs to draw them "
                "from."
            )
        require_files(model_outputs, "--model_outputs")
        reference = outputs_to_compare(reference_outputs, defaults)
        with load_pairs(model_outputs, reference, allow_partial=is_allow_partial) as pairs:
            drawn = AnchorSet.draw(asked_how.annotator, pairs, max_instances, seed)
        anchors = kept if kept is not None and (kept.pairs, kept.seed) == (drawn.pairs, seed) else drawn
    return _ask(anchors.begun(), asked_how, folder)


def _not_read(anchors: AnchorSet) -> str:
    return (
        f"--model_outputs is not read: {anchors.judge} has had its {len(anchors.pairs)} anchors since "
        f"{anchors.done[0].day}"
    )


def _ask(anchors: AnchorSet, asking: Asking, folder: Path) -> Any:
    """Ask about all anchors, twice each; what was begun is written first, so that a run that is cut off can go on."""
    wave = anchors.waves[-1]
    plans = wave.plans(asking.annotator, anchors.pairs, anchors.seed)
    with asking.open_cache() as cache:
        if asking.dry_run:
            return estimate_all(plans, cache, asking.options.at_batch_price)
        refuse_unaskable_plans(plans, cache, asking.options)
        path = save_anchors(anchors, folder)
        asking.display.announce(_said_before(anchors))
        judged, report = judge_all(plans, cache, asking.options, asking.display, asking.is_reask_unparsed)
    preferences = _preferences(judged)
    if _is_whole(report, asking.min_coverage):
        models = sorted({model for one in judged for model in one.tally.models})
        anchors = anchors.asked(Wave(wave.number, str(today()), preferences, tuple(models)))
        save_anchors(anchors, folder)
    n_missing = sum(share is None for row in preferences for share in row)
    exit_code = asking.exit_code(report, 1 - n_missing / (len(anchors.pairs) * REPLIES))
    found = anchors.drift() if anchors.waves[-1].day else None
    return Anchored(anchors, found, n_missing, report, exit_code, path)


def _is_whole(report: AskReport, min_coverage: float) -> bool:
    """Whether there is nothing that asking on would bring, but for what `min_coverage` forgives."""
    left = sum(failure.kind not in _FINAL for failure in report.failures.values())
    return report.stop is None and left <= (1 - min_coverage) * report.n_requests


def _said_before(anchors: AnchorSet) -> str:
    times = len(anchors.done)
    again = (
        f"asked {'once' if times == 1 else f'{times} times'} since {anchors.done[0].day}" if times else "new"
    )
    return f"{len(anchors.pairs)} anchors of {anchors.judge}, {again}: each is asked about {REPLIES} times"


def _preferences(judged: Sequence[Judged]) -> Preferences:
    return tuple(zip(*([row["preference"] for row in one.rows or ()] for one in judged), strict=True))
