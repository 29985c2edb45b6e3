"""A chart is drawn from its data, the same each time, without a network, and says its amounts exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from aiops_cost.model import Chart
from aiops_cost.reports import _charts

pytest.importorskip("vl_convert", reason="the extra `html` is not installed")

D = Decimal
Charts = Mapping[str, Chart]
KINDS = ["timeline", "bridge", "owners"]


def labels(svg: str) -> list[str]:
    return re.findall(r'aria-label="([^"]*)"', svg)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [_charts.WIDE, _charts.NARROW])
def test_every_kind_is_drawn_as_wide_as_asked_and_the_same_each_time(charts: Charts, kind: str, width: int) -> None:
    chart = charts[kind]
    first = _charts.svg(chart, width)
    assert first == _charts.svg(chart, width)
    root = ElementTree.fromstring(first)
    assert abs(float(root.attrib["width"]) - width) <= 2
    assert not re.search(r'style=|<script|<foreignObject|href="http', first)


def test_marks_say_what_they_stand_for_to_the_cent(charts: Charts) -> None:
    assert "volume: +50.12" in labels(_charts.svg(charts["bridge"]))
    assert "rate: -20.00" in labels(_charts.svg(charts["bridge"], _charts.NARROW))
    assert "2026-06-05: actual 104.00, budget 105.50" in labels(_charts.svg(charts["timeline"]))
    assert "chat, budget: 20.00" in labels(_charts.svg(charts["owners"]))


def test_an_unknown_amount_is_not_drawn_as_zero(charts: Charts) -> None:
    said = labels(_charts.svg(charts["owners"]))
    assert not [text for text in said if text.startswith("search, budget")]


def test_a_bridge_with_small_steps_still_shows_them(charts: Charts) -> None:
    rows = (("plan", D(1_000_000)), ("volume", D(900)), ("actual", D(1_000_900)))
    path = re.search(r'aria-label="volume: \+900.00" d="([^"]*)"', _charts.svg(replace(charts["bridge"], rows=rows)))
    assert path
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", path[1])]
    assert max(heights) - min(heights) > 50


def test_hostile_names_stay_text(charts: Charts) -> None:
    rows = (("<script>alert(1)</script>", "actual", D(1)), ('"><img src=x onerror=1>', "budget", D(2)))
    svg = _charts.svg(replace(charts["owners"], rows=rows))
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert names <= {"svg", "rect", "g", "path", "line", "text", "clipPath", "defs"}


def test_a_name_with_a_format_or_expression_is_not_run(charts: Charts) -> None:
    rows = (("datum.amount + 1", None, D(1)), ("signal('x')", None, D(2)))
    assert "datum.amount + 1: 1.00" in labels(_charts.svg(replace(charts["owners"], rows=rows)))


def test_dark_and_light_have_the_same_roles_and_no_colour_twice() -> None:
    assert set(_charts.LIGHT) == set(_charts.DARK)
    assert len(set(_charts.LIGHT.values())) == len(_charts.LIGHT)


def test_a_png_is_a_picture_of_the_asked_size(charts: Charts) -> None:
    picture = _charts.png(charts["bridge"], 600, scale=2)
    assert picture.startswith(b"\x89PNG")
    assert abs(int.from_bytes(picture[16:20], "big") - 1200) <= 2


def test_an_unknown_kind_is_named(charts: Charts) -> None:
    with pytest.raises(ValueError, match="no way to draw `pie`"):
        _charts.svg(replace(charts["owners"], kind="pie"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_without_rows_does_not_fail(charts: Charts, kind: str) -> None:
    assert _charts.svg(replace(charts[kind], rows=())).startswith("<svg")


@pytest.mark.parametrize("label", ["\U0001f600" * 40, "a" + "\U0001f600" * 40, "x" * 10_240, "\x1b[31mred", "<script>"])
def test_no_label_keeps_a_chart_from_being_drawn(charts: Charts, label: str) -> None:
    """The drawing cuts long labels anywhere, and half an emoji is no text."""
    bars = replace(charts["owners"], rows=((label, "actual", D(30)), (f"{label}2", "budget", D(20))))
    drawn = ElementTree.fromstring(_charts.svg(bars, _charts.NARROW))
    assert {"30.00", "20.00"} <= {
        "".join(text.itertext()).strip() for text in drawn.iter("{http://www.w3.org/2000/svg}text")
    }
