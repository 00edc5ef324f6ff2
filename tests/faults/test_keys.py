"""A key reaches the server and nothing else, whatever the server does with it."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.journeys.small import write_outputs
from tests.processes import start_command
from tests.servers import Answer, JudgeServer, always
from tests.servers.answers import Body

KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    "answer",
    [
        Answer("a > b"),
        Answer(f"a > b, by the way {KEY}"),
        Answer(f"wrong key {KEY}", status=401),
        Answer(f"bad request by {KEY}", status=400),
        Answer(f"overloaded by {KEY}", status=500),
    ],
    ids=["good", "echoed in a reply", "401", "400", "500"],
)
@pytest.mark.parametrize("judge", ["gpt4_ranking", "claude"])
def test_a_key_is_in_no_file_and_no_message(judge: str, answer: Answer, tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path)
    with JudgeServer(always(answer.text, status=answer.status)) as server:
        address = server.address if judge == "claude" else server.base_url
        done = start_command(
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--max_attempts=2"),
            *(f"--annotators_config={judge}", f"--judge_base_url={address}", "--retry_delay=0"),
            *(f"--caching_path={tmp_path / 'cache.sqlite'}", f"--output_path={tmp_path / 'results'}"),
            OPENAI_API_KEY=KEY,
            ANTHROPIC_API_KEY=KEY,
        ).finish()
        assert server.n_requests
    assert KEY not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system has no /proc")
def test_a_key_is_on_no_command_line_while_it_is_in_use(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def look_around(_: Body) -> Answer:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it may end while we look
                seen.append((process / "cmdline").read_bytes())
        return Answer("a > b")

    outputs, reference = write_outputs(tmp_path, n=1)
    with JudgeServer(look_around, key=KEY) as server:
        start_command(
            *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--caching_path=None"),
            *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}"),
            f"--output_path={tmp_path / 'results'}",
            OPENAI_API_KEY=KEY,
            is_new=True,
        ).finish()
    assert any(b"autoeval" in line and str(tmp_path).encode() in line for line in seen)
    assert not any(KEY.encode() in line for line in seen)
