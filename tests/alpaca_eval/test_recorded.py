"""AlpacaEval's recorded results: every reply gives its verdict, and every file its published row."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoeval.annotators.alpaca_eval.reading import AlpacaEvalParser
from autoeval.annotators.kinds import PAIRWISE, View
from autoeval.annotators.kinds.draws import is_switched
from autoeval.annotators.recorded import completion_of
from autoeval.leaderboards.rows import numbers
from autoeval.leaderboards.tally import Tally
from autoeval.runs.recomputing import annotations_of
from autoeval.types import Case, Verdict
from tests.recorded import load_recorded, recorded_data, recorded_models

WEIGHTED = AlpacaEvalParser(
    function="logprob_parser",
    kwargs={"numerator_token": "m", "denominator_tokens": ["m", "M"], "is_binarize": False},
    takes_choice=True,
)

COLUMNS = (
    "win_rate",
    "standard_error",
    "n_wins",
    "n_wins_base",
    "n_draws",
    "n_total",
    "discrete_win_rate",
    "avg_length",
)


def test_every_recorded_reply_gives_its_recorded_preference() -> None:
    replies = 0
    for model in recorded_models("alpaca_eval_2"):
        for row in load_recorded(recorded_data() / "alpaca_eval_2" / model / "annotations.json.gz"):
            completion = completion_of(row["raw_completion"], None)
            if completion is None:  # equal outputs need no judge
                assert row["preference"] in (None, 1.5), row["instruction"]
                continue
            (reading,) = WEIGHTED.read(completion)
            if row["preference"] is None:
                assert not isinstance(reading, Verdict)
                continue
            assert isinstance(reading, Verdict), reading
            shown = View(is_switched=is_switched(row["instruction"], 0))
            found = PAIRWISE.turned(reading.value, shown)
            assert found == pytest.approx(row["preference"], abs=1e-6)
            replies += 1
    assert replies > 9_600


def published(eval_set: str) -> dict[str, dict[str, str]]:
    with (recorded_data() / eval_set / "published_leaderboard.csv").open(newline="") as file:
        return {row[""]: row for row in csv.DictReader(file)}


def judged(eval_set: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for model in recorded_models(eval_set):
        path = recorded_data() / eval_set / model / "annotations.json.gz"
        tally = Tally()
        for _ in tally.counted(annotations_of(pairs_of(path), path, "")):
            pass
        yield model, dict(numbers(tally))


def pairs_of(path: Path) -> Iterator[Case]:
    for index, row in enumerate(load_recorded(path)):
        texts = (row["instruction"], row["output_1"], row["output_2"])
        yield Case.pair(index, *texts, row["generator_1"], row["generator_2"], row["dataset"])


@pytest.mark.parametrize("eval_set", ["alpaca_eval_1", "alpaca_eval_2"])
def test_every_file_gives_its_published_row(eval_set: str) -> None:
    rows = published(eval_set)
    compared = 0
    for model, ours in judged(eval_set):
        for column in COLUMNS:
            assert ours[column] == pytest.approx(float(rows[model][column]), abs=1e-9), (model, column)
        compared += 1
    assert compared == {"alpaca_eval_1": 21, "alpaca_eval_2": 12}[eval_set]
