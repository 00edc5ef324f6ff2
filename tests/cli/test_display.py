"""What a user sees: tables that keep their lines at 80 columns, progress on a terminal, silence elsewhere."""

import io
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from autoeval.cli.display import TerminalDisplay, progress_line
from autoeval.cli.tables import board_table, subset_table
from autoeval.completions.ledger import Progress
from autoeval.leaderboards.table import Board
from autoeval.metrics.win_rate import win_rate
from tests.cli.running import CommandLine, rows
from tests.servers import JudgeServer, always

LONG = "my-organisation/a-very-long-name-of-a-model-instruct-v2-checkpoint-100000"


def printed(table: Any, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if line.strip()]


def a_row(**fields: Any) -> dict[str, Any]:
    row = {
        "win_rate": 51.234,
        "low": 48.0,
        "high": 54.5,
        "standard_error": 1.7,
        "n_total": 805,
        "n_missing": 0,
    }
    return {**row, "avg_length": 1234, **fields}


@pytest.mark.parametrize("width", [80, 120])
def test_each_model_has_one_line(width: int) -> None:
    names = ["short", LONG, f"{LONG} (this run)", "模型" * 20, "two\nlines\x1b[31m"]
    lc = {"length_controlled_winrate": 49.5}
    board = Board({name: a_row(n_missing=3, **lc) for name in names})
    head, rule, *lines = printed(board_table(board, LONG, width), width)
    assert len(lines) == len(names)
    assert max(map(cell_len, (head, rule, *lines))) <= width
    for column in ("model", "win rate", "95% interval", "LC rate", "SE", "n", "missing", "length"):
        assert column in head
    assert all("51.23" in line and "48.0 – 54.5" in line and "49.50" in line for line in lines)
    assert len(set(lines)) == len(names)  # long names are still told apart


def test_columns_that_say_nothing_are_left_out() -> None:
    head, *_ = printed(board_table(Board({"a": a_row(), "b": a_row(low=None, high=None)})))
    assert "missing" not in head
    assert "LC" not in head
    assert "interval" in head


def test_a_long_name_keeps_both_ends() -> None:
    *_, line = printed(board_table(Board({LONG: a_row()})))
    assert line.lstrip().startswith("my-organisation/")
    assert "…" in line
    assert "-100000 " in line


def test_subsets_keep_their_lines() -> None:
    rate = win_rate([1.0, 2.0, 1.5, 2.0])
    lines = printed(
        subset_table({"a subset with a name that goes on and on and on for ever": rate, "b": rate})
    )
    assert len(lines) == 4


@given(
    names=st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=4, unique=True),
    width=st.integers(60, 100),
)
def test_no_name_breaks_a_table(names: list[str], width: int) -> None:
    lines = printed(board_table(Board({name: a_row() for name in names}), width=width), width)
    assert len(lines) == 2 + len(names)


def progress(**fields: Any) -> Progress:
    return Progress(**{"total": 805, "began": 0.0, **fields})


@pytest.mark.parametrize(
    ("state", "told", "untold"),
    [
        (progress(), ["0/805 judged", "0 cached", "0.0/s", "$0.00"], ["left", "failed"]),
        (
            progress(cached=5, done=90, failed=10, spent=1.234, output_tokens=450),
            ["105/805 judged", "5 cached", "10 failed", "10.0/s", "45 tokens/s", "$1.23", "1 min 10 s left"],
            ["over"],
        ),
        (progress(done=805), ["805/805 judged"], ["left"]),
        (progress(done=5, is_price_known=False), ["over $0.00"], []),
        (progress(done=5, note="waiting"), ["waiting"], ["asked again"]),
        (progress(done=5, retried=12), ["5/805 judged", "12 asked again"], ["failed"]),
    ],
)
def test_the_progress_line(
    state: Progress, told: list[str], untold: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoeval.completions.ledger.time.monotonic", lambda: 10.0)
    line = progress_line(state)
    assert all(part in line for part in told)
    assert not any(part in line for part in untold)
    assert "\n" not in line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream, is_shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with TerminalDisplay().watch(progress(done=7)):
            pass
        assert ("7/805 judged" in stream.getvalue()) == is_shown


def test_a_run_that_is_piped_prints_alpaca_evals_table_and_says_the_rest_on_standard_error(
    command: CommandLine,
) -> None:
    with JudgeServer(always("a > b")) as server:
        outcome = command(
            *(
                "outputs.json",
                "reference.json",
                "gpt4_ranking",
                "--name",
                LONG,
                "--judge_base_url",
                server.base_url,
            ),
            *("--caching_path", "None", "--retry_delay", "0"),
        )
    assert outcome.code == 0
    assert outcome.err.startswith(
        "judge gpt4_ranking (gpt-4.1) · reference reference · own eval set (4 pairs) · preset"
    )
    header, row = outcome.out.splitlines()
    assert header.split() == ["win_rate", "standard_error", "n_total", "avg_length"]
    assert row.split()[0] == LONG
    below = outcome.err.partition("pairs judged")[2]
    assert "\x1b" not in outcome.out + outcome.err
    assert "4 requests: 0 cached, 4 asked" in below
    assert f"{LONG}: win rate" in below  # the line to cite is never cut
    assert [word for word in below.split() if word.endswith(".json")]


def test_the_offline_judge_needs_no_network_and_no_key(command: CommandLine) -> None:
    command.patch.delenv("OPENAI_API_KEY")
    outcome = command("outputs.json", "reference.json", "offline", "--output_path", "None")
    assert outcome.code == 0
    assert "4 of 4 pairs judged" in outcome.err
    assert "requests" not in outcome.err
    assert len(rows()) == 4


def test_a_log_gets_a_line_every_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that does not wait: each look lasts as long as it is told to, until the run is over."""
    waited: list[float] = []
    third = threading.Event()

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None:  # not the log's
                return super().wait()
            if len(waited) == 3:
                third.set()
                return super().wait()
            waited.append(timeout)
            return False

    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr("autoeval.cli.display.threading.Event", Clock)
    progress = Progress(total=10, cached=4)
    with TerminalDisplay().watch(progress):
        third.wait()
    assert waited == [30.0] * 3
    assert err.getvalue().count("4/10") == 3
