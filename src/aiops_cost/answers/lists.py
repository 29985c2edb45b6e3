"""Reports about what people wrote: the rules in force, their examples, the budgets, and what a pull did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from aiops_cost import money
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.show import table as budget_table
from aiops_cost.errors import AiopsError, UserError
from aiops_cost.ledger import schema
from aiops_cost.ledger.recorded import amounts_of
from aiops_cost.model import Amounts, Column, Moved, Problem, Report, Table

if TYPE_CHECKING:
    from aiops_cost.ledger.load import LoadResult
    from aiops_cost.rules.engine import ExampleResult, Rule, RuleSet
    from aiops_cost.rules.lint import Empty, Shadowed

_RULES = (Column("rule"), Column("pack"), Column("activity"), Column("component"), Column("confidence"), Column("why"))
_EXAMPLES = (Column("rule"), Column("example"), Column("line"), Column("decided_by"), Column("place"))
_LOADS = (
    Column("source"),
    Column("period", title="billing period"),
    Column("what"),
    Column("rows", "count"),
    Column("rejected", "count"),
    Column("currency"),
    Column("BilledCost", "money"),
    Column("EffectiveCost", "money"),
    Column("moved", "money", "BilledCost moved by"),
)

_MOVED = (
    Column("source"),
    Column("period", title="billing period"),
    Column("service"),
    Column("currency"),
    Column("BilledCost", "money"),
    Column("moved", "money", "BilledCost moved by"),
    Column("EffectiveCost", "money"),
    Column("effective_moved", "money", "EffectiveCost moved by"),
)
_SHOWN = 10
"""So many services of a month are told apart; what the others moved by is one row."""


def rules(found: RuleSet, pack: str | None) -> Report:
    """The rules in the order in which they are tried; those that refine come last."""
    rows = tuple(
        (r.id, r.pack, r.activity, r.component, r.confidence, r.why) for r in found if not pack or r.pack == pack
    )
    return Report(
        "rules", f"{len(rows)} rules, in the order they are tried", tables=(Table("rules", "", _RULES, rows),)
    )


def rule(found: Rule) -> Report:
    """One rule: why it is there, what it asks for, and its own examples."""
    rows = [("activity", found.activity), ("component", found.component), ("confidence", found.confidence)]
    rows += [(f"when {name}", str(matcher)) for name, matcher in found.when]
    rows += [("fires on", _line(line)) for line in found.fires] + [
        ("stays silent on", _line(line)) for line in found.quiet
    ]
    rows.append(("stands in", found.place))
    shown = (Column("what"), Column("value"))
    return Report("rule", f"Rule {found.id}", tables=(Table("rule", "", shown, tuple(rows)),), notes=(found.why,))


def _line(line: Mapping[str, str | bool | None]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in line.items())


def examples(results: Sequence[ExampleResult]) -> Report:
    """What `rules test` found: only examples that fail are listed. The exit code is 1 when one does."""
    failed = [result for result in results if not result.passed]
    rows = tuple((r.rule.id, r.kind, _line(r.line), r.decided_by or "no rule", r.rule.place) for r in failed)
    tested = len({result.rule.id for result in results})
    return Report(
        name="rules-test",
        title="Examples of the rules",
        tables=(Table("failed", "", _EXAMPLES, rows),) if rows else (),
        verdict=f"{len(results) - len(failed)} of {len(results)} examples of {tested} rules pass",
        exit_code=1 if failed else 0,
    )


def linted(shadowed: Sequence[Shadowed], empty: Sequence[Empty]) -> Report:
    """What `rules lint` found. The exit code is 1 when it is about a rule of the user."""
    hidden = tuple((one.rule.id, one.by.id, one.rule.place, one.by.place) for one in shadowed)
    nothing = tuple((one.rule.id, one.field, one.rule.place) for one in empty)
    columns = (Column("rule"), Column("hidden_by"), Column("place"), Column("hidden_by_place"))
    tables = [Table("shadowed", "Rules that can never win", columns, hidden)] if hidden else []
    if nothing:
        title = "Extracts that capture nothing, on any of the rule's own examples"
        tables.append(Table("extracts", title, (Column("rule"), Column("field"), Column("place")), nothing))
    mine = sum(not rule.builtin for rule in [*(one.rule for one in shadowed), *(one.rule for one in empty)])
    said = [f"{counted(len(hidden), 'rule')} can never win"] if hidden else ["every rule can win"]
    said += (
        [f"{counted(len(nothing), 'extract')} {'captures' if len(nothing) == 1 else 'capture'} nothing"]
        if nothing
        else []
    )
    said += [f"{mine} of your own"] if hidden or nothing else []
    return Report("rules-lint", "The rules, looked at", tables=tuple(tables), verdict="; ".join(said),
                  exit_code=1 if mine else 0)  # fmt: skip


def counted(count: int, thing: str) -> str:
    """A number of things in words: `1 rule`, `2 rules`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def budgets(found: Sequence[Budget], by_month: bool) -> Report:
    """The budgets as they are understood, amounts month by month or in short. Raises UserError where there is none."""
    if not found:
        raise UserError(
            Problem("budgets-none", "", "the configuration names no budget",
                    "Name the file under `budgets:`; a first one is written by:  aiops-cost init")
        )  # fmt: skip
    notes = () if by_month else ("Every month:  aiops-cost budget show --months",)
    return Report("budget", "Budgets", tables=tuple(budget_table(budget, by_month) for budget in found), notes=notes)


