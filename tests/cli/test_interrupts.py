"""Ctrl-C at any moment, and again: exit code 130, one message, and the same command can be run again."""

import json
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.interrupted import INTERRUPTED, SAID
from tests.cli.running import CommandLine, rows
from tests.processes import start_python
from tests.servers import JudgeServer, always


@pytest.mark.parametrize("again", [0, 1e-5, 1e-3])
def test_at_any_moment(command: CommandLine, again: float) -> None:
    command.write("outputs.json", rows(8))
    command.write("reference.json", rows(8, who="reference"))

    with JudgeServer(always("a > b")) as server:

        def run(moment: int, folder: str) -> Any:
            arguments = [
                *("--model_outputs=outputs.json", "--reference_outputs=reference.json"),
                *("--annotators_config=gpt4_ranking", f"--judge_base_url={server.base_url}", "--no_report"),
                *(f"--output_path={folder}", f"--caching_path={folder}.sqlite"),
            ]
            return start_python(
                *("-c", INTERRUPTED, moment, again, command.folder / "n", *arguments),
                folder=command.folder,
                variables={"OPENAI_API_KEY": "sk-test"},
            ).finish()

        whole = run(0, "whole")
        assert whole.returncode == 0, whole.stderr
        n = int((command.folder / "n").read_text())
        for part in range(1, 8):
            folder = f"part{part}"
            done = run(n * part // 8, folder)
            told = done.stderr.strip().splitlines()
            assert done.returncode == 130, (part, done.stderr)
            assert told[-1] == SAID, (part, done.stderr)
            assert done.stderr.count("autoeval:") == 1, (part, done.stderr)
            assert "Traceback" not in done.stderr
            for path in (command.folder / folder).glob("*/*.json"):
                assert json.loads(path.read_text())
            assert run(0, folder).returncode == 0
            assert not list((command.folder / folder).glob("*/.*")), "nothing half is left"


@pytest.mark.parametrize("before_the_end", [0, 1, 3, 10, 30])
def test_when_all_is_done_it_spoils_nothing(command: CommandLine, before_the_end: int) -> None:
    """While Python ends, after the command has."""

    def run(moment: int) -> Any:
        arguments = ("-c", INTERRUPTED, moment, 0, command.folder / "n", "--no_such_flag")
        return start_python(*arguments, folder=command.folder).finish()

    assert run(0).returncode == 2
    done = run(int((command.folder / "n").read_text()) - before_the_end)
    assert done.returncode in (2, 130)
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_what_comes_of_an_interrupt_is_one(command: CommandLine) -> None:
    """Python itself wraps what happens while a class is made, and libraries do the same with what they call."""

    class Field:
        def __set_name__(self, *_: object) -> None:
            signal.raise_signal(signal.SIGINT)

    def in_a_class(**_: object) -> None:
        class Made:
            field = Field()

    def in_a_circle(**_: object) -> None:
        try:
            raise ValueError("first")
        except ValueError as first:
            second = OSError("second")
            second.__cause__ = first
            raise first from second

    command.patch.setattr("autoeval.journeys.show.show", in_a_class)
    told = command("show")
    assert (told.code, told.err.strip()) == (130, SAID)
    command.patch.setattr("autoeval.journeys.show.show", in_a_circle)
    with pytest.raises(ValueError, match="first"):
        command("show")


def test_one_that_falls_into_the_end_of_a_generator_is_not_lost(command: CommandLine) -> None:
    """Python ignores what is raised there, and tells of it with a traceback."""

    def rows_of_a_file() -> Iterator[int]:
        try:
            yield 1
        finally:
            signal.raise_signal(signal.SIGINT)

    def left_early(**_: object) -> None:
        next(rows_of_a_file())
        threading.Event().wait(30)

    command.patch.setattr("autoeval.journeys.show.show", left_early)
    told = command("show")
    assert (told.code, told.err.strip()) == (130, SAID)


def test_the_end_of_a_file_is_no_interrupt(command: CommandLine) -> None:
    """Click takes one for the other."""

    def at_the_end(**_: object) -> None:
        raise EOFError("a file ends too early")

    command.patch.setattr("autoeval.journeys.show.show", at_the_end)
    with pytest.raises(EOFError, match="ends too early"):
        command("show")


def test_what_was_written_before_the_interrupt_is_not_in_the_way(command: CommandLine) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    for run in (
        ("new", "annotator", "mine", "--dry_run"),
        ("label", "run", "--n=2"),
    ):
        command.write("run/annotations.json", _annotations())
        with command.patch.context() as patched:
            patched.setattr("autoeval.cli.show.show", interrupted)
            assert command(*run).code == 130
        assert command(*run).code == 0

    (command.folder / "mine" / "prompt.jinja").write_text("my own")
    sheet = command.folder / "run" / "labels.csv"
    sheet.write_text(sheet.read_text("utf-8-sig").replace(",,", ",a,", 1), "utf-8")
    for run in (("new", "annotator", "mine", "--dry_run"), ("label", "run", "--n=2")):
        refused = command(*run)
        assert (refused.code, "exists" in refused.err) == (2, True)
    assert (command.folder / "mine" / "prompt.jinja").read_text() == "my own"
    assert ",a," in sheet.read_text("utf-8")


def _annotations() -> list[dict[str, Any]]:
    return [
        {
            "instruction": f"Do thing {i}.",
            "output_1": "one",
            "output_2": "another",
            "generator_1": "reference",
            "generator_2": "model",
            "annotator": "longest",
            "preference": 1 + i % 2,
        }
        for i in range(4)
    ]
