"""What stands in a file drives no terminal, wherever it is shown."""

import io

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

import autoeval
from autoeval.cli.console import SafeConsole
from autoeval.cli.show import show_on
from tests.cli.running import CommandLine

EVIL = "mi\x1b]0;title\x07ne\x9b2J[bold]\r\x00"
DRIVING = set("\x1b\x07\x9b\r\x00")


def plain(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_console_prints_texts_and_no_orders(is_wrapped: bool) -> None:
    console = SafeConsole(file=io.StringIO(), width=80)
    table = Table()
    table.add_column(Text(EVIL))
    table.add_row(Text(EVIL))
    for each in (Text(EVIL), table, Text(f"{EVIL}\n{EVIL}")):
        console.print(each, soft_wrap=is_wrapped)
    assert not DRIVING & set(plain(console))
    assert "title" in plain(console)
    assert plain(console).count("\n") > 5, "line breaks stay"


def test_a_board_of_somebody_else_is_shown_and_not_obeyed(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = command.folder / "board.csv"
    cells = f'"{EVIL}",50.0,5.0,80,"{EVIL}","{EVIL}","{EVIL}"'
    board.write_text(
        f",win_rate,standard_error,n_total,annotator,reference,mode\n{cells}\n", newline="", encoding="utf-8"
    )
    console = SafeConsole(file=io.StringIO(), width=80)
    show_on(console, autoeval.show(str(board)))
    assert not DRIVING & set(plain(console))
    said = command(
        "outputs.json",
        "reference.json",
        "longest",
        "--precomputed_leaderboard",
        "board.csv",
        "--output_path=None",
    )
    assert "is not written to board.csv" in said.err
    assert not DRIVING & set(said.err)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert not DRIVING & set(
        command("--precomputed_leaderboard", "board.csv", "--output_format=markdown").out
    )
