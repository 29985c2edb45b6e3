"""The whole program on one screen.

    pull()       bills into the ledger
    attribute()  its lines to activities, models, workloads, owners
    check()      them against the budget, into findings
    and what people ask in between: report(), drift(), status(), coverage(), explain_line(), query()

Every function takes what it needs and returns a value; nothing here prints, exits, or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost import checks, documents, feeds, memory, schemas, spend
from aiops_cost.answers import allocation, budget_changes, filters, lists, plan_changes, rule_changes, window
from aiops_cost.answers import coverage as coverage_answer
from aiops_cost.answers import doctor as doctor_answer
from aiops_cost.answers import line as line_answer
from aiops_cost.answers import overview as overview_answer
from aiops_cost.answers import query as query_answer
from aiops_cost.answers import reconcile as reconcile_answer
from aiops_cost.answers import report as report_answer
from aiops_cost.answers import runs as runs_answer
from aiops_cost.answers import sharing as sharing_answer
from aiops_cost.answers import status as status_answer
from aiops_cost.answers import suggest as suggest_answer
from aiops_cost.answers import unit as unit_answer
from aiops_cost.budget import revise
from aiops_cost.budget.imports import prepare
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import read_rates
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.budget.scope import text
from aiops_cost.config import Config, shown
from aiops_cost.documents import near
from aiops_cost.errors import AiopsError, CouldNotJudge, UserError, defect
from aiops_cost.feeds import fetch
from aiops_cost.gate import accepted as accepted_file
from aiops_cost.gate import accepting, narrow
from aiops_cost.gate.decide import Asked, decide
from aiops_cost.history import earlier
from aiops_cost.ledger import recount, totals
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import LoadResult, Options, load
from aiops_cost.ledger.status import state_of
from aiops_cost.metrics import fetch as metrics_fetch
from aiops_cost.metrics import read as metrics_read
from aiops_cost.model import Diagnosis, Errand, Problem, ProviderTotal, Report, Source, SourceState, Table
from aiops_cost.rules import sharing, tables, weights
from aiops_cost.rules.engine import Owners, RuleSet, TagMap, load_packs, tag_map
from aiops_cost.rules.examples import run_examples
from aiops_cost.rules.lint import empty_extracts, lint
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
Question = report_answer.Question
Gate = Asked
ImportWishes = prepare.Wishes
kept_mapping = prepare.kept_mapping
put_revision = revise.write


@dataclass(frozen=True)
class Known:
    """Which of the ledger's snapshots to look at: the newest, the one after a commit, or the one at a day's end."""

    version: int | None = None
    on: date | None = None


NEWEST = Known()


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
    totals: tuple[ProviderTotal, ...] = ()
    metric_notes: tuple[str, ...] = ()
    unreconciled: tuple[recount.Mismatch, ...] = ()

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
            self.totals,
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
            errand = Errand(config.cache, options.periods, options.now, say)
            results.append(load(Path(config.ledger), fetch(source, config.folder, errand), options))
        except AiopsError as error:
            errors.append(error)
        except Exception as error:
            errors.append(defect(error))
    return results, errors


def measure(
    config: Config,
    today: date,
    env: Mapping[str, str],
    dry_run: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> metrics_fetch.Fetched:
    """Fetch the metrics that come over a network, up to the day before `today`, and keep them beside the ledger."""
    return metrics_fetch.fetch(config.metrics, config.ledger, today, env, not dry_run, say)


def loads(
    results: Sequence[LoadResult],
    errors: Sequence[AiopsError],
    dry_run: bool,
    more: Sequence[Table] = (),
    notes: Sequence[str] = (),
) -> Report:
    """What a pull did, per source and period; the exit code is that of the worst error."""
    found = lists.loads(results, errors, dry_run, more)
    return replace(found, notes=(*found.notes, *notes))


def reconcile(
    config: Config, names: Sequence[str], as_of: date, now: datetime, say: Callable[[str], None] = lambda _: None
) -> tuple[tuple[Table, ...], list[AiopsError]]:
    """Ask the providers for their own totals, and hold the ledger against them (see `feeds.reconcile`)."""
    return feeds.reconcile(Path(config.ledger), _chosen(config, names), as_of, Errand(now=now, say=say))


# --- lines to activities, models, workloads, owners ---------------------------------------------------------------


def attribute(
    config: Config, as_of: date, with_plan: bool = True, against: str = "current", known: Known = NEWEST
) -> Session:
    """Open the ledger, run the rules over its lines, convert to the report currency, read the budgets.

    `with_plan=False` leaves the budgets out: who only looks at spend is not stopped by a plan that cannot be read.
    `against` is the version of the budgets: `current`, `original`, or a number. `known` goes back to what the ledger
    held earlier; rules and budgets are the files as they are now.
    """
    rates = read_rates(config.fx)
    rules, tags = load_packs(config.rules), _tag_map(config)
    owners = load_owners(config.owners) if config.owners else None
    terms = _terms(config)
    plans = [revise.of_version(path, against, _shown(path)) for path in config.budgets] if with_plan else []
    budgets = read_budgets(plans, terms, _shown)
    ledger = Ledger.open(config.ledger, known.version, known.on)
    con = _connected(ledger, config)
    files = (*config.rules, *([config.owners] if config.owners else []))
    name = memory.name_of(ledger, files, tags)
    problems = memory.attributed(con, ledger.location, name, rules, tags, owners)
    spend.converted(con, config.cost, config.currency, rates)
    spend.before(con, ledger, config.sources, (rules, tags, owners), config.cost, config.currency)
    spend.planned(con, budgets)
    measured = metrics_read.known(config.metrics, config.ledger, _shown)
    spend.measured(con, measured.points)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    kept = totals.read(Path(config.ledger), [source.name for source in config.sources])
    odd = recount.mismatches(con, states) if with_plan else ()
    return Session(
        con, config, as_of, ledger, states, rules, tags, owners, budgets, problems, kept, measured.notes, odd
    )


def _tag_map(config: Config) -> TagMap:
    """Where fields come from, how their values are spelled, and what accounts are for."""
    values = tables.values(config.values, config.marks.place("values"))
    accounts = tables.accounts(config.accounts, config.marks.place("accounts"))
    return tag_map(config.tags, config.marks.place("tags"), values, accounts)


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
        notes=(*(str(problem) for problem in session.tag_problems), *session.metric_notes, *found.notes),
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
    notes = [*map(str, session.tag_problems), *session.metric_notes, *found.notes]
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


def drift(session: Session, why: str | None = None) -> Report:
    """Budget against actual on settled days, line by line, why and since when, and what nobody planned; with `why`,
    one line in all its parts."""
    view = session.view
    if why is not None:
        return checks.answers.one(view, why, _facts(session))
    found = checks.answers.drift(view, session.config, session.as_of, _facts(session))
    beside = tuple(one for one in (checks.net_table(view), checks.beside_table(view)) if one)
    return replace(found, tables=(*found.tables, *beside), notes=session.metric_notes)


def forecast(session: Session, lines: str | None = None) -> Report:
    """Where every line of the budget ends, with the interval, and how such forecasts did before."""
    return checks.answers.forecast(session.view, lines, _facts(session))


# --- what people ask in between -------------------------------------------------------------------------------------


def report(session: Session, question: Question) -> Report:
    """Spend by any columns over any days, beside other days where that is asked; as billed, or after sharing."""
    config = session.config
    after_sharing = question.relation == "allocated"
    notes = allocation.allocate(session.con, _stages(config), config.sharing.keep_own) if after_sharing else ()
    found = _asked(session, question)
    return replace(found, notes=(*found.notes, *notes))


def per_unit(
    session: Session, metric: str, by: Sequence[str], days: window.Window, where: Sequence[str] = ()
) -> Report:
    """What a unit costs: per thousand requests, million tokens, run, GB-month, or business unit."""
    money_of = (session.config.cost, session.config.currency)
    found = unit_answer.answer(session.con, metric, by, days, where, money_of)
    return replace(found, notes=(*found.notes, *session.metric_notes))


def report_on_plan(session: Session, question: Question) -> Report:
    """Spend by any columns beside what the budgets plan for it, on those of the days that are settled and planned.

    What is known not to be AI stays out, unless the filters speak of the activity: no budget plans it.
    Raises CouldNotJudge where there is no such day."""
    view, days = session.view, question.window
    judged = [window.Window(*found) for found in view.judged_days()] if view.budgets else []
    settled = window.within(days, judged)
    if view.budgets and settled is None:
        raise CouldNotJudge(
            Problem("plan-unsettled", "", f"no day of {days} is both settled and planned, so nothing is compared",
                    "Choose other days, or see how far the bills have come:  aiops-cost status")
        )  # fmt: skip
    asks_activity = any(filters.parsed(one)[0] in {"activity", "x_Activity"} for one in question.where)
    where = question.where if asks_activity else (*question.where, *_AI)
    return _asked(session, replace(question, window=settled or days, where=where, plan=view.current))


def _asked(session: Session, question: report_answer.Question) -> Report:
    config = session.config
    version = session.ledger.version
    return report_answer.answer(session.con, question, session.states, config.cost, config.currency, version)


def overview(session: Session) -> Report:
    """The whole picture on one page (see `answers.overview`): the plan to date, and the newest month of spend."""
    latest = window.choose(session.states, session.as_of)
    before = latest.month_before()
    names = {"Activities": ("activity", ()), "Models": ("model", (*_AI, "model!=")), "Workloads": ("workload", _AI),
             "Owners": ("owner", _AI)}  # fmt: skip
    spent = {
        title: report(session, Question((name,), latest, where, overview_answer.TOP, before))
        for title, (name, where) in names.items()
    }
    moved = report(session, Question(("activity", "workload"), latest, compare=before))
    judged = session.view.judged_days() if session.budgets else ()
    weekly = None
    if judged:
        whole = window.Window(judged[0][0], judged[-1][1])
        weekly = report_on_plan(session, Question((), whole, granularity="week"))
    parts = overview_answer.Parts(
        drift(session), check(session), weekly, spent, moved, coverage(session, latest), session.states
    )
    return overview_answer.answer(parts, session.ledger.version)


_AI = ("activity!=other",)
"""What is known not to be AI has no model, workload or plan."""


def shared(session: Session, days: window.Window, where: Sequence[str] = ()) -> Report:
    """Spend by workload, with shared cost divided as the configuration says."""
    config = session.config
    keep_own = config.sharing.keep_own
    return sharing_answer.answer(session.con, _stages(config), keep_own, days, where, config.cost, config.currency)


def training_runs(session: Session, days: window.Window, where: Sequence[str] = (), top: int = 20) -> Report:
    """Training runs by workload and month, and the most expensive one by one."""
    return runs_answer.answer(session.con, days, where, top, session.config.cost, session.config.currency)


def _stages(config: Config) -> tuple[sharing.Stage, ...]:
    """The stages of sharing, their files read."""
    wanted, place = config.sharing, config.marks.place
    if not wanted.stages:
        return (sharing.Stage("shared", shares=sharing.shares(wanted.shares, place("sharing", "shares"))),)
    stages = []
    for index, entry in enumerate(wanted.stages):
        read = {"metric": weights.metric, "usage": weights.use}
        files = [(key, getattr(entry, key)) for key in read if getattr(entry, key)]
        stages.append(
            sharing.Stage(
                entry.name,
                entry.of,
                sharing.shares(entry.shares, place("sharing", "stages", index, "shares")),
                next((read[key](config.folder / name) for key, name in files), None),
            )
        )
    return sharing.ordered(stages, place("sharing", "stages"))


def status(config: Config, as_of: date, detail: bool = False, known: Known = NEWEST) -> Report:
    """What the ledger holds, per source and period; or held, where `known` says when."""
    ledger = Ledger.open(config.ledger, known.version, known.on)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    kept = totals.read(Path(config.ledger), [source.name for source in config.sources])
    return status_answer.answer(states, as_of, ledger.version, detail, reconcile_answer.tables(ledger, kept))


def doctor(
    config: Config, names: Sequence[str], as_of: date, now: datetime, say: Callable[[str], None] = lambda _: None
) -> Report:
    """Everything that can be looked at without changing or paying anything, and what is wrong with it."""
    chosen = _chosen(config, names)
    read = f"{_shown(config.file)}: {len(config.sources)} sources, {len(config.budgets)} budgets"
    found = [Diagnosis("configuration", "file", "ok", read)]
    found += doctor_answer.house(config.ledger, config.cache, chosen, as_of)
    found += feeds.examine(chosen, config.folder, Errand(config.cache, (), now, say))
    return doctor_answer.answer(found)


def paper(config: Config, names: Sequence[str], wanted: str) -> str:
    """A text that an administrator needs for a source: its policy, or the definition of an export to make."""
    return feeds.paper(_chosen(config, names), wanted)


def coverage(session: Session, days: window.Window, by_rule: bool = False) -> Report:
    """How much of the money is attributed, by provider, and by rule where that is asked."""
    return coverage_answer.answer(session.con, days, session.config.cost, session.config.currency, by_rule)


def suggest(session: Session, days: window.Window, top: int) -> Report:
    """The costliest unattributed lines, with rules to paste."""
    return suggest_answer.answer(session.con, days, top, session.config.cost, session.config.currency)


def explain_line(session: Session, line_id: int) -> Report:
    """One line: the row, the rule that decided, the arithmetic."""
    config = session.config
    report = line_answer.answer(session.con, line_id, session.rules, session.tags, session.owners, config.currency)
    stages = _stages(config)
    if not allocation.takes(session.con, line_id, stages):
        return report
    allocation.allocate(session.con, stages, config.sharing.keep_own)
    return replace(report, tables=(*report.tables, *line_answer.sharing(session.con, line_id, stages)))


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


def explain_scope(session: Session, what: str) -> Report:
    """A line of the budget by its scope; where there is none of that name, what is said of an unknown word."""
    known = [text(line.scope) for budget in session.budgets for line in budget.lines]
    try:
        return drift(session, what)
    except UserError as error:
        if [problem.code for problem in error.problems] != ["scope-unknown"] or near(what, known):
            raise
        return explain_word(session.config, what)


def is_word(config: Config | None, word: str) -> bool:
    """True for what `explain_word` has a page on."""
    known = {*checks.codes(), *(code[:3] for code in checks.codes())}
    return word.upper() in known or load_packs(config.rules if config else ()).by_id(word) is not None


def query(session: Session, sql: str) -> Report:
    """The rows of one SELECT over the views."""
    if "allocated" in sql.lower():
        allocation.allocate(session.con, _stages(session.config), session.config.sharing.keep_own)
    readable = (*session.ledger.files, *memory.files(session.ledger.location))
    return query_answer.answer(session.con, sql, readable)


def rules_list(config: Config | None, pack: str | None) -> Report:
    """The rules in force: the user's, then ours."""
    return lists.rules(load_packs(config.rules if config else ()), pack)


