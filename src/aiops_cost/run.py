"""The whole program on one screen.

    pull()       bills into the ledger
    attribute()  its lines to activities, models, workloads, owners
    check()      them against the budget, into findings
    and what people ask in between: report(), drift(), status(), coverage(), explain_line(), query()

Every function takes what it needs and returns a value; nothing here prints, exits, or reads a clock.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost import checks, schemas, spend
from aiops_cost.answers import budget_changes, lists, rule_changes, window
from aiops_cost.answers import coverage as coverage_answer
from aiops_cost.answers import line as line_answer
from aiops_cost.answers import query as query_answer
from aiops_cost.answers import report as report_answer
from aiops_cost.answers import sharing as sharing_answer
from aiops_cost.answers import status as status_answer
from aiops_cost.answers import suggest as suggest_answer
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import read_rates
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.config import Config, shown
from aiops_cost.documents import near
from aiops_cost.errors import AiopsError, CouldNotJudge, UserError, defect
from aiops_cost.gate import accepted as accepted_file
from aiops_cost.gate import accepting, narrow
from aiops_cost.gate.decide import Asked, decide
from aiops_cost.history import earlier
from aiops_cost.ledger import reconcile
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import LoadResult, Options, load
from aiops_cost.ledger.status import state_of
from aiops_cost.model import Export, Problem, Report, Source, SourceState
from aiops_cost.rules import sharing
from aiops_cost.rules.engine import Owners, RuleSet, TagMap, load_packs, tag_map
from aiops_cost.rules.examples import run_examples
from aiops_cost.rules.lint import lint
from aiops_cost.rules.owners import load_owners
from aiops_cost.rules.revisions import rule_files
from aiops_cost.summary import changes
from aiops_cost.summary import report as summary_report
from aiops_cost.summary import week as summary_week
from aiops_cost.summary.report import Summary
from aiops_cost.summary.week import Week

COSTS = report_answer.METRICS
PullOptions = Options
Window = window.Window
Gate = Asked


@dataclass(frozen=True)
class Session:
    """One snapshot of everything, attributed and in the report currency: what questions are asked of."""

    con: duckdb.DuckDBPyConnection
    config: Config
    as_of: date
    ledger: Ledger
    states: tuple[SourceState, ...]
    rules: RuleSet
    tags: TagMap
    owners: Owners | None
    budgets: tuple[Budget, ...]
    tag_problems: tuple[Problem, ...]
    unreconciled: tuple[reconcile.Mismatch, ...] = ()

    @property
    def view(self) -> checks.View:
        """What the checks look at."""
        used = frozenset(name for rule in self.rules for name, _ in rule.when)
        config = self.config
        return checks.View(
            self.con,
            self.states,
            self.budgets,
            self.as_of,
            config.currency,
            config.cost,
            used,
            unreconciled=self.unreconciled,
        )


# --- bills into the ledger -----------------------------------------------------------------------------------------


def pull(
    config: Config, names: Sequence[str], options: Options, say: Callable[[str], None] = lambda _: None
) -> tuple[list[LoadResult], list[AiopsError]]:
    """Fetch and load the named sources, or all of them. A source that fails does not stop the others; its error
    is returned beside what was loaded."""
    results: list[LoadResult] = []
    errors: list[AiopsError] = []
    for source in _chosen(config, names):
        say(f"{source.name}: looking at {source.location}")
        try:
            results.append(load(Path(config.ledger), fetch(source, config.folder), options))
        except AiopsError as error:
            errors.append(error)
        except Exception as error:
            errors.append(defect(error))
    return results, errors


def loads(results: Sequence[LoadResult], errors: Sequence[AiopsError], dry_run: bool) -> Report:
    """What a pull did, per source and period; the exit code is that of the worst error."""
    return lists.loads(results, errors, dry_run)


def fetch(source: Source, base: Path) -> Export:
    """What the source delivers now. The provider is the folder of that name in `providers`."""
    known = sorted(
        item.name for item in (Path(__file__).parent / "providers").iterdir() if (item / "fetch.py").is_file()
    )
    if source.provider not in known:
        hint = near(source.provider, known) or f"Providers: {', '.join(known)}."
        raise UserError(Problem("provider-unknown", source.name, f"there is no provider `{source.provider}`", hint))
    export: Export = importlib.import_module(f"aiops_cost.providers.{source.provider}.fetch").fetch(source, base)
    return export


# --- lines to activities, models, workloads, owners ---------------------------------------------------------------


def attribute(config: Config, as_of: date, with_plan: bool = True) -> Session:
    """Open the ledger, run the rules over its lines, convert to the report currency, read the budgets.

    `with_plan=False` leaves the budgets out: who only looks at spend is not stopped by a plan that cannot be read.
    """
    rates = read_rates(config.fx)
    rules, tags = load_packs(config.rules), tag_map(config.tags, config.marks.place("tags"))
    owners = load_owners(config.owners) if config.owners else None
    terms = Terms(config.currency, config.checks.drift.tolerance, rates)
    budgets = read_budgets(config.budgets, terms, _shown) if with_plan else ()
    ledger = Ledger.open(config.ledger)
    con = _connected(ledger, config)
    problems = spend.attributed(con, rules, tags, owners)
    spend.converted(con, config.cost, config.currency, rates)
    spend.planned(con, budgets)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    odd = reconcile.mismatches(con, states) if with_plan else ()
    return Session(con, config, as_of, ledger, states, rules, tags, owners, budgets, problems, odd)


def _connected(ledger: Ledger, config: Config) -> duckdb.DuckDBPyConnection:
    try:
        return ledger.connect(config.memory_limit, config.spill)
    except duckdb.IOException as error:
        way_out = "Restore the folder from a backup; or pull into a new one (`ledger:` in the configuration)."
        sentence = f"the ledger's files cannot be read: {str(error).splitlines()[0]}"
        raise CouldNotJudge(Problem("ledger-damaged", config.ledger, sentence, way_out)) from None


# --- against the budget, into findings -----------------------------------------------------------------------------


def check(session: Session, asked: Asked | None = None) -> Report:
    """All checks, and the gate's verdict on what they found."""
    config = session.config
    acceptances = accepted_file.read(config.accepted, _shown(config.accepted))
    found = decide(session.view, config, session.as_of, asked or Asked(), acceptances)
    return Report(
        name="check",
        title="Bills against the plan",
        facts=_facts(session),
        findings=found.findings,
        notes=(*(str(problem) for problem in session.tag_problems), *found.notes),
        verdict=found.verdict.sentence,
        exit_code=found.verdict.exit_code,
    )


