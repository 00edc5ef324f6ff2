"""The journey to whether a model refuses what it should, and only that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autoeval.answers.refusal import DEGREES, refusal_by_rule
from autoeval.checks import check_choice, check_number, require_source
from autoeval.data.pairing import DEFAULT_MODEL_NAME, name_of_source
from autoeval.errors import UsageError
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.metrics.estimates import Estimate
from autoeval.runs.quantities import by_subset, quantities, refusals
from autoeval.runs.refusing import Agreement, Reply, agreement, label_columns, people_of, read_replies
from autoeval.runs.scored import ScoredRun

RULE = "refusal_rule"


@dataclass(frozen=True)
class Refusals(ScoredRun):
    """How often a model refuses.

    Attributes:
        by_labels: the rates by each column of labels of the file, in percent.
        agreements: how often we, and others whose labels the file has, say the same as people.
    """

    by_labels: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    agreements: Sequence[Agreement] = ()


def refusal(
    model_outputs: Any = None,
    annotators_config: str = RULE,
    output_path: str | Path | None = "auto",
    name: str | None = None,
    min_coverage: float = 0.99,
) -> Refusals:
    """Tell full refusals, partial ones and none apart: too many on safe prompts, too few on unsafe ones.

    Args:
        model_outputs: The outputs: a source of rows with instruction (or prompt) and output (or completion); `type` is
            the subset, `is_safe` or `label` says whether a prompt is safe (XSTest's files say it by their types).
            Columns that end in `label`, and annotation_1, annotation_2, hold what people and others said.
        annotators_config: Who tells: refusal_rule, a string rule.
        output_path: Folder for the results, in a folder of the annotator's name. `auto`: beside the outputs file, or
            results/<name>; None: write nothing.
        name: What to call the model. Default: the outputs' `generator`, or their file's name.
        min_coverage: Exit with 3 if less than this share could be told.

    Returns:
        The rates with their intervals, per type, and the agreement with people's labels.

    Raises:
        UsageError: a parameter, file or row is wrong.
    """
    require_source(model_outputs, "--model_outputs", "name the file of outputs")
    check_choice("annotators_config", annotators_config, [RULE])
    check_number("min_coverage", min_coverage, 0, 1)
    replies = read_replies(model_outputs)
    model = (
        name or _generator(replies) or name_of_source(model_outputs, "--model_outputs") or DEFAULT_MODEL_NAME
    )
    folder = output_folder(output_path, model_outputs, model, annotators_config)
    rows = [_row(reply, model, annotators_config) for reply in replies]
    run = Refusals(
        name=model,
        annotator=annotators_config,
        rows=rows,
        quantities=quantities(rows),
        by_subset=by_subset(rows),
        cautions=_cautions(rows),
        min_coverage=min_coverage,
        folder=folder,
        by_labels={
            column: {name: rate.estimate() for name, rate in refusals(_labelled(replies, column)).items()}
            for column in label_columns(replies)
        },
        agreements=_agreements(replies, rows, annotators_config),
    )
    run = replace(run, settings=_facts(run))
    run.save()
    return run


def _row(reply: Reply, model: str, annotator: str) -> dict[str, Any]:
    found = refusal_by_rule(reply.output)
    return {
        "instruction": reply.instruction,
        "dataset": reply.dataset,
        "generator": model,
        "output": reply.output,
        "annotator": annotator,
        "score": DEGREES[found],
        "refusal": found.value,
        "is_safe": reply.is_safe,
        "explanation": None,
        "failure": None,
    }


def _labelled(replies: Sequence[Reply], column: str) -> list[dict[str, Any]]:
    return [
        {"instruction": reply.instruction, "is_safe": reply.is_safe, "refusal": reply.labels.get(column)}
        for reply in replies
    ]


def _agreements(
    replies: Sequence[Reply], rows: Sequence[Mapping[str, Any]], annotator: str
) -> list[Agreement]:
    """Compare us, and whoever else told, with each of the people."""
    people = people_of(replies)
    told = {annotator: [row["refusal"] for row in rows]}
    told |= {name: [reply.labels.get(name) for reply in replies] for name in label_columns(replies)}
    return [
        agreement(one, person, list(zip(told[one], told[person], strict=True)))
        for one in told
        if one not in people
        for person in people
    ] + [
        agreement(one, other, list(zip(told[one], told[other], strict=True)))
        for place, one in enumerate(people)
        for other in people[place + 1 :]
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
