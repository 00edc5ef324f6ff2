"""A run, or several, as a file: for a model card, for a database of results, for a paper."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from autoeval.errors import UsageError
from autoeval.exports.record import RunRecord
from autoeval.leaderboards.printed import latex_table, markdown_table
from autoeval.types import Scale
from autoeval.version import __version__

_SCHEMA_VERSION = "0.3.0"  # of Every Eval Ever
_ALPACA_EVAL = "tatsu-lab/alpaca_eval"
_TASKS = {"alpaca_eval_1": "alpaca_eval", "alpaca_eval_2": "alpaca_eval_gpt4_baseline"}


@dataclass(frozen=True)
class Target:
    """What a file needs to know besides the run.

    Attributes:
        dataset: the benchmark's dataset on the Hugging Face hub.
        task: the task in it.
        organization: who evaluated.
        source_url: where the results can be seen.
    """

    dataset: str | None = None
    task: str | None = None
    organization: str | None = None
    source_url: str | None = None


def hugging_face(runs: Sequence[RunRecord], target: Target) -> str:
    """Write `.eval_results/*.yaml` for a model's repository: the win rate and the length-controlled one, or the score.

    Raises:
        UsageError: there are several runs, or nothing says which dataset it is.
    """
    import yaml
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    run = _only(runs, "hugging_face")
    dataset, task = _dataset(run, target)
    facts = run.facts
    rates = {
        facts.title: (facts.value, f"95% interval {_range(run)}"),
        "length-controlled win rate": (
            facts.length_controlled,
            f"standard error {_digits(facts.lc_standard_error)}",
        ),
    }
    entries = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=task,
            value=round(value, 2),
            date=_moment(run).strftime("%Y-%m-%d"),
            source_url=target.source_url,
            source_org=target.organization if target.source_url else None,
            notes=f"{name} {_unit(run)}, {sure}{_against(run)}, {_made_by(run)}",
        )
        for name, (value, sure) in rates.items()
        if value is not None
    ]
    return str(yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True))


def every_eval_ever(runs: Sequence[RunRecord], target: Target) -> str:
    """Write a run in the shared schema of Every Eval Ever (evalevalai.com), version 0.3.0.

    Raises:
        UsageError: there are several runs.
    """
    run = _only(runs, "every_eval_ever")
    facts, moment = run.facts, _moment(run)
    created = str(int(datetime.now(UTC).timestamp()))
    record = {
        "schema_version": _SCHEMA_VERSION,
        "evaluation_id": f"{_slug(facts.eval_set_name)}/{facts.model.replace('/', '_')}/{created}",
        "evaluation_timestamp": str(int(moment.timestamp())),
        "retrieved_timestamp": created,
        "source_metadata": {
            "source_name": "autoeval",
            "source_type": "evaluation_run",
            "source_organization_name": target.organization or "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "autoeval",
            "version": run.parameters()["autoeval"],
            "additional_details": {
                "fingerprint": facts.fingerprint,
                "seed": run.parameters().get("seed", ""),
            },
        },
        "model_info": _model_info(facts.model),
        "evaluation_results": list(_results(run, target)),
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def markdown(runs: Sequence[RunRecord], target: Target) -> str:  # noqa: ARG001 - every format has one
    """Write runs as a Markdown table, the best first."""
    return markdown_table(_table(runs)) + "\n"


def latex(runs: Sequence[RunRecord], target: Target) -> str:  # noqa: ARG001 - every format has one
    """Write runs as a LaTeX table that needs no package, the best first."""
    return latex_table(_table(runs)) + "\n"


FORMATS: Mapping[str, Callable[[Sequence[RunRecord], Target], str]] = {
    "hugging_face": hugging_face,
    "every_eval_ever": every_eval_ever,
    "markdown": markdown,
    "latex": latex,
}


def _table(runs: Sequence[RunRecord]) -> list[list[str]]:
    """Return a table of runs with its head; columns that no run has are left out."""
    ranked = sorted(runs, key=lambda run: (run.metric, -(run.facts.value or 0.0)))
    names = {run.facts.interval_name for run in runs}
    metrics = {run.metric: run.facts.title.capitalize() for run in runs}
    parts = dict.fromkeys(name for run in runs if not run.is_of_pairs for name in run.parts())
    columns: dict[str, Callable[[RunRecord], str]] = {
        "Model": lambda run: run.facts.model,
        **{title: partial(_of_metric, metric) for metric, title in metrics.items()},
        names.pop() if len(names) == 1 else "interval": _range,
        "LC win rate": lambda run: _digits(run.facts.length_controlled),
        "LC SE": lambda run: _digits(run.facts.lc_standard_error),
        **{name.replace("_", " ").capitalize(): partial(_of_part, name) for name in parts},
        "n": lambda run: str(run.facts.n),
        "Length": lambda run: "" if run.facts.avg_length is None else str(run.facts.avg_length),
        "Judge": lambda run: run.facts.judge,
        "Reference": lambda run: run.facts.reference,
    }
    cells = {name: [of(run) for run in ranked] for name, of in columns.items()}
    shown = {name: column for name, column in cells.items() if any(column)}
    return [list(shown), *(list(row) for row in zip(*shown.values(), strict=True))]


def _of_metric(metric: str, run: RunRecord) -> str:
    return _digits(run.facts.value) if run.metric == metric else ""


def _of_part(name: str, run: RunRecord) -> str:
    return _digits(run.parts()[name].value) if name in run.measured.plain else ""


_Ends = dict[str, float | None]


def _results(run: RunRecord, target: Target) -> Any:
    facts = run.facts
    dataset = _source_data(run, target)
    judge = {
        "judges": [{"model_info": _model_info(name)} for name in run.judge_models or (facts.judge,)],
        "input_prompt": f"prompt of the judge {facts.judge}, fingerprint {facts.fingerprint or 'unknown'}",
    }
    interval: _Ends = {"lower": facts.low, "upper": facts.high, "confidence_level": 0.95}
    rates: list[tuple[str, float | None, float | None, _Ends | None, int]] = [
        (run.metric, facts.value, facts.standard_error, interval, facts.n),
        ("length_controlled_win_rate", facts.length_controlled, facts.lc_standard_error, None, facts.n),
    ]
    subsets = {f"{run.metric}/{name}": one for name, one in run.subsets().items()}
    for name, one in (run.parts() | subsets).items():
        ends: _Ends = {"lower": one.low, "upper": one.high, "confidence_level": 0.95}
        rates.append((name, one.value, one.standard_error, ends, one.n))
    for name, value, error, ends_of, n in rates:
        if value is None or value != value:
            continue
        uncertainty: dict[str, Any] = {"num_samples": n}
        if error is not None and error == error:
            uncertainty["standard_error"] = {"value": error}
        if ends_of is not None and ends_of["lower"] is not None and ends_of["lower"] == ends_of["lower"]:
            uncertainty["confidence_interval"] = ends_of
        yield {
            "evaluation_name": name,
            "source_data": dataset,
            "metric_config": {
                "evaluation_description": f"{name.replace('_', ' ')}{_against(run)}, {_unit(run)}",
                "metric_name": name,
                "metric_kind": run.metric,
                "metric_unit": "percent" if facts.is_in_percent else "points",
                "lower_is_better": False,
                "score_type": "continuous",
                **_bounds(run),
                "llm_scoring": judge,
            },
            "score_details": {"score": value, "uncertainty": uncertainty},
        }


def _bounds(run: RunRecord) -> dict[str, float]:
    """Return the ends of the scale that there are."""
    names = ("min_score", "max_score")
    return {name: end for name, end in zip(names, run.facts.ends, strict=True) if end is not None}


def _unit(run: RunRecord) -> str:
    """Say what a run's numbers are in."""
    if run.facts.is_in_percent:
        return "in percent"
    scale = str(Scale(*run.facts.ends))
    return f"on a scale {scale}" if scale else "on a scale without ends"


