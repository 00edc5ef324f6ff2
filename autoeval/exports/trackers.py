"""Trackers that keep a run's numbers over time: MLflow, Weights & Biases, trackio.

Where they keep them is for their own settings to say (`MLFLOW_TRACKING_URI`, `WANDB_MODE`, `TRACKIO_DIR`, …), as in
everything else that is logged to them.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autoeval.errors import MissingExtraError, UsageError, nearest

if TYPE_CHECKING:
    from autoeval.exports.record import RunRecord

PROJECT = "autoeval"
"""The experiment or project, where the tracker's own settings name none."""
_LONGEST_PARAMETER = 500  # characters, of a parameter in MLflow


def check_tracker(name: str) -> None:
    """Refuse a tracker that is none, or that is not installed.

    Raises:
        UsageError: naming the nearest.
        MissingExtraError: it is not installed.
    """
    if name not in TRACKERS:
        raise UsageError(f"--log_to: there is no tracker {name!r}. {nearest(name, TRACKERS)}")
    if find_spec(name) is None:
        raise MissingExtraError(f"logging to {name}", name)


def check_log(name: str | None, output_path: str | Path | None) -> None:
    """Refuse, before anything is spent, a run whose result could not be logged; None logs nowhere.

    Raises:
        UsageError: there is no such tracker, or nothing is written that could be logged.
        MissingExtraError: it is not installed.
    """
    if name is None:
        return
    check_tracker(name)
    if output_path is None:
        raise UsageError("--log_to logs what is written: give it an --output_path.")


def log_run(record: "RunRecord", tracker: str) -> str:
    """Log a run: its numbers with their intervals, what they depend on, its table of pairs or outputs, and its report.

    Args:
        record: the run.
        tracker: `mlflow`, `wandb` or `trackio`.

    Returns:
        What to tell the user: where it is now.

    Raises:
        UsageError: there is no such tracker, it is not installed, or it refuses the run.
    """
    check_tracker(tracker)
    with _refusals(tracker):
        return TRACKERS[tracker](record)


def _to_mlflow(record: "RunRecord") -> str:
    import mlflow

    if "MLFLOW_EXPERIMENT_NAME" not in os.environ and "MLFLOW_EXPERIMENT_ID" not in os.environ:
        mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=record.facts.model) as run:
        mlflow.log_params({name: value[:_LONGEST_PARAMETER] for name, value in record.parameters().items()})
        mlflow.log_metrics(_plain_names(record.scalars()))
        columns = zip(*record.rows(), strict=True)
        table = {name: list(column) for name, column in zip(record.columns, columns, strict=True)}
        mlflow.log_table(table, f"{record.table}.json")
        if record.report:
            mlflow.log_artifact(str(record.report))
        return f"logged to MLflow: run {run.info.run_id} at {mlflow.get_tracking_uri()}"


def _to_wandb(record: "RunRecord") -> str:
    import wandb

    project = os.environ.get("WANDB_PROJECT", PROJECT)
    run = wandb.init(project=project, name=record.facts.model, config=record.parameters())
    try:
        table = wandb.Table(columns=list(record.columns), data=[list(row) for row in record.rows()])
        run.log({record.table: table})
        run.summary.update(record.scalars())
        if record.report:
            artifact = wandb.Artifact(f"report-{run.id}", type="report")
            artifact.add_file(str(record.report))
            run.log_artifact(artifact)
    finally:
        run.finish()
    return f"logged to Weights & Biases: {run.url or run.dir}"


def _to_trackio(record: "RunRecord") -> str:
    import pandas as pd
    import trackio

    project = os.environ.get("TRACKIO_PROJECT", PROJECT)
    run = trackio.init(
        project=project,
        name=record.facts.model,
        config=dict(record.parameters()),
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    try:
        table = trackio.Table(dataframe=pd.DataFrame(record.rows(), columns=list(record.columns)))
        trackio.log({**record.scalars(), record.table: table})
        if record.report:
            trackio.log_artifact(str(record.report), name="report", type="report")
    finally:
        trackio.finish()  # type: ignore[no-untyped-call, unused-ignore]
    return f"logged to trackio: run {run.name} of project {project} (trackio show --project {project})"


TRACKERS: Mapping[str, Callable[["RunRecord"], str]] = {
    "mlflow": _to_mlflow,
    "wandb": _to_wandb,
    "trackio": _to_trackio,
}


def _plain_names(scalars: Mapping[str, float]) -> dict[str, float]:
    """Return numbers under names that MLflow takes: letters, digits and _ - . / : and blanks."""
    return {
        "".join(letter if letter.isalnum() or letter in "_-./: " else "_" for letter in name): value
        for name, value in scalars.items()
    }


@contextmanager
def _refusals(tracker: str) -> Iterator[None]:
    """Turn whatever a tracker raises into one message: the run itself is finished and in its folder."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, UsageError):
        raise
    except Exception as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"{tracker} did not take the run, which is in its folder all the same: {told}{_remedies().get(tracker, '')}"
        ) from error


def _remedies() -> Mapping[str, str]:
    """Return what to try besides what a tracker says, where its settings name no place."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return {}
    return {
        "mlflow": " MLFLOW_TRACKING_URI is not set: name a server with it, or a folder (MLFLOW_TRACKING_URI=mlruns "
        "with MLFLOW_ALLOW_FILE_STORE=true); a database needs the whole of MLflow (pip install mlflow)."
    }
