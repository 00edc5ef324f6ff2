"""Pages that stand alone: one HTML file that loads nothing, sends nothing, and runs only what we wrote.

A content security policy in the page names our script and our style by their hash and forbids everything
else, so that no text of a model can run or reach out, whatever it contains.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
PAIR_BROWSER = tuple(_HERE / "browser" / name for name in ("page.js", "texts.js", "pairs.js", "pair.js"))
"""The scripts of a page with pairs, to stand before its own."""


def render(template: Path, scripts: Path | Sequence[Path] = (), reaches: str = "", **values: Any) -> str:
    """Make a page.

    Args:
        template: a Jinja template that extends `base.html.jinja`; every value in it is escaped.
        scripts: the page's JavaScript, in the order in which it is needed.
        reaches: directives of the content security policy that allow more than nothing.
        **values: what the template uses.

    Returns:
        The page's HTML.
    """
    style = _read(_HERE / "style.css")
    code = "\n".join(map(_read, [scripts] if isinstance(scripts, Path) else scripts))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src '{_hash(code)}'{reaches}"
    )
    page = _environment(template.parent).get_template(template.name)
    # Both are our own files, made to stand in these elements.
    return page.render(policy=policy, style=Markup(style), script=Markup(code), **values)


def fragment(template: Path, **values: Any) -> str:
    """Make a part of a page; every value in it is escaped."""
    return _environment(template.parent).get_template(template.name).render(**values)


def packed(data: Any) -> str:
    """Pack data for a page: JSON, deflated, in base64, so that it can contain nothing that HTML would read."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 6)).decode("ascii")


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment(folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fixed"] = _fixed
    environment.filters["p_value"] = _p_value
    environment.filters["thousands"] = lambda value: f"{value:,}".replace(",", "\u202f")
    return environment


def _fixed(value: float | None, digits: int = 1) -> str:
    """Write a number with a fixed number of decimals, and a real minus sign; nothing for no number."""
    if value is None or value != value:
        return ""
    return f"{value:.{digits}f}".replace("-", "\u2212")


def _p_value(value: float) -> str:
    """Write a p-value as papers do."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
