"""The journey that tests a judge without human votes: the same pairs under changes that should not matter."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from autoeval.analysis.audit import AuditReport, audit_report
from autoeval.analysis.effects import Effect, self_preference
from autoeval.analysis.perturbations import DEFAULT_CHECKS, Probe, audit_plan, audit_table
from autoeval.annotators.plan import Plan, Planned
from autoeval.checks import check_number, require_source
from autoeval.completions.ask import AskReport
from autoeval.completions.cache import Cache
from autoeval.data.loading import require_files
from autoeval.data.pairing import load_pairs
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.human_table import load_human_table
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.choosing import outputs_to_compare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards.presets import find_preset
from autoeval.runs.estimate import estimate_all
from autoeval.runs.exits import and_why, none_judged
from autoeval.runs.judging import Judged, judge, judge_all
from autoeval.runs.saving import judge_facts, save_json
from autoeval.types import Case

if TYPE_CHECKING:
    import pandas as pd

ANCHOR = "anchor"


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        judge: the judge's name.
        report: a finding a check.
        table: a row a question and its answer, from `audit_table`.
        n_pairs: how many pairs it stands on.
        n_missing: questions without an answer.
        asks: what asking came to; a second one where an anchor set was asked again.
        exit_code: what the command line exits with. A flagged judge is a result, not a failure.
        path: audit.json; None where nothing was written.
        none_judged: why not a single question has an answer; empty where one has.
    """

    judge: str
    report: AuditReport
    table: "pd.DataFrame"
    n_pairs: int
    n_missing: int
    asks: tuple[AskReport, ...]
    exit_code: int
    path: Path | None
    none_judged: str = ""


