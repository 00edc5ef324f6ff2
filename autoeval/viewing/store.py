"""The pairs of the runs that are looked at, in a temporary database, so that memory stays flat.

A run of any size is read once, row by row; what a list shows of a pair (its head) and all that is said of it (its
entry) are stored apart, so that a list costs no texts.
"""

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from autoeval.data.annotations import is_of_one_output, of_one_model, read_annotations
from autoeval.data.loading import Row, read_rows
from autoeval.data.spool import instruction_key
from autoeval.report.pairs import entries, scored_entries
from autoeval.runs.catalog import Place

Entry = dict[str, Any]

_MOST_RUNS = 40
_CACHE_KIB = 8192
_HEAD_CHARACTERS = 200
_OF_A_HEAD: Sequence[str] = ("id", "subset", "preference", "score", "parts", "failure", "flipped")
_SEARCHED = ("instruction", "reference", "model", "failure")
_SCHEMA = """
CREATE TABLE run (id TEXT PRIMARY KEY, stamp TEXT NOT NULL, used INTEGER NOT NULL);
CREATE TABLE pair (
    run TEXT NOT NULL, number INTEGER NOT NULL, key TEXT NOT NULL, head TEXT NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE INDEX pair_by_key ON pair (run, key);
"""


class PairStore:
    """The pairs of the runs that were looked at last; readable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._clock = 0
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self.close = weakref.finalize(self, self._database.close)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.executescript(_SCHEMA)

    def heads(self, where: Place) -> list[Entry]:
        """Return what a list shows of each pair of a run.

        Raises:
            UsageError: the run cannot be read.
        """
        with self._lock:
            self._load(where)
            rows = self._database.execute("SELECT head FROM pair WHERE run = ? ORDER BY number", (where.id,))
            return [json.loads(head) for (head,) in rows]

    def entry(self, where: Place, number: int) -> Entry | None:
        """Return all that is said of a pair, counted from 1; None where there is none."""
        with self._lock:
            self._load(where)
            found = self._database.execute(
                "SELECT entry FROM pair WHERE run = ? AND number = ?", (where.id, number)
            ).fetchone()
            return json.loads(found[0]) if found else None

    def all_entries(self, where: Place) -> Iterator[Entry]:
        """Yield all that is said of each pair of a run."""
        for head in self.heads(where):
            entry = self.entry(where, head["id"])
            if entry is not None:
                yield entry

    def search(self, where: Place, wanted: str) -> list[int]:
        """Return the numbers of the pairs in whose texts a text stands, whatever its case."""
        wanted = wanted.strip().lower()
        with self._lock:
            self._load(where)
            rows = self._database.execute(
                "SELECT number, entry FROM pair WHERE run = ? ORDER BY number", (where.id,)
            )
            return [number for number, entry in rows if wanted in searchable(json.loads(entry))]

    def _load(self, where: Place) -> None:
        """Read a run, unless it is there as it is now."""
        self._clock += 1
        found = self._database.execute("SELECT stamp FROM run WHERE id = ?", (where.id,)).fetchone()
        if found and found[0] == where.stamp:
            self._database.execute("UPDATE run SET used = ? WHERE id = ?", (self._clock, where.id))
            return
        self._forget([where.id])
        self._database.execute("BEGIN")
        try:
            self._database.executemany("INSERT INTO pair VALUES (?, ?, ?, ?, ?)", _rows(where))
            self._database.execute("INSERT INTO run VALUES (?, ?, ?)", (where.id, where.stamp, self._clock))
        except BaseException:
            self._forget([where.id])
            raise
        finally:
            self._database.execute("COMMIT")
        old = self._database.execute("SELECT id FROM run ORDER BY used DESC LIMIT -1 OFFSET ?", (_MOST_RUNS,))
        self._forget([run for (run,) in old.fetchall()])

    def _forget(self, runs: Sequence[str]) -> None:
        for run in runs:
            self._database.execute("DELETE FROM run WHERE id = ?", (run,))
            self._database.execute("DELETE FROM pair WHERE run = ?", (run,))


def searchable(entry: Entry) -> str:
    """Return the texts of a pair that a search looks through, in lower case."""
    reasons = [
        text
        for judgment in entry.get("judgments", ())
        for text in (judgment.get("explanation"), judgment.get("reply"))
    ]
    texts = [*(entry.get(name) for name in _SEARCHED), *reasons]
    return "\n".join(text for text in texts if text).lower()


def head_of(entry: Entry) -> Entry:
    """Return what a list shows of a pair; `longer` is by how many characters the model's output is longer."""
    kept: Entry = {name: entry[name] for name in _OF_A_HEAD if name in entry}
    return {
        **kept,
        "instruction": entry["instruction"][:_HEAD_CHARACTERS],
        "longer": len(entry["model"]) - len(entry.get("reference", "")),
        "key": _key(entry),
    }


def _key(entry: Entry) -> str:
    return instruction_key(entry["instruction"])[:9].hex()


def _rows(where: Place) -> Iterator[tuple[str, int, str, str, str]]:
    for entry in _entries(of_one_model(read_rows(where.path, "run"), compares=False)):
        yield where.id, entry["id"], _key(entry), json.dumps(head_of(entry)), json.dumps(entry)


def _entries(rows: Iterator[Row]) -> Iterator[Entry]:
    first = next(rows)
    every = read_annotations(chain([first], rows))
    if is_of_one_output(first):
        yield from scored_entries(every)
        return
    for entry in entries(every, None, lambda _pair: (), lambda _pair: None):
        yield {"model": "", "reference": "", **entry}
