"""Results in a notebook: the tables that the command line prints, as tables of the page."""

import sys
from collections.abc import Iterable
from html import escape
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDTH = 100
_NUMBERS = "right"


class HtmlConsole(Console):
    """A console that keeps what is printed on it as HTML."""

    def __init__(self) -> None:
        super().__init__(file=StringIO(), width=_WIDTH, force_terminal=False)
        self.parts: list[str] = []

    def print(self, *objects: Any, **_: Any) -> None:
        """Keep tables as tables and lines as lines."""
        for each in objects:
            if isinstance(each, Table):
                self.parts.append(_table(each))
            elif text := self._text(each).strip():
                self.parts.append(f"<div>{escape(text)}</div>")

    def _text(self, renderable: Any) -> str:
        with self.capture() as captured:
            super().print(renderable, soft_wrap=True)
        return captured.get()


def html_of(result: Any) -> str:
    """Return what the command line shows of a result, as HTML with real tables."""
    from autoeval.cli.show import show_on

    console = HtmlConsole()
    show_on(console, result)
    return "\n".join(console.parts)


def text_of(result: Any) -> str:
    """Return what the command line shows of a result, as text."""
    from autoeval.cli.show import show_on

    file = StringIO()
    show_on(Console(file=file, width=_WIDTH, force_terminal=False), result)
    return file.getvalue().rstrip()


def register(types: Iterable[tuple[str, str]]) -> None:
    """Have a running notebook show results so; where there is none, nothing happens.

    Args:
        types: the module and the name of each type.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for module, name in types:
        formatters["text/html"].for_type_by_name(module, name, html_of)
        formatters["text/plain"].for_type_by_name(module, name, _print_text)


def _print_text(result: Any, printer: Any, _is_cycle: bool) -> None:
    printer.text(text_of(result))


def _table(table: Table) -> str:
    """Return a table of rich's as one of HTML."""
    columns = list(table.columns)
    styles = [' style="text-align: right"' if column.justify == _NUMBERS else "" for column in columns]
    heads = "".join(
        f"<th{style}>{escape(str(column.header))}</th>" for column, style in zip(columns, styles, strict=True)
    )
    rows = zip(*(column.cells for column in columns), strict=True)
    body = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in rows)
    title = f"<caption>{escape(str(table.title))}</caption>" if table.title else ""
    return f"<table>{title}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Iterable[Any], styles: Iterable[str]) -> str:
    return "".join(f"<td{style}>{escape(str(cell))}</td>" for cell, style in zip(row, styles, strict=True))
