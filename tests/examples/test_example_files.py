"""The example files are what a newcomer copies: they must pair, and be what their README says."""

import json
from collections import Counter

from autoeval.annotators.builtin import offline
from autoeval.resources import shipped

Row = dict[str, str]


def _rows(name: str) -> list[Row]:
    rows: list[Row] = json.loads((shipped("examples") / name).read_text(encoding="utf-8"))
    return rows


def _asked(row: Row) -> tuple[str | None, ...]:
    return row["instruction"], row.get("input"), row["dataset"]


def _mean_preference(name: str) -> float:
    pairs = zip(_rows("reference_outputs.json"), _rows(name), strict=True)
    verdicts = [offline(row["instruction"], reference["output"], row["output"]) for reference, row in pairs]
    return sum(verdicts) / len(verdicts)


def test_all_files_answer_the_same_instructions() -> None:
    reference = _rows("reference_outputs.json")
    assert len({row["instruction"] for row in reference}) == len(reference) == 24
    assert Counter(row["dataset"] for row in reference) == {
        "writing": 6,
        "reasoning": 6,
        "coding": 6,
        "everyday": 6,
    }
    for name in ("outputs.json", "outputs_second.json"):
        assert [_asked(row) for row in _rows(name)] == [_asked(row) for row in reference]


def test_each_file_has_one_generator() -> None:
    for name, generator in (
        ("reference_outputs.json", "example-reference"),
        ("outputs.json", "example-model"),
        ("outputs_second.json", "example-model-b"),
    ):
        assert {row["generator"] for row in _rows(name)} == {generator}


def test_one_answer_is_empty_and_one_equals_the_reference() -> None:
    outputs = [row["output"] for row in _rows("outputs.json")]
    assert outputs.count("") == 1
    references = [row["output"] for row in _rows("reference_outputs.json")]
    assert sum(a == b for a, b in zip(outputs, references, strict=True)) == 1


def test_the_second_model_is_the_weaker_one() -> None:
    assert _mean_preference("outputs_second.json") < _mean_preference("outputs.json") < 1.5