def acceptable(session: Session) -> Report:
    """The findings with their fingerprints, and which of them are accepted."""
    return accepting.listed(check(session).findings, session.config.currency)


def accept(session: Session, finding: str, reason: str, until: date | None, up_to: str | None, by: str | None) -> str:
    """Write down that a finding is accepted; returns what was done."""
    given = {"reason": reason, "until": until, "up_to": up_to, "by": by}
    present: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    path = session.config.accepted
    return accepting.add(path, _shown(path), check(session).findings, finding, present, session.as_of)


def check_changed(session: Session, asked: Asked, what: str) -> Report:
    """The same, and what going from the budget and rules that `what` names to those in force changes in money."""
    report = check(session, asked)
    with earlier(what, session.config, Path.cwd()) as then:
        old = attribute(then, session.as_of)
        before = checks.run(old.view, then, session.as_of, asked.select, asked.ignore)
        lines = spend.decided(old.con, session.rules, session.tags, session.owners)
        days = old.view.judged_days() or session.view.judged_days()
        whole = window.Window(days[0][0], days[-1][1]) if days else None
        cost, currency = session.config.cost, session.config.currency
        moved = rule_changes.answer(old.con, lines, whole, cost, currency).tables if whole else ()
    before, _ = narrow.to_part(before, asked.owners, asked.scope)
    changed = changes.compare(map(changes.Known.of, changes.notable(before)), report.findings)
    findings = changes.table(changed, "finding_changes", "What the gate would say otherwise")
    plan = budget_changes.table(old.budgets, session.budgets)
    tables = (plan, *(replace(table, title="What the rules would move") for table in moved), findings)
    return replace(report, title=f"What changes against {what}, and what the gate says", tables=tables)


