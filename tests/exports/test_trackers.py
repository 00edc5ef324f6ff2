"""Runs in MLflow, Weights & Biases and trackio, read back with their own libraries; nothing leaves the machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from autoeval import export
from autoeval.errors import MissingExtraError, UsageError
from tests.viewing.runs import finish

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # what trackers warn of is theirs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(tmp_path_factory.mktemp("run"), "mine")


def expected(numbers: Any) -> None:
    assert numbers["win_rate"] == pytest.approx(28.21875)
    assert (round(numbers["low"], 2), round(numbers["high"], 2)) == (19.57, 43.09)
    assert numbers["subset/coding/win_rate"] == pytest.approx(18.06, abs=0.01)
    assert numbers["n_total"] == 24


def test_mlflow_holds_the_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(tmp_path.as_uri())
    (line,) = export(run, to="mlflow").lines
    client = mlflow.MlflowClient()
    (found,) = client.search_runs([client.get_experiment_by_name("autoeval").experiment_id])
    assert found.info.run_id in line
    expected(found.data.metrics)
    assert found.data.params["judge"] == "offline"
    artifacts = [one.path for one in client.list_artifacts(found.info.run_id)]
    assert sorted(artifacts) == ["pairs.json", "report.html"]
    assert len(mlflow.load_table("pairs.json", run_ids=[found.info.run_id])) == 24


def test_evaluate_logs_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trackio = pytest.importorskip("trackio")
    monkeypatch.setattr(trackio.utils, "TRACKIO_DIR", tmp_path / "trackio", raising=False)
    monkeypatch.setenv("TRACKIO_PROJECT", "ours")
    finish(tmp_path / "run", "mine", log_to="trackio")
    (found,) = trackio.Api().runs("ours")
    assert found.name == "mine"
    logs = trackio.sqlite_storage.SQLiteStorage.get_logs("ours", "mine")
    expected(logs[-1])
    assert len(logs[-1]["pairs"]["_value"]) == 24


def test_wandb_holds_the_run_offline(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    for name, value in (("MODE", "offline"), ("DIR", str(tmp_path)), ("SILENT", "true")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    export(run, to="wandb")
    (log,) = tmp_path.rglob("*.wandb")
    assert log.stat().st_size > 0
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    store = DataStore()
    store.open_for_scan(str(log))
    summary: dict[str, Any] = {}
    while (data := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        summary |= {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.summary.update
        }
    expected(summary)
    assert wandb.__version__


def test_a_tracker_is_refused_before_anything_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="Did you mean 'wandb'"):
        finish(tmp_path / "run", log_to="wandbb")
    with pytest.raises(UsageError, match="--output_path"):
        finish(None, log_to="wandb")  # type: ignore[arg-type]
    monkeypatch.setattr("autoeval.exports.trackers.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"autoeval\[mlflow\]"):
        finish(tmp_path / "run", log_to="mlflow")
    assert not (tmp_path / "run").exists()
