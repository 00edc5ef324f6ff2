"""Results in a notebook that is really executed."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = """
import autoeval
from autoeval.resources import shipped
examples = shipped("examples")
first = autoeval.evaluate(examples / "outputs.json", examples / "reference_outputs.json", "offline",
                          output_path="first", caching_path=None)
first
---
second = autoeval.evaluate(examples / "outputs_second.json", examples / "reference_outputs.json", "offline",
                           output_path="second", caching_path=None)
autoeval.compare("first", "second")
---
autoeval.show("first")
---
repr(first)
"""


@pytest.mark.slow
def test_results_are_shown_as_tables_of_moderate_length(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in CELLS.split("---\n")
    ]
    content = {"cells": [{**cell, "execution_count": None} for cell in cells], "metadata": {}}
    whole = json.dumps({**content, "nbformat": 4, "nbformat_minor": 4})
    notebook = nbformat.reads(whole, as_version=4)  # type: ignore[no-untyped-call, unused-ignore]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell.outputs[-1]["data"] for cell in notebook.cells]
    for data, said in zip(shown[:3], ("example-model", "Where they differ most", "win rate"), strict=True):
        assert "<table>" in data["text/html"]
        assert said in data["text/html"]
        assert len(data["text/html"]) < 8000
    assert all(len(data["text/plain"]) < 4000 for data in shown)
    assert len(shown[3]["text/plain"]) < 300
