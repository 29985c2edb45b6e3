"""Training runs: how many there were per workload and month, what each cost, which failed, which were retries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.model import Column, Report, Table
from aiops_cost.rules.runs import Day, Run, cadence, runs
from aiops_cost.rules.tags import read_json
from aiops_cost.rules.training import PREPARATION

NOBODY = "no workload"
_MONTHS = (
    Column("workload"),
    Column("month"),
    Column("runs", "count"),
    Column("failed", "count"),
    Column("retries", "count"),
    Column("apart", "number", "days apart"),
    Column("cost", "money"),
    Column("preparation", "money", "of it preparation"),
    Column("per_run", "money", "cost per run"),
)
_RUNS = (
    Column("run"),
    Column("workload"),
    Column("first", "date"),
    Column("last", "date"),
    Column("compute", "money"),
    Column("preparation", "money"),
    Column("cost", "money"),
    Column("remarks"),
)


def answer(
    con: duckdb.DuckDBPyConnection, window: Window, where: Sequence[str], top: int, cost: str, currency: str
) -> Report:
    """Runs that began on these days, with all that they cost; the `top` most expensive of them one by one. A retry is
    no run of its own: it is counted apart, and makes the runs of its month dearer."""
    condition, values = filters.where(where)
    found = [run for run in runs(_days(con, condition, values), _tags(con)) if window.first <= run.first <= window.last]
    months: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in found:
        months[run.workload, f"{run.first:%Y-%m}"].append(run)
    dearest = sorted(found, key=lambda run: (-run.cost, run.workload, run.name))[:top]
    rows = tuple(_month(*key, months[key]) for key in months)
    tables = [Table("months", "Runs by workload and month", _MONTHS, rows)]
    if dearest:
        rows = tuple(_row(run) for run in dearest)
        tables.append(Table("runs", f"The {len(rows)} most expensive of {len(found)} runs", _RUNS, rows))
    return Report(
        name="runs",
        title="Training runs",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=tuple(tables),
        notes=_notes(found),
    )


def _days(con: duckdb.DuckDBPyConnection, condition: str, values: list[str]) -> list[Day]:
    """Training, and the preparation of data, per workload, run and day; all days, as a run may cross a month."""
    marks = ", ".join("?" for _ in PREPARATION)
    rows = con.execute(
        f"SELECT coalesce(x_Workload, '{NOBODY}'), x_Run, ChargePeriodStart, coalesce(x_Component IN ({marks}), false),"
        f" sum(Cost) FROM spend WHERE (x_Activity = 'training' OR x_Component IN ({marks})) AND {condition}"
        " GROUP BY 1, 2, 3, 4 HAVING sum(Cost) IS NOT NULL ORDER BY 1, 2, 3, 4",
        [*PREPARATION, *PREPARATION, *values],
    ).fetchall()
    return [Day(*row) for row in rows]


def _tags(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[dict[str, str]]]:
    """The tags of the lines of each run."""
    found: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for workload, run, text in con.execute(
        f"SELECT DISTINCT coalesce(x_Workload, '{NOBODY}'), x_Run, Tags FROM attribution JOIN described"
        " USING (x_LineId) WHERE x_Run IS NOT NULL AND Tags IS NOT NULL"
    ).fetchall():
        found[workload, run].append(read_json(text))
    return found


def _month(workload: str, month: str, found: Sequence[Run]) -> tuple[Any, ...]:
    days = cadence(found)
    whole = money.total(run.cost for run in found)
    count = sum(not run.retry for run in found)
    return (
        workload, month, count, sum(bool(run.failed) for run in found), sum(bool(run.retry) for run in found),
        None if days is None else Decimal(str(days)), whole, money.total(_prepared(run) for run in found),
        money.multiply(whole, 1, count) if count else None,
    )  # fmt: skip


def _row(run: Run) -> tuple[Any, ...]:
    remarks = [f"failed ({run.failed})"] if run.failed else []
    remarks += [f"a retry ({run.retry})"] if run.retry else []
    remarks += ["inferred from the days with spend"] if run.found == "inferred" else []
    remarks += [f"{money.show(run.fed)} of preparation joined by time"] if run.fed else []
    return (
        run.name, run.workload, run.first, run.last, run.compute, _prepared(run), run.cost, "; ".join(remarks) or None,
    )  # fmt: skip


def _prepared(run: Run) -> Decimal:
    return money.total([run.prepared, run.fed])


def _notes(found: Sequence[Run]) -> tuple[str, ...]:
    notes = []
    if not found:
        notes.append("No training run began on these days. Runs are named by tags (`tags.run` in the configuration).")
    if any(run.fed for run in found):
        notes.append(
            "Preparation by time names no run; it is joined to the next run of its workload within three days"
            " (inferred)."
        )
    if any(run.found == "inferred" for run in found):
        notes.append("Inferred runs are stretches of days with spend; tag them with a run id to have them counted.")
    return tuple(notes)
