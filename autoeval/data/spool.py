"""Where outputs wait to be paired: a temporary SQLite database, so that memory stays flat.

SQLite keeps it in memory while it is small, spills it into an unlinked temporary file when it is not, and
leaves nothing behind, whatever ends the process.
"""

import hashlib
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from autoeval.data.flaws import Flaw, Flaws, flaw_of
from autoeval.data.records import Record

REFERENCE_SIDE = ""  # the reference's outputs; a model's are under its name, which is never empty

_CACHE_KIB = 8192

_SCHEMA = """
CREATE TABLE output (
    id INTEGER PRIMARY KEY, side TEXT NOT NULL, key BLOB NOT NULL, sample INTEGER NOT NULL, flaw INTEGER NOT NULL,
    generator TEXT, dataset TEXT, place TEXT NOT NULL, instruction TEXT NOT NULL, output TEXT NOT NULL
);
CREATE TABLE eval_set (reference INTEGER PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE pair (
    side TEXT NOT NULL, number INTEGER NOT NULL, reference INTEGER NOT NULL, output INTEGER NOT NULL,
    sample INTEGER NOT NULL, PRIMARY KEY (side, number)
) WITHOUT ROWID;
"""

_PAIRED = """
FROM pair
JOIN output AS reference ON reference.id = pair.reference
JOIN output AS model ON model.id = pair.output
WHERE pair.side = ?
"""
_SELECT_PAIRED = f"""
SELECT pair.number, reference.instruction, reference.output, model.output, reference.generator,
       coalesce(reference.dataset, model.dataset), pair.sample
{_PAIRED}"""


class Place(NamedTuple):
    """An instruction and where it stands."""

    instruction: str
    where: str


class Conflict(NamedTuple):
    """An instruction with two different outputs of one side, and where they stand."""

    side: str
    instruction: str
    first: str
    second: str


class PairedRow(NamedTuple):
    """What the database holds of a pair."""

    number: int
    instruction: str
    output_1: str
    output_2: str
    generator_1: str | None
    dataset: str | None
    sample: int


@lru_cache(maxsize=4096)
def instruction_key(instruction: str) -> bytes:
    """Return the 16 bytes by which equal instructions are found."""
    return hashlib.blake2b(instruction.encode(), digest_size=16).digest()


def draw(key: bytes, seed: int) -> bytes:
    """Return an instruction's lot: the lowest lots are the sample, whatever order the instructions are in."""
    return hashlib.blake2b(str(seed).encode() + b":" + key, digest_size=16).digest()


