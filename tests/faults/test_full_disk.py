"""A disk that is full where results are written: a fault (1) that names the file, and not the user's (2)."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.completions.cache import Cache
from autoeval.errors import AutoevalError, UsageError
from autoeval.types import Completion
from tests.faults.counting import PaidJudge
from tests.processes import start_command
from tests.servers import JudgeServer

_ROWS = [
    {"instruction": f"Question {i}?", "output": "yes" * (i % 3 + 1), "generator": "mine"} for i in range(12)
]
_REFERENCE = [{**row, "output": "perhaps", "generator": "theirs"} for row in _ROWS]


def evaluate(folder: Path) -> autoeval.Evaluation:
    result: autoeval.Evaluation = autoeval.evaluate(
        _ROWS,
        _REFERENCE,
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


COMMANDS = (
    (["export", "run/longest", "--to=markdown"], "--out=FULL/table.md"),
    (["site", "--runs=."], "--out=FULL/index.html"),
    (["rank", "run/longest"], "--leaderboard_path=FULL/ratings.csv"),
    (["rank", "run/longest"], "--differences_path=FULL/differences.csv"),
    (["label", "run/longest", "--n=3"], "--sheet=FULL/sheet.csv"),
    (["gate", "run/longest", "--rules=rules.yaml"], "--output_path=FULL/gate.xml"),
    (["new", "annotator"], "FULL/judge/config.yaml"),
    (["learn", "--annotators_config=longest", "--annotations=*/longest/annotations.json"], "FULL/*.npz"),
    (["cache", "export", "--caching_path=cache.sqlite"], "--into=FULL/replies.jsonl"),
    (["cache", "merge", "--caching_path=cache.sqlite"], "--into=FULL/all.sqlite"),
)
"""Commands, and what they are to write, in the form that they take it."""
_NAMED_BY_FOLDER = {"--out=FULL/index.html", "--output_path=FULL/gate.xml", "FULL/judge/config.yaml"}


def test_every_command_says_which_file_cannot_be_written(tmp_path: Path) -> None:
    for number in range(5):
        rows = [{**row, "generator": f"m{number}"} for row in _ROWS]
        autoeval.evaluate(
            rows, _REFERENCE, "longest", output_path=tmp_path / f"run{number or ''}", caching_path=None
        )
    (tmp_path / "rules.yaml").write_text("rules: [win_rate > 1]")
    with Cache(tmp_path / "cache.sqlite") as cache:
        cache.put_many([(bytes(32), Completion("a reply"))])
    for arguments, file in COMMANDS:
        flag, _, path = file.rpartition("=")
        place = path.rpartition("/")[0] if file in _NAMED_BY_FOLDER else path
        where = [] if path.endswith("*.npz") else [f"{flag}={place}" if flag else place]
        ended = start_command(
            *(*arguments, *where), folder=tmp_path, limits={"RLIMIT_FSIZE": 0}, XDG_CACHE_HOME="FULL"
        ).finish()
        said = ended.stderr.strip().splitlines()[-1]
        assert ended.returncode == 1, (arguments, ended.stderr)
        assert said.startswith("autoeval: "), said
        assert Path(path).suffix in said, said
        assert ("File too large" in said) or ("disk I/O error" in said), said
        assert "ree some space" in said, said
        assert "Traceback" not in ended.stderr
        left = [each for each in tmp_path.rglob("FULL/**/*") if each.is_file() and each.stat().st_size]
        assert left == [], "no half of a file is left"


def test_a_place_where_nothing_can_be_written_is_refused_before_anyone_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: "closed" not in Path(path).parts)
    (tmp_path / "closed").mkdir()
    (tmp_path / "file").touch()
    with JudgeServer(PaidJudge()) as server:
        asked: dict[str, Any] = {
            "annotators_config": "gpt4_ranking",
            "judge_base_url": server.base_url,
            "caching_path": tmp_path / "cache.sqlite",
        }
        for name in ("closed", "file/below"):
            place = tmp_path / name
            for flag in ("output_path", "precomputed_leaderboard"):
                path = place / "board.csv" if flag == "precomputed_leaderboard" else place / "out"
                with pytest.raises(UsageError, match=name.split("/")[0]):
                    autoeval.evaluate(_ROWS, _REFERENCE, **{**asked, "output_path": None, flag: path})
            for flag in ("output_path", "leaderboard_path"):
                paths = {"leaderboard_path": tmp_path / "b.csv", flag: place / "b"}
                with pytest.raises(UsageError, match=name.split("/")[0]):
                    autoeval.make_leaderboard(
                        all_model_outputs=_ROWS, reference_outputs=_REFERENCE, **{**asked, **paths}
                    )
        assert server.n_requests == 0


def test_no_room_for_temporary_files_is_said(tmp_path: Path) -> None:
    outputs, reference = tmp_path / "outputs.json", tmp_path / "reference.json"
    for path, rows in ((outputs, _ROWS), (reference, _REFERENCE)):
        path.write_text(json.dumps([{**row, "output": row["output"] * 300_000} for row in rows]))
    ended = start_command(
        *(f"--model_outputs={outputs}", f"--reference_outputs={reference}", "--annotators_config=longest"),
        *("--output_path=None", "--caching_path=None"),
        folder=tmp_path,
        limits={"RLIMIT_FSIZE": 1 << 20},
        TMPDIR=str(tmp_path),
    ).finish()
    assert ended.returncode == 1
    assert f"folder for temporary files ({tmp_path})" in ended.stderr
    assert "Traceback" not in ended.stderr
