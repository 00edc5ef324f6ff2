"""Charts as SVG that takes its colours and fonts from the page around it.

Drawn by pygal: a library in plain Python whose SVG names every part with a class, so that one style sheet serves
light, dark and print, nothing has to run in the reader's browser, and a chart costs a few kilobytes. What pygal
adds for stand-alone files (a style, a script, a comment with the date) is taken out.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

_SVG = "{http://www.w3.org/2000/svg}"
_FONT_SIZE = 12
_WIDTH = 380
_ROW_HEIGHT = 26
_AXIS_HEIGHT = 44


@dataclass(frozen=True)
class Axis:
    """What numbers lie on: its ends, and how they are written."""

    low: float = 0.0
    high: float = 100.0
    unit: str = "%"
    digits: int = 1

    @property
    def ticks(self) -> list[float]:
        """Where it is marked."""
        return [self.low + (self.high - self.low) * quarter / 4 for quarter in range(5)]

    def said(self, value: float) -> str:
        """Write a number."""
        return f"{value:.{self.digits}f}"


PERCENT = Axis()


@dataclass(frozen=True)
class Interval:
    """A number with the ends of its interval, and what it belongs to."""

    label: str
    value: float
    low: float
    high: float


def intervals(title: str, rows: Sequence[Interval], width: int = _WIDTH, axis: Axis = PERCENT) -> Markup:
    """Draw numbers with their intervals, one below the other."""
    height = _AXIS_HEIGHT + _ROW_HEIGHT * len(rows)
    ends = (axis.low, axis.high)
    chart = _pygal().HorizontalLine(**_options(width, height), stroke=False, dots_size=4, range=ends)
    chart.x_labels = [row.label for row in rows]
    chart.y_labels = axis.ticks
    chart.add("", [_with_interval(row, axis) for row in rows])
    return _finished(chart, title)


def interval_mark(title: str, row: Interval, axis: Axis = PERCENT) -> Markup:
    """Draw one number with its interval for a cell of a table."""
    options = {
        **_options(150, 20),
        "margin": 0,
        "margin_right": 0,
        "show_x_labels": False,
        "show_y_labels": False,
        "spacing": 0,
    }
    chart = _pygal().HorizontalLine(**options, stroke=False, dots_size=4, range=(axis.low, axis.high))
    chart.x_labels = [""]
    chart.y_labels = axis.ticks[::2]
    chart.add("", [_with_interval(row, axis)])
    return _finished(chart, title, "mark")


def columns(title: str, bars: Mapping[str, float], x_title: str, y_title: str) -> Markup:
    """Draw counts or shares as columns."""
    chart = _pygal().Bar(**_options(_WIDTH, 230), x_title=x_title, y_title=y_title)
    chart.x_labels = list(bars)
    chart.add("", list(bars.values()))
    return _finished(chart, title)


def interval_columns(title: str, rows: Sequence[Interval], x_title: str, y_title: str) -> Markup:
    """Draw percentages with their intervals from left to right."""
    options = _options(_WIDTH, 250)
    chart = _pygal().Line(
        **options, stroke=False, dots_size=4, range=(0, 100), x_title=x_title, y_title=y_title
    )
    chart.x_labels = [row.label for row in rows]
    chart.y_labels = PERCENT.ticks
    chart.add("", [_with_interval(row, PERCENT) for row in rows])
    return _finished(chart, title)


def scatter(
    title: str,
    points: Mapping[str, tuple[float, float]],
    x_title: str,
    y_title: str,
    axis: Axis = PERCENT,
) -> Markup:
    """Draw named points; `y` lies on the axis."""
    options = _options(640, 360)
    ends = (axis.low, axis.high)
    chart = _pygal().XY(**options, stroke=False, dots_size=5, range=ends, x_title=x_title, y_title=y_title)
    chart.y_labels = axis.ticks
    chart.x_value_formatter = lambda value: f"{value:,.0f}"
    chart.add("", [{"value": point, "label": name} for name, point in points.items()])
    return _finished(chart, title)


def radar(
    title: str,
    axes: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    ends: tuple[float, float] = (0, 100),
) -> Markup:
    """Draw a ring of numbers for each of several things; each is a group with the class `serie-N`.

    Args:
        title: what the chart shows.
        axes: what each of the numbers is of.
        series: the numbers of each thing, None where there is none.
        ends: the lowest and the highest that they can be.
    """
    low, high = ends
    chart = _pygal().Radar(**_options(460, 330), dots_size=3, range=ends, fill=False)
    chart.x_labels = list(axes)
    chart.y_labels = (low, (low + high) / 2, high)
    for name, values in series.items():
        chart.add(name, list(values))
    return _finished(chart, title)


def _pygal() -> Any:
    """Import pygal without its import hook: that is for maps, and warns at every later import."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def _options(width: int, height: int) -> dict[str, Any]:
    sizes = {f"{part}_font_size": _FONT_SIZE for part in ("label", "major_label", "title", "value", "legend")}
    return {
        "width": width,
        "height": height,
        "style": _pygal().style.Style(**sizes),
        "css": [],
        "js": [],
        "no_prefix": True,
        "show_legend": False,
        "margin": 8,
        "margin_right": 22,
        "value_formatter": lambda value: f"{value:.4g}",
    }


def _with_interval(row: Interval, axis: Axis) -> dict[str, Any]:
    value, low, high = (axis.said(number) for number in (row.value, row.low, row.high))
    label = f"{row.label}: {value}{axis.unit} ({low} to {high}{axis.unit})"
    return {"value": row.value, "label": label, "ci": {"low": row.low, "high": row.high}}


def _finished(chart: Any, title: str, extra_class: str = "") -> Markup:
    """Turn a chart into an accessible SVG element without style, script or date."""
    root = chart.render_tree()
    for child in list(root):
        if child.tag is ElementTree.Comment or child.tag in ("defs", "title"):
            root.remove(child)
    for parent in list(root.iter()):
        for child in list(parent):
            if "tooltip-overlay" in (child.get("class") or ""):
                parent.remove(child)
        if "web" in (parent.get("class") or ""):
            for text in parent.iter("text"):
                text.attrib.pop("transform", None)  # upright labels round a radar
        _tooltip_as_title(parent)
    root.attrib.pop("id", None)
    root.set("class", f"chart {extra_class}".strip())
    root.set("role", "img")
    root.set("aria-label", title)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _tooltip_as_title(group: ElementTree.Element) -> None:
    """Replace the descriptions that pygal's script would show by a title, which browsers show by themselves."""
    descriptions = [child for child in group if child.tag == "desc"]
    if not descriptions:
        return
    texts = {(child.get("class") or ""): child.text or "" for child in descriptions}
    for child in descriptions:
        group.remove(child)
    text = texts.get("label") or ": ".join(filter(None, (texts.get("x_label"), texts.get("value"))))
    title = ElementTree.Element("title")
    title.text = text
    group.insert(0, title)
