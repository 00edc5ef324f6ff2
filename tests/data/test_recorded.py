"""Real outputs: 21 models against the reference that they were judged against."""

from pathlib import Path

import pytest

from autoeval.data.eval_sets import eval_set_name
from autoeval.data.pairing import load_pairs, load_pairs_by_generator
from autoeval.errors import UsageError
from tests.recorded import load_recorded, recorded_data

SHORT_OF_OUTPUTS = {"gpt35_turbo_instruct": 1, "text_davinci_001": 2}


@pytest.fixture
def folder() -> Path:
    return recorded_data() / "alpaca_eval_1"


def test_every_recorded_model_pairs_with_its_reference(folder: Path) -> None:
    outputs = str(folder / "*" / "model_outputs.json.gz")
    with load_pairs_by_generator(outputs, folder / "reference_outputs.json.gz", allow_partial=True) as models:
        assert len(models) == 21
        for name, pairs in models.items():
            assert pairs.n_missing_outputs == SHORT_OF_OUTPUTS.get(name, 0)
            assert len(pairs) == 805 - pairs.n_missing_outputs
            assert (pairs.n_extra, pairs.n_replaced_characters) == (0, 0)
            assert (pairs.generator_1, pairs.generator_2) == ("text_davinci_003", name)
            assert set(pairs.datasets) == {"selfinstruct", "oasst", "koala", "helpful_base", "vicuna"}
            assert eval_set_name(pairs.eval_set_hash) == "AlpacaEval"


def test_pairs_hold_the_recorded_texts(folder: Path) -> None:
    reference = folder / "reference_outputs.json.gz"
    outputs = folder / "text_davinci_001" / "model_outputs.json.gz"
    with pytest.raises(UsageError, match="No output for 2 of its 805 instructions"):
        load_pairs(outputs, reference)
    by_instruction = {row["instruction"]: row["output"] for row in load_recorded(outputs)}
    expected = [
        (row["instruction"], row["output"], by_instruction[row["instruction"]], row["dataset"])
        for row in load_recorded(reference)
        if row["instruction"] in by_instruction
    ]
    with load_pairs(outputs, reference, allow_partial=True) as pairs:
        assert [(p.instruction, p.output_1, p.output_2, p.dataset) for p in pairs] == expected


def test_both_references_answer_the_same_instructions(folder: Path) -> None:
    second = folder.parent / "alpaca_eval_2" / "reference_outputs.json.gz"
    with load_pairs(second, folder / "reference_outputs.json.gz") as pairs:
        assert len(pairs) == 805
        assert eval_set_name(pairs.eval_set_hash) == "AlpacaEval"
        assert (pairs.generator_1, pairs.generator_2) == ("text_davinci_003", "gpt4_1106_preview")
