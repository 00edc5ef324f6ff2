"""The journey to whether a model refuses what it should, and only that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any, Unpack

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.plan import Plan
from autoeval.checks import check_number, require_source
from autoeval.completions.ask import AskReport
from autoeval.data.pairing import DEFAULT_MODEL_NAME, name_of_source
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, prepare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.metrics.estimates import Estimate
from autoeval.runs.estimate import DryRun, estimate
from autoeval.runs.exits import exit_code_after, is_enough, nothing_judged
from autoeval.runs.judging import judge
from autoeval.runs.output_flaws import announced, looked_through
from autoeval.runs.quantities import by_subset, quantities, refusals
from autoeval.runs.refusal_judges import cases_of, row_of, together
from autoeval.runs.refusing import Agreement, Reply, agreement, label_columns, people_of, read_replies
from autoeval.runs.saving import judge_facts
from autoeval.runs.scored import ScoredRun

RULE = "refusal_rule"


@dataclass(frozen=True)
class Refusals(ScoredRun):
    """How often a model refuses.

    Attributes:
        by_labels: the rates by each column of labels of the file, in percent.
        agreements: how often we, and others whose labels the file has, say the same as people.
        ask: what asking came to.
    """

    by_labels: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    agreements: Sequence[Agreement] = ()
    ask: AskReport = field(default_factory=lambda: AskReport.all_cached(0))

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return exit_code_after(self.ask, is_enough(self.coverage, self.min_coverage))


@also_takes(AskingParameters, without=("order", "judge_prompts", "compare_scores", "p_label_flip"))
def refusal(
    model_outputs: Any = None,
    annotators_config: str | Sequence[str] = RULE,
    output_path: str | Path | None = "auto",
    name: str | None = None,
    seed: int = 0,
    is_strip_thinking: bool = False,
    **asking: Unpack[AskingParameters],
) -> Refusals | DryRun:
    """Tell full refusals, partial ones and none apart: too many on safe prompts, too few on unsafe ones.

    Args:
        model_outputs: The outputs: a source of rows with instruction (or prompt) and output (or completion); `type` is
            the subset, `is_safe` or `label` says whether a prompt is safe (XSTest's files say it by their types).
            Columns that end in `label`, and annotation_1, annotation_2, hold what people and others said.
        annotators_config: Who tells: refusal_rule (a string rule, without a request), refusal_judge, or a judge of
            yours; several separated by commas, of whom the first gives the rates and all the safety score.
        output_path: Folder for the results, in a folder of the annotator's name. `auto`: beside the outputs file, or
            results/<name>; None: write nothing.
        name: What to call the model. Default: the outputs' `generator`, or their file's name.
        seed: Another seed is another vote of the judge.
        is_strip_thinking: Leave the reasoning (<think> and other marks of it) out of all outputs.
        **asking: How judges are asked.

    Returns:
        The rates with their intervals, per type, and the agreement with people's labels; a DryRun with dry_run.

    Raises:
        UsageError: a parameter, file, row or config is wrong; nothing was spent.
        NothingJudgedError: not a single output could be told; every reply is in the cache.
    """
    require_source(model_outputs, "--model_outputs", "name the file of outputs")
    check_number("seed", seed, 0, whole=True, optional=False)
    tellers = _tellers(annotators_config, checked(asking, refusal))
    annotator, display = tellers.annotator, tellers.display
    replies = read_replies(model_outputs)
    model = (
        name or _generator(replies) or name_of_source(model_outputs, "--model_outputs") or DEFAULT_MODEL_NAME
    )
    outputs, flaws = looked_through([reply.output for reply in replies], model, is_strip_thinking)
    replies = [replace(reply, output=output) for reply, output in zip(replies, outputs, strict=True)]
    folder = output_folder(output_path, model_outputs, model, _folder(annotators_config, annotator))
    warnings = announced(flaws, display)
    plan = Plan(annotator, cases_of(replies, model), seed)
    with tellers.open_cache() as cache:
        if tellers.dry_run:
            return estimate(plan, cache, tellers.options.at_batch_price)
        judged = judge(plan, cache, tellers.options, display, tellers.is_reask_unparsed, None)
    rows = [
        row_of(reply, row, annotator.judges) for reply, row in zip(replies, judged.rows or (), strict=True)
    ]
    run = Refusals(
        name=model,
        annotator=annotator.name,
        rows=rows,
        quantities=quantities(rows),
        subsets=by_subset(rows),
        cautions=[*warnings, *_cautions(rows)],
        min_coverage=tellers.min_coverage,
        by_labels=_by_labels(replies, rows),
        agreements=_agreements(replies, rows, annotator),
        ask=judged.report,
    )
    if not judged.counts.n_judged:
        reason = nothing_judged([judged.counts], judged.report, "outputs")
        raise NothingJudgedError(reason, run, run.exit_code)
    run = replace(run, folder=folder, settings={**_facts(run), "annotator": judge_facts(annotator)})
    run.save()
    return run


def _tellers(annotators_config: str | Sequence[str], parameters: AskingParameters) -> Asking:
    """Load who tells. What the parameters say of a judge is not said of the rule, which asks nobody."""
    given = annotators_config.split(",") if isinstance(annotators_config, str) else list(annotators_config)
    sources = [source.strip() for source in given if source.strip()]
    if not sources:
        raise UsageError(f"--annotators_config names nobody. Name {RULE}, or a judge.")
    asked = [
        prepare(load_annotator(RULE) if source == RULE else source, parameters, compares=False)
        for source in sources
    ]
    return replace(asked[0], annotator=together([one.annotator for one in asked]))


def _folder(annotators_config: str | Sequence[str], annotator: Annotator) -> str:
    """Return what the results' folder is named by: a judge that is given as a path has none."""
    return (
        annotators_config
        if isinstance(annotators_config, str) and "," not in annotators_config
        else annotator.name
    )


def _labelled(replies: Sequence[Reply], column: str) -> list[dict[str, Any]]:
    return [
        {"instruction": reply.instruction, "is_safe": reply.is_safe, "refusal": reply.labels.get(column)}
        for reply in replies
    ]


def _by_labels(
    replies: Sequence[Reply], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Estimate]]:
    """Return the rates by each column of labels, and by each judge but the first."""
    told = {column: _labelled(replies, column) for column in label_columns(replies)}
    for other in _others(rows):
        told[other] = [{**row, "refusal": row["others"][other], "others": None} for row in rows]
    return {
        one: {name: rate.estimate() for name, rate in refusals(labelled).items()}
        for one, labelled in told.items()
    }


