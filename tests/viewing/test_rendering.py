"""What models wrote, rendered: it looks as it was meant, and nothing of it can run."""

import re

import pytest

from autoeval.viewing.rendering import LONGEST_RENDERED, rendered
from tests.viewing.hostile import HOSTILE

_ALLOWED = re.compile(
    r"</?(?:p|br|hr|h[1-6]|strong|em|s|blockquote|ul|ol|li|pre|code|table|thead|tbody|tr|th|td|a|m[a-z]+)"
    r"(?: (?:href|target|rel|start|display|stretchy|fence|form|separator|accent|minsize|maxsize|movablelimits"
    r'|mathvariant|width|linebreak|linethickness|displaystyle|scriptlevel|notation|columnalign)="[^"<>]*")*\s*/?>'
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_of_a_hostile_text_only_harmless_tags_are_left(text: str) -> None:
    html = rendered(text) or ""
    assert _ALLOWED.sub("", html).count("<") == 0, html
    links = re.findall(r'href="([^"]*)"', html)
    assert all(re.match(r"https?://|mailto:", link) for link in links)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("**bold** and `x < y`", ["<strong>bold</strong>", "<code>x &lt; y</code>"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["<th>a</th>", "<td>2</td>"]),
        ("```python\nif a < b:\n    pass\n```", ["<pre><code>if a &lt; b:\n    pass\n</code></pre>"]),
        ("1. one\n2. two", ["<ol>", "<li>two</li>"]),
        ("so $x^2$ is", ['<math display="inline">', "<msup>"]),
        ("so \\(x^2\\) is", ['<math display="inline">', "<msup>"]),
        ("$$\\frac{a}{b}$$", ['<math display="block">', "<mfrac>"]),
        ("\\[\\frac{a}{b}\\]", ['<math display="block">', "<mfrac>"]),
        ("$a < b$ or $\\text{if } a<b$", ["<mo>&lt;</mo>"]),
        ("in code `\\(x\\)` nothing is math", ["<code>\\(x\\)</code>"]),
        ("```\n\\[x\\]\n```", ["\\[x\\]"]),
        ("see [this](https://x.example/)", ['href="https://x.example/"', "noopener", "noreferrer"]),
        ("![a plot](https://x.example/p.png) **!**", ["[image: a plot] (https://x.example/p.png)"]),
        ("$\\undefined{$ **x**", ["<code>$\\undefined{$</code>"]),
    ],
)
def test_it_looks_as_it_was_meant(text: str, parts: list[str]) -> None:
    html = rendered(text)
    assert html is not None
    assert [part for part in parts if part not in html] == []


@pytest.mark.parametrize(
    "text", ["", "plain words", "it costs $5 or $10", "a < b & c", "x" * (LONGEST_RENDERED + 1)]
)
def test_where_rendering_shows_no_more_there_is_none(text: str) -> None:
    assert rendered(text) is None
