"""OpenCost's JSON: what was idle is no workload, and a stretch of time is not a day."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aiops_cost.errors import UserError
from aiops_cost.rules import weights
from aiops_cost.rules.sharing import Stage, divide

DAY = date(2026, 5, 1)


def allocation(cost: float, start: str = "2026-05-01T00:00:00Z", end: str = "2026-05-02T00:00:00Z") -> dict[str, Any]:
    return {"window": {"start": start, "end": end}, "minutes": 1440, "cpuCost": cost, "totalCost": cost}


def saved(folder: Path, *steps: dict[str, Any], **top: Any) -> Path:
    path = folder / "use.json"
    path.write_text(json.dumps({"code": 200, "data": list(steps), **top}), encoding="utf-8")
    return path


def given_out(path: Path, amount: int, day: date = DAY) -> dict[str, str]:
    parts = divide(day, {"c": Decimal(amount)}, {}, [Stage("c", weights=weights.use(path))])
    return {part.workload or part.kind: f"{part.amount:.2f}" for part in parts}


def test_idle_and_what_is_nobodys_stand_apart_in_proportion(tmp_path: Path) -> None:
    """The list prices of OpenCost are not those of the bill: 100 there were 80 here."""
    names = {"chat": 40, "ranker": 20, "__idle__": 30, "__unallocated__": 5, "__unmounted__": 5}
    path = saved(tmp_path, {name: {"name": name, **allocation(cost)} for name, cost in names.items()})
    assert given_out(path, 80) == {"chat": "32.00", "ranker": "16.00", "idle": "32.00"}


def test_what_is_nobodys_in_a_namespace_is_not_the_namespaces(tmp_path: Path) -> None:
    lost = {"properties": {"namespace": "chat"}, **allocation(20)}
    path = saved(tmp_path, {"one/chat/pod": {"properties": {"namespace": "chat"}, **allocation(60)},
                            "one/chat/__unmounted__": lost})  # fmt: skip
    assert given_out(path, 40) == {"chat": "30.00", "idle": "10.00"}


def test_an_amount_of_many_digits_is_kept(tmp_path: Path) -> None:
    path = saved(tmp_path, {})
    path.write_text(json.dumps({"data": [{"chat": allocation(1)}]}).replace(": 1}", ": 12345678901.123456789}"))
    assert weights.use(path).by["2026-05-01"]["chat"] == Decimal("12345678901.123456789")


def test_without_idle_it_is_what_the_bill_has_beyond(tmp_path: Path) -> None:
    path = saved(tmp_path, {"chat": allocation(40), "ranker": allocation(20)})
    assert given_out(path, 80) == {"chat": "40.00", "ranker": "20.00", "idle": "20.00"}


def test_pods_are_summed_to_their_namespace(tmp_path: Path) -> None:
    pods = {f"one/node/chat/pod-{n}": {"properties": {"namespace": "chat"}, **allocation(10)} for n in (1, 2)}
    path = saved(tmp_path, {**pods, "one/node/__idle__": allocation(20)})
    assert given_out(path, 40) == {"chat": "20.00", "idle": "20.00"}


def test_hours_of_a_day_add_up_and_a_stretch_is_spread_over_its_days(tmp_path: Path) -> None:
    hours = [{"chat": allocation(1, f"2026-05-01T{n:02}:00:00Z", f"2026-05-01T{n + 1:02}:00:00Z")} for n in range(4)]
    week = {"ranker": allocation(14, "2026-05-01T00:00:00+02:00", "2026-05-08T00:00:00+02:00")}
    found = weights.use(saved(tmp_path, *hours, week))
    assert found.by["2026-05-01"] == {"chat": 4, "ranker": 2}
    assert sum(found.by[key]["ranker"] for key in found.by) == 14
    assert [f"{found.by[key]['ranker']:.3f}" for key in ("2026-04-30", "2026-05-07")] == ["0.167", "1.833"]


def test_the_summary_of_kubecost_has_its_window_around_the_names(tmp_path: Path) -> None:
    window = {"start": "2026-05-01T00:00:00Z", "end": "2026-05-02T00:00:00Z"}
    sets = [{"allocations": {"chat": {"name": "chat", "totalCost": 3}}, "window": window}]
    path = saved(tmp_path, data={"step": 86400, "sets": sets})
    assert weights.use(path).by == {"2026-05-01": {"chat": Decimal(3)}}


def test_idle_in_a_csv_export_is_no_workload(tmp_path: Path) -> None:
    path = tmp_path / "use.csv"
    path.write_text("Date,Namespace,TotalCost\n2026-05-01,chat,30\n2026-05-01,__idle__,10\n", encoding="utf-8")
    assert given_out(path, 80) == {"chat": "60.00", "idle": "20.00"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "not an answer of OpenCost"),
        ('{"code": 400, "message": "window: bad", "data": null}', "refused with code 400: window: bad"),
        ('{"code": 200, "data": []}', "it has no allocation"),
        ('{"code": 200, "data": [{"a": 1}]}', "`a` is no allocation"),
        ('{"code": 200, "data": [{"a": {"cpuCost": 1}}]}', "`a`: has no `totalCost`"),
        ('{"code": 200, "data": [{"a": {"totalCost": NaN}}]}', "NaN is not a number"),
        ('{"code": 200, "data": [{"a": {"totalCost": -1}}]}', "`totalCost` is -1"),
        ('{"code": 200, "data": [{"a": {"totalCost": 1e400}}]}', "`totalCost` is 1E+400"),
        (
            '{"data": [{"a": {"totalCost": 1, "start": "0001-01-01T00:00+23:00", "end": "2026-05-01"}}]}',
            "`window` has no",
        ),
        ('{"data": [{"a": {"totalCost": 1, "start": "1970-01-01", "end": "2026-05-01"}}]}', "longer than a year"),
        ('{"code": 200, "data": [{"a": {"totalCost": 1}}]}', "`window` has no `start` and `end`"),
        (
            '{"data": [{"a": {"totalCost": 1, "start": "2026-05-02T00:00:00Z", "end": "2026-05-01T00:00:00Z"}}]}',
            "before it begins",
        ),
    ],
)
def test_another_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "use.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        weights.use(path)
    assert said in str(caught.value)