class Spool:
    """Outputs of a reference and of any number of models, and their pairs; readable from any thread."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self.close = weakref.finalize(self, self._database.close)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.create_function("draw", 2, draw, deterministic=True)
        self._database.executescript(_SCHEMA)

    def add(self, records: Iterable[tuple[str, Record]]) -> None:
        """Store records, each with its side."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO output (side, key, sample, flaw, generator, dataset, place, instruction, output)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    side,
                    instruction_key(record.instruction),
                    record.sample,
                    flaw_of(record.output),
                    record.generator,
                    record.dataset,
                    record.where,
                    record.instruction,
                    record.output,
                )
                for side, record in records
            ),
        )
        self._database.execute("COMMIT")

    def index(self) -> None:
        """Prepare for the questions below; after the last `add`, because that is several times faster."""
        self._database.execute("CREATE INDEX output_by_key ON output (side, key, sample)")

    def conflicts(self) -> Iterator[Conflict]:
        """Yield the instructions for which one side has two different outputs under one sample number."""
        rows = self._database.execute(
            "SELECT a.side, a.instruction, a.place, b.place FROM output AS b JOIN output AS a"
            " ON a.side = b.side AND a.key = b.key AND a.sample = b.sample AND a.id < b.id"
            " WHERE a.output != b.output GROUP BY a.side, a.key, a.sample ORDER BY min(b.id)"
        )
        return (Conflict(*row) for row in rows)

    def drop_repeated(self) -> None:
        """Keep one of several equal outputs."""
        self._database.execute(
            "DELETE FROM output WHERE id IN (SELECT b.id FROM output AS a JOIN output AS b"
            " ON a.side = b.side AND a.key = b.key AND a.sample = b.sample AND a.id < b.id)"
        )

    def choose_eval_set(self, max_instances: int | None, seed: int) -> None:
        """Choose the instructions that count: the reference's, or a sample of them by lot."""
        self._database.execute(
            "INSERT INTO eval_set SELECT id, key FROM output WHERE side = ? "
            + ("" if max_instances is None else "ORDER BY draw(key, ?) LIMIT ?"),
            (REFERENCE_SIDE,) if max_instances is None else (REFERENCE_SIDE, seed, max_instances),
        )
        self._database.execute("CREATE INDEX eval_set_by_key ON eval_set (key)")

    def pair(self, side: str) -> int:
        """Pair a model's outputs with the eval set, in the reference's order; return how many there are."""
        return self._database.execute(
            "INSERT INTO pair SELECT ?, row_number() OVER (ORDER BY eval_set.reference, model.sample) - 1,"
            " eval_set.reference, model.id,"
            " row_number() OVER (PARTITION BY eval_set.reference ORDER BY model.sample) - 1"
            " FROM eval_set JOIN output AS model ON model.side = ? AND model.key = eval_set.key",
            (side, side),
        ).rowcount

    def missing(self, side: str) -> Iterator[Place]:
        """Yield the instructions of the eval set for which a model has no output."""
        rows = self._database.execute(
            "SELECT instruction, place FROM eval_set JOIN output ON output.id = eval_set.reference"
            " WHERE NOT EXISTS"
            " (SELECT 1 FROM output AS model WHERE model.side = ? AND model.key = eval_set.key)"
            " ORDER BY eval_set.reference",
            (side,),
        )
        return (Place(*row) for row in rows)

    def extra(self, side: str) -> Iterator[Place]:
        """Yield a model's instructions that the reference does not have."""
        rows = self._database.execute(
            "SELECT instruction, place FROM output WHERE side = ? AND NOT EXISTS"
            " (SELECT 1 FROM output AS reference WHERE reference.side = ? AND reference.key = output.key)"
            " GROUP BY key ORDER BY min(id)",
            (side, REFERENCE_SIDE),
        )
        return (Place(*row) for row in rows)

    def pairs(self, side: str) -> Iterator[PairedRow]:
        """Stream a model's pairs in order."""
        rows = self._database.execute(f"{_SELECT_PAIRED} ORDER BY pair.number", (side,))
        return map(PairedRow._make, rows)

    def pair_at(self, side: str, number: int) -> PairedRow:
        """Return one of a model's pairs."""
        return PairedRow(
            *self._database.execute(f"{_SELECT_PAIRED} AND pair.number = ?", (side, number)).fetchone()
        )

    def flaws(self, side: str) -> tuple[Flaws, Flaws]:
        """Count the flaws of a model's pairs: of the reference's outputs, and of the model's."""
        rows = self._database.execute(
            f"SELECT reference.flaw, model.flaw, count(*) {_PAIRED} GROUP BY reference.flaw, model.flaw",
            (side,),
        )
        one, other = Flaws(), Flaws()
        for of_reference, of_model, n in rows:
            one.add(Flaw(of_reference), n)
            other.add(Flaw(of_model), n)
        return one, other

    def datasets(self, side: str) -> tuple[str, ...]:
        """Return the names of the subsets that a model's pairs come from, in order; empty where none is."""
        rows = self._database.execute(
            f"SELECT coalesce(reference.dataset, model.dataset) AS name {_PAIRED} AND name IS NOT NULL"
            " GROUP BY name ORDER BY min(pair.number)",
            (side,),
        )
        return tuple(name for (name,) in rows)

    @cached_property
    def eval_set_hash(self) -> str:
        """A hash of the instructions of the eval set that does not depend on their order."""
        digest = hashlib.sha256()
        for (key,) in self._database.execute("SELECT key FROM eval_set ORDER BY key"):
            digest.update(key)
        return digest.hexdigest()[:16]

    @cached_property
    def eval_set_size(self) -> int:
        """How many instructions count."""
        (size,) = self._database.execute("SELECT count(*) FROM eval_set").fetchone()
        return int(size)
