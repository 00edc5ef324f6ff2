"""AlpacaEval's client configs: several keys and servers, which take turns and stand in for each other."""

from pathlib import Path
from typing import Any

import pytest

from autoeval.errors import UsageError
from tests.alpaca_eval.configs import write_evaluators
from tests.alpaca_eval.recorded_outputs import evaluated, recorded
from tests.servers import Answer, JudgeServer, always


@pytest.fixture
def evaluators(tmp_path: Path) -> Path:
    return write_evaluators(tmp_path / "evaluators_configs")


CLIENTS = """default:
  - api_key: sk-first
    base_url: {address}
  - api_key: sk-second
    organization: org-two
    base_url: {address}
gpt-4-0613:
  - default
  - api_key: sk-third
    base_url: {address}
"""


def test_a_client_config_with_two_keys_rotates_between_them(
    tmp_path: Path, evaluators: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")[:40]
    ranking = "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]"
    with JudgeServer(always(ranking)) as server:
        path = tmp_path / "openai_configs.yaml"
        path.write_text(CLIENTS.format(address=server.base_url))
        monkeypatch.setenv("OPENAI_CLIENT_CONFIG_PATH", str(path))
        result = evaluated(
            rows,
            annotators_config="alpaca_eval_gpt4",
            annotators_config_dir=evaluators,
            caching_path=None,
            output_path=tmp_path / "out",
        )
        keys = [received.headers["Authorization"] for received in server.received]
    assert result.tally.n_missing == 0
    assert set(keys) == {"Bearer sk-first", "Bearer sk-second"}
    organizations = {received.headers.get("OpenAI-Organization") for received in server.received}
    assert organizations == {None, "org-two"}
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert "sk-" not in written


def test_a_limited_and_a_refused_key_leave_the_work_to_the_others(
    tmp_path: Path, evaluators: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = recorded("alpaca_eval_1", "vicuna-13b")[:30]
    ranking = "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]"
    with JudgeServer(always(ranking), key="sk-third") as good, JudgeServer(limited) as full:
        path = tmp_path / "openai_configs.yaml"
        path.write_text(
            f"default:\n  - {{api_key: sk-limited, base_url: {full.base_url}}}\n"
            f"  - {{api_key: sk-wrong, base_url: {good.base_url}}}\n"
            f"  - {{api_key: sk-third, base_url: {good.base_url}}}\n"
        )
        monkeypatch.setenv("OPENAI_CLIENT_CONFIG_PATH", str(path))
        result = evaluated(
            rows, annotators_config="alpaca_eval_gpt4", annotators_config_dir=evaluators, caching_path=None
        )
    assert result.tally.n_missing == 0
    wrong = [received for received in good.received if received.headers["Authorization"] == "Bearer sk-wrong"]
    at_once = 16  # what is in flight before the first refusal is known
    assert len(wrong) <= at_once
    assert full.n_requests <= at_once
    assert result.ask.n_asked == 30


def limited(_: Any) -> Answer:
    return Answer("Rate limit reached", status=429, code="rate_limit_exceeded", headers={"Retry-After": "60"})


def test_a_client_config_without_clients_is_refused(
    tmp_path: Path, evaluators: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "openai_configs.yaml"
    path.write_text("gpt-5: []\n")
    monkeypatch.setenv("OPENAI_CLIENT_CONFIG_PATH", str(path))
    with pytest.raises(UsageError, match="no list of clients under 'default' or 'gpt-4'"):
        evaluated(
            recorded("alpaca_eval_1", "vicuna-13b")[:2],
            annotators_config="alpaca_eval_gpt4",
            annotators_config_dir=evaluators,
        )
