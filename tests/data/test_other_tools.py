"""Files as other tools write them: read, or said as they are."""

import unicodedata
from pathlib import Path

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from autoeval.data.loading import read_rows
from autoeval.data.pairing import load_pairs
from autoeval.errors import UsageError

ROW = {"instruction": "a; b, c", "output": 'say "yes"; or, no'}


def loaded(path: Path | str) -> list[dict[str, object]]:
    return [dict(row.fields) for row in read_rows(str(path), "--model_outputs")]


@pytest.mark.parametrize(
    "text",
    [
        'instruction;output\n"a; b, c";"say ""yes""; or, no"\n',
        '"instruction";"output"\n"a; b, c";"say ""yes""; or, no"\n',
        'sep=;\ninstruction;output\n"a; b, c";"say ""yes""; or, no"\n',
        '\n\ninstruction;output\n"a; b, c";"say ""yes""; or, no"\n',
        'instruction\toutput\n"a; b, c"\t"say ""yes""; or, no"\n',
        'instruction,output\n"a; b, c","say ""yes""; or, no"\n',
        'sep=|\ninstruction|output\na; b, c|"say ""yes""; or, no"\n',
    ],
)
def test_the_header_tells_what_separates_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "outputs.csv"
    path.write_text(text, encoding="utf-8-sig")
    assert loaded(path) == [ROW]


def test_a_long_field_of_a_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outputs.csv"
    path.write_text(f"instruction,output\nquestion,{'x' * 200_000}\n")
    assert loaded(path) == [{"instruction": "question", "output": "x" * 200_000}]


def test_a_saved_dataset_is_read_from_its_folder(tmp_path: Path) -> None:
    made = datasets.Dataset.from_list([ROW, {**ROW, "instruction": "second"}])
    made.save_to_disk(tmp_path / "saved")
    datasets.DatasetDict({"train": made}).save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": made, "test": made}).save_to_disk(tmp_path / "two")
    assert (
        loaded(tmp_path / "saved")
        == loaded(tmp_path / "one")
        == loaded(tmp_path / "two" / "test")
        == list(made)
    )
    with pytest.raises(UsageError, match="several splits"):
        loaded(tmp_path / "two")
    for part in ("*.json", "*.arrow"):
        with pytest.raises(UsageError, match=r"saved dataset\. Name its folder"):
            loaded(f"{tmp_path / 'saved'}/{part}")


@pytest.mark.parametrize("state", ["{}", "", "[]", '{"_data_files": [{"filename": "none.arrow"}]}'])
def test_a_saved_dataset_that_cannot_be_read_says_what_can(tmp_path: Path, state: str) -> None:
    datasets.Dataset.from_list([ROW]).save_to_disk(tmp_path / "saved")
    (tmp_path / "saved" / "state.json").write_text(state)
    with pytest.raises(UsageError, match=r"saved: .* cannot be read .*to_json or to_parquet\.$"):
        loaded(tmp_path / "saved")


def test_parquet_with_broken_text_names_row_and_column(tmp_path: Path) -> None:
    broken = pyarrow.array([b"good", b"b\xffd"], pyarrow.binary()).cast(pyarrow.string(), safe=False)
    table = pyarrow.table({"instruction": ["a", "b"], "output": broken})
    pyarrow.parquet.write_table(table, tmp_path / "outputs.parquet")
    with pytest.raises(UsageError, match=r"outputs\.parquet, row 2: the text in 'output' is not UTF-8"):
        loaded(tmp_path / "outputs.parquet")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"prompt": "a", "response": "b"}, "Rename 'prompt' to 'instruction' and 'response' to 'output'."),
        ({"question": "a", "answer": "b"}, "Rename 'question' to 'instruction' and 'answer' to 'output'."),
        ({"instruction": "a", "completion": "b"}, "Rename 'completion' to 'output'."),
        ({"query": "a", "output": "b"}, "Rename 'query' to 'instruction'."),
    ],
)
def test_other_names_of_columns_are_told(columns: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_pairs([columns], [{"instruction": "a", "output": "b"}])
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (unicodedata.normalize("NFC", "Café à côté"), unicodedata.normalize("NFD", "Café à côté"), "NFC"),
        (unicodedata.normalize("NFC", "한국어"), unicodedata.normalize("NFD", "한국어"), "NFC"),
        ("two  words", "Two words", "white space or case"),
        ("it's here", "it\u2019s here", "typographic quotes"),
        ("a b", "a\u200bb", "invisible characters"),
        ("ABC", "\uff21\uff22\uff23", "Unicode normalisation"),
    ],
)
def test_instructions_that_only_look_the_same(ours: str, theirs: str, told: str) -> None:
    with pytest.raises(UsageError, match="differs only in") as refused:
        load_pairs([{"instruction": ours, "output": "x"}], [{"instruction": theirs, "output": "y"}])
    assert told in str(refused.value)


def test_a_missing_file_is_told_before_the_hub_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autoeval import evaluate, make_leaderboard

    def no_network(*_: object) -> Path:
        raise UsageError("there is no network")

    monkeypatch.setattr("autoeval.journeys.parameters.choosing.reference", no_network)
    missing = tmp_path / "nope.json"
    with pytest.raises(UsageError, match=r"nope\.json' does not exist"):
        evaluate(missing, annotators_config="longest", output_path=None)
    with pytest.raises(UsageError, match=r"nope\.json' does not exist"):
        make_leaderboard(tmp_path / "b.csv", "longest", all_model_outputs=[missing])
