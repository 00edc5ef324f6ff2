"""Numbers from judgments that are in annotations.json already: no cache, no judge."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autoeval.annotators.recorded import preference_of, read_recorded, texts_of
from autoeval.completions.ask import AskReport
from autoeval.data.loading import Row, read_rows
from autoeval.errors import UsageError
from autoeval.pipeline.judging import Judged
from autoeval.pipeline.tally import Tally
from autoeval.types import Annotation, Judgment, Pair

_NOTHING_ASKED = AskReport(0, 0, 0, {}, None, 0, 0, 0.0, True, frozenset(), 0.0)


def recompute(pairs: Iterable[Pair], annotator: str, folder: Path | None) -> Judged:
    """Count the judgments on pairs that a folder's annotations.json holds.

    Args:
        pairs: the pairs.
        annotator: who judged, where a row does not say.
        folder: where annotations.json is, of ours or of alpaca_eval; it is left as it is.

    Raises:
        UsageError: there is no such file, or it has none of the pairs.
    """
    path = folder / "annotations.json" if folder else None
    if path is None or not path.is_file():
        raise UsageError(
            f"--is_recompute_metrics_only: there is no {path or 'annotations.json (--output_path is None)'}. "
            "Name the folder that has it with --output_path, or leave the flag out."
        )
    tally = Tally()
    for _ in tally.counted(annotations_of(pairs, path, annotator)):
        pass
    if not tally.n_judged:
        raise UsageError(
            f"{path} has no judgment on any of these pairs. Are they the outputs that were judged?"
        )
    return Judged(tally, _NOTHING_ASKED, path, None)


def annotations_of(pairs: Iterable[Pair], source: Any, annotator: str) -> Iterator[Annotation]:
    """Look the judgments on pairs up in an annotation file.

    Args:
        pairs: the pairs, which give the annotations' order.
        source: the file, of ours or of alpaca_eval.
        annotator: who judged, where a row does not say.
    """
    rows = list(read_rows(source, "annotations"))
    by_pair = {texts_of(recorded.pair): row for recorded, row in zip(read_recorded(rows), rows, strict=True)}
    for pair in pairs:
        row = by_pair.get(texts_of(pair))
        if row is None:
            yield Annotation(pair, annotator, None, "not in annotations.json")
            continue
        preference = preference_of(row)
        failure = None if preference is not None else str(row.fields.get("failure") or "recorded as missing")
        yield Annotation(pair, annotator, preference, failure, tuple(_judgments(row, annotator, preference)))


def _judgments(row: Row, annotator: str, preference: float | None) -> Iterator[Judgment]:
    several: list[Any] = row.fields.get("judgments") or [
        {**row.fields, "preference": preference, "price": row.fields.get("price_per_example")}
    ]
    for fields in several:
        yield Judgment(
            annotator=str(fields.get("annotator") or annotator),
            preference=fields["preference"],
            is_switched=bool(fields.get("is_switched_outputs")),
            price=fields.get("price"),
        )
