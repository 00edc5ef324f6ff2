"""List prices that were looked up are found again on the same day, without the list."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from autoeval.completions import kept_prices
from autoeval.completions.kept_prices import kept_price
from autoeval.prompting.config import Price

PRICE = Price(input=2.0, output=8.0, batch_input=1.0)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a user whose process has not loaded the list."""
    path = tmp_path / "cache" / "prices.json"
    monkeypatch.setattr(kept_prices, "_path", lambda: path)
    monkeypatch.setattr(kept_prices, "_imported_here", set())
    monkeypatch.delitem(sys.modules, kept_prices.LIST, raising=False)
    return path


class _Looking:
    """A list that counts how often it is asked."""

    def __init__(self, price: Price | None = PRICE) -> None:
        self.n = 0
        self._price = price

    def __call__(self) -> Price | None:
        self.n += 1
        return self._price


def test_a_price_is_looked_up_once_a_day_known_or_not(kept: Path) -> None:
    known, unknown = _Looking(), _Looking(None)
    for _ in range(2):
        assert kept_price("openai", "one", known) == PRICE
        assert kept_price("openai", "none", unknown) is None
    assert (known.n, unknown.n) == (1, 1)
    of_yesterday = json.loads(kept.read_text()) | {"list": "0.0.1 2020-01-01"}
    kept.write_text(json.dumps(of_yesterday))
    assert kept_price("openai", "one", known) == PRICE
    assert known.n == 2
    assert list(json.loads(kept.read_text())["prices"]) == ["openai/one"]


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"list": 1}', "\x00"])
def test_a_damaged_file_is_none(kept: Path, damaged: str) -> None:
    kept.parent.mkdir()
    kept.write_text(damaged)
    assert kept_price("openai", "one", _Looking()) == PRICE
    assert kept_price("openai", "one", _Looking(None)) == PRICE


def test_damaged_prices_are_looked_up(kept: Path) -> None:
    kept_price("openai", "one", _Looking())
    good = json.loads(kept.read_text())
    damaged: tuple[object, ...] = ({"openai/one": {"input": -1}}, {"openai/one": 3}, [], None)
    for prices in damaged:
        kept.write_text(json.dumps(good | {"prices": prices}))
        assert kept_price("openai", "one", _Looking()) == PRICE


def test_nothing_is_kept_where_it_may_be_wrong(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_price("openrouter", "DeepSeek-chat", _Looking()) == PRICE
    monkeypatch.setitem(
        sys.modules, kept_prices.LIST, ModuleType(kept_prices.LIST)
    )  # it may have been changed
    assert kept_price("openai", "one", _Looking()) == PRICE
    assert not kept.exists()


def test_a_folder_that_cannot_be_written_is_no_obstacle(kept: Path) -> None:
    kept.parent.write_text("a file")
    assert kept_price("openai", "one", _Looking()) == PRICE
