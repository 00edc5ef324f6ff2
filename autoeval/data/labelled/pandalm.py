"""PandaLM's test set: pairs with three people's votes, and judges' recorded results in one order."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import Recording, choice_of, label_of, named_entries, unique
from autoeval.data.loading import Row, read_rows
from autoeval.data.records import read_field, read_key, read_text
from autoeval.errors import UsageError, nearest

_VOTES: Mapping[str, Preference] = {"0": 1.5, "1": 1.0, "2": 2.0, "tie": 1.5}
_RESULTS: Mapping[str, Preference] = {**_VOTES, "garbage": None, "null": None, "none": None, "": None}
_ANNOTATORS = ("annotator1", "annotator2", "annotator3")


def read(source: Any) -> Labelled:
    """Read the test set; the right answer is what most of the three say, and a row without one is left out."""
    pairs, n_left_out = [], 0
    for row in read_rows(source, "--dataset"):
        votes = Counter(label_of(row, name, _VOTES) for name in _ANNOTATORS)
        (label, count), *_ = votes.most_common(1)
        if count < 2:
            n_left_out += 1
            continue
        pairs.append(
            LabelledPair(
                key=read_key(row, "idx"),
                instruction=_instruction(row),
                output_1=_response(row, "response1"),
                output_2=_response(row, "response2"),
                label=label,
                subset=None,
                where=row.where,
            )
        )
    return Labelled("pandalm", unique(pairs), n_left_out=n_left_out)


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read results, a file a judge: rows of `idx` and the one field that ends in `_result`."""
    found = Recording(labelled)
    for name, entry in named_entries(source, _judge):
        judge = found.judge(name)
        for row in read_rows(entry, "--recorded"):
            key = read_key(row, "idx")
            verdict = Verdicts.in_orders(choice_of(row, _result(row), _RESULTS))
            if key in found.pairs or not labelled.n_left_out:
                judge.verdicts[found.pair(row, key).key] = verdict
    return found.judges


def _instruction(row: Row) -> str:
    context = row.fields.get("input")
    instruction = read_text(row, "instruction")
    return f"{instruction}\n\n{context}" if isinstance(context, str) and context else instruction


def _response(row: Row, name: str) -> str:
    """Return a response; the file has some, such as True, as the values that they look like."""
    value = read_field(row, name)
    return str(value) if isinstance(value, bool | int | float) and value == value else read_text(row, name)


def _judge(path: Path) -> str:
    name = path.name.removesuffix(".gz").removesuffix(".json").removesuffix(".jsonl")
    return name.removesuffix("-testset-v1")


def _result(row: Row) -> str:
    found = [name for name in map(str, row.fields) if name.endswith("_result")]
    if len(found) != 1:
        hint = nearest("gpt_result", map(str, row.fields))
        raise UsageError(
            f"{row.where} has {len(found)} fields that end in '_result'; it should have one. {hint}"
        )
    return found[0]


PANDALM = Format(read, recorded)