# --- the week --------------------------------------------------------------------------------------------------------


def weeks(session: Session, parts: Sequence[Sequence[str]]) -> dict[tuple[str, ...], Week]:
    """The ISO week before the session's day, for each part: its owners, or nobody for everything."""
    config, as_of, view = session.config, session.as_of, session.view
    acceptances = accepted_file.read(config.accepted, _shown(config.accepted))
    found = decide(view, config, as_of, Asked(), acceptances)
    notes = [*map(str, session.tag_problems), *found.notes]
    return {tuple(part): summary_week.of(view, as_of, found.findings, notes, part) for part in parts}


def owners(session: Session) -> list[str]:
    """Everyone who owns a budget line or spend, by name."""
    return sorted(narrow.owners_of(session.view))


def summary(week: Week, last: str | None, told: Sequence[Mapping[str, Any]], later: Sequence[str] = ()) -> Summary:
    """The week compared with an earlier summary: its week (None for the first one), and what it told."""
    return summary_report.of(week, last, told, later)


def by_owner(summaries: Sequence[Summary]) -> Report:
    """The summaries of several owners as one report."""
    return summary_report.merged(summaries)


def drift(session: Session) -> Report:
    """Budget against actual on settled days, line by line, and what nobody planned."""
    view = session.view
    table = checks.drift_table(view, session.config, session.as_of)
    findings = checks.run(view, session.config, session.as_of, select=("UNB", "BUD"))
    return Report("drift", "Drift", facts=_facts(session), tables=(table,), findings=tuple(findings))


# --- what people ask in between -------------------------------------------------------------------------------------


def report(
    session: Session,
    by: Sequence[str],
    days: window.Window,
    where: Sequence[str] = (),
    top: int | None = None,
    compare: window.Window | None = None,
) -> Report:
    """Spend by any columns over any days."""
    question = report_answer.Question(tuple(by), days, tuple(where), top, compare)
    return report_answer.answer(session.con, question, session.states, session.config.cost, session.config.currency)


def shared(session: Session, days: window.Window, where: Sequence[str] = ()) -> Report:
    """Spend by workload, with shared cost divided as the configuration says."""
    config = session.config
    policy = sharing.policy(config.sharing.shares, config.marks.place("sharing", "shares"), config.sharing.keep_own)
    return sharing_answer.answer(session.con, policy, days, where, config.cost, config.currency)


def status(config: Config, as_of: date, detail: bool = False) -> Report:
    """What the ledger holds, per source and period."""
    ledger = Ledger.open(config.ledger)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    return status_answer.answer(states, as_of, ledger.version, detail)


def coverage(session: Session, days: window.Window, by_rule: bool = False) -> Report:
    """How much of the money is attributed, by provider, and by rule where that is asked."""
    return coverage_answer.answer(session.con, days, session.config.cost, session.config.currency, by_rule)


def suggest(session: Session, days: window.Window, top: int) -> Report:
    """The costliest unattributed lines, with rules to paste."""
    return suggest_answer.answer(session.con, days, top, session.config.cost, session.config.currency)


def explain_line(session: Session, line_id: int) -> Report:
    """One line: the row, the rule that decided, the arithmetic."""
    config = session.config
    return line_answer.answer(session.con, line_id, session.rules, session.tags, session.owners, config.currency)


