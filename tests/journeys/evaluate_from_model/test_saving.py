"""Saving while outputs come: the file is whole at every save, and the work grows with the outputs, not faster."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.data.instructions import Instruction
from autoeval.generators.loading import load_generator
from autoeval.generators.plan import GenerationPlan
from autoeval.runs.growing_file import GrowingFile
from autoeval.runs.outputs_file import OutputsFile, Row, encoded
from autoeval.runs.side import Side
from autoeval.types import Completion

N = 1000


def test_each_output_is_encoded_once_and_the_file_written_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()

    def counted(name: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            calls[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr("autoeval.runs.growing_file.encoded", counted("encoded", encoded))
    monkeypatch.setattr(OutputsFile, "write", counted("written", OutputsFile.write))
    monkeypatch.setattr(GenerationPlan, "request", counted("rendered", GenerationPlan.request))
    plan = GenerationPlan(
        load_generator({"mine": {"provider": "openai", "model": "m"}}),
        [Instruction(f"Do thing {number}.") for number in range(N)],
    )
    file, _ = OutputsFile.of_both(tmp_path)
    side = Side.open(plan, file, strip=True, load=True)
    with Cache(None) as cache:
        saver = GrowingFile(side, cache, 10)
        for number, request in enumerate(plan.first_requests(), 1):
            cache.put(request_key(request), Completion(f"Done {number}."))
            saver.note_reply()
            if number == 10:
                first = json.loads((tmp_path / "model_outputs.json").read_text())
    assert [row["output"] for row in first] == [f"Done {number}." for number in range(1, 11)]
    rows = json.loads((tmp_path / "model_outputs.json").read_text())
    assert [row["output"] for row in rows] == [f"Done {number}." for number in range(1, len(rows) + 1)]
    assert len(rows) > 0.75 * N
    assert calls["encoded"] == len(rows)
    assert calls["written"] < 30, "saving every 10 outputs would be 100 times"
    assert calls["rendered"] == 2 * N, "once to ask, once to look for the replies"


def test_a_file_is_what_writing_it_at_once_would_give(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"instruction": 'a "b"\n\u2028c', "output": "ü", "n": None},
        {"instruction": "", "output": "\\"},
    ]
    file, _ = OutputsFile.of_both(tmp_path)
    assert file is not None
    file.write([encoded(row) for row in rows], {})
    expected = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    assert file.outputs.read_text(encoding="utf-8") == expected
    file.write([], {})
    assert file.outputs.read_text(encoding="utf-8") == "[]\n"


@pytest.mark.parametrize("n_renames", [0, 1])
@pytest.mark.parametrize("before", ["nothing", "its own", "another's"])
def test_outputs_never_lie_beside_the_record_of_another_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, n_renames: int
) -> None:
    """Whenever writing ends, the same run goes on: with the outputs that it had, or from the start."""
    file, _ = OutputsFile.of_both(tmp_path)
    assert file is not None
    identity, another = {"model": "new", "generator": "m"}, {"model": "old", "generator": "m"}
    old = {"nothing": None, "its own": identity, "another's": another}
    row = {"instruction": "Do it.", "output": "Done.", "sample": 0, "generator": "m"}
    if old[before]:
        file.write([encoded({**row, "output": before})], {"config": old[before]})
    done: list[Path] = []
    replace = Path.replace

    def ended(path: Path, target: Path) -> Path:
        if len(done) == n_renames:
            raise KeyboardInterrupt
        done.append(target)
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", ended)
        with pytest.raises(KeyboardInterrupt):
            file.write([encoded(row)], {"config": identity})
    assert [each["output"] for each in file.load(identity).values()] == (
        ["its own"] if before == "its own" else []
    )
    file.write([encoded(row)], {"config": identity})
    assert [each["output"] for each in file.load(identity).values()] == ["Done."]
