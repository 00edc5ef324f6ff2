"""Everything that is wrong with an input is refused in one message that says what, where, and what to do."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest

from autoeval.data.instructions import load_instructions
from autoeval.data.pairing import load_pairs, load_pairs_by_generator
from autoeval.errors import UsageError

REFERENCE = [{"instruction": f"question {n}", "output": f"answer {n}"} for n in range(3)]
GOOD = json.dumps(REFERENCE)


def changed(row: int, **fields: Any) -> list[dict[str, Any]]:
    return [{**fields_, **(fields if number == row else {})} for number, fields_ in enumerate(REFERENCE)]


def without(row: int, field: str, **others: Any) -> list[dict[str, Any]]:
    rows = changed(row, **others)
    del rows[row][field]
    return rows


FILES: list[tuple[str, bytes | str, list[str]]] = [
    # the file as such
    ("empty.json", "", ["empty.json", "empty"]),
    ("blank.json", " \n ", ["blank.json", "empty"]),
    ("none.json", "[]", ["none.json", "no row", "at least one"]),
    ("none.jsonl", "\n\n", ["none.jsonl", "no row"]),
    ("empty.csv", "", ["empty.csv", "empty", "name the columns"]),
    ("header.csv", "instruction,output\n", ["header.csv", "no row"]),
    ("outputs.txt", "x", ["outputs.txt", "cannot be read", ".jsonl", ".parquet"]),
    ("outputs", "x", ["outputs", "cannot be read", ".json"]),
    # encodings
    (
        "latin.json",
        '[{"instruction": "caf\xe9"}]'.encode("latin-1"),
        ["latin.json", "0xe9", "offset 21", "iconv"],
    ),
    ("latin.csv", b"x" * 100_000 + b"\xff", ["latin.csv", "0xff", "offset 100000", "UTF-8"]),
    ("wide.json", GOOD.encode("utf-16"), ["wide.json", "offset 0", "iconv -f UTF-16"]),
    *[
        (
            name,
            pack(text.encode(encoding)),
            [name, f"is {encoding}, without", f"iconv -f {encoding} -t UTF-8"],
        )
        for encoding in ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")
        for name, text, pack in (
            ("bare.json", GOOD, bytes),
            ("bare.jsonl", '{"instruction": "i", "output": "o"}', bytes),
            ("bare.csv", "instruction,output\ni,o\n", bytes),
            ("bare.tsv.gz", "instruction\toutput\ni\to\n", gzip.compress),
        )
    ],
    ("packed.json", gzip.compress(GOOD.encode()), ["packed.json", "gzip", "packed", ".json.gz"]),
    ("table.json", b"PAR1\xff\xff", ["table.json", "Parquet", ".parquet"]),
    ("cut.json.gz", gzip.compress(GOOD.encode())[:-12], ["cut.json.gz", "gzip", "Copy it again"]),
    ("plain.json.gz", GOOD, ["plain.json.gz", "gzip", "take .gz from its name"]),
    # JSON
    ("cut.json", GOOD[:-20], ["cut.json", "line 1, column", "not valid JSON", "cut off"]),
    ("comma.json", '[\n{"instruction": "a",\n "output" "b"}]', ["comma.json", "line 3, column 11", "':'"]),
    ("twice.json", GOOD + GOOD, ["twice.json", "Extra data"]),
    ("text.json", "hello", ["text.json", "line 1, column 1", "not valid JSON"]),
    ("number.json", "3", ["number.json", "single JSON value", "array of objects"]),
    ("object.json", json.dumps(REFERENCE[0]), ["object.json", "single JSON object", "array of objects"]),
    ("key.json", json.dumps({"data": REFERENCE}), ["key.json", "under the key 'data'", "Save that list"]),
    ("lines.json", "\n".join(map(json.dumps, REFERENCE)), ["lines.json", "JSON lines", ".jsonl"]),
    (
        "uneven.json",
        '{"instruction": ["a", "b"], "output": ["c"]}',
        ["'instruction' has 2", "'output' has 1"],
    ),
    ("deep.json", "[" * 200_000, ["deep.json", "cannot be read"]),
    ("huge.json", f"[{'9' * 5000}]", ["huge.json", "cannot be read"]),
    ("strings.json", '["a"]', ["strings.json, row 1", "text ('a')", "should be an object"]),
    ("array.jsonl", GOOD, ["array.jsonl, row 1", "a list", "should be an object"]),
    (
        "broken.jsonl",
        '{"instruction": "a", "output": "b"}\n{"a": }',
        ["broken.jsonl, line 2, column 7", "not valid JSON"],
    ),
    # CSV and Parquet
    (
        "ragged.csv",
        "instruction,output\na,b\n\nc,d,e\n",
        ["row 2 (line 4)", "3 fields", "2 columns", "quoted"],
    ),
    ("quote.csv", 'instruction,output\na,"b\n', ["quote.csv", "not valid CSV", "quotes"]),
    ("repeated.tsv", "output\toutput\na\tb\n", ["repeated.tsv", "'output'", "twice"]),
    ("bad.parquet", b"PAR1 no", ["bad.parquet", "not a valid Parquet file"]),
]


@pytest.mark.parametrize("side", ["model", "reference"])
@pytest.mark.parametrize(("name", "content", "told"), FILES, ids=[name for name, *_ in FILES])
def test_a_file_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | str, told: list[str], side: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    model, reference = (path, REFERENCE) if side == "model" else (REFERENCE, path)
    refuses(lambda: load_pairs(model, reference), [str(path), *told])


ROWS: list[tuple[str, Any, list[str]]] = [
    (
        "misspelt column",
        [{"instruction": "question 0", "ouput": "x"}],
        ["row 1", "'output'", "Did you mean 'ouput'?"],
    ),
    (
        "no such column",
        [{"prompt": "question 0", "text": "x"}],
        ["row 1", "'instruction'", "prompt, text", "Rename"],
    ),
    ("a column missing in one row", without(2, "output"), ["row 3", "no field 'output'"]),
    ("null output", changed(1, output=None), ["row 2", "`output` is null", 'Write ""']),
    ("NaN output", changed(1, output=float("nan")), ["row 2", "`output` is null"]),
    ("null instruction", changed(1, instruction=None), ["row 2", "`instruction` is null", "remove the row"]),
    ("empty instruction", changed(1, instruction=" \n"), ["row 2", "`instruction` is empty"]),
    ("number as output", changed(1, output=42), ["row 2", "`output` is a number (42)", "text"]),
    ("boolean as output", changed(1, output=True), ["row 2", "`output` is a boolean (True)"]),
    ("chat as output", changed(1, output=[{"role": "user"}]), ["row 2", "`output` is a list"]),
    ("object as instruction", changed(1, instruction={"x": 1}), ["row 2", "`instruction` is an object"]),
    ("list as input", changed(1, input=["context"]), ["row 2", "`input` is a list"]),
    ("output of another type", changed(1, output=b"bytes"), ["row 2", "`output` is a bytes"]),
    ("null in a DataFrame", pd.DataFrame(changed(1, output=None)), ["row 2", "`output` is null"]),
    (
        "NA in a DataFrame",
        pd.DataFrame(changed(1, output=pd.NA), dtype=object),
        ["row 2", "`output` is null"],
    ),
    ("numbers in a DataFrame", pd.DataFrame(REFERENCE).assign(output=[1, 2, 3]), ["row 1", "a number"]),
    ("a column twice", pd.DataFrame([["a", "b"]], columns=["output", "output"]), ["'output' twice"]),
    ("rows that are lists", [["question 0", "x"]], ["row 1", "a list", "should be an object"]),
    ("one row", REFERENCE[0], ["column 'instruction'", "should be a list"]),
    (
        "several splits",
        datasets.DatasetDict({"test": datasets.Dataset.from_list(REFERENCE)}),
        ["splits", "['test']"],
    ),
    ("nothing", [], ["no row", "at least one"]),
    ("no table at all", 3, ["a number (3)", "Give a file"]),
    ("no source", None, ["null", "Give a file"]),
    ("bytes", b"x", ["Give a file"]),
    ("negative sample", changed(1, sample=-1), ["row 2", "`sample`", "0, 1, 2"]),
    ("sample in words", changed(1, sample="first"), ["row 2", "`sample` is text ('first')"]),
    ("fractional sample", changed(1, sample=0.5), ["row 2", "`sample`"]),
    (
        "two outputs for one instruction",
        [*REFERENCE, {"instruction": "question 1", "output": "other"}],
        ["row 4", "--model_outputs, row 2", "'question 1'", "`sample`"],
    ),
    (
        "many outputs for one instruction",
        [*REFERENCE, *({**row, "output": "other"} for row in REFERENCE)],
        ["row 4", "row 1", "'question 0'", "3 instructions"],
    ),
    (
        "several models",
        [{**row, "generator": f"model {n}"} for n, row in enumerate(REFERENCE)],
        ["row 2", "'model 1'", "row 1 is by 'model 0'", "--name", "make_leaderboard"],
    ),
    (
        "instructions missing",
        REFERENCE[:1],
        [
            "No output for 2 of its 3 instructions",
            "'question 1' (--reference_outputs, row 2)",
            "--is_allow_partial",
        ],
    ),
    (
        "instructions that the reference does not have",
        [*REFERENCE, {"instruction": "question 3", "output": "x"}],
        ["Outputs for 1 instruction", "'question 3' (--model_outputs, row 4)", "--is_allow_partial"],
    ),
    (
        "instructions that differ in white space",
        changed(1, instruction=" Question  1\n"),
        [
            "No output for 1 of",
            "1 instruction differs only in white space",
            "reference_outputs, row 2",
            "model_outputs, row 2",
        ],
    ),
    (
        "no instruction in common",
        [{"instruction": "x", "output": "y"}],
        ["No output for 3 of its 3", "Nothing pairs"],
    ),
]


@pytest.mark.parametrize(("rows", "told"), [case[1:] for case in ROWS], ids=[case[0] for case in ROWS])
def test_rows_that_cannot_be_judged(rows: Any, told: list[str]) -> None:
    refuses(lambda: load_pairs(rows, REFERENCE), ["--model_outputs", *told])


def test_long_lists_of_mismatches_are_cut() -> None:
    reference = [{"instruction": f"question {n}", "output": "x"} for n in range(50)]
    refuses(lambda: load_pairs(reference[:10], reference), ["No output for 40 of its 50", "and 37 more"])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("model_output.json", ["'model_output.json' does not exist", "Did you mean 'model_outputs.json'?"]),
        ("zzz.json", ["'zzz.json' does not exist", "looked for in"]),
        ("nowhere/model_outputs.json", ["The folder 'nowhere' does not exist"]),
        ("*.csv", ["no file matches '*.csv'"]),
        (".", ["is a folder", "glob"]),
        ("a question, which is no name of a file " * 20, ["not the name of a file"]),
        (["model_outputs.json", "model_outptus.json"], ["Did you mean 'model_outputs.json'?"]),
    ],
)
def test_a_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Any, told: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model_outputs.json").write_text(GOOD)
    refuses(lambda: load_pairs(source, REFERENCE), ["--model_outputs", *told])
    refuses(lambda: load_pairs(REFERENCE, source), ["--reference_outputs", *told])


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model_outputs.json"
    path.write_text(GOOD)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    refuses(lambda: load_pairs(path, REFERENCE), [str(path), "Permission denied"])


def test_what_only_the_reference_can_get_wrong() -> None:
    twice = [*REFERENCE, {"instruction": "question 1", "output": "other"}]
    with pytest.raises(UsageError, match="--reference_outputs, row 4") as error:
        load_pairs(REFERENCE, twice)
    assert "sample" not in str(error.value)
    refuses(
        lambda: load_pairs(REFERENCE, changed(1, sample=1)), ["--reference_outputs, row 2", "`sample` is 0"]
    )


@pytest.mark.parametrize("count", [0, -1])
def test_a_sample_of_no_instruction(count: int) -> None:
    told = ["--max_instances", str(count), "at least 1"]
    refuses(lambda: load_pairs(REFERENCE, REFERENCE, max_instances=count), told)
    refuses(lambda: load_pairs_by_generator(REFERENCE, REFERENCE, max_instances=count), told)
    refuses(lambda: load_instructions(REFERENCE, max_instances=count), told)


def test_partial_outputs_still_have_to_pair_somewhere() -> None:
    other = [{"instruction": "x", "output": "y"}]
    refuses(lambda: load_pairs(other, REFERENCE, allow_partial=True), ["Nothing pairs"])


def test_models_without_a_name_cannot_be_told_apart() -> None:
    told = ["--all_model_outputs, row 1", "no `generator`", "Name the model"]
    refuses(lambda: load_pairs_by_generator(REFERENCE, REFERENCE), told)


def test_a_model_that_does_not_fit_is_named() -> None:
    outputs = [{**row, "generator": "a"} for row in REFERENCE] + [{**REFERENCE[0], "generator": "b"}]
    refuses(lambda: load_pairs_by_generator(outputs, REFERENCE), ["generator 'b'", "No output for 2 of"])


def refuses(load: Callable[[], object], told: list[str]) -> None:
    """Check that there is one error, with everything that it should tell and no more than a few lines."""
    with pytest.raises(UsageError) as error:
        load()
    message = str(error.value)
    for part in told:
        assert part in message
    assert len(message.splitlines()) <= 5
    assert not re.search(r"Traceback|<[a-z]+ object", message)
