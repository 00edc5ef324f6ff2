"""RESULTS.md keeps a section for each benchmark and each kind of device."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.results import Section


def test_a_run_on_another_device_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PATH", tmp_path / "RESULTS.md")
    fast = Section("side by side", ("", "seconds"), [("one", "1")], device="NVIDIA H200")
    results.write("models", fast, "run models")
    results.write("models", replace(fast, rows=[("one", "9")], device="a processor"), "run models")
    results.write("models", replace(fast, rows=[("one", "2")]), "run models")
    text = results.PATH.read_text()
    assert text.count("## models on NVIDIA H200: side by side") == 1
    assert text.count("## models on a processor: side by side") == 1
    assert "| one | 2 |" in text
    assert "| one | 9 |" in text
    assert "| one | 1 |" not in text
