"""How ratings are written down, and Markdown tables of them said in lines as prose says the same."""

import re
from collections.abc import Iterator, Sequence

from autoeval.annotators.parsers.tables import Cells, with_tables_as
from autoeval.texts.patterns import lazy_pattern

_EDGE = r"[\s*_#`>|\[\]()\"'“”]{0,12}"
HEADER = lazy_pattern(
    rf"^{_EDGE}(?:output|text|response|answer|completion)(?:\s+for\s+(?:text|output|response))?{_EDGE}"
    rf"(?:no\.?\s*)?(?P<number>\d{{1,3}}){_EDGE}(?:[:：.]|(?=\s*$)){_EDGE}",
    re.IGNORECASE | re.MULTILINE,
)
RATING = lazy_pattern(
    rf"^{_EDGE}(?:(?:overall|final|corrected|revised|updated|actual)\s+)?(?:rating|score|grade|评分|評分|評価|평점|점수){_EDGE}[:：=]{_EDGE}(?P<held>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
REASON = lazy_pattern(
    rf"^{_EDGE}(?:rationale|reason|explanation|feedback)(?:\s+for\s+rating)?{_EDGE}[:：]\s*",
    re.IGNORECASE | re.MULTILINE,
)
_OUTPUTS = lazy_pattern(
    r"(?:(?:output|text|response|answer|completion)s?(?:\s*(?:no\.?|number|#))?|no\.?|#)", re.IGNORECASE
)
_PLACE = lazy_pattern(r"\d{1,3}\.?")


def with_ratings_said(text: str) -> str:
    """Return a text with lines in place of each table that rates outputs: a heading an output, and its fields below.

    Outputs are rows (`| Output | Rating |`), columns (`| | Output 1 | Output 2 |` above a row `Rating`), or, where
    nothing but ratings and reasons stands in the table, rows in their order; a table of fields and values is about
    the output above it. Criteria are no outputs, so a table of them says nothing.
    """
    return with_tables_as(text, _said)


def _said(lines: Sequence[str], head: Cells, rows: Sequence[Cells]) -> Iterator[str]:
    blocks = None if any(len(row) != len(head) for row in rows) else _blocks(head, rows)
    if blocks is None:
        yield lines[0]
        yield from lines[2:]  # without its rule it is no table, of which anything else could be read
        return
    for heading, names, cells in blocks:
        if heading:
            yield heading
        yield from (f"{name}: {cell}" for name, cell in zip(names, cells, strict=True))


def _blocks(head: Cells, rows: Sequence[Cells]) -> list[tuple[str, Cells, Cells]] | None:
    """Return the outputs of a table with their fields; None where it rates none, or can be read in two ways."""
    if all(_is_rating(name) or _is_reason(name) for name in head):
        return [("", head, row) for row in rows] if any(map(_is_rating, head)) else None
    columns = list(zip(*rows, strict=True))
    by_row = _headed(head[0], [row[0] for row in rows], head[1:], [row[1:] for row in rows])
    by_column = _headed(head[0], head[1:], list(columns[0]) if columns else [], columns[1:])
    if by_row and by_column:
        return None
    return by_row or by_column or _fields(head, rows)


def _fields(head: Cells, rows: Sequence[Cells]) -> list[tuple[str, Cells, Cells]] | None:
    """Return what a table of fields and their values says of one output."""
    if len(head) != 2:
        return None
    names, cells = zip(head, *rows, strict=True)
    is_rated = any(map(_is_rating, names)) and not any(_heading(name, "") for name in names)
    return [("", names, cells)] if is_rated else None


def _headed(
    corner: str, outputs: Cells, names: Cells, fields: Sequence[Cells]
) -> list[tuple[str, Cells, Cells]] | None:
    """Return outputs with their fields, if they are outputs and some field is a rating."""
    headings = [_heading(name, corner) for name in outputs]
    if None in headings or not any(map(_is_rating, names)):
        return None
    if any(_heading(name, "") for name in names):  # whose is it?
        return None
    return [(heading or "", names, cells) for heading, cells in zip(headings, fields, strict=True)]


def _heading(name: str, corner: str) -> str | None:
    """Return the heading of an output; None where a cell names none. A mere number needs a corner that says of what."""
    if _PLACE.fullmatch(name):
        return f"Output {name.rstrip('.')}:" if _OUTPUTS.fullmatch(corner) else None
    return f"{name}:" if HEADER.fullmatch(f"{name}:") else None


def _is_rating(name: str) -> bool:
    return RATING.fullmatch(f"{name}: ") is not None


def _is_reason(name: str) -> bool:
    return REASON.fullmatch(f"{name}: ") is not None
