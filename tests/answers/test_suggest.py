"""What no rule knows, and the rule to paste: it names the account, by its name or else by its id."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import yaml

from aiops_cost.answers.suggest import answer
from aiops_cost.answers.window import Window
from aiops_cost.ledger import schema

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))


def test_an_account_without_a_name_is_told_by_its_id() -> None:
    columns = [f"{column.name} {column.sql_type}" for column in schema.COLUMNS]
    columns += [f"{name} VARCHAR" for name in schema.ATTRIBUTION]
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38, 18))")
        for line, (account, name, cost) in enumerate([("0123", None, 5), ("0456", "search", 7)]):
            con.execute(
                "INSERT INTO spend (x_LineId, ChargePeriodStart, ProviderName, ServiceName, x_UsageType, SubAccountId,"
                " SubAccountName, x_Activity, Cost) VALUES (?, '2026-05-03', 'AWS', 'EC2', 'BoxUsage:p5.48xlarge',"
                " ?, ?, 'unattributed', ?)",
                [line, account, name, cost],
            )
        report = answer(con, MAY, 10, "EffectiveCost", "USD")
    assert report.tables[0].rows == (
        ("AWS", "EC2", "BoxUsage:p5.48xlarge", "search", 1, Decimal(7)),
        ("AWS", "EC2", "BoxUsage:p5.48xlarge", "0123", 1, Decimal(5)),
    )
    named, unnamed = yaml.safe_load(report.paste or "")["rules"]
    assert named["when"]["SubAccountName"] == "search"
    assert unnamed["when"] == {"ServiceName": "EC2", "x_UsageType": "BoxUsage:p5.48xlarge", "SubAccountId": "0123"}
    assert "SubAccountName" not in unnamed["when"]
