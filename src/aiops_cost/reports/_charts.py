"""Charts as pictures: a `Chart` in, SVG or PNG out, drawn by Vega-Lite inside this process, without a network.

A chart is data and knows no colour; here each role (actual, plan, over, under) has one. The HTML page re-colours the
same SVG for dark screens by the colours named in `LIGHT`. How each kind is drawn stands in `_chart_specs.py`.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

from aiops_cost.model import Chart
from aiops_cost.reports import _chart_specs
from aiops_cost.reports._chart_specs import Look

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f27",
    "muted": "#5c6370",
    "grid": "#e4e6ea",
    "accent": "#2b56c9",
    "plan": "#868d9a",
    "over": "#bf3d12",
    "under": "#1c7a4c",
    "c1": "#2c57ca",
    "c2": "#d0742a",
    "c3": "#2e8b84",
    "c4": "#8a56b3",
    "c5": "#a0a6b1",
    "c6": "#b8405e",
}
"""Role -> colour on a light page; every colour is another text, so that a style sheet can tell them apart."""

DARK = {
    "paper": "#14171c",
    "ink": "#eceef2",
    "muted": "#a3aab8",
    "grid": "#2a2f38",
    "accent": "#86a6ff",
    "plan": "#7d8594",
    "over": "#ff8d62",
    "under": "#5fcf97",
    "c1": "#86a7ff",
    "c2": "#f0a25f",
    "c3": "#5cc4bb",
    "c4": "#c39be6",
    "c5": "#747c8b",
    "c6": "#f08aa5",
}
WIDE, NARROW = 940, 330
"""Widths in pixels: for a page, for a phone."""

_FONT = "Liberation Sans, Helvetica, Arial, sans-serif"
_NOISE = re.compile(
    r' (?:style|aria-roledescription|role|pointer-events|aria-hidden|clip-path)="[^"]*"|<defs>.*</defs>', re.DOTALL
)
"""What Vega writes and we do not need: the page names the whole chart once and forbids styles within it; nothing is
drawn outside its frame, and the numbers of clips would differ from drawing to drawing."""

_PLACES = re.compile(r' (?:d|transform|[xy]2?|width|height)="[^"]*"')
_DIGITS = re.compile(r"(\.\d)\d+")


def can_draw() -> bool:
    """True where the drawing library (the extra `html`) is installed."""
    return find_spec("vl_convert") is not None


def svg(chart: Chart, width: int = WIDE, dark: bool = False) -> str:
    """The chart as one SVG element, `width` pixels wide. Marks carry what they stand for as `aria-label`.

    Raises ValueError for a kind of chart that is not known, ImportError without the extra `html`.
    """
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(_spec(chart, width, dark))
    return _PLACES.sub(lambda found: _DIGITS.sub(r"\1", found[0]), _NOISE.sub("", text))


def png(chart: Chart, width: int = WIDE, scale: float = 2, dark: bool = False) -> bytes:
    """The chart as a PNG on a paper background, `width * scale` pixels wide. Raises as `svg` does."""
    import vl_convert

    spec = _spec(chart, width, dark)
    spec["background"] = (DARK if dark else LIGHT)["paper"]
    spec["padding"] = 16
    picture: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
    return picture


def _spec(chart: Chart, width: int, dark: bool) -> dict[str, Any]:
    """The chart as Vega-Lite. Raises ValueError for a kind that nobody drew yet."""
    look = Look(width, DARK if dark else LIGHT)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": None,
        "padding": {"left": 0, "right": 8, "top": 4, "bottom": 6},
        **_chart_specs.of(chart, look),
        "config": _config(look),
    }


def _config(look: Look) -> dict[str, Any]:
    ink, muted, grid = look.colors["ink"], look.colors["muted"], look.colors["grid"]
    return {
        "font": _FONT,
        "view": {"stroke": None},
        "text": {"color": ink, "fontSize": 12},
        "axis": {
            "labelColor": muted, "labelFontSize": 12, "gridColor": grid, "domain": False, "ticks": False,
            "labelPadding": 8, "title": None, "aria": False, "labelLimit": 150,
        },
        "legend": {
            "orient": "top", "direction": "horizontal", "title": None, "labelColor": ink, "labelFontSize": 12,
            "symbolStrokeWidth": 2.5, "symbolSize": 160, "offset": 12, "columnPadding": 16, "aria": False,
            "labelLimit": 160, "columns": 2 if look.is_narrow else 6,
        },
    }  # fmt: skip
