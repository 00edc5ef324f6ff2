"""Outputs judged beside a reference's: a win rate with its interval, and a row on a board."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.annotators.plan import Plan
from autoeval.completions.storage.places import Shard
from autoeval.data.conversations import ConversationPairs
from autoeval.data.pairing import Pairs
from autoeval.journeys.evaluated import Evaluating, more_columns, setting_of
from autoeval.journeys.parameters.metric_choice import Metric
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.journeys.paying import Paying, refuse_with_a_sample
from autoeval.leaderboards.rows import Conditions, leaderboard_row
from autoeval.metrics.estimates import Method
from autoeval.runs.arena_files import save_games
from autoeval.runs.estimate import DryRun
from autoeval.runs.human_votes import HumanVotes
from autoeval.runs.judging import Judged
from autoeval.runs.length import check_instructions, check_length_control
from autoeval.runs.opening import is_json_cache
from autoeval.runs.output_flaws import announced, output_warnings
from autoeval.runs.paying.cheap import Cheap
from autoeval.runs.paying.choosing import Wanted
from autoeval.runs.paying.sample import save_paid
from autoeval.runs.recomputing import recompute
from autoeval.runs.reporting import write_report
from autoeval.runs.result import Evaluation
from autoeval.runs.setting import Setting
from autoeval.runs.sharding import ShardReport


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """What is chosen for outputs beside a reference's alone; attributes are parameters of `evaluate`.

    `folders` are the judges' folders, in which a cheap judge is looked for.
    """

    shows_mode: bool
    metric: Metric
    interval: Method
    length_control_file: str | Path | None
    lc_standard_error: str
    wanted: Wanted | None
    shard: Shard | None
    human_annotations: Any
    folders: Any
    max_cost: float | None

    @property
    def _controls_length(self) -> bool:
        return self.metric.is_length_controlled and self.wanted is None

    def check(self) -> None:
        """Refuse what cannot be computed of verdicts, whatever is judged.

        Raises:
            UsageError: the file of length control is none, or what fits with it is not installed.
        """
        if self._controls_length:
            check_length_control(self.length_control_file, self.metric.glm_name)

    def check_pairs(self, pairs: Pairs | ConversationPairs) -> None:
        """Refuse what cannot be computed of these pairs' verdicts, before they are paid for.

        Raises:
            UsageError: the file of length control is of other instructions.
        """
        if self._controls_length:
            instructions = (case.instruction for case in pairs)
            check_instructions(self.length_control_file, instructions, self.metric.glm_name)

    def paying(
        self, how: Evaluating, pairs: Pairs | ConversationPairs, cache: Any, folder: Path | None
    ) -> Paying:
        """Choose which pairs are judged; all of them unless fewer are wanted."""
        if self.wanted is None:
            return Paying(pairs, how.asking)
        refuse_with_a_sample(self.wanted, self.metric, how.recomputes, self.shard, how.loading.arena)
        cheap = Cheap.named(
            self.wanted.predict_with, how.annotator, pairs, how.seed, self.folders, self.max_cost
        )
        return Paying.chosen(
            self.wanted, pairs, how.asking, cheap, cache, how.seed, folder, how.standing.path
        )


def compare_with_reference(
    model_outputs: Any, reference_outputs: Any, how: Evaluating, comparing: Comparing
) -> Evaluation | DryRun | ShardReport:
    """Judge one model's outputs beside a reference's.

    Args:
        model_outputs: the outputs.
        reference_outputs: the reference's; None for those of the preset.
        how: the parameters of `evaluate`.
        comparing: those of them that are for pairs alone.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        NothingJudgedError: not a single pair could be judged.
    """
    comparing.check()
    annotator, display = how.annotator, how.asking.display
    votes = HumanVotes(comparing.human_annotations)
    with ExitStack() as opened:
        pairs = how.loading.pairs(model_outputs, reference_outputs)
        opened.push(pairs)
        comparing.check_pairs(pairs)
        output_path = None if comparing.shard else how.output_path
        folder = output_folder(output_path, model_outputs, pairs.generator_2, how.judge_source)
        cache = opened.enter_context(how.asking.open_cache(comparing.shard))
        paying = comparing.paying(how, pairs, cache, folder)
        preset = how.loading.arena or how.loading.preset
        setting = setting_of(annotator, pairs, preset, how.seed, how.standing, paying.method)
        display.announce(setting.line())
        if paying.sample:
            display.announce(paying.sample.line())
        warnings = announced(output_warnings(pairs), display)
        plan = Plan(annotator, paying.pairs, how.seed)
        if is_json_cache(how.asking.caching_path):
            from autoeval.journeys.import_annotations import import_json_cache

            import_json_cache(how.asking.caching_path, plan, cache, display)
        if how.asking.dry_run or comparing.shard:
            return paying.without_judging(plan, cache, comparing.shard)
        judged = recompute(pairs, annotator, folder) if how.recomputes else paying.judge(plan, cache, folder)
    result = _result(how, comparing, pairs, paying, judged, setting, folder, warnings)
    if how.loading.arena and result.tally.n_judged and not how.recomputes:
        result = replace(result, files=save_games(plan, folder, judged.annotations_path))
    how.keep(result, lambda: write_report(result, annotator, votes), result.tally.stored())
    result.check_judged()
    return result


def _result(
    how: Evaluating,
    comparing: Comparing,
    pairs: Pairs | ConversationPairs,
    paying: Paying,
    judged: Judged,
    setting: Setting,
    folder: Path | None,
    warnings: tuple[str, ...],
) -> Evaluation:
    """Put together what came of it, and place it on its board."""
    annotator = how.annotator
    found, is_judged = paying.result(judged), judged.tally.n_judged > 0
    conditions = Conditions.of(annotator, pairs, judged.tally.models, found.method if found else "")
    if found:
        more, caution = found.cells(), None
        save_paid(judged.rows or (), folder)
    else:
        more, caution, told = more_columns(
            judged,
            comparing.metric,
            comparing.length_control_file,
            how.seed,
            comparing.lc_standard_error,
            how.loading.arena,
            pairs,
        )
        warnings = (*warnings, *announced(told, how.asking.display))
    row = leaderboard_row(judged.tally, pairs.n_missing_outputs, conditions, how.mode) | more
    placed = how.place(setting.model, row, conditions, is_judged)
    return Evaluation(
        name=setting.model,
        shown_as=placed.shown_as,
        setting=setting,
        estimate=found.estimate if found else judged.tally.interval(comparing.interval, how.seed),
        tally=judged.tally,
        row=row,
        board=placed.board,
        apart=placed.apart,
        mode_to_print=how.standing.mode_to_print,
        n_unpaired=pairs.n_missing_outputs,
        ask=judged.report,
        min_coverage=how.asking.min_coverage,
        folder=folder,
        rows=judged.rows,
        caution=caution,
        warnings=warnings,
        has_report=not (how.no_report or how.recomputes or paying.sample),
        paid=found,
        shows_mode=comparing.shows_mode,
        is_written=is_judged or judged.annotations_path is not None,
    )
