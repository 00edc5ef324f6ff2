"""Numbers from judgments that are in annotations.json already: no cache, no judge."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.completions.ask import AskReport
from autoeval.data.annotation_rows import row_of
from autoeval.data.annotations import of_one_model, read_annotations, texts_of
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.runs.judging import Judged, counts_of
from autoeval.types import Annotation, Case

_NOTHING_ASKED = AskReport(0, 0, 0, {}, None, 0, 0, 0.0, True, frozenset(), 0.0)


def recompute(cases: Iterable[Case], annotator: Annotator, folder: Path | None) -> Judged:
    """Count the judgments on cases that a folder's annotations.json holds.

    Args:
        cases: the cases.
        annotator: who judged.
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
    counts = counts_of(annotator)
    rows = tuple(map(row_of, counts.counted(annotations_of(cases, path, annotator.name))))
    if not counts.n_judged:
        raise UsageError(f"{path} has no judgment on any of these outputs. Are they those that were judged?")
    return Judged(counts, _NOTHING_ASKED, path, rows)


def annotations_of(pairs: Iterable[Case], source: Any, annotator: str) -> Iterator[Annotation]:
    """Look the judgments on pairs up in an annotation file.

    Args:
        pairs: the pairs, which give the annotations' order.
        source: the file, of ours or of alpaca_eval.
        annotator: who judged, where a row does not say.
    """
    rows = of_one_model(read_rows(source, "annotations"), compares=False)
    recorded = {texts_of(each.case): each for each in read_annotations(rows, annotator)}
    for pair in pairs:
        found = recorded.get(texts_of(pair))
        if found is None:
            yield Annotation(pair, annotator, None, "not in annotations.json")
        else:
            yield replace(found, case=pair)
