"""Cells that a spreadsheet shows as they are: text that it would take for a formula gets an apostrophe in front.

Spreadsheets run a cell that begins with one of a few signs, whoever wrote it, so that a model's name could read
other cells or open an address (OWASP, "CSV injection"). The apostrophe says "text" to them.
"""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_cell(text: str) -> str:
    """Return a text as a cell that is no formula; `from_cell` gives the text back."""
    return f"'{text}" if _would_run(text) else text


def from_cell(cell: str) -> str:
    """Return the text of a cell, which may be one that nobody has guarded."""
    return cell[1:] if cell.startswith("'") and _would_run(cell[1:]) else cell


def _would_run(text: str) -> bool:
    """Whether a text begins as a formula, or as one behind apostrophes, so that these can be told from ours."""
    return text.lstrip("'").startswith(_FORMULA_STARTS)
