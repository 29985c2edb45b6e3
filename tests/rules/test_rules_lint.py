"""Rules that can never win are found; rules that can are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops_cost.rules.lint import empty_extracts, implies, lint
from aiops_cost.rules.match import parse
from aiops_cost.rules.pack import load_packs

PACK = """pack: ours
rules:
  - id: first
    when: {first}
    activity: serving
    why: one
    fires: [{fires}]
    quiet: [{{ServiceName: X}}]
  - id: second
    when: {second}
    activity: training
    why: two
    fires: [{fires}]
    quiet: [{{ServiceName: X}}]
"""


def _found(folder: Path, first: str, second: str) -> list[tuple[str, str]]:
    path = folder / "rules.yaml"
    fires = "{ServiceName: Amazon Bedrock, x_UsageType: tokens}"
    path.write_text(PACK.format(first=first, second=second, fires=fires), encoding="utf-8")
    return [(one.rule.id, one.by.id) for one in lint(load_packs([path], builtin=False))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{ServiceName: /Bedrock/}", "{ServiceName: Amazon Bedrock}"),
        ("{ServiceName: /Bedrock/}", "{ServiceName: /Bedrock/, x_UsageType: tokens}"),
        ("{ServiceName: [Amazon Bedrock, Other]}", "{ServiceName: Amazon Bedrock}"),
        ("{ServiceName: {present: true}}", "{ServiceName: /Bedrock/}"),
    ],
)
def test_a_rule_behind_a_wider_one_is_dead(tmp_path: Path, first: str, second: str) -> None:
    assert _found(tmp_path, first, second) == [("second", "first")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{ServiceName: Amazon Bedrock}", "{ServiceName: /Bedrock/}"),
        ("{ServiceName: /Bedrock/, x_UsageType: tokens}", "{ServiceName: /Bedrock/}"),
        ("{ServiceName: /Bedrock/}", "{x_UsageType: tokens}"),
        ("{ServiceName: {not: Amazon Bedrock}}", "{ServiceName: Amazon Bedrock}"),
    ],
)
def test_a_rule_that_can_win_is_not_called_dead(tmp_path: Path, first: str, second: str) -> None:
    assert _found(tmp_path, first, second) == []


def test_our_own_rules_can_all_win() -> None:
    assert [(one.rule.id, one.by.id) for one in lint(load_packs())] == []


def test_a_negation_implies_nothing_that_is_not_sure() -> None:
    assert not implies(parse({"not": "a"}), parse("/b/"))
    assert implies(parse({"not": "a"}), parse({"not": "a"}))


@pytest.mark.parametrize(("extract", "empty"), [("x_UsageType | text", False), ("x_Operation", True), ("tags.m", True)])
def test_an_extract_that_captures_nothing_is_found(tmp_path: Path, extract: str, empty: bool) -> None:
    path = tmp_path / "rules.yaml"
    text = PACK.format(first="{ServiceName: a}", second="{ServiceName: b}", fires="{ServiceName: a, x_UsageType: t}")
    path.write_text(text.replace("    why: one", f"    extract: {{model: {extract}}}\n    why: one"), encoding="utf-8")
    found = empty_extracts(load_packs([path], builtin=False))
    assert [(one.rule.id, one.field) for one in found] == ([("first", "x_Model")] if empty else [])
