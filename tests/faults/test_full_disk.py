"""A disk that is full where results are written: a fault (1) that names the file, and not the user's (2)."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.errors import AutoevalError, UsageError

_ROWS = [
    {"instruction": f"Question {i}?", "output": "yes" * (i % 3 + 1), "generator": "mine"} for i in range(12)
]


def evaluate(folder: Path) -> autoeval.Evaluation:
    reference = [{**row, "output": "perhaps", "generator": "theirs"} for row in _ROWS]
    result: autoeval.Evaluation = autoeval.evaluate(
        _ROWS,
        reference,
        "longest",
        output_path=folder / "out",
        precomputed_leaderboard=folder / "board.csv",
        caching_path=None,
    )
    return result


def break_off(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let nothing be written under a name."""
    make = tempfile.mkstemp

    def fail(*arguments: Any, **named: Any) -> Any:
        if str(named.get("prefix", "")).startswith(f".{name}"):
            raise OSError(number, os.strerror(number))
        return make(*arguments, **named)

    monkeypatch.setattr(tempfile, "mkstemp", fail)


@pytest.mark.parametrize(
    "name", ["annotations.json", "board.csv", "leaderboard.csv", "run.json", "report.html"]
)
def test_a_full_disk_is_a_fault_that_names_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, kind in ((errno.ENOSPC, AutoevalError), (errno.EISDIR, UsageError)):
        with monkeypatch.context() as patched:
            break_off(patched, name, number)
            with pytest.raises(kind, match=rf"{name} cannot be written: {os.strerror(number)}") as found:
                evaluate(tmp_path)
        assert type(found.value) is kind
        assert ("run the same command again" in str(found.value)) == (kind is AutoevalError)
    assert len(evaluate(tmp_path).annotations) == len(_ROWS)


def test_a_table_of_models_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate(tmp_path)
    (run,) = (tmp_path / "out").glob("*/annotations.json")
    other = tmp_path / "other.json"
    other.write_text(run.read_text(encoding="utf-8").replace('"mine"', '"other"'), encoding="utf-8")
    break_off(monkeypatch, "comparisons.csv", errno.ENOSPC)
    with pytest.raises(AutoevalError, match=r"comparisons.csv cannot be written: No space"):
        autoeval.analyze_models([run, other], output_path=tmp_path / "models", plots=False)
