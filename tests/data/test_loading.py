"""Whatever the source, the rows that come out are the rows that went in."""

import json
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest

from autoeval.data.loading import Row, read_rows
from tests.data.writing import FORMATS, write
from tests.processes import start_python

WEIRD = [
    {"instruction": 'line\r\nbreaks\n\nand, commas; "quotes" and\ttabs', "output": "x" * 100_000},
    {"instruction": "null\x00byte", "output": "\x00"},
    {"instruction": "שלום עולם, مرحبا \u202eright to left\u202c", "output": "🦜 e\u0301 \u2028 \ufeff"},
    {"instruction": "{{ x }} {% raw %} <|im_start|>", "output": ""},
]


def fields(source: Any) -> list[dict[str, Any]]:
    return [dict(row.fields) for row in read_rows(source, "--model_outputs")]


@pytest.mark.parametrize("suffix", [*FORMATS, *(f"{suffix}.gz" for suffix in FORMATS)])
def test_every_format_gives_back_the_texts_that_were_written(tmp_path: Path, suffix: str) -> None:
    assert fields(write(tmp_path / f"outputs.{suffix}", WEIRD)) == WEIRD


def test_a_format_is_known_by_its_suffix_in_any_case(tmp_path: Path) -> None:
    path = write(tmp_path / "outputs.json", WEIRD)
    assert fields(path.rename(tmp_path / "Outputs.JSON")) == WEIRD


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"outputs.{suffix}", WEIRD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert fields(path) == WEIRD


def test_json_as_pandas_writes_it_by_row_or_by_column(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    frame = pd.DataFrame(WEIRD)
    for text in (frame.to_json(orient="records"), frame.to_json(), json.dumps(frame.to_dict("list"))):
        path.write_text(text)
        assert fields(path) == WEIRD


def test_the_index_that_pandas_leaves_in_a_csv_is_no_column(tmp_path: Path) -> None:
    pd.DataFrame(WEIRD).to_csv(tmp_path / "outputs.csv")
    assert fields(tmp_path / "outputs.csv") == WEIRD


@pytest.mark.parametrize(
    "convert",
    [
        list,
        pd.DataFrame,
        datasets.Dataset.from_list,
        lambda rows: {name: [row[name] for row in rows] for name in rows[0]},
        lambda rows: lambda: rows,
        lambda rows: lambda: pd.DataFrame(rows),
        lambda rows: (row for row in rows),
        lambda rows: datasets.Dataset.from_list(rows).to_iterable_dataset(),
    ],
    ids=[
        "list",
        "DataFrame",
        "Dataset",
        "columns",
        "callable",
        "callable-DataFrame",
        "generator",
        "iterable-Dataset",
    ],
)
def test_tables_in_memory_are_read_like_files(convert: Any) -> None:
    assert fields(convert(WEIRD)) == WEIRD


def test_a_glob_reads_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "outputs.jsonl", [{"output": name}])
    (tmp_path / "d" / "outputs.jsonl").mkdir(parents=True)  # a folder is no file
    assert [row["output"] for row in fields(str(tmp_path / "*" / "outputs.json*"))] == ["a", "b", "c"]
    assert [row["output"] for row in fields(f"{tmp_path}/[bc]/outputs.jsonl")] == ["b", "c"]


def test_a_list_of_paths_is_read_one_after_the_other(tmp_path: Path) -> None:
    first = write(tmp_path / "z.json", [{"output": "1"}])
    second = write(tmp_path / "a.csv", [{"output": "2"}])
    assert fields([first, str(second)]) == [{"output": "1"}, {"output": "2"}]


def test_an_existing_file_is_read_even_if_its_name_looks_like_a_glob(tmp_path: Path) -> None:
    assert fields(write(tmp_path / "run[1].json", WEIRD)) == WEIRD


def test_a_row_says_where_it_stands(tmp_path: Path) -> None:
    csv = tmp_path / "outputs.csv"
    csv.write_text('output\n"two\nlines"\n\nlast\n')
    assert [row.where for row in read_rows(csv, "")] == [f"{csv}, row 1 (line 2)", f"{csv}, row 2 (line 5)"]
    jsonl = tmp_path / "outputs.jsonl"
    jsonl.write_text('{"output": "a"}\n\n{"output": "b"}')
    assert [row.where for row in read_rows(jsonl, "")] == [f"{jsonl}, row 1", f"{jsonl}, row 2 (line 3)"]
    assert next(iter(read_rows([{"output": "a"}], "--model_outputs"))).where == "--model_outputs, row 1"


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("written", ["escaped", "bytes"])
def test_lone_surrogates_are_replaced_and_counted_and_pairs_are_kept(
    tmp_path: Path, suffix: str, written: str
) -> None:
    rows = [{"output": "a\ud800b\udfff", "more": ["\udc00", {"x": "\ud83d\ude00"}]}, {"output": "fine 🦜"}]
    path = tmp_path / f"outputs.{suffix}"
    lines = [json.dumps(row, ensure_ascii=written == "escaped") for row in rows]
    if written == "bytes":
        lines[0] = lines[0].replace("\ud83d\ude00", "😀")
    text = "\n".join(lines) if suffix == "jsonl" else f"[{','.join(lines)}]"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    loaded = read_rows(path, "--model_outputs")
    assert list(loaded) == [
        Row(f"{path}, row 1", {"output": "a\ufffdb\ufffd", "more": ["\ufffd", {"x": "😀"}]}, 3),
        Row(f"{path}, row 2", {"output": "fine 🦜"}),
    ]
    assert loaded.n_replaced_characters == 3


def test_surrogates_in_memory_are_replaced_too() -> None:
    assert fields([{"output": "\ud800"}]) == [{"output": "\ufffd"}]


def test_nan_in_json_is_read_as_the_standard_library_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text('[{"score": NaN, "big": -Infinity}]')
    (row,) = fields(path)
    assert row["score"] != row["score"]
    assert row["big"] == float("-inf")


def test_plain_files_need_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    path = write(tmp_path / "outputs.json.gz", WEIRD)
    script = (
        "import sys; from autoeval.data.loading import read_rows; "
        f"assert len(list(read_rows({str(path)!r}, ''))) == {len(WEIRD)}; "
        "print(*{'pandas', 'datasets', 'pyarrow', 'numpy', 'huggingface_hub'} & set(sys.modules))"
    )
    run = start_python("-c", script, is_new=True).finish()
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == ""
