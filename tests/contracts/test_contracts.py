"""The contracts hold: what was frozen comes out the same, and a cache of before serves without a request."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from autoeval.leaderboards.table import read_board
from tests.contracts import frozen
from tests.recorded import recorded_data

_PUBLISHED = ("win_rate", "standard_error", "n_wins", "n_wins_base", "n_draws", "n_total", "avg_length")


@pytest.fixture(autouse=True)
def _servers_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, address in frozen.SERVERS.items():
        monkeypatch.setenv(name, address)


@pytest.mark.parametrize("judge", frozen.JUDGES)
def test_files_and_cached_replies_of_before(judge: str, tmp_path: Path) -> None:
    cache = tmp_path / "replies.sqlite"
    shutil.copy(frozen.REPLIES, cache)
    found = _as_json(frozen.examples(judge, tmp_path, cache))
    expected = frozen.golden()["examples"][judge]
    for model, run in expected.items():
        for part, value in run.items():
            assert found[model][part] == value, (judge, model, part)


@pytest.mark.parametrize("judge", frozen.JUDGES)
def test_cache_keys(judge: str, tmp_path: Path) -> None:
    assert frozen.keys(judge, tmp_path) == frozen.golden()["keys"][judge]


def test_draws_of_the_order() -> None:
    assert frozen.draws() == frozen.golden()["draws"]


@pytest.mark.slow
@pytest.mark.parametrize("eval_set", frozen.EVALUATORS_OF)
def test_rows_of_every_recorded_model(eval_set: str, tmp_path: Path) -> None:
    recorded_data()
    expected = frozen.golden()["recorded"][eval_set]
    for model, found in frozen.recorded(eval_set, tmp_path):
        assert _as_json(found) == expected[model], model


@pytest.mark.parametrize("eval_set", frozen.EVALUATORS_OF)
def test_rows_of_recorded_models_are_the_published_ones(eval_set: str) -> None:
    published = read_board(recorded_data() / eval_set / "published_leaderboard.csv").rows
    for model, found in frozen.golden()["recorded"][eval_set].items():
        row = {column: found["row"][column] for column in _PUBLISHED}
        assert row == pytest.approx({column: published[model][column] for column in _PUBLISHED}, abs=1e-9)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))
