import pytest

from tests.completions.providers.asking import KEY, KEY_VARIABLE


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key or address of the machine reach a test."""
    for name in ("API_KEY", "BASE_URL", "API_BASE", "AUTH_TOKEN", "ORG_ID"):
        for maker in ("OPENAI", "ANTHROPIC"):
            monkeypatch.delenv(f"{maker}_{name}", raising=False)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
