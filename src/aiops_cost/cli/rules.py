"""`aiops-cost rules`: what decides what spend is for."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

group = typer.Typer(help="The rules that say what spend is for.", no_args_is_help=True, rich_markup_mode=None)


@group.command("list", epilog="Example:  aiops-cost rules list --pack aws-bedrock")
def list_rules(
    pack: Annotated[str | None, typer.Option("--pack", help="Only this pack.", metavar="PACK")] = None,
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """All rules in the order they are tried: yours, then the built-in ones."""
    from aiops_cost.run import rules

    return output.write(rules.listed(options.config_if_any(config), pack), format, file)


@group.command("test", epilog="Example:  aiops-cost rules test")
def test(
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Run every rule's own examples (`fires` and `quiet`); leaves 1 when one fails."""
    from aiops_cost.run import rules

    return output.write(rules.tested(options.config_if_any(config)), format, file)


@group.command("lint", epilog="Example:  aiops-cost rules lint")
def lint(
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Find rules that can never win, as an earlier one asks for no more, and extracts that capture nothing; leaves 1
    when one is yours."""
    from aiops_cost.run import rules

    return output.write(rules.linted(options.config_if_any(config)), format, file)


@group.command("diff", epilog="Example:  aiops-cost rules diff rules rules --last 30d")
def diff(
    old: Annotated[str, typer.Argument(help="Rules as they are: a file, a folder, or a git revision.", metavar="OLD")],
    new: Annotated[str, typer.Argument(help="Rules as they would be: the same.", metavar="NEW")],
    month: options.Month = None,
    last: options.Last = None,
    first_day: options.From = None,
    last_day: options.To = None,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """What a change of your rules would move, in money, per month, activity and workload."""
    from aiops_cost.run import rules

    report = rules.difference(
        options.config(config, metric),
        options.today(as_of),
        old,
        new,
        lambda session: options.days(session, month, last, first_day, last_day),
    )
    return output.write(report, format, file)


@group.command("coverage", epilog="Example:  aiops-cost rules coverage --last 30d")
def coverage(
    month: options.Month = None,
    last: options.Last = None,
    first_day: options.From = None,
    last_day: options.To = None,
    by_rule: Annotated[bool, typer.Option("--by-rule", help="Also the money that each rule decided.")] = False,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """How much of the money is attributed, by provider; with --by-rule, also by the rule that decided."""
    from aiops_cost.run import questions

    session = options.session(config, as_of, metric)
    days = options.days(session, month, last, first_day, last_day)
    return output.write(questions.coverage(session, days, by_rule), format, file)


@group.command("suggest", epilog="Example:  aiops-cost rules suggest --last 30d --top 5")
def suggest(
    month: options.Month = None,
    last: options.Last = None,
    first_day: options.From = None,
    last_day: options.To = None,
    top: Annotated[int, typer.Option("--top", help="So many groups.", metavar="N", min=1)] = 5,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """The most expensive unattributed lines, grouped, with a rule to paste for each."""
    from aiops_cost.run import questions

    session = options.session(config, as_of, metric)
    days = options.days(session, month, last, first_day, last_day)
    return output.write(questions.suggest(session, days, top), format, file)
