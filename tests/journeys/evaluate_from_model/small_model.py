"""A model's config at a local server, and the outputs that a run of it has written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers import JudgeServer

Run = Callable[..., Any]
"""Evaluates the model of the fixtures, with these parameters besides the usual ones."""


def config_of(server: JudgeServer, **fields: Any) -> dict[str, Any]:
    """Return a config of one model, called mine, at a server."""
    config = {"provider": "openai", "model": "gpt-4.1", "base_url": server.base_url}
    return {"mine": {**config, "parameters": {"temperature": 0.5}, **fields}}


def config_at(provider: str, address: str) -> dict[str, Any]:
    """Return the fields of a config that say where a model is."""
    return {"provider": provider, "model": "some-model", "base_url": address}


def rows_of(folder: Path, name: str = "model_outputs.json") -> list[dict[str, Any]]:
    """Return the outputs that a run has written into a folder."""
    rows: list[dict[str, Any]] = json.loads((folder / "results" / name).read_text())
    return rows
