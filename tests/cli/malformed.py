"""Files of results that are not what they should be: each of a kind, with what is wrong in it.

A member is a name and the content of the file; most are a good file in which one thing was changed.
"""

import json
from collections.abc import Iterator
from typing import Any

Member = tuple[str, bytes]

_HUGE = int("9" * 400)
_ODD: dict[str, Any] = {
    "true": True,
    "text": "x",
    "list": [1],
    "object": {"a": 1},
    "nested": [[{"a": []}]],
    "400 digits": _HUGE,
    "infinity": float("inf"),
}


def annotation(number: int, **changes: Any) -> dict[str, Any]:
    """Return a good row of annotations.json."""
    return {
        "instruction": f"Do thing {number}.",
        "dataset": "odd" if number % 2 else "even",
        "generator_1": "reference",
        "output_1": f"answer of the reference, number {number}",
        "generator_2": "model",
        "output_2": f"answer of the model, number {number}",
        "annotator": "longest",
        "preference": 1.0 + number % 2,
        "raw_completion": None,
        "explanation": None,
        "price_per_example": 0.0,
        "time_per_example": 0.0,
        "is_switched_outputs": None,
        "failure": None,
        **changes,
    }


def annotations(n: int = 4) -> list[dict[str, Any]]:
    """Return the rows of a good file."""
    return [annotation(number) for number in range(n)]