def rules_test(config: Config | None) -> Report:
    """Every example of every rule."""
    return lists.examples(run_examples(load_packs(config.rules if config else ())))


def rules_lint(config: Config | None) -> Report:
    """Rules that can never win, and extracts that capture nothing."""
    rules = load_packs(config.rules if config else ())
    return lists.linted(lint(rules), empty_extracts(rules))


def rules_diff(config: Config, as_of: date, old: str, new: str, choose: Callable[[Session], window.Window]) -> Report:
    """What going from one set of the user's rules to another would move. `choose` says which days."""
    with rule_files(old, config.rules, Path.cwd()) as before, rule_files(new, config.rules, Path.cwd()) as after:
        session = attribute(replace(config, rules=before), as_of, with_plan=False)
        lines = spend.decided(session.con, load_packs(after), session.tags, session.owners)
        return rule_changes.answer(session.con, lines, choose(session), config.cost, config.currency)


def budget(config: Config, by_month: bool = True) -> Report:
    """The budgets as they are understood; reading them checks them."""
    return lists.budgets(read_budgets(config.budgets, _terms(config), _shown), by_month)


def import_budget(file: Path, wishes: prepare.Wishes) -> prepare.Prepared:
    """A plan as it came (XLSX, CSV, an estimate), as the text of a budget file; nothing is written."""
    return prepare.prepare(file, wishes)


def revise_budget(current: Path, new: Path, by: str, on: date, why: str) -> revise.Revision:
    """What a new version of a budget would change; `revise.write` puts it in place."""
    shown_new = _shown(new)
    text = prepare.again(new, current, _shown) if new.suffix not in {".yaml", ".yml"} else documents.text(new, "budget")
    return revise.propose(current, text, (by, on, why), _shown(current), shown_new)


def revision(found: revise.Revision, dry_run: bool) -> Report:
    """The changes of a new version."""
    return plan_changes.revision(found, dry_run)


def budget_history(config: Config) -> Report:
    """Every change of every budget: version, day, who, why, what."""
    return plan_changes.history(read_budgets(config.budgets, _terms(config), _shown), config.budgets)


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


def _terms(config: Config) -> Terms:
    return Terms(config.currency, config.checks.drift.tolerance, read_rates(config.fx))


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
    """The days to compare with: `before`, `last-month`, a month `2026-04`, or `2026-04-01..2026-04-30`."""
    return window.compared(text, days) if text else None
