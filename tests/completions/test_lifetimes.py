"""The table of lifetimes: what it says of a model, at whose address, on which day."""

from contextlib import suppress
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from autoeval.completions.lifetimes import is_gone, lifetime, lifetimes, maker_at, table_date, today
from autoeval.completions.listing import listed_shutdown
from autoeval.completions.providers import PROVIDERS
from autoeval.errors import UsageError
from autoeval.types import Endpoint
from tests.servers import JudgeServer

DATES = {
    "2026-10-23": "gpt-3.5-turbo gpt-4 gpt-4-0613 gpt-4-1106-preview gpt-4-turbo gpt-4o-2024-05-13 gpt-4.1-nano o1 "
    "o1-pro o3-mini o4-mini",
    "2026-12-11": "gpt-5 gpt-5-mini gpt-5-nano gpt-5-pro o3 o3-pro",
    "2027-01-14": "gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-mini",
    "2027-04-01": "gpt-5.1",
    "2026-06-15": "claude-sonnet-4 claude-opus-4",
}
"""OpenAI's deprecations page and Anthropic's, as they stood in November 2026."""


@pytest.mark.parametrize(
    ("end", "model"), [(end, model) for end, models in DATES.items() for model in models.split()]
)
def test_the_table_has_the_makers_dates(end: str, model: str) -> None:
    found = lifetime(model)
    assert found is not None
    assert found.shutdown == date.fromisoformat(end)


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"])
def test_the_table_names_the_makers_replacement(model: str) -> None:
    found = lifetime(model)
    assert found is not None
    assert found.replacement == "gpt-6-luna"


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai/gpt-4.1", "gpt-4.1"),
        ("ft:gpt-4o:me::1", "gpt-4o"),
        ("gpt-4-0314", "gpt-4-0314"),
        ("gpt-3.5-turbo-0301", "gpt-3.5-turbo"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("us.anthropic.claude-3-sonnet-20240229-v1:0", "claude-3-sonnet"),
        ("claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("gpt-4.1-something", None),
        ("gpt-4.10", None),
        ("llama3.2", None),
    ],
)
def test_a_snapshot_ends_with_its_model_unless_it_has_a_line_of_its_own(model: str, line: str | None) -> None:
    found = lifetime(model)
    assert (found.model if found else None) == line


def test_a_snapshot_without_a_line_is_known_to_end_at_the_latest_with_its_model() -> None:
    ends = {
        model: found.end
        for model in ("gpt-4", "gpt-4-0314", "gpt-3.5-turbo-0301")
        if (found := lifetime(model))
    }
    assert ends == {
        "gpt-4": "2026-10-23",
        "gpt-4-0314": "2026-03-26",
        "gpt-3.5-turbo-0301": "2026-10-23 at the latest",
    }


def test_the_table_is_whole() -> None:
    table = list(lifetimes())
    assert table_date() >= date(2026, 11, 26)
    assert all(entry.source for entry in table)
    for entry in table:
        following = lifetime(entry.replacement) if entry.replacement else None
        assert following is None or not following.is_over(table_date()), (
            f"{entry.model}: its replacement is gone"
        )


@pytest.mark.parametrize(
    ("endpoint", "maker"),
    [
        (Endpoint("openai"), "openai"),
        (Endpoint("openai", base_url="https://api.openai.com/v1"), "openai"),
        (Endpoint("openai", base_url="https://api.openai.com/v1/"), "openai"),
        (Endpoint("anthropic"), "anthropic"),
        (Endpoint("anthropic", base_url="https://api.anthropic.com"), "anthropic"),
        (Endpoint("gemini"), "google"),
        (Endpoint("openai", base_url="http://127.0.0.1:8000/v1"), None),
        (Endpoint("openai", base_url="https://api.openai.com.elsewhere.org/v1"), None),
        (Endpoint("openai", clients="clients.yaml"), None),
        (Endpoint("azure", base_url="https://mine.openai.azure.com"), None),
        (Endpoint("openrouter"), None),
        (Endpoint("vertex"), None),
    ],
)
def test_only_a_makers_own_address_is_bound_to_its_dates(endpoint: Endpoint, maker: str | None) -> None:
    assert maker_at(endpoint) == maker
    assert is_gone(endpoint, "gpt-4", date(2026, 11, 26)) == (maker == "openai")


def test_a_model_is_served_until_the_day_before_its_end() -> None:
    end = date(2027, 1, 14)
    assert not is_gone(Endpoint("openai"), "gpt-4.1", end - timedelta(days=1))
    assert is_gone(Endpoint("openai"), "gpt-4.1", end)


def test_the_day_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOEVAL_TODAY", "2027-02-01")
    assert today() == date(2027, 2, 1)
    monkeypatch.setenv("AUTOEVAL_TODAY", "tomorrow")
    with pytest.raises(UsageError, match="must be a date such as"):
        today()
    monkeypatch.delenv("AUTOEVAL_TODAY")
    assert abs(today() - date.today()) <= timedelta(days=1)


def test_a_server_that_lists_an_end_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    listed = {"mine": "2027-01-01", "other": None, "org/model": "2027-02-01", "broken": "soon"}
    with JudgeServer(models=listed) as server:
        ends = {
            name: listed_shutdown(Endpoint("openai", base_url=server.base_url), name)
            for name in (*listed, "none")
        }
    assert ends == {
        "mine": date(2027, 1, 1),
        "other": None,
        "org/model": date(2027, 2, 1),
        "broken": None,
        "none": None,
    }


def test_a_server_that_lists_nothing_is_no_obstacle() -> None:
    with JudgeServer() as server:
        address = server.base_url
        assert listed_shutdown(Endpoint("openai_compatible", base_url=address), "mine") is None
    assert listed_shutdown(Endpoint("openai_compatible", base_url=address), "mine") is None, "nobody is there"
    others = PROVIDERS.keys() - {"openai", "openai_compatible"}
    assert not any(listed_shutdown(Endpoint(provider), "mine") for provider in others), "they are not asked"


def test_a_server_that_never_ends_its_answer_is_left_and_not_asked_again() -> None:
    n_asked = 0

    class Drips(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal n_asked
            n_asked += 1
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b" " * 100)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Drips) as server:
        Thread(target=server.serve_forever).start()
        try:
            endpoint = Endpoint("openai_compatible", base_url=f"http://127.0.0.1:{server.server_port}/v1")
            assert listed_shutdown(endpoint, "mine") is None
            assert listed_shutdown(endpoint, "mine") is None
        finally:
            server.shutdown()
    assert n_asked == 1