def _files(name: str, good: list[dict[str, Any]]) -> Iterator[Member]:
    """Yield files that are no array of objects at all."""
    text = json.dumps(good).encode()
    yield f"{name}: empty", b""
    yield f"{name}: blank", b" \n "
    yield f"{name}: no rows", b"[]"
    yield f"{name}: cut off", text[: len(text) // 2]
    yield f"{name}: trailing text", text + b"]"
    yield f"{name}: not UTF-8", text.replace(b"thing 1", b"th\xffng 1")
    yield f"{name}: UTF-16", json.dumps(good).encode("utf-16")
    yield f"{name}: a number", b"7"
    yield f"{name}: null", b"null"
    yield f"{name}: text", b'"annotations"'
    yield f"{name}: an object", b'{"a": 1}'
    yield f"{name}: rows under a key", json.dumps({"rows": good}).encode()
    yield f"{name}: nested too deep", b"[" * 100_000
    yield f"{name}: a number of 5000 digits", b'[{"instruction": ' + b"9" * 5000 + b"}]"
    yield f"{name}: NUL bytes", bytes(200)
    yield f"{name}: gzip without its name", b"\x1f\x8b\x08\x00" + bytes(20)
    for kind, row in (
        ("null", None),
        ("a list", [1]),
        ("a number", 5),
        ("text", "x"),
        ("true", True),
        ("empty", {}),
    ):
        yield f"{name}: row 2 is {kind}", json.dumps([good[0], row, *good[2:]]).encode()


def _changed(place: int, **changes: Any) -> bytes:
    rows = annotations()
    rows[place] = {**rows[place], **changes}
    return json.dumps(rows).encode()


def annotation_files() -> Iterator[Member]:
    """Yield files that are no annotations of one run."""
    yield from _files("annotations", annotations())
    for column in ("instruction", "output_1", "output_2", "preference"):
        rows = annotations()
        del rows[2][column]
        yield f"annotations: row 3 has no {column}", json.dumps(rows).encode()
    for column in ("instruction", "output_1", "output_2"):
        for kind, value in {**_ODD, "null": None, "number": 5}.items():
            if kind != "text":
                yield f"annotations: {column} is {kind}", _changed(2, **{column: value})
    for kind, value in {
        **_ODD,
        "digits as text": "2",
        "3": 3,
        "0.5": 0.5,
        "-2": -2,
        "empty text": "",
    }.items():
        yield f"annotations: preference is {kind}", _changed(2, preference=value)
    for column in ("generator_2", "generator_1", "annotator", "dataset"):
        for kind in ("true", "list", "object"):
            yield f"annotations: {column} is {kind}", _changed(2, **{column: _ODD[kind]})
    yield "annotations: two models", _changed(2, generator_2="another")
    yield "annotations: a row without a model", _changed(2, generator_2=None)
    yield "annotations: judgments are text", _changed(2, judgments="x")
    yield "annotations: judgments are an object", _changed(2, judgments={"a": 1})
    yield "annotations: judgments are true", _changed(2, judgments=True)
    good = {"annotator": "a", "preference": 1.5, "is_switched_outputs": False}
    for kind, judgment in {
        "null": None,
        "a number": 3,
        "empty": {},
        "without a preference": {"annotator": "a"},
        "with true": {**good, "preference": True},
        "with 7": {**good, "preference": 7},
        "with a list": {**good, "preference": [1]},
        "switched by text": {**good, "is_switched_outputs": "yes"},
        "switched by 2": {**good, "is_switched_outputs": 2},
        "with a price in words": {**good, "price": "cheap"},
        "with a negative price": {**good, "price": -1},
        "of a list": {**good, "annotator": ["a"]},
    }.items():
        yield f"annotations: a judgment is {kind}", _changed(2, judgments=[good, judgment])
    yield "annotations: is_switched_outputs is text", _changed(2, is_switched_outputs="x")
    yield "annotations: price is a list", _changed(2, price_per_example=[1])
    yield "annotations: a preference and a failure", _changed(2, failure="server error")


def run_files() -> Iterator[Member]:
    """Yield files that are no run.json."""
    good = json.dumps({"annotator": {"name": "longest", "fingerprint": "abc"}}).encode()
    yield "run.json: empty", b""
    yield "run.json: cut off", good[:-3]
    yield "run.json: not UTF-8", good.replace(b"abc", b"\xff\xfe")
    yield "run.json: UTF-16", good.decode().encode("utf-16")
    yield "run.json: nested too deep", b"[" * 100_000
    yield "run.json: nested objects too deep", b'{"a":' * 100_000
    yield "run.json: 5000 digits", b'{"annotator": ' + b"9" * 5000 + b"}"
    for kind, value in {**_ODD, "null": None}.items():
        if kind != "object":
            yield f"run.json: {kind}", json.dumps(value).encode()
        if kind not in ("object", "null"):
            yield f"run.json: annotator is {kind}", json.dumps({"annotator": value}).encode()
        if kind not in ("text", "null"):
            for field in ("name", "fingerprint"):
                yield f"run.json: {field} is {kind}", json.dumps({"annotator": {field: value}}).encode()


BOARD = (
    ",win_rate,standard_error,n_wins,n_wins_base,n_draws,n_total,mode,avg_length,reference\n"
    "first,60.0,2.5,6,4,0,10,community,100,reference\n"
    "second,40.0,2.5,4,6,0,10,community,90,reference\n"
)


def _board(old: str, new: str) -> bytes:
    assert old in BOARD
    return BOARD.replace(old, new, 1).encode()


def board_files() -> Iterator[Member]:
    """Yield files that are no leaderboard."""
    yield "board: empty", b""
    yield "board: no header of one", b"a,b\n1,2\n"
    yield "board: not UTF-8", _board("second", "sec\x00nd").replace(b"\x00", b"\xff")
    yield "board: UTF-16", BOARD.encode("utf-16")
    yield "board: NUL bytes", bytes(100)
    yield "board: a model twice", _board("second", "first")
    yield "board: a nameless model", _board("second", "")
    yield "board: a blank model", _board("second", "  ")
    yield "board: a column twice", _board("standard_error", "win_rate")
    yield "board: another column twice", _board("reference\nfirst", "avg_length\nfirst")
    yield "board: a field too few", _board("40.0,", "")
    yield "board: a field too many", _board("40.0,", "40.0,1,")
    yield "board: an open quote", _board("second", '"second')
    for told, cell in {
        "infinity": "inf",
        "minus infinity": "-Infinity",
        "NaN": "nan",
        "400 digits": "9" * 400,
        "words": "many",
        "negative": "-1",
        "hexadecimal": "0x10",
        "1e999": "1e999",
    }.items():
        for column, good in {
            "win_rate": "40.0,",
            "standard_error": "2.5,4",
            "n_wins": "4,6,",
            "n_total": "10,",
            "avg_length": "90,",
        }.items():
            end = "4" if column == "standard_error" else "6," if column == "n_wins" else ""
            yield f"board: {column} is {told}", _board(good, f"{cell},{end}")
    yield "board: a win rate of 250", _board("40.0,", "250,")
    yield "board: half a win", _board("4,6,", "4.5,6,")
    yield "board: more than can be counted", _board("90,", f"{2**60},")


PREFERENCES = (
    "model,instruction,subset,preference,length_1,length_2,is_flipped\n"
    "first,aa,odd,1,10,12,\nfirst,bb,even,2,10,12,\nsecond,aa,odd,1,10,12,\n"
)


def preference_files() -> Iterator[Member]:
    """Yield files that are no preferences beside a board."""
    yield "preferences: empty", b""
    yield "preferences: another header", PREFERENCES.replace("subset", "group").encode()
    yield "preferences: not UTF-8", PREFERENCES.encode().replace(b"odd", b"\xff")
    for told, line in {
        "too few fields": "first,aa",
        "one field": "first",
        "too many fields": "first,aa,odd,1,10,12,,9",
        "a preference of 3": "first,aa,odd,3,10,12,",
        "a preference of nan": "first,aa,odd,nan,10,12,",
        "a preference of inf": "first,aa,odd,inf,10,12,",
        "a preference in words": "first,aa,odd,win,10,12,",
        "true": "first,aa,odd,true,10,12,",
        "a negative length": "first,aa,odd,1,-10,12,",
        "a length of 400 digits": f"first,aa,odd,1,{'9' * 400},12,",
        "a length of 5000 digits": f"first,aa,odd,1,10,{'9' * 5000},",
        "a length in words": "first,aa,odd,1,long,12,",
        "half a length": "first,aa,odd,1,10.5,12,",
        "a flip of 2": "first,aa,odd,1,10,12,2",
        "a flip of True": "first,aa,odd,1,10,12,True",
    }.items():
        yield f"preferences: {told}", f"{PREFERENCES}{line}\n".encode()


DETAILS: dict[str, Any] = {
    "source": "x",
    "subsets": {"first": {"odd": {"win_rate": 50.0, "low": 40.0, "high": 60.0, "n": 3}}},
    "comparisons": [["first", "second", 20.0, 10, 0.1, 0.1]],
}


def detail_files() -> Iterator[Member]:
    """Yield files that are no details beside a board."""
    yield "details: empty", b""
    yield "details: cut off", json.dumps(DETAILS).encode()[:-4]
    yield "details: not UTF-8", json.dumps(DETAILS).encode().replace(b"odd", b"\xff")
    yield "details: nested too deep", b"[" * 100_000
    for kind, value in {**_ODD, "null": None, "number": 5}.items():
        yield f"details: {kind}", json.dumps(value).encode()
        if kind != "nothing":
            for field in ("subsets", "comparisons"):
                yield f"details: {field} is {kind}", json.dumps({**DETAILS, field: value}).encode()
        if kind != "number":
            rate = {"win_rate": 50.0, "low": 40.0, "high": 60.0, "n": 3} | {"low": value}
            yield (
                f"details: a rate is {kind}",
                json.dumps({**DETAILS, "subsets": {"first": {"odd": rate}}}).encode(),
            )
            compared = [["first", "second", 20.0, 10, value, 0.1]]
            yield f"details: a p-value is {kind}", json.dumps({**DETAILS, "comparisons": compared}).encode()
    comparisons = {"short": ["a", "b", 1.0], "long": ["a", "b", 1.0, 1, 1.0, 1.0, 1.0], "bare": ["a"]}
    for told, figures in comparisons.items():
        yield f"details: a {told} comparison", json.dumps({**DETAILS, "comparisons": [figures]}).encode()
    rate = {"win_rate": 50.0, "low": 40.0, "high": 60.0, "n": 3, "more": 1}
    yield "details: a rate with more", json.dumps({**DETAILS, "subsets": {"first": {"odd": rate}}}).encode()


def label_files(good: str) -> Iterator[Member]:
    """Yield files that are no filled sheet of labels; `good` is a sheet with an answer."""
    header, first, *_ = good.splitlines()
    identity = first.partition(",")[0]
    yield "labels: empty", b""
    yield "labels: a header alone", header.encode()
    yield "labels: nothing filled in", f"id,better\n{identity},\n".encode()
    yield "labels: no id", f"name,better\n{identity},a\n".encode()
    yield "labels: no better", f"id,best\n{identity},a\n".encode()
    yield "labels: better twice", f"id,better,better\n{identity},a,b\n".encode()
    yield "labels: id twice", f"id,id,better\n{identity},x,a\n".encode()
    yield "labels: a pair twice", f"id,better\n{identity},a\n{identity},b\n".encode()
    yield "labels: NUL", f"id,better\n{identity},\0\n".encode()
    yield "labels: UTF-16, no id", f"name,better\n{identity},a\n".encode("utf-16")
    yield "labels: a short row", f"id,better\n{identity}\n".encode()
    for answer in ("c", "1", "true", "a b", "A and B", "both", "=1+1", "9" * 400):
        yield f"labels: {answer[:9]}", f"id,better\n{identity},{answer}\n".encode()
    for other in ("", "0", "0-", "-1-ab", f"{'9' * 5000}-ab", "0-zz", "٣-ab", "²-ab", "x"):
        yield f"labels: the id {other[:9]!r}", f"id,better\n{other},a\n".encode()
    yield "labels: binary", bytes(range(256))


def vote_files() -> Iterator[Member]:
    """Yield files that are no votes of people."""
    yield from _files("votes", annotations())
    for column in ("instruction", "output_1", "output_2", "preference"):
        rows = annotations()
        del rows[2][column]
        yield f"votes: row 3 has no {column}", json.dumps(rows).encode()
    for kind, value in {**_ODD, "digits as text": "2", "3": 3, "empty text": ""}.items():
        yield f"votes: preference is {kind}", _changed(2, preference=value)
    for kind in ("true", "list", "object"):
        yield f"votes: output_1 is {kind}", _changed(2, output_1=_ODD[kind])
