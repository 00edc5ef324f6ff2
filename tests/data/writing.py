"""Files of every format, written by the libraries that users write them with."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

FORMATS = ("json", "jsonl", "ndjson", "csv", "tsv", "parquet")


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows in the format that the path's suffix names, and return the path."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    match plain.suffix:
        case ".json":
            plain.write_text(json.dumps(rows), encoding="utf-8")
        case ".jsonl" | ".ndjson":
            plain.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        case ".csv" | ".tsv":
            with plain.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(
                    file, list(rows[0]), delimiter="," if plain.suffix == ".csv" else "\t"
                )
                writer.writeheader()
                writer.writerows(rows)
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), plain)
    if path != plain:
        path.write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    return path
