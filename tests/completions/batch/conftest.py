"""Keys for the batch servers, and no waiting between two looks at a job."""

import pytest

from autoeval.completions.batch import asking


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(asking, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