def _against(run: RunRecord) -> str:
    return f" against {run.facts.reference}" if run.is_of_pairs else ""


def _source_data(run: RunRecord, target: Target) -> dict[str, Any]:
    name = run.facts.eval_set_name or "own eval set"
    try:
        dataset, _ = _dataset(run, target)
    except UsageError:
        return {"dataset_name": name, "source_type": "other"}
    return {
        "dataset_name": name,
        "source_type": "hf_dataset",
        "hf_repo": dataset,
        "samples_number": run.facts.n,
    }


def _dataset(run: RunRecord, target: Target) -> tuple[str, str]:
    """Return the dataset and the task on the hub that a run was of."""
    if target.dataset is not None:
        return target.dataset, target.task or "default"
    if not run.facts.eval_set_name.startswith("AlpacaEval"):
        raise UsageError(
            "--dataset is missing: name the benchmark's dataset on the Hugging Face hub (owner/name)."
        )
    return _ALPACA_EVAL, target.task or _TASKS.get(run.parameters().get("preset", ""), "default")


def _model_info(name: str) -> dict[str, Any]:
    details = {"deployment_type": "unknown", "model_availability": "unknown"}
    return {"name": name, "id": name if "/" in name else f"unknown/{name}", "additional_details": details}


def _only(runs: Sequence[RunRecord], name: str) -> RunRecord:
    if len(runs) != 1:
        raise UsageError(f"--to {name} is of one run, not of {len(runs)}.")
    return runs[0]


def _moment(run: RunRecord) -> datetime:
    return datetime.fromtimestamp(run.facts.made, UTC)


def _made_by(run: RunRecord) -> str:
    return f"judge {run.facts.judge} ({run.facts.fingerprint or 'unknown'}), n = {run.facts.n}, autoeval {__version__}"


def _range(run: RunRecord) -> str:
    return "" if run.facts.low is None else f"{_digits(run.facts.low)} – {_digits(run.facts.high)}"


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _slug(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split()) or "eval"
