"""Outputs meet the reference's by instruction, whatever their order, and every count says what happened."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoeval.data.instructions import Instruction, load_instructions
from autoeval.data.pairing import load_pairs, load_pairs_by_generator, name_of_source
from autoeval.errors import UsageError
from autoeval.types import Case
from tests.data.writing import write


def rows(count: int, output: str = "answer", **fields: Any) -> list[dict[str, Any]]:
    return [{"instruction": f"question {n}", "output": f"{output} {n}", **fields} for n in range(count)]


REFERENCE = rows(20, "reference", generator="base", dataset="easy")


def shuffled(outputs: list[dict[str, Any]], seed: int = 1) -> list[dict[str, Any]]:
    return random.Random(seed).sample(outputs, len(outputs))


def test_pairs_come_in_the_order_of_the_reference_as_often_as_wanted() -> None:
    with load_pairs(shuffled(rows(20, generator="new")), REFERENCE) as pairs:
        expected = [
            Case.pair(n, f"question {n}", f"reference {n}", f"answer {n}", "base", "new", "easy")
            for n in range(20)
        ]
        assert list(pairs) == list(pairs) == expected
        assert (len(pairs), pairs[7], pairs[-1]) == (20, expected[7], expected[19])
        assert (pairs.generator_1, pairs.generator_2, pairs.datasets) == ("base", "new", ("easy",))
        assert (pairs.n_missing_outputs, pairs.n_extra, pairs.n_replaced_characters) == (0, 0, 0)
        with pytest.raises(IndexError):
            pairs[20]


def test_two_walks_at_once_do_not_disturb_each_other() -> None:
    pairs = load_pairs(rows(20), REFERENCE)
    assert [(a.index, b.index) for a, b in zip(pairs, pairs, strict=True)] == [(n, n) for n in range(20)]


def test_input_is_merged_into_the_instruction_on_both_sides() -> None:
    merged = [{"instruction": "Sum up.\n\nA text.", "output": "r"}, {"instruction": "Say hi.", "output": "r"}]
    split = [
        {"instruction": "Sum up.", "input": "A text.", "output": "m"},
        {"instruction": "Say hi.", "input": "", "output": "m"},
    ]
    expected = ["Sum up.\n\nA text.", "Say hi."]
    assert [pair.instruction for pair in load_pairs(split, merged)] == expected
    assert [pair.instruction for pair in load_pairs(merged, split)] == expected
    assert [pair.instruction for pair in load_pairs(split, split)] == expected
    assert [instruction.text for instruction in load_instructions(split)] == expected


@pytest.mark.parametrize("no_input", [None, float("nan"), ""])
def test_a_null_input_is_none(no_input: Any) -> None:
    outputs = [{**row, "input": no_input} for row in REFERENCE]
    assert len(load_pairs(outputs, REFERENCE)) == 20


def test_annotations_of_another_run_serve_as_outputs_of_both_sides() -> None:
    annotations = [
        {"instruction": "q", "output_1": "r", "output_2": "m", "generator_1": "base", "generator_2": "new"}
    ]
    assert list(load_pairs(annotations, annotations)) == [Case.pair(0, "q", "r", "m", "base", "new")]


def test_an_empty_output_is_an_output() -> None:
    assert (
        load_pairs([{"instruction": "q", "output": ""}], [{"instruction": "q", "output": "r"}])[0].output_2
        == ""
    )


def test_numbers_in_a_csv_are_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "sums.csv", [{"instruction": "1+1", "output": 2}, {"instruction": "3", "output": "nan"}]
    )
    assert [pair.output_2 for pair in load_pairs(path, path)] == ["2", "nan"]


def test_instructions_must_be_equal_to_the_byte() -> None:
    texts = ["a", "a ", "A", "a\x00", "\u00e9", "e\u0301", "\x00a"]
    outputs = [{"instruction": text, "output": repr(text)} for text in texts]
    assert [(pair.instruction, pair.output_2) for pair in load_pairs(shuffled(outputs), outputs)] == [
        (text, repr(text)) for text in texts
    ]


def test_equal_rows_count_once() -> None:
    pairs = load_pairs([*rows(20), *rows(5), *rows(5)], [*REFERENCE, REFERENCE[3]])
    assert [pair.index for pair in pairs] == list(range(20))


def test_several_samples_of_an_instruction_are_several_pairs() -> None:
    outputs = [{**row, "sample": sample} for sample in (2, 0, 1) for row in rows(20, f"sample {sample},")]
    pairs = load_pairs(outputs, REFERENCE, max_instances=4)
    assert len(pairs) == 12
    assert [pair.sample for pair in pairs] == [0, 1, 2] * 4
    assert all(pair.output_2.startswith(f"sample {pair.sample},") for pair in pairs)
    assert len({pair.instruction for pair in pairs}) == 4


def test_partial_outputs_pair_as_far_as_they_go_and_are_counted() -> None:
    outputs = [*rows(15), {"instruction": "unknown", "output": "x"}]
    pairs = load_pairs(outputs, REFERENCE, allow_partial=True)
    assert (len(pairs), pairs.n_missing_outputs, pairs.n_extra) == (15, 5, 1)
    assert pairs.eval_set_hash == load_pairs(rows(20), REFERENCE).eval_set_hash


def test_replaced_characters_of_both_sides_are_counted() -> None:
    outputs = [{"instruction": "\ud800", "output": "\udfff\udfff"}]
    pairs = load_pairs(outputs, [{"instruction": "\ud800", "output": "r"}])
    assert pairs.n_replaced_characters == 4
    assert pairs[0].instruction == "\ufffd"


@pytest.mark.parametrize(
    ("file", "name", "generator", "expected"),
    [
        ("gpt.json", "flag", "column", "flag"),
        ("gpt.json", None, "column", "column"),
        ("gpt.json", None, None, "gpt"),
        ("gpt-4.1.json.gz", None, None, "gpt-4.1"),
        ("llama/model_outputs.json", None, "", "llama"),
        (None, None, None, "Current model"),
    ],
)
def test_what_a_model_is_called(
    tmp_path: Path, file: str | None, name: str | None, generator: str | None, expected: str
) -> None:
    outputs: Any = rows(20) if generator is None else rows(20, generator=generator)
    if file:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        outputs = write(tmp_path / file, outputs)
    pairs = load_pairs(outputs, REFERENCE, name=name)
    assert {pairs.generator_2, *(pair.generator_2 for pair in pairs)} == {expected}


def test_what_a_reference_is_called(tmp_path: Path) -> None:
    nameless = rows(20)
    file = write(tmp_path / "gpt.json", nameless)
    for source, name in ((REFERENCE, "base"), (file, "gpt"), (nameless, "reference")):
        pairs = load_pairs(nameless, source)
        assert {pairs.reference, *(pair.generator_1 for pair in pairs)} == {name}
    assert name_of_source(file, "--model_outputs") == "gpt"
    assert name_of_source(nameless, "--model_outputs") is None


def test_what_is_no_number_of_instructions_and_several_models_without_a_name_are_refused() -> None:
    for load in (load_pairs, load_pairs_by_generator):
        for odd in (0, -1):
            with pytest.raises(UsageError, match="max_instances"):
                load(rows(20), REFERENCE, max_instances=odd)
    two = [{**row, "generator": "ab"[n > 12]} for n, row in enumerate(rows(20))]
    with pytest.raises(UsageError, match=r"`generator` is 'b', but .* is by 'a'\. .*--name"):
        load_pairs(two, REFERENCE)


def test_several_generators_are_one_model_where_a_name_says_so() -> None:
    outputs = [{**row, "generator": f"step {n}"} for n, row in enumerate(rows(20))]
    assert load_pairs(outputs, REFERENCE, name="mix").generator_2 == "mix"


def test_a_reference_may_have_several_authors() -> None:
    reference = [{**row, "generator": "ab"[n % 2]} for n, row in enumerate(REFERENCE)]
    pairs = load_pairs(rows(20), reference)
    assert pairs.generator_1 == "a, b"
    assert [pair.generator_1 for pair in pairs] == ["a", "b"] * 10


def test_the_subset_comes_from_the_reference_or_else_from_the_outputs() -> None:
    reference = [{"instruction": "x", "output": "r", "dataset": "first"}, {"instruction": "y", "output": "r"}]
    outputs = [{"instruction": text, "output": "m", "dataset": "second"} for text in "xy"]
    pairs = load_pairs(outputs, reference)
    assert [pair.dataset for pair in pairs] == ["first", "second"]
    assert pairs.datasets == ("first", "second")
    assert load_pairs(rows(20), rows(20)).datasets == ()


def test_a_sample_is_the_same_for_every_model_and_order() -> None:
    def sample(model: int, reference: int, **options: Any) -> set[str]:
        pairs = load_pairs(
            shuffled(rows(20), model), shuffled(REFERENCE, reference), max_instances=6, **options
        )
        return {pair.instruction for pair in pairs}

    assert len(sample(1, 1)) == 6
    assert sample(1, 1) == sample(2, 1) == sample(2, 2)
    assert sample(1, 1, seed=1) != sample(1, 1)
    chosen = load_instructions(shuffled(REFERENCE), max_instances=6)
    assert {instruction.text for instruction in chosen} == sample(1, 1)


def test_a_sample_needs_outputs_for_its_instructions_only() -> None:
    full = load_pairs(rows(20), REFERENCE, max_instances=6)
    chosen = {pair.instruction for pair in full}
    pairs = load_pairs([row for row in rows(20) if row["instruction"] in chosen], REFERENCE, max_instances=6)
    assert list(pairs) == list(full)
    assert [pair.index for pair in pairs] == list(range(6))
    assert pairs.eval_set_hash == full.eval_set_hash != load_pairs(rows(20), REFERENCE).eval_set_hash


def test_a_sample_larger_than_the_eval_set_is_all_of_it() -> None:
    assert len(load_pairs(rows(20), REFERENCE, max_instances=100)) == 20


def test_the_eval_set_is_recognised_in_any_order() -> None:
    hashes = {load_pairs(rows(20), shuffled(REFERENCE, seed)).eval_set_hash for seed in range(3)}
    assert len(hashes) == 1
    assert hashes != {load_pairs(rows(19), REFERENCE[:19]).eval_set_hash}


def test_many_models_are_paired_in_one_pass_by_generator_or_by_file(tmp_path: Path) -> None:
    for name in ("beta", "alpha"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "model_outputs.json", shuffled(rows(20, name)))
    mixed = write(
        tmp_path / "mixed.jsonl", shuffled(rows(20, "x", generator="x") + rows(15, "y", generator="y"))
    )
    sources = [str(tmp_path / "*" / "model_outputs.json*"), mixed]
    with load_pairs_by_generator(sources, REFERENCE, allow_partial=True) as models:
        assert set(models) == {"alpha", "beta", "x", "y"}
        assert list(models)[:2] == ["alpha", "beta"]
        assert [len(pairs) for pairs in models.values()] == [20, 20] + [
            len(models[n]) for n in list(models)[2:]
        ]
        assert (len(models["y"]), models["y"].n_missing_outputs) == (15, 5)
        for name, pairs in models.items():
            assert pairs.generator_2 == name
            assert [pair.index for pair in pairs] == list(range(len(pairs)))
            assert all(pair.output_2.startswith(name) and pair.generator_2 == name for pair in pairs)
        assert models["alpha"][3] == list(models["alpha"])[3]


def test_instructions_of_an_eval_set_without_outputs() -> None:
    eval_set = [{"instruction": "b", "dataset": "x"}, {"instruction": "a"}, {"instruction": "b"}]
    assert load_instructions(eval_set) == [Instruction("b", "x"), Instruction("a")]


@settings(max_examples=50)
@given(
    st.dictionaries(st.text(min_size=1).filter(str.strip), st.text(), min_size=1, max_size=8),
    st.dictionaries(st.text(min_size=1).filter(str.strip), st.text(), min_size=1, max_size=8),
    st.randoms(),
)
def test_pairing_is_a_join_on_the_instruction(
    reference: dict[str, str], model: dict[str, str], shuffle: random.Random
) -> None:
    model = {**model, next(iter(reference)): "shared"}
    outputs = [{"instruction": text, "output": output} for text, output in model.items()]
    shuffle.shuffle(outputs)
    references = [{"instruction": text, "output": output} for text, output in reference.items()]
    with load_pairs(outputs, references, allow_partial=True) as pairs:
        assert [(pair.instruction, pair.output_1, pair.output_2) for pair in pairs] == [
            (text, output, model[text]) for text, output in reference.items() if text in model
        ]
        assert pairs.n_missing_outputs == len(reference.keys() - model.keys())
        assert pairs.n_extra == len(model.keys() - reference.keys())


def test_reasoning_is_left_out_where_that_is_wanted_and_counted_side_by_side() -> None:
    thinking = [{**row, "output": f"<think>so</think>{row['output']}"} for row in rows(3)] + rows(20)[3:]
    with load_pairs(thinking, REFERENCE, strips_thinking=True) as pairs:
        assert [pair.output_2 for pair in pairs] == [f"answer {n}" for n in range(20)]
        assert (pairs.n_stripped_1, pairs.n_stripped_2, pairs.reference) == (0, 3, "base")
    with load_pairs(thinking, REFERENCE) as pairs:
        assert pairs[0].output_2 == "<think>so</think>answer 0"
        assert (pairs.n_stripped_1, pairs.n_stripped_2) == (0, 0)
