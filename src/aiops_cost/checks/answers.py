"""Reports on the plan: drift, one line of it, forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from aiops_cost import checks
from aiops_cost.budget import scope
from aiops_cost.budget.plan import BudgetLine
from aiops_cost.checks import drift as drifts
from aiops_cost.checks import pictures, study, tables
from aiops_cost.checks.drift import Drift
from aiops_cost.checks.view import View
from aiops_cost.checks.why import Asked
from aiops_cost.config import Config
from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Chart, Problem, Report, Table

Facts = Mapping[str, str | None]


def drift(view: View, config: Config, as_of: date, facts: Facts) -> Report:
    """Every line, and for those that drift: why, since when, where it ends, as tables and pictures."""
    found = tables.drifting(view)
    said = [drifts.drift_table(view, config, as_of)]
    if found:
        said.append(tables.why(view, found))
        ends = tables.outlooks(view, [study.key(one.line) for one in found])
        said += [tables.ahead(view, ends)] if ends else []
    charts = tuple(chart for one in found for chart in pictures.of(view, one))
    findings = checks.run(view, config, as_of, select=("UNB", "BUD"))
    return Report("drift", "Drift", facts=facts, tables=tuple(said), charts=charts, findings=tuple(findings))


def one(view: View, words: str, facts: Facts) -> Report:
    """The lines that the words name, each in all its parts. Raises UserError when there is none."""
    chosen = {study.key(line) for line in lines(view, words)}
    judged = [tables.told(month, whole) for month, whole in drifts.drifts(view)]
    found = [each for each in judged if study.key(each.line) in chosen]
    if not found:
        raise UserError(Problem("scope-unsettled", "", f"no settled day is planned by the line `{words}`",
                                "See what has come:  aiops-cost status"))  # fmt: skip
    said: list[Table] = []
    notes: list[str] = []
    charts: list[Chart] = []
    for number, each in enumerate(found, 1):
        explained, _ = drifts.explained(view, each)
        said += _numbered(_parts(view, each), number, scope.text(each.line.scope) if len(found) > 1 else "")
        notes += [_sentence(view, each), *explained.bridge.notes]
        charts += pictures.of(view, each)
    title = ", ".join(scope.text(each.line.scope) for each in found)
    return Report("why", f"Why: {title}", facts=facts, tables=tuple(said), charts=tuple(charts), notes=tuple(notes))


def _parts(view: View, each: Drift) -> list[Table]:
    """Everything about one line."""
    explained, onset = drifts.explained(view, each)
    studied = study.studies(view)[study.key(each.line)]
    found = [tables.months(view, each), tables.parts(explained)]
    if onset:
        found.append(tables.things(view, Asked(each.line, each.days, each.planned, each.actual), onset))
    found += [tables.changes(studied)] if studied.changes else []
    found += [tables.arithmetic(explained)] if explained.before or explained.after else []
    ends = tables.outlooks(view, [study.key(each.line)])
    return [*found, tables.ahead(view, ends), tables.backtests(ends)] if ends else found


def _numbered(found: list[Table], number: int, title: str) -> list[Table]:
    """Tables of several lines in one report keep apart: each has a name of its own."""
    if not title:
        return found
    return [replace(table, name=f"{table.name}_{number}", title=f"{title}: {table.title}") for table in found]


def forecast(view: View, words: str | None, facts: Facts) -> Report:
    """Where the lines end, all or those that the words name."""
    chosen = lines(view, words) if words else list(view.lines)
    ends = tables.outlooks(view, [study.key(line) for line in chosen])
    if not ends:
        return Report("forecast", "Forecast", facts=facts, notes=(_NOTHING_AHEAD,))
    return Report("forecast", "Forecast", facts=facts, tables=(tables.ahead(view, ends), tables.backtests(ends)))


_NOTHING_AHEAD = (
    "Nothing to forecast: no budget line has days ahead and at least ten settled days behind it. "
    "See what has come:  aiops-cost status"
)


def lines(view: View, words: str) -> list[BudgetLine]:
    """The lines whose scope is called so, or holds every one of the words. Raises UserError when there is none."""
    named = {scope.text(line.scope): line for line in view.lines}
    if words in named:
        return [named[words]]
    asked = words.replace(",", " ").split()
    found = [line for line in view.lines if asked and all(_holds(line, word) for word in asked)]
    if found:
        return found
    raise UserError(
        Problem("scope-unknown", "", f"the budget has no line `{words}`",
                near(words, list(named)) or "The lines are listed by:  aiops-cost budget show")
    )  # fmt: skip


def _holds(line: BudgetLine, word: str) -> bool:
    """`support-chat`, or `workload=support-chat`."""
    name, _, value = word.rpartition("=")
    for key, values in line.scope.items():
        if (not name or key == name) and value in ((values,) if isinstance(values, str) else values):
            return True
    return False


def _sentence(view: View, each: Drift) -> str:
    explained, onset = drifts.explained(view, each)
    return f"{scope.text(each.line.scope)}: {drifts.message(each, view)}{drifts.said(explained.bridge, onset)}"
