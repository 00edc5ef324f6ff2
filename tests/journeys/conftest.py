"""Keys for the local servers of these tests, and a place of each test's own for what is learned."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")


@pytest.fixture(autouse=True)
def _learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user of this machine has learned of a judge decides no test."""
    monkeypatch.setattr(
        "autoeval.prediction.kept.kept_path", lambda name: tmp_path / "learned" / f"{name}.npz"
    )
