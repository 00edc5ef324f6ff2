"""List prices that were looked up, kept for the day, since to import the whole list takes a tenth of a second."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from autoeval.data.replacing import replacing
from autoeval.prompting.config import Price

LIST = "genai_prices"
"""The package with the list."""
_BY_THE_HOUR = "deepseek"
"""Whose prices change within a day, whoever else serves its models."""
_imported_here: set[str] = set()


def kept_price(provider: str, model: str, look_up: Callable[[], Price | None]) -> Price | None:
    """Return what a model costs today by the installed list, from the user's cache folder where it is there.

    Args:
        provider: our provider name.
        model: the model's name as requested.
        look_up: finds it in the list.
    """
    name = f"{provider}/{model}"
    is_users = LIST in sys.modules and LIST not in _imported_here  # it may hold prices of the user's own
    if is_users or _BY_THE_HOUR in name.lower():
        return look_up()
    stamp, path = f"{version(LIST)} {datetime.now(UTC):%Y-%m-%d}", _path()
    prices = _read(path, stamp)
    if name in prices:
        return prices[name]
    prices[name] = price = look_up()
    _imported_here.add(LIST)
    kept = {name: one.model_dump() if one else None for name, one in prices.items()}
    with suppress(OSError), replacing(path) as file:  # the next run has to look it up again, then
        json.dump({"list": stamp, "prices": kept}, file)
    return price


def _path() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("autoeval")) / "prices.json"


def _read(path: Path, stamp: str) -> dict[str, Price | None]:
    """Return the prices that were kept under a stamp; none where the file is of another one, or damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        of_stamp = kept["prices"] if kept["list"] == stamp else {}
        return {name: None if price is None else Price(**price) for name, price in of_stamp.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