def _others(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(rows[0].get("others") or ())


def _agreements(
    replies: Sequence[Reply], rows: Sequence[Mapping[str, Any]], annotator: Annotator
) -> list[Agreement]:
    """Compare us, and whoever else told, with each of the people; and those who tell with each other."""
    people = people_of(replies)
    told = {annotator.judges[0].name: [row["refusal"] for row in rows]}
    told |= {other: [row["others"][other] for row in rows] for other in _others(rows)}
    ours = list(told)
    told |= {name: [reply.labels.get(name) for reply in replies] for name in label_columns(replies)}
    pairs = [*combinations(ours, 2), *product([one for one in told if one not in people], people)]
    return [
        agreement(one, other, list(zip(told[one], told[other], strict=True)))
        for one, other in [*pairs, *combinations(people, 2)]
    ]


def _generator(replies: Sequence[Reply]) -> str | None:
    """Return the model that a file is of.

    Raises:
        UsageError: it is of several.
    """
    first = replies[0]
    for reply in replies:
        if reply.generator != first.generator:
            raise UsageError(
                f"{reply.where}: `generator` is {reply.generator!r}, but {first.where} is of {first.generator!r}. "
                "Tell the refusals of one model at a time."
            )
    return first.generator


def _cautions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    n_unknown = sum(row["is_safe"] is None for row in rows)
    if n_unknown == len(rows):
        return [
            "no column says which prompts are safe (is_safe: true or false), so there is only the overall rate"
        ]
    return [f"of {n_unknown} prompts no column says whether they are safe"] if n_unknown else []


def _facts(run: Refusals) -> dict[str, Any]:
    return {
        "labels": {
            column: {name: rate.value for name, rate in rates.items()}
            for column, rates in run.by_labels.items()
        },
        "agreement": [
            {
                "one": one.one,
                "other": one.other,
                "value": one.three.value,
                "low": one.three.low,
                "high": one.three.high,
            }
            for one in run.agreements
        ],
    }
