"""A report read back from its JSON, so that it can be shown again in any format, to the byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from aiops_cost.model import Chart, Column, Finding, Report, Severity, Table
from aiops_cost.money import WHOLE_DIGITS
from aiops_cost.reports import Unreadable

VERSION = "1"
PREFIX = "aiops-cost"

Cell = str | int | bool | float | list[str | None] | None
Row = dict[str, Cell]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Column(_Part):
    name: str
    kind: Literal["text", "money", "price", "number", "percent", "chance", "count", "date", "bar", "spark"]
    title: str


class _Table(_Part):
    title: str = ""
    columns: list[_Column]
    rows: list[Row]
    total: Row | None
    note: str | None = None


class _Chart(_Part):
    title: str
    kind: Literal["timeline", "waterfall", "bars"]
    description: str
    columns: list[_Column]
    rows: list[Row]


class _Finding(_Part):
    model_config = ConfigDict(extra="ignore", strict=True)
    code: str
    severity: Literal["info", "warning", "breach", "unjudged"]
    scope: dict[str, str | list[str]]
    owner: str | None
    period: str | None
    currency: str | None
    planned: str | None
    actual: str | None
    amount: str | None
    bridge: dict[str, str] | None
    cause: str | None
    onset: str | None
    message: str
    advice: str
    evidence: list[str] = []
    place: str | None = None
    fails: bool | None = None
    accepted: str | None = None


class _Document(_Part):
    title: str
    headline: str | None = None
    facts: dict[str, str | None]
    tables: dict[str, _Table]
    charts: dict[str, _Chart] = {}
    findings: list[_Finding]
    notes: list[str]
    paste: str | None
    verdict: str | None
    exit_code: int | None


def read(document: str, name: str) -> Report:
    """The report that was written as `document`. Raises Unreadable, with the place in the file `name`."""
    try:
        loaded = json.loads(document, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise Unreadable(place, f"this is not JSON: {error.msg}", _SAVE) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(name, f"this is not JSON of ours: {error}", _SAVE) from None
    kind = _kind(loaded, name)
    try:
        found = _Document.model_validate({key: value for key, value in loaded.items() if key != "schema"})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{name}: {where}", f"the report is damaged here: {first['msg']}", _SAVE) from None
    return _report(kind, found, name)


_SAVE = "A report is saved by:  aiops-cost report --format json -o report.json"


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _kind(loaded: Any, name: str) -> str:
    """The report's name from `aiops-cost/<name>/1`."""
    schema = loaded.get("schema") if isinstance(loaded, dict) else None
    parts = schema.split("/") if isinstance(schema, str) else []
    if len(parts) != 3 or parts[0] != PREFIX:
        raise Unreadable(name, "this is no report of aiops-cost: `schema` does not say `aiops-cost/.../1`", _SAVE)
    if parts[2] != VERSION:
        sentence = f"the report has version {parts[2]} of its schema, and this program knows version {VERSION}"
        raise Unreadable(name, sentence, "Upgrade:  pip install --upgrade aiops-cost")
    if parts[1] == "problems":
        raise Unreadable(name, "this is a list of problems, not a report", _SAVE)
    return parts[1]


def _report(kind: str, found: _Document, name: str) -> Report:
    return Report(
        name=kind,
        title=found.title,
        facts=found.facts,
        tables=tuple(_table(key, table, f"{name}: tables.{key}") for key, table in found.tables.items()),
        charts=tuple(_chart(key, chart, f"{name}: charts.{key}") for key, chart in found.charts.items()),
        findings=tuple(_finding(one, f"{name}: findings.{i}") for i, one in enumerate(found.findings)),
        notes=tuple(found.notes),
        verdict=found.verdict,
        exit_code=found.exit_code,
        paste=found.paste,
        headline=found.headline,
    )


def _table(key: str, found: _Table, place: str) -> Table:
    columns = _columns(found.columns)
    rows = tuple(_row(columns, row, f"{place}.rows.{i}") for i, row in enumerate(found.rows))
    total = None if found.total is None else _row(columns, found.total, f"{place}.total")
    return Table(key, found.title, columns, rows, total, found.note or "")


def _chart(key: str, found: _Chart, place: str) -> Chart:
    columns = _columns(found.columns)
    rows = tuple(_row(columns, row, f"{place}.rows.{i}") for i, row in enumerate(found.rows))
    return Chart(key, found.title, found.kind, columns, rows, found.description)


def _columns(found: Sequence[_Column]) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.kind, column.title) for column in found)


def _row(columns: Sequence[Column], row: Mapping[str, Cell], place: str) -> tuple[Any, ...]:
    if set(row) != {column.name for column in columns}:
        raise Unreadable(place, "the row's cells are not those of the columns", _SAVE)
    return tuple(_cell(row[column.name], column.kind, f"{place}.{column.name}") for column in columns)


def _cell(value: Cell, kind: str, place: str) -> Any:
    """The value that was written; a word in a column of numbers or days (`total`, `new`) stays a word."""
    if value is None or (kind == "text" and not isinstance(value, float)):
        return value
    if isinstance(value, list):
        if kind != "spark":
            raise Unreadable(place, f"a list in a column of kind {kind}", _SAVE)
        return tuple(_amount(one, place) for one in value)
    if kind == "count" and not isinstance(value, float):
        return value
    if not isinstance(value, str):
        raise Unreadable(place, f"{value!r} in a column of kind {kind} is not in quotes, so it may not be exact", _SAVE)
    if kind == "date":
        return _day(value)
    return _number(value)


def _number(text: str) -> Decimal | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() and abs(number.adjusted()) <= 10 * WHOLE_DIGITS else text


def _day(text: str) -> date | str:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text


def _amount(text: str | None, place: str) -> Decimal | None:
    if text is None:
        return None
    number = _number(text)
    if isinstance(number, str):
        raise Unreadable(place, f"`{text}` is not an amount", _SAVE)
    return number


def _finding(found: _Finding, place: str) -> Finding:
    onset = None if found.onset is None else _day(found.onset)
    if isinstance(onset, str):
        raise Unreadable(f"{place}.onset", f"`{onset}` is not a day", _SAVE)
    amounts = {key: _amount(getattr(found, key), f"{place}.{key}") for key in ("planned", "actual", "amount")}
    bridge = found.bridge
    parts = None if bridge is None else {k: _amount(v, f"{place}.bridge.{k}") or Decimal(0) for k, v in bridge.items()}
    return Finding(
        code=found.code,
        severity=Severity(found.severity),
        message=found.message,
        advice=found.advice,
        scope={key: value if isinstance(value, str) else tuple(value) for key, value in found.scope.items()},
        owner=found.owner,
        period=found.period,
        currency=found.currency,
        bridge=parts,
        cause=found.cause,
        onset=onset,
        evidence=tuple(found.evidence),
        place=found.place,
        fails=found.fails,
        accepted=found.accepted,
        **amounts,
    )
