"""A chart is drawn from its data, the same each time, without a network, and says its amounts exactly."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from aiops_cost.model import Chart, Column
from aiops_cost.reports import _charts

pytest.importorskip("vl_convert", reason="the extra `html` is not installed")

D = Decimal
MONEY = Column("amount", "money")
FIRST = date(2026, 6, 1)
DAYS = tuple(("actual", FIRST + timedelta(n), D(100 + n), None, None) for n in range(20))
AHEAD = tuple(("forecast", FIRST + timedelta(n), D(120), D(100), D(140)) for n in range(20, 30))
PLANNED = tuple(("budget", FIRST + timedelta(n), D("105.5"), None, None) for n in range(30))
TIMELINE = Chart(
    "timeline",
    "Spend per day",
    "timeline",
    (Column("series"), Column("day", "date"), MONEY, Column("low", "money"), Column("high", "money")),
    DAYS + PLANNED + AHEAD,
    "Spend rose by 1.00 a day.",
)
BRIDGE = Chart(
    "bridge",
    "From plan to actual",
    "waterfall",
    (Column("part"), MONEY),
    (("plan", D(1000)), ("volume", D("50.125")), ("rate", D(-20)), ("actual", D("1030.125"))),
    "Volume is the largest part.",
)
BARS = Chart(
    "owners",
    "Owners",
    "bars",
    (Column("label"), Column("group"), MONEY),
    (("chat", "actual", D(30)), ("chat", "budget", D(20)), ("search", "actual", D(10)), ("search", "budget", None)),
    "chat is over its budget.",
)
ALL = (TIMELINE, BRIDGE, BARS)


def labels(svg: str) -> list[str]:
    return re.findall(r'aria-label="([^"]*)"', svg)


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.name)
@pytest.mark.parametrize("width", [_charts.WIDE, _charts.NARROW])
def test_every_kind_is_drawn_as_wide_as_asked_and_the_same_each_time(chart: Chart, width: int) -> None:
    first = _charts.svg(chart, width)
    assert first == _charts.svg(chart, width)
    root = ElementTree.fromstring(first)
    assert abs(float(root.attrib["width"]) - width) <= 2
    assert not re.search(r'style=|<script|<foreignObject|href="http', first)


def test_marks_say_what_they_stand_for_to_the_cent() -> None:
    assert "volume: +50.12" in labels(_charts.svg(BRIDGE))
    assert "rate: -20.00" in labels(_charts.svg(BRIDGE, _charts.NARROW))
    assert "2026-06-05: actual 104.00, budget 105.50" in labels(_charts.svg(TIMELINE))
    assert "chat, budget: 20.00" in labels(_charts.svg(BARS))


def test_an_unknown_amount_is_not_drawn_as_zero() -> None:
    said = labels(_charts.svg(BARS))
    assert not [text for text in said if text.startswith("search, budget")]


def test_a_bridge_with_small_steps_still_shows_them() -> None:
    rows = (("plan", D(1_000_000)), ("volume", D(900)), ("actual", D(1_000_900)))
    path = re.search(r'aria-label="volume: \+900.00" d="([^"]*)"', _charts.svg(replace(BRIDGE, rows=rows)))
    assert path
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", path[1])]
    assert max(heights) - min(heights) > 50


def test_hostile_names_stay_text() -> None:
    rows = (("<script>alert(1)</script>", "actual", D(1)), ('"><img src=x onerror=1>', "budget", D(2)))
    svg = _charts.svg(replace(BARS, rows=rows))
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert names <= {"svg", "rect", "g", "path", "line", "text", "clipPath", "defs"}


def test_a_name_with_a_format_or_expression_is_not_run() -> None:
    rows = (("datum.amount + 1", None, D(1)), ("signal('x')", None, D(2)))
    assert "datum.amount + 1: 1.00" in labels(_charts.svg(replace(BARS, rows=rows)))


def test_dark_and_light_have_the_same_roles_and_no_colour_twice() -> None:
    assert set(_charts.LIGHT) == set(_charts.DARK)
    assert len(set(_charts.LIGHT.values())) == len(_charts.LIGHT)


def test_a_png_is_a_picture_of_the_asked_size() -> None:
    picture = _charts.png(BRIDGE, 600, scale=2)
    assert picture.startswith(b"\x89PNG")
    assert abs(int.from_bytes(picture[16:20], "big") - 1200) <= 2


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="no way to draw `pie`"):
        _charts.svg(replace(BARS, kind="pie"))


@pytest.mark.parametrize("chart", ALL, ids=lambda chart: chart.name)
def test_a_chart_without_rows_does_not_fail(chart: Chart) -> None:
    assert _charts.svg(replace(chart, rows=())).startswith("<svg")
