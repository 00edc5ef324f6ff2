"""Asking through files: what is written can be run elsewhere, and what comes back is the run."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.batch.asking import BatchPendingError
from autoeval.errors import AutoevalError, UsageError
from tests.faults.counting import PaidJudge
from tests.journeys.small import evaluate_small
from tests.servers import JudgeServer, protocols
from tests.servers.answers import Answer

N = 20


def _ask(folder: Path, server: JudgeServer, **parameters: Any) -> Any:
    return evaluate_small(folder, server, n=N, batch_files=folder / "files", **parameters)


def _requests(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "files").glob("requests-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def _answered(line: dict[str, Any], status: int = 200, text: str = "a > b") -> str:
    """Answer a line as `vllm run-batch` and OpenAI do."""
    answer = Answer(text=text)
    body = protocols.openai_chat(line["body"], answer) if status == 200 else {"error": {"message": "no"}}
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "i", "custom_id": line["custom_id"], "response": response, "error": None})


def test_what_is_written_is_collected_when_it_came_back(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        whole = evaluate_small(tmp_path / "live", server, n=N)
        n_live = server.n_requests
        with pytest.raises(BatchPendingError, match="vllm run-batch -i") as pending:
            _ask(tmp_path, server)
        assert pending.value.exit_code == 6
        lines = _requests(tmp_path)
        assert [line["url"] for line in lines] == ["/v1/chat/completions"] * N
        assert [line["body"] for line in lines] == server.bodies[:N] or len(lines) == N
        results = tmp_path / "files" / "results-1.jsonl"
        results.write_text("\n".join(["no json", "{}", *map(_answered, lines[: N // 2])]))
        with pytest.raises(BatchPendingError, match=f"{N - N // 2} requests"):
            _ask(tmp_path, server)
        assert {line["custom_id"] for line in _requests(tmp_path)} == {
            line["custom_id"] for line in lines[N // 2 :]
        }
        (tmp_path / "files" / "more.jsonl").write_text("\n".join(map(_answered, lines[N // 2 :])))
        done = _ask(tmp_path, server)
        assert server.n_requests == n_live
    assert done.estimate == whole.estimate
    assert not _requests(tmp_path)


def test_what_failed_there_is_written_again_where_that_can_help(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server:
        with pytest.raises(BatchPendingError):
            _ask(tmp_path, server)
        lines = _requests(tmp_path)
        answers = [_answered(lines[0], 500), _answered(lines[1], 400), *map(_answered, lines[2:])]
        (tmp_path / "files" / "results.jsonl").write_text("\n".join(answers))
        with pytest.raises(BatchPendingError, match="1 requests"):
            _ask(tmp_path, server)
    assert [line["custom_id"] for line in _requests(tmp_path)] == [lines[0]["custom_id"]]


def test_a_protocol_without_such_files_is_refused(tmp_path: Path) -> None:
    with JudgeServer(PaidJudge()) as server, pytest.raises(UsageError, match="--batch_files"):
        _ask(tmp_path, server, annotators_config="claude", judge_base_url=server.address)


def test_a_full_disk_is_no_wrong_usage_and_costs_no_file_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JudgeServer(PaidJudge()) as server:
        with pytest.raises(BatchPendingError):
            _ask(tmp_path, server)
        before = _requests(tmp_path)

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", full)
            with pytest.raises(AutoevalError, match=r"batch_files: .* cannot be written: No space") as found:
                _ask(tmp_path, server)
        assert found.value.exit_code == 1
        assert _requests(tmp_path) == before
        with pytest.raises(BatchPendingError):
            _ask(tmp_path, server)
        assert _requests(tmp_path) == before


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "files" / "results.jsonl").mkdir(parents=True)
    with (
        JudgeServer(PaidJudge()) as server,
        pytest.raises(UsageError, match=r"results\.jsonl cannot be read: Is a"),
    ):
        _ask(tmp_path, server)