def loads(
    results: Sequence[LoadResult],
    errors: Sequence[AiopsError],
    dry_run: bool,
    more: Sequence[Table] = (),
    beside: Sequence[AiopsError] = (),
) -> Report:
    """What a pull did, per source and period: first load, restated by how much, or unchanged. Where sources failed,
    or what goes with a pull (`beside`: metrics, the provider's own totals), the report says so, and asks for the exit
    code of the worst error."""
    rows = [row for result in results for row in _load(result)]
    notes = [
        f"{result.source} delivers {', '.join(result.no_longer_delivered)} no more; the ledger keeps what it had."
        for result in results
        if result.no_longer_delivered
    ]
    notes += [f"{r.source}: {d['sentence']}" + (_of_rows(d["rows"]) if d["rows"] else "")
              for r in results if r.changed for d in r.record["deviations"]]  # fmt: skip
    changed = any(result.changed for result in results)
    title = "Loaded" if changed else "Nothing new: the files are those of the last load"
    if dry_run:
        title = "What a pull would load (dry run: the ledger is as it was)"
    tables = (Table("loads", "", _LOADS, tuple(rows)), *_moved_table(results), *more)
    if not errors and not beside:
        return Report("pull", title, tables=tables, notes=tuple(notes))
    failed = f"not everything was loaded: {len(errors)} of {len(results) + len(errors)} sources failed"
    if not errors:
        failed = "all bills were loaded; metrics or the provider's own totals could not be had"
    worst = max(error.exit_code for error in (*errors, *beside))
    return Report("pull", title, tables=tables, notes=tuple(notes), verdict=failed, exit_code=worst)


def _of_rows(count: int) -> str:
    return f" ({counted(count, 'row')})"


def _load(result: LoadResult) -> list[tuple[object, ...]]:
    if not result.changed:
        return [(result.source, None, "unchanged", None, None, None, None, None, None)]
    groups: dict[tuple[str, str, str], list[tuple[str, int, int, Amounts, Decimal | None]]] = {}
    for period, figures in sorted(result.record["periods"].items()):
        for currency, amounts in sorted((amounts_of(result.record, period) or {}).items()):
            before = result.before.get(period)
            moved = None if before is None else _moved(amounts, before.get(currency, Amounts()))
            what = "new" if before is None else ("reloaded, same total" if moved == Decimal(0) else "restated")
            # Months that say the same are one row; a restated month is always a row of its own.
            key = (what, currency, period if what == "restated" else "")
            groups.setdefault(key, []).append((period, figures["rows"], figures["rejected"], amounts, moved))
    return [_months(result.source, what, currency, found) for (what, currency, _), found in groups.items()]


def _moved_table(results: Sequence[LoadResult]) -> tuple[Table, ...]:
    """What moved in months that were delivered again, by service; no table where nothing did."""
    rows: list[tuple[object, ...]] = []
    for result in results:
        months: dict[tuple[str, str], list[Moved]] = {}
        for moved in result.moved:
            months.setdefault((moved.period, moved.currency), []).append(moved)
        for (period, currency), found in months.items():
            shown = found if len(found) <= _SHOWN + 1 else found[:_SHOWN]
            rest = found[len(shown) :]
            rows += [(result.source, period, one.service, currency, *_differences([one])) for one in shown]
            if rest:
                rows.append((result.source, period, f"{len(rest)} others", currency, *_differences(rest)))
    return (Table("moved", "What moved", _MOVED, tuple(rows)),) if rows else ()


def _differences(found: Sequence[Moved]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """BilledCost now and its difference, then EffectiveCost's."""
    billed, effective = money.total(one.billed for one in found), money.total(one.effective for one in found)
    return (
        billed,
        money.EXACT.subtract(billed, money.total(one.billed_before for one in found)),
        effective,
        money.EXACT.subtract(effective, money.total(one.effective_before for one in found)),
    )


def _moved(now: Amounts, before: Amounts) -> Decimal:
    return money.EXACT.subtract(now.BilledCost, before.BilledCost)


def _months(
    source: str, what: str, currency: str, found: Sequence[tuple[str, int, int, Amounts, Decimal | None]]
) -> tuple[object, ...]:
    first, last = found[0][0], found[-1][0]
    period = first if len(found) == 1 else f"{first}..{last} ({len(found)} months)"
    billed = money.total(amounts.BilledCost for *_, amounts, _ in found)
    effective = money.total(amounts.EffectiveCost for *_, amounts, _ in found)
    rows, rejected = sum(r for _, r, *_ in found), sum(r for _, _, r, *_ in found)
    return (source, period, what, rows, rejected, currency, billed, effective, found[0][4] if len(found) == 1 else None)


def columns() -> Report:
    """The ledger's columns, in order, with their meaning."""
    shown = (Column("column"), Column("type"), Column("role"), Column("short"), Column("meaning"))
    short = {column: name for name, column in schema.SHORT.items()}
    rows = [(c.name, c.sql_type, c.role, short.get(c.name), c.description) for c in schema.COLUMNS]
    rows += [(name, "VARCHAR", "attribution", short.get(name), "Added by the rules.") for name in schema.ATTRIBUTION]
    return Report("columns", "The ledger's columns", tables=(Table("columns", "", shown, tuple(rows)),))