@also_takes(AskingParameters)
def audit(
    model_outputs: Any = None,
    reference_outputs: Any = None,
    annotators_config: str | Path | None = None,
    checks: Sequence[str] | str | None = None,
    max_instances: int | None = 200,
    output_path: str | Path | None = "auto",
    self_generator: str | None = None,
    human_annotations: Any = None,
    is_allow_partial: bool = False,
    alpha: float = 0.05,
    preset: str | None = None,
    seed: int = 0,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Test a judge without human votes: does it move when only what should not matter changes?

    Each pair is asked about as it is, with the outputs swapped, with filler, a list, bold type or a plea to the
    judge added to one output, and once more as it was. Each check has an effect with its interval and a line in
    words; what is tested is one Benjamini-Hochberg family.

    Args:
        model_outputs: Outputs to make pairs of, as in evaluate.
        reference_outputs: The outputs to pair them with. Default: those of the preset, from the hub.
        annotators_config: The judge: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        checks: Some of swap, filler, list, bold, injection, repeat, anchor, as a list. `anchor` asks again what
            is stored from an earlier audit, to see whether the judge has drifted. Default: all but anchor.
        max_instances: Use a sample of this many instructions; 200 find an effect of 10 points. None: all.
        output_path: Folder for audit.json. `auto`: results_audit/<judge>; None: write nothing.
        self_generator: Which generator is the judge itself, to test whether it prefers its own outputs more than
            the raters of human_annotations do.
        human_annotations: Votes by people, or by a second judge, on these pairs: rows with instruction, output_1,
            output_2 and preference.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        alpha: Expected share of false alarms among what is flagged.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: Of the orders and of the sides that are changed.
        **asking: How the judge is asked. Old parameters of alpaca_eval's are named, and have no effect.

    Returns:
        An Audit; a DryRun with dry_run.

    Raises:
        UsageError: a parameter, file or config is wrong; nothing was spent.
        NothingJudgedError: the judge answered not a single question; nothing is written.
        AutoevalError: the run could not be finished; what was judged is in the cache.
    """
    parameters = checked(asking, audit)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True)
    check_number("alpha", alpha, 0, 1)
    if (self_generator is None) != (human_annotations is None):
        raise UsageError(
            "--self_generator and --human_annotations need each other: without another rater, liking its own "
            "outputs cannot be told from their being better."
        )
    require_source(model_outputs, "--model_outputs", "say which outputs to make pairs of")
    defaults = find_preset(preset)
    source = judge_source(annotators_config, defaults, parameters)
    asked_how = prepare(source, parameters)
    name = asked_how.annotator.name
    folder = output_folder(output_path, None, name, Path(source), default="results_audit")
    others = None if human_annotations is None else load_human_table(human_annotations).votes
    require_files(model_outputs, "--model_outputs")
    with ExitStack() as opened:
        to_compare = outputs_to_compare(reference_outputs, defaults)
        pairs = opened.enter_context(
            load_pairs(model_outputs, to_compare, allow_partial=is_allow_partial, max_instances=max_instances)
        )
        probes = audit_plan(pairs, _names(checks), seed)
        if not probes:
            raise UsageError("the outputs are all identical to the reference's: there is nothing to ask.")
        cache = opened.enter_context(asked_how.open_cache())
        questions = _Questions.of(probes, asked_how, seed, cache)
        n_pairs = len({probe.case.index for probe in probes})
        asked_how.display.announce(f"audit of {asked_how.annotator.name} on {n_pairs} pairs")
        if asked_how.dry_run:
            return estimate_all(questions.plans, cache, asked_how.options.at_batch_price)
        probes, judged, asks = questions.asked(asked_how, cache)
    answers = [row for part in judged for row in part.rows or ()]
    table = audit_table(
        probes,
        [row["preference"] for row in answers],
        [row["is_switched_outputs"] for row in answers],
    )
    n_missing = int(table["preference"].isna().sum())
    coverage = 1 - n_missing / len(table)
    exit_code = max(asked_how.exit_code(asked, coverage) for asked in asks)
    if n_missing == len(table):
        why = none_judged([part.counts for part in judged], "questions")
        nothing = Audit(name, AuditReport((), alpha), table, n_pairs, n_missing, asks, exit_code, None, why)
        stopped = next((asked for asked in asks if asked.stop), None)
        raise NothingJudgedError(and_why(why, stopped), nothing, exit_code)
    more = () if others is None else (_self_preference(answers, probes, others, str(self_generator)),)
    report = audit_report(table, more, alpha, seed)
    path = None if folder is None else _save(folder, report, asked_how, n_pairs, n_missing, seed)
    return Audit(name, report, table, n_pairs, n_missing, asks, exit_code, path)


@dataclass(frozen=True)
class _Questions:
    """The probes of an audit with the plans that ask them.

    Probes of one plan stand under consecutive indices. Repeats are a plan of their own, so that they get replies
    of their own; anchors too, because they are asked past the cache.
    """

    probes: tuple[list[Probe], ...]
    plans: tuple[Plan, ...]
    anchors: list[Probe]
    anchor_plan: Plan | None

    @classmethod
    def of(cls, probes: Sequence[Probe], asking: Asking, seed: int, cache: Cache) -> "_Questions":
        """Group the probes; anchors whose reply is not stored yet are left out, as they anchor nothing."""
        stored = [probe for probe in probes if not probe.is_fresh]
        groups = [
            [probe for probe in stored if probe.sample == sample]
            for sample in sorted({probe.sample for probe in stored})
        ]
        plans = tuple(
            Plan(asking.annotator, _numbered(group), seed, repeat=group[0].sample) for group in groups
        )
        fresh = [probe for probe in probes if probe.is_fresh]
        if not fresh:
            return cls(tuple(groups), plans, [], None)
        plan = Plan(asking.annotator, _numbered(fresh), seed)
        anchored = [probe for probe, planned in zip(fresh, plan, strict=True) if _is_stored(planned, cache)]
        if not anchored:
            raise UsageError(
                "the check 'anchor' compares with stored replies, and the cache has none to these questions. Run "
                "the same audit without it first, and with it later."
            )
        return cls(tuple(groups), plans, anchored, Plan(asking.annotator, _numbered(anchored), seed))

    def asked(self, asking: Asking, cache: Cache) -> tuple[list[Probe], list[Judged], tuple[AskReport, ...]]:
        """Ask everything; returns the probes, what was judged in their order, and the reports."""
        judged, report = judge_all(
            self.plans, cache, asking.options, asking.display, asking.is_reask_unparsed
        )
        reports = [report]
        if self.anchor_plan is not None:
            judged.append(self._ask_again(asking, cache, report.spent))
            reports.append(judged[-1].report)
        probes = [probe for group in (*self.probes, self.anchors) for probe in group]
        return probes, judged, tuple(reports)

    def _ask_again(self, asking: Asking, cache: Cache, spent: float) -> Judged:
        """Ask the anchors anew, live. The stored replies stay what later audits compare with."""
        assert self.anchor_plan is not None
        budget = asking.options.max_cost
        left = None if budget is None else max(0.0, budget - spent)
        live = replace(asking.options, max_cost=left, is_batch=False, waits=False)
        moment = time.time_ns() // 1000  # its replies are of this moment, and stored as such
        now = Plan(asking.annotator, self.anchor_plan.cases, self.anchor_plan.seed, repeat=moment)
        return judge(now, cache, live, asking.display, False, None)


def _numbered(probes: Sequence[Probe]) -> tuple[Case, ...]:
    return tuple(replace(probe.case, index=index) for index, probe in enumerate(probes))


def _is_stored(planned: Planned, cache: Cache) -> bool:
    keys = [question.key for question in planned.questions if question.key]
    return bool(keys) and len(cache.known(keys)) == len(set(keys))


def _names(checks: Sequence[str] | str | None) -> Sequence[str]:
    if checks is None:
        return DEFAULT_CHECKS
    return [name.strip() for name in checks.split(",")] if isinstance(checks, str) else list(checks)


def _self_preference(
    answers: Sequence[dict[str, Any]], probes: Sequence[Probe], others: "pd.DataFrame", generator: str
) -> Effect:
    """Compare the judge with other raters on the pairs as they are."""
    import pandas as pd

    rows = [row for row, probe in zip(answers, probes, strict=True) if probe.check == "original"]
    return self_preference(pd.DataFrame(rows), others, generator)


def _save(folder: Path, report: AuditReport, asking: Asking, n_pairs: int, n_missing: int, seed: int) -> Path:
    facts = {
        "annotator": judge_facts(asking.annotator),
        "n_pairs": n_pairs,
        "n_missing": n_missing,
        "seed": seed,
        "alpha": report.alpha,
        "flagged": [finding.check for finding in report.flagged],
        "findings": [asdict(finding) for finding in report.findings],
    }
    return save_json(facts, folder / "audit.json")
