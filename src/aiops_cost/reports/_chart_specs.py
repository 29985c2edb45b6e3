"""How each kind of chart is drawn, as Vega-Lite: `timeline`, `waterfall`, `bars`.

Amounts that are printed come from `Decimal`, as text; floats only say where a mark stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from aiops_cost.model import Chart
from aiops_cost.reports._cells import amount, brief, drawable

Spec = dict[str, Any]

_ROLES = {
    "actual": "accent", "forecast": "accent", "budget": "plan", "plan": "plan", "planned": "plan", "before": "plan",
    "baseline": "plan",
}  # fmt: skip
_DASHES = {"forecast": [2, 4], "budget": [6, 4], "plan": [6, 4], "planned": [6, 4], "before": [6, 4]}
_OTHERS = ("c1", "c2", "c3", "c4", "c6", "c5")
_TRUNCATE = Decimal("0.4")
"""A bridge whose steps span less than this share of its levels is drawn from above zero, and says so."""
_ROW, _GROUPED_ROW = 30, 44
_SHORT = 14
"""Names of more characters do not fit below upright bars."""
_ZERO = "datum.value === 0 ? '0' : datum.label"


@dataclass(frozen=True)
class Look:
    """How wide, in pixels, and role -> colour."""

    width: int
    colors: Mapping[str, str]

    @property
    def is_narrow(self) -> bool:
        return self.width < 480


def of(chart: Chart, look: Look) -> Spec:
    """The chart's marks. Raises ValueError for a kind of chart that is not known."""
    kinds = {"timeline": _timeline, "waterfall": _waterfall, "bars": _bars}
    if chart.kind not in kinds:
        raise ValueError(f"chart {chart.name}: no way to draw `{chart.kind}` (known: {', '.join(kinds)})")
    return kinds[chart.kind](chart, look)


# --- timeline ---------------------------------------------------------------------------------------------------------


def _timeline(chart: Chart, look: Look) -> Spec:
    rows = [row for row in chart.rows if row[2] is not None]
    names = list(dict.fromkeys(drawable(str(row[0])) for row in rows))
    values = [
        {"series": drawable(str(name)), "day": day.isoformat(), "amount": float(value), **_interval(low, high)}
        for name, day, value, low, high in rows
    ]
    days = sorted({row[1] for row in rows})
    day = {
        "field": "day", "type": "temporal", "scale": {"type": "utc"},
        "axis": {"grid": False, "format": _day_format(days), "tickCount": 4 if look.is_narrow else 8,
                 "labelFlush": True, "labelOverlap": "greedy", "labelSeparation": 10},
    }  # fmt: skip
    layers = [*_lines(names, day, look), _hover(rows, day, days)]
    return {"height": 220 if look.is_narrow else 260, "data": {"values": values}, "layer": layers}


def _lines(names: Sequence[str], day: Spec, look: Look) -> tuple[Spec, Spec]:
    """The intervals as bands, and above them a line per series; with one series there is nothing to tell apart."""
    axis = {"format": "~s", "tickCount": 4, "labelExpr": _ZERO}
    money = {"type": "quantitative", "axis": axis, "scale": {"zero": True}}
    accent = {"value": look.colors["accent"]}
    series = {"field": "series", "type": "nominal"}
    dashes = [_DASHES.get(name, [1, 0]) for name in names]
    colors = {"domain": names, "range": _colors(names, look)}
    told_apart = {
        "color": {**series, "scale": colors, "legend": {"symbolType": "stroke"}},
        "strokeDash": {**series, "scale": {"domain": names, "range": dashes}},
    }  # fmt: skip
    band = {
        "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
        "mark": {"type": "area", "opacity": 0.16, "aria": False},
        "encoding": {"x": day, "y": {**money, "field": "low"}, "y2": {"field": "high"}, "color": accent},
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round", "aria": False},
        "encoding": {
            "x": day, "y": {**money, "field": "amount"}, **(told_apart if len(names) > 1 else {"color": accent}),
        },
    }  # fmt: skip
    return band, line


def _interval(low: Decimal | None, high: Decimal | None) -> dict[str, float]:
    return {} if low is None or high is None else {"low": float(low), "high": float(high)}


def _hover(rows: Sequence[tuple[Any, ...]], day: Spec, days: Sequence[date]) -> Spec:
    """An invisible stripe per day that says what every series is on it."""
    said: dict[date, list[str]] = {one: [] for one in days}
    for name, one, value, _, _ in rows:
        said[one].append(f"{drawable(str(name))} {amount(value)}")
    values = [{"day": one.isoformat(), "said": f"{one.isoformat()}: {', '.join(texts)}"} for one, texts in said.items()]
    return {
        "data": {"values": values},
        "mark": {"type": "rule", "opacity": 0, "strokeWidth": 9},
        "encoding": {"x": day, "description": {"field": "said", "type": "nominal"}},
    }


def _day_format(days: Sequence[date]) -> str:
    span = (days[-1] - days[0]).days if days else 0
    return "%-d %b" if span <= 70 else "%b %Y"


# --- waterfall --------------------------------------------------------------------------------------------------------


