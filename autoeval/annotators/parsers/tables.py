"""Markdown tables of a reply, said in lines as prose says the same: `Winner: A`, `Overall score: 8`, `A: 7`."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from autoeval.annotators.parsers.words import BETTER, RANK, SCORE, WHOLE, WORSE, words_of
from autoeval.texts.patterns import lazy_pattern

_RULE = lazy_pattern(r"\|?:?-+:?(?:\|:?-+:?)*\|?")
_FENCES = ("```", "~~~")
_NUMBER = lazy_pattern(r"[-+]?\d+(?:[.,]\d+)?(?:\s?/\s?\d+|\s?%)?")
_EMPHASIS = " \t*_`\"'"
_PLACES = frozenset({"1", "2"})
_VERDICT = BETTER | WORSE | SCORE
Cells = Sequence[str]


def with_tables_said(text: str) -> str:
    """Return a text with each of its tables followed by lines that say what it says of verdicts and scores.

    Criteria are no verdict, so a table of them says nothing unless a row gives the whole (`Overall`, `Total`). Of ranks
    and of numbers that could be ranks it says nothing either, as scores look like them and mean the opposite.
    """

    def said(lines: Sequence[str], head: Cells, rows: Sequence[Cells]) -> Iterator[str]:
        yield lines[0]
        yield from lines[2:]  # the rule says nothing, and its colons announce nothing
        yield from _lines_of(head, rows)

    return with_tables_as(text, said)


def with_tables_as(text: str, said: Callable[[Sequence[str], Cells, Sequence[Cells]], Iterable[str]]) -> str:
    """Return a text with other lines in place of each of its tables.

    Args:
        text: it.
        said: gets the lines of a table, the cells of its head and those of its rows, and returns the lines.
    """
    if "|" not in text or "-" not in text:
        return text
    lines = text.split("\n")
    found: list[str] = []
    at = 0
    is_code = False  # a table in it is quoted
    while at < len(lines):
        is_code ^= lines[at].lstrip().startswith(_FENCES)
        start, at = at, at + 1
        if is_code or at == len(lines) or "|" not in lines[start] or not _is_rule(lines[at]):
            found.append(lines[start])
            continue
        while at < len(lines) and "|" in lines[at]:
            at += 1
        table = lines[start:at]
        found += said(table, _cells(table[0]), [_cells(line) for line in table[2:]])
    return "\n".join(found)


def _is_rule(line: str) -> bool:
    return "|" in line and _RULE.fullmatch("".join(line.split())) is not None


def _cells(line: str) -> Cells:
    return [cell.strip(_EMPHASIS) for cell in line.strip().strip("|").split("|")]


def _lines_of(head: Cells, rows: Sequence[Cells]) -> Iterator[str]:
    if len(head) < 2 or any(len(row) != len(head) for row in rows):
        return
    if len(head) == 2:  # a field a row, of which the head may be the first
        yield from (f"{row[0]}: {row[1]}" for row in (head, *rows) if _holds(row[0], _VERDICT))
        yield from (
            f"{row[0]} {head[1]}: {row[1]}" for row in rows if _is_whole(row[0]) and _holds(head[1], BETTER)
        )
    if len(rows) == 1:  # a field a column, unless it is one of a criterion
        if _holds(head[0], _VERDICT) or not rows[0][0] or _is_whole(rows[0][0]):
            yield from (
                f"{name}: {cell}" for name, cell in zip(head, rows[0], strict=True) if _holds(name, _VERDICT)
            )
        yield from _side_by_side(head, rows[0])
    yield from _column_of_scores(head, rows)
    for row in rows:
        if _is_whole(row[0]):
            yield from _side_by_side(head[1:], row[1:])


def _column_of_scores(head: Cells, rows: Sequence[Cells]) -> Iterator[str]:
    """Say the one column of scores: of the whole under its name, of everything else under the row's own."""
    columns = [place for place, name in enumerate(head) if place and _holds(name, SCORE)]
    columns = [place for place in columns if not _holds(head[place], BETTER | WORSE | RANK)]
    if len(columns) != 1 or {row[columns[0]] for row in rows} <= _PLACES:
        return
    for row in rows:
        is_named = _is_whole(row[0]) and not _holds(row[0], SCORE)
        yield f"{row[0]}{' score' if is_named else ''}: {row[columns[0]]}"


def _side_by_side(names: Cells, cells: Cells) -> Iterator[str]:
    """Say the scores of what stands side by side in the head, as in `| | A | B |`."""
    if len(names) < 2 or set(cells) <= _PLACES or not all(map(_NUMBER.fullmatch, cells)):
        return
    if not any(_holds(name, _VERDICT | RANK) for name in names):
        yield from (f"{name}: {cell}" for name, cell in zip(names, cells, strict=True))


def _holds(name: str, table: frozenset[str]) -> bool:
    return not table.isdisjoint(words_of(name))


def _is_whole(name: str) -> bool:
    words = set(words_of(name))
    return bool(words & WHOLE) and words <= WHOLE | SCORE
