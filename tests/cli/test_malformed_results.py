"""Every command that reads files of results refuses a wrong one: exit 2, the file's name, no traceback."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from autoeval.leaderboards.details import details_path
from autoeval.leaderboards.preferences import path_beside
from tests.cli import malformed
from tests.cli.malformed import Member, annotations
from tests.cli.running import CommandLine, Outcome, rows

Command = Callable[[CommandLine, Path], Outcome]


def _write_run(command: CommandLine, folder: str, content: bytes | None = None) -> Path:
    text = json.dumps(annotations()).encode() if content is None else content
    return command.write(f"{folder}/annotations.json", text)


def _beside(command: CommandLine, path: Path, *arguments: str) -> Outcome:
    """Compare with a good run."""
    good = _write_run(command, "good").parent
    return command("compare", *(good if each == "good" else each for each in arguments), path.parent)


READERS: Mapping[str, Command] = {
    "show": lambda command, path: command("show", path.parent),
    "show the file": lambda command, path: command("show", path),
    "compare": lambda command, path: command("compare", path, _write_run(command, "good")),
    "compare with": lambda command, path: command("compare", _write_run(command, "good"), path),
    "label": lambda command, path: command("label", path, "--n", 2),
    "analyze_models": lambda command, path: command("analyze_models", path, "--noplots", "--draws", 100),
    "import_annotations": lambda command, path: command(
        "import_annotations", path, "--annotators_config", "gpt4_ranking"
    ),
    "recompute": lambda command, path: command(
        "--model_outputs=outputs.json",
        "--reference_outputs=reference.json",
        "--annotators_config=./longest.yaml",
        f"--output_path={path.parent}",
        "--is_recompute_metrics_only",
    ),
}
_FOR_ONE_MODEL = ("annotations: two models", "annotations: a row without a model")
_WITHOUT_TEXTS = ("annotations: row 3 has no output_1", "annotations: row 3 has no output_2")
_TAKES = {"analyze_models": (*_FOR_ONE_MODEL, *_WITHOUT_TEXTS), "import_annotations": _FOR_ONE_MODEL}
"""What is right for a command that reads several models, or no texts."""


def _not_refused(
    members: Iterable[Member], run: Callable[[bytes], Outcome], told: str, but: Iterable[str] = ()
) -> list[str]:
    """Return the members that a command does not refuse as it should, with what it said."""
    found = []
    for name, content in members:
        if name in but:
            continue
        outcome = run(content)
        if (
            outcome.code != 2
            or told not in outcome.err
            or "Traceback" in outcome.err
            or not outcome.err.strip()
        ):
            found.append(f"{name}: exit {outcome.code}, {outcome.err.strip()[-300:]!r}")
    return found


@pytest.mark.parametrize("reader", READERS)
def test_annotations(command: CommandLine, reader: str) -> None:
    command.write("longest.yaml", "provider: builtin\nmodel: longest\n")
    members = list(malformed.annotation_files())
    assert len(members) > 90

    def run(content: bytes) -> Outcome:
        return READERS[reader](command, _write_run(command, "run", content))

    assert READERS[reader](command, _write_run(command, "run")).code in (0, 2)
    assert _not_refused(members, run, "annotations.json", _TAKES.get(reader, ())) == []


def test_a_row_is_named(command: CommandLine) -> None:
    path = _write_run(
        command, "run", json.dumps([{**row, "preference": True} for row in annotations()]).encode()
    )
    assert "annotations.json, row 1: `preference` is a boolean (True)" in command("show", path).err


@pytest.mark.parametrize("reader", ["show", "compare", "compare with"])
def test_what_run_json_says(command: CommandLine, reader: str) -> None:
    path = _write_run(command, "run")
    members = list(malformed.run_files())
    assert len(members) > 30

    def run(content: bytes) -> Outcome:
        path.with_name("run.json").write_bytes(content)
        return READERS[reader](command, path)

    assert _not_refused(members, run, "run.json") == []


BOARD_READERS: Mapping[str, Command] = {
    "evaluate": lambda command, path: command(
        "--model_outputs=outputs.json",
        "--reference_outputs=reference.json",
        "--annotators_config=longest",
        f"--precomputed_leaderboard={path}",
    ),
    "show a board": lambda command, path: command(f"--precomputed_leaderboard={path}"),
    "make_leaderboard": lambda command, path: command(
        "make_leaderboard",
        f"--leaderboard_path={path}",
        "--all_model_outputs=outputs.json",
        "--reference_outputs=reference.json",
        "--annotators_config=longest",
    ),
    "check": lambda command, path: command("make_leaderboard", f"--leaderboard_path={path}", "--check"),
    "site": lambda command, path: command(
        "site", f"--leaderboards={path.parent}", f"--out={path.parents[1] / 'site'}"
    ),
}
_NOT_A_BOARD = ("board: empty", "board: no header of one", "board: NUL bytes")
"""What lies beside boards and is left alone by the site, which then finds none."""


@pytest.mark.parametrize("reader", BOARD_READERS)
def test_boards(command: CommandLine, reader: str) -> None:
    path = command.folder / "boards" / "board.csv"
    members = list(malformed.board_files())
    assert len(members) > 50

    def run(content: bytes) -> Outcome:
        command.write("boards/board.csv", content)
        command.write("boards/board.preferences.csv", malformed.PREFERENCES)
        outcome = BOARD_READERS[reader](command, path)
        assert path.read_bytes() == content
        assert path_beside(path).read_text() == malformed.PREFERENCES
        return outcome

    but = _NOT_A_BOARD if reader == "site" else ()
    assert _not_refused(members, run, "board.csv", but) == []
    assert _not_refused([one for one in members if one[0] in but], run, "") == []
    assert not (command.folder / "longest").exists()  # no result of a run whose board is wrong


@pytest.mark.parametrize("reader", ["evaluate", "make_leaderboard", "check", "site"])
def test_preferences_beside_a_board(command: CommandLine, reader: str) -> None:
    path = command.write("boards/board.csv", malformed.BOARD)

    def run(content: bytes) -> Outcome:
        path_beside(path).write_bytes(content)
        outcome = BOARD_READERS[reader](command, path)
        assert path_beside(path).read_bytes() == content
        assert path.read_text() == malformed.BOARD
        return outcome

    assert _not_refused(malformed.preference_files(), run, "board.preferences.csv") == []
    assert not (command.folder / "longest").exists()


def test_details_beside_a_board(command: CommandLine) -> None:
    path = command.write("boards/board.csv", malformed.BOARD)
    members = list(malformed.detail_files())
    assert len(members) > 35

    def run(content: bytes) -> Outcome:
        details_path(path).write_bytes(content)
        return BOARD_READERS["site"](command, path)

    assert _not_refused(members, run, "board.details.json") == []
    details_path(path).write_text(json.dumps(malformed.DETAILS))
    assert BOARD_READERS["site"](command, path).code == 0


def test_labels(command: CommandLine) -> None:
    path = _write_run(command, "run")
    assert command("label", path, "--n", 4, "--sheet", "sheet.csv").code == 0
    members = list(malformed.label_files((command.folder / "sheet.csv").read_text("utf-8-sig")))

    def run(content: bytes) -> Outcome:
        return command("label", path, "--labels", command.write("labels.csv", content))

    assert _not_refused(members, run, "labels.csv") == []


@pytest.mark.parametrize("reader", ["evaluate", "analyze_evaluators"])
def test_votes(command: CommandLine, reader: str) -> None:
    command.write("outputs.json", rows())

    def run(content: bytes) -> Outcome:
        path = command.write("votes.json", content)
        if reader == "evaluate":
            return command(
                "--model_outputs=outputs.json",
                "--reference_outputs=reference.json",
                "--annotators_config=longest",
                f"--human_annotations={path}",
            )
        return command(
            "analyze_evaluators", "longest", f"--gold_crossannotations={path}", "--output_path=None"
        )

    assert _not_refused(malformed.vote_files(), run, "votes.json") == []