def explain_word(config: Config | None, word: str) -> Report:
    """The page of a finding code, or of a rule. Raises UserError with the near miss."""
    rules = load_packs(config.rules if config else ())
    rule = rules.by_id(word)
    if rule:
        return lists.rule(rule)
    if word.upper() not in checks.codes() and word.upper() not in {code[:3] for code in checks.codes()}:
        hint = near(word, [rule.id for rule in rules]) or near(word.upper(), list(checks.codes()))
        raise UserError(
            Problem("explain-unknown", "", f"`{word}` is no line, no finding code and no rule", hint
                    or "Finding codes look like DRF001; rules are listed by:  aiops-cost rules list")
        )  # fmt: skip
    return Report("explain", word.upper(), notes=tuple(checks.explain(word).strip().split("\n\n")))


def query(session: Session, sql: str) -> Report:
    """The rows of one SELECT over the views."""
    return query_answer.answer(session.con, sql, session.ledger.files)


def rules_list(config: Config | None, pack: str | None) -> Report:
    """The rules in force: the user's, then ours."""
    return lists.rules(load_packs(config.rules if config else ()), pack)


def rules_test(config: Config | None) -> Report:
    """Every example of every rule."""
    return lists.examples(run_examples(load_packs(config.rules if config else ())))


def rules_lint(config: Config | None) -> Report:
    """Rules that can never win."""
    return lists.shadowed(lint(load_packs(config.rules if config else ())))


def rules_diff(config: Config, as_of: date, old: str, new: str, choose: Callable[[Session], window.Window]) -> Report:
    """What going from one set of the user's rules to another would move. `choose` says which days."""
    with rule_files(old, config.rules, Path.cwd()) as before, rule_files(new, config.rules, Path.cwd()) as after:
        session = attribute(replace(config, rules=before), as_of, with_plan=False)
        lines = spend.decided(session.con, load_packs(after), session.tags, session.owners)
        return rule_changes.answer(session.con, lines, choose(session), config.cost, config.currency)


def budget(config: Config, by_month: bool = True) -> Report:
    """The budgets as they are understood; reading them checks them."""
    terms = Terms(config.currency, config.checks.drift.tolerance, read_rates(config.fx))
    return lists.budgets(read_budgets(config.budgets, terms, _shown), by_month)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a file that users write (config, budget, rules, owners) or of the JSON output (report)."""
    return schemas.of(name)


def columns() -> Report:
    """The ledger's columns and those that attribution adds."""
    return lists.columns()


def _chosen(config: Config, names: Sequence[str]) -> list[Source]:
    known = {source.name: source for source in config.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(
            Problem("source-unknown", "", f"there is no source `{name}` in the configuration",
                    near(name, list(known)) or f"The sources are: {', '.join(known)}.")
            for name in unknown
        )  # fmt: skip
    if not known:
        raise UserError(
            Problem("sources-none", str(config.file), "no source is configured", "Add one under `sources:`.")
        )
    return [known[name] for name in names] if names else list(config.sources)


def _shown(file: Path) -> str:
    """A file as messages call it: from where the user stands, when that is shorter."""
    return shown(file, Path.cwd())


def _facts(session: Session) -> dict[str, str | None]:
    settled = session.view.settled_until
    return {
        "cost": session.config.cost,
        "currency": session.config.currency,
        "as_of": session.as_of.isoformat(),
        "settled_until": settled.isoformat() if settled else None,
    }


def days(
    states: Sequence[SourceState],
    as_of: date,
    month: str | None = None,
    last: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> window.Window:
    """The days that a question is about (see `answers.window.choose`)."""
    return window.choose(states, as_of, month, last, first_day, last_day)


def compared(text: str | None, days: window.Window) -> window.Window | None:
    """The days to compare with: `before`, a month `2026-04`, or `2026-04-01..2026-04-30`."""
    return window.compared(text, days) if text else None
