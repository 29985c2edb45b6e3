"""Gross, credits and net stand side by side."""

from __future__ import annotations

from datetime import date

from aiops_cost.checks.net import net_table

AS_OF = date(2026, 5, 3)


def test_a_line_with_credits_shows_both_drifts(company):
    company.budget("  - {scope: {activity: serving}, amount: 3000}\n  - {scope: {activity: training}, amount: 30}")
    company.spend("200x30", activity="serving").spend("-120x30", activity="serving", ChargeCategory="Credit")
    company.spend("1x30", activity="training")
    table = net_table(company.view(AS_OF))
    assert table.rows == (("serving", "gross", 3000, 6000, -3600, 2400, 3000, -600),)


def test_without_credits_there_is_no_table(company):
    company.budget("  - {scope: {activity: serving}, amount: 3000}").spend("200x30", activity="serving")
    assert net_table(company.view(AS_OF)) is None
