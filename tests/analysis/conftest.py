"""Recorded public results (see the data folder's README), found by AUTOEVAL_RECORDED_DATA."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autoeval.analysis.comparison import ModelComparisons, compare_models
from tests.processes.peer import run_peer
from tests.recorded import recorded_data


@cache
def _read(path: Path) -> pd.DataFrame:
    return pd.read_json(path)


@pytest.fixture
def pandalm() -> pd.DataFrame:
    """900 pairs with 3 human votes each."""
    return _read(recorded_data() / "human" / "pandalm_crossannotations.json.gz").copy()


@pytest.fixture
def longest(pandalm: pd.DataFrame) -> pd.DataFrame:
    """A judge that prefers the longer output, on the same pairs."""
    longer = pandalm.output_1.str.len() > pandalm.output_2.str.len()
    return pandalm.assign(preference=np.where(longer, 1, 2), annotator="longest")


@cache
def _board() -> pd.DataFrame:
    files = sorted((recorded_data() / "alpaca_eval_1").glob("*/annotations.json.gz"))
    return pd.concat([_read(file) for file in files], ignore_index=True)


@pytest.fixture
def board() -> pd.DataFrame:
    """21 models judged on 805 instructions of 5 subsets against one reference."""
    return _board().copy()


@cache
def _compared() -> ModelComparisons:
    return compare_models(_board())


@pytest.fixture
def compared() -> ModelComparisons:
    """Those models, each with each other; tests leave it as it is."""
    return _compared()


@pytest.fixture
def peer(tmp_path: Path) -> Callable[..., Any]:
    """Run a script in the environment of alpaca-eval 0.6.6; it finds `rows` and sets `result`."""

    def run(script: str, **tables: pd.DataFrame) -> Any:
        for name, table in tables.items():
            table.to_json(tmp_path / f"{name}.json", orient="records")
        reading = [f"{name} = pd.read_json('{tmp_path / name}.json')" for name in tables]
        lines = [
            "import json, warnings",
            "warnings.simplefilter('ignore')",
            "import numpy as np, pandas as pd",
        ]
        lines += [*reading, script, f"json.dump(result, open('{tmp_path / 'result.json'}', 'w'))"]
        run_peer("-c", "\n".join(lines), folder=tmp_path)
        return json.loads((tmp_path / "result.json").read_text())

    return run
