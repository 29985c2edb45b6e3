"""Why something is as it is: one line of the ledger, a line of the budget, a finding code, a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiops_cost import checks
from aiops_cost.answers import allocation, lists
from aiops_cost.answers import line as line_answer
from aiops_cost.budget.scope import text
from aiops_cost.config import Config
from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Report
from aiops_cost.run import plan, questions
from aiops_cost.run.snapshot import Session

if TYPE_CHECKING:
    from aiops_cost.rules.pack import RuleSet


def explain_line(session: Session, line_id: int) -> Report:
    """One line: the row, the rule that decided, the arithmetic."""
    config = session.config
    report = line_answer.answer(session.con, line_id, *session.book.read(), config.currency)
    stages = questions.stages(config)
    if not allocation.takes(session.con, line_id, stages):
        return report
    allocation.allocate(session.con, stages, config.sharing.keep_own)
    return replace(report, tables=(*report.tables, *line_answer.sharing(session.con, line_id, stages)))


def explain_word(config: Config | None, word: str) -> Report:
    """The page of a finding code, or of a rule. Raises UserError with the near miss."""
    rules = _rules(config)
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
        return plan.drift(session, what)
    except UserError as error:
        if [problem.code for problem in error.problems] != ["scope-unknown"] or near(what, known):
            raise
        return explain_word(session.config, what)


def is_word(config: Config | None, word: str) -> bool:
    """True for what `explain_word` has a page on."""
    known = {*checks.codes(), *(code[:3] for code in checks.codes())}
    return word.upper() in known or _rules(config).by_id(word) is not None


def _rules(config: Config | None) -> RuleSet:
    from aiops_cost.rules.pack import load_packs

    return load_packs(config.rules if config else ())