def _waterfall(chart: Chart, look: Look) -> Spec:
    values = _steps(chart, look)
    lying = look.is_narrow or max((len(value["part"]) for value in values), default=0) > _SHORT
    low, high = _domain(values, 0.36 if look.is_narrow else 0.14)
    for value in values:
        value["start"] = max(value["start"], low) if value["level"] else value["start"]
    main, cross = ("y", "x") if lying else ("x", "y")
    axis = {
        "grid": False,
        "labelAngle": 0,
        "labelColor": look.colors["ink"],
        "labelLimit": 120 if look.is_narrow else 220,
    }
    part: Spec = {
        "field": "part", "type": "nominal", "sort": [value["part"] for value in values], "axis": axis,
        "scale": {"paddingInner": 0.34, "paddingOuter": 0.2},
    }  # fmt: skip
    level: Spec = {"type": "quantitative", "scale": {"domain": [low, high], "zero": False, "nice": False}}
    level["axis"] = {"format": "~s", "tickCount": 4, "labelExpr": _ZERO} if low == 0 else None
    bar = {
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {
            main: part, cross: {**level, "field": "start"}, f"{cross}2": {"field": "end"},
            "color": {"field": "color", "type": "nominal", "scale": None},
            "description": {"field": "said", "type": "nominal"},
        },
    }  # fmt: skip
    beside = {"align": "left", "dx": 5} if lying else {"baseline": "bottom", "dy": -6}
    text = {
        "mark": {"type": "text", "aria": False, **beside},
        "encoding": {
            main: part, cross: {**level, "field": "top"}, "text": {"field": "text", "type": "nominal"},
            "color": {"field": "ink", "type": "nominal", "scale": None},
        },
    }  # fmt: skip
    cut = f"The grey and blue bars are cut: they begin at {brief(Decimal(round(low)))}." if low > 0 else ""
    title = {"text": cut, "orient": "bottom", "anchor": "start", "color": look.colors["muted"], "fontSize": 11,
             "fontWeight": "normal", "offset": 10}  # fmt: skip
    height = (_ROW + 2) * len(values) if lying else 250
    return {"height": height, "data": {"values": values}, "layer": [bar, text], **({"title": title} if cut else {})}


def _steps(chart: Chart, look: Look) -> list[dict[str, Any]]:
    """Where each bar begins and ends; the first and last row are levels, the rest are steps from where we are."""
    found: list[dict[str, Any]] = []
    here = Decimal(0)
    last = len(chart.rows) - 1
    for number, (part, size) in enumerate(chart.rows):
        is_level = number in {0, last}
        start, end = (Decimal(0), size) if is_level else (here, here + size)
        here = end
        role = ("plan" if number == 0 else "accent") if is_level else ("over" if size > 0 else "under")
        sign = "+" if not is_level and size > 0 else ""
        name = drawable(str(part))
        found.append({
            "part": name, "start": float(start), "end": float(end), "top": float(max(start, end)),
            "text": f"{sign}{brief(size)}", "said": f"{name}: {sign}{amount(size)}", "color": look.colors[role],
            "ink": look.colors["ink" if is_level else role], "level": is_level,
        })  # fmt: skip
    return found


def _domain(values: Sequence[Mapping[str, Any]], room: float) -> tuple[float, float]:
    """From zero, unless the steps would then be too small to see; with room for the amounts beyond the bars."""
    tops = [max(v["start"], v["end"]) for v in values]
    ends = [v["end"] if v["level"] else min(v["start"], v["end"]) for v in values]
    high, low = max(tops, default=1.0), min(ends, default=0.0)
    span = high - low
    if low <= 0 or span > float(_TRUNCATE) * high or not span:
        return min(low, 0.0), high + room * (high - min(low, 0.0) or 1.0)
    return low - 0.6 * span, high + 1.6 * room * span


# --- bars -------------------------------------------------------------------------------------------------------------


def _bars(chart: Chart, look: Look) -> Spec:
    rows = [row for row in chart.rows if row[2] is not None]
    groups = list(dict.fromkeys(drawable(str(row[1])) for row in rows if row[1] is not None))
    labels = list(dict.fromkeys(drawable(str(row[0])) for row in rows))
    values = [_bar(label, group, value) for label, group, value in rows]
    grouped = len(groups) > 1
    y: Spec = {
        "field": "label", "type": "nominal", "sort": labels, "scale": {"paddingInner": 0.3 if grouped else 0.4},
        "axis": {"grid": False, "labelColor": look.colors["ink"], "labelLimit": 110 if look.is_narrow else 200},
    }  # fmt: skip
    x: Spec = {"field": "amount", "type": "quantitative", "axis": None, "scale": {"range": [0, {"expr": "width - 90"}]}}
    bar: Spec = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {"y": y, "x": x, "description": {"field": "said", "type": "nominal"}},
    }
    text: Spec = {
        "mark": {"type": "text", "align": "left", "dx": 6, "aria": False},
        "encoding": {"y": y, "x": x, "text": {"field": "text", "type": "nominal"}},
    }
    if grouped:
        offset = {"field": "group", "type": "nominal", "sort": groups}
        bar["encoding"]["yOffset"] = text["encoding"]["yOffset"] = offset
        scale = {"domain": groups, "range": _colors(groups, look)}
        bar["encoding"]["color"] = {
            "field": "group",
            "type": "nominal",
            "scale": scale,
            "legend": {"symbolType": "square"},
        }
    else:
        bar["encoding"]["color"] = {"value": look.colors["accent"]}
    height = max(len(labels), 1) * (_GROUPED_ROW if grouped else _ROW)
    return {"height": height, "data": {"values": values}, "layer": [bar, text]}


def _bar(label: Any, group: Any, value: Decimal) -> dict[str, Any]:
    name = drawable(str(label))
    more = f", {drawable(str(group))}" if group is not None else ""
    return {
        "label": name, "group": "" if group is None else drawable(str(group)), "amount": float(value),
        "text": brief(value), "said": f"{name}{more}: {amount(value)}",
    }  # fmt: skip


# --- series -----------------------------------------------------------------------------------------------------------


def _colors(names: Sequence[str], look: Look) -> list[str]:
    others = iter(_OTHERS * (1 + len(names) // len(_OTHERS)))
    return [look.colors[_ROLES[name]] if name in _ROLES else look.colors[next(others)] for name in names]
