"""Runs in MLflow, Weights & Biases and trackio, read back with their own libraries; nothing leaves the machine."""

import importlib
import json
from collections.abc import Iterator
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


def test_where_mlflow_may_keep_runs_is_said(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri("nowhere://at-all")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # which it has just set
    with pytest.raises(
        UsageError, match="MLFLOW_TRACKING_URI is not set: name a server with it, or a folder"
    ):
        export(run, to="mlflow")


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
    wandb.teardown()  # what writes the log is a process of its own, which may be behind
    (log,) = tmp_path.rglob("*.wandb")
    assert log.stat().st_size > 0
    summary: dict[str, Any] = {}
    for data in records(log.read_bytes()):
        record = importlib.import_module("wandb.proto.wandb_internal_pb2").Record()
        record.ParseFromString(data)
        summary |= {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.summary.update
        }
    expected(summary)
    assert summary["pairs/nrows"] == 24
    assert wandb.run is None


def records(log: bytes) -> Iterator[bytes]:
    """Read the records of a log in LevelDB's format, behind the 7 bytes that wandb puts before it."""
    block, header, whole_types, first_type = 32768, 7, (1, 4), (1, 2)
    at, record = 7, b""
    while at + header <= len(log):
        if block - at % block < header:
            at += block - at % block
            continue
        length, kind = int.from_bytes(log[at + 4 : at + 6], "little"), log[at + 6]
        piece = log[at + header : at + header + length]
        record = piece if kind in first_type else record + piece
        if kind in whole_types:
            yield record
        at += header + length


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
