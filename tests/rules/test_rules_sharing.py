"""Sharing neither makes nor loses money, stage by stage, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.rules import weights
from aiops_cost.rules.sharing import Part, Stage, divide, ordered, shares

DAY = date(2026, 5, 1)
NAMES = ("chat", "ranker", "search")

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=18, allow_nan=False, allow_infinity=False)
loads = st.dictionaries(st.sampled_from(NAMES), st.decimals(min_value=0, max_value=10**6, places=3), max_size=3)
direct_costs = st.dictionaries(st.sampled_from(NAMES), amounts)


def _equal(count: int) -> list[Decimal]:
    return money.split(Decimal(1), [Decimal(1)] * count)


@st.composite
def staged(draw: st.DrawFn) -> tuple[Stage, ...]:
    """Two to four stages, of which earlier ones may give to later ones."""
    names = [f"stage-{number}" for number in range(draw(st.integers(2, 4)))]
    made = []
    for number, name in enumerate(names):
        kind = draw(st.sampled_from(["direct", "shares", "metric", "usage", "cost"]))
        targets = (*NAMES, *names[number + 1 :])
        if kind == "shares":
            chosen = draw(st.lists(st.sampled_from(targets), min_size=1, unique=True))
            made.append(Stage(name, shares=dict(zip(chosen, _equal(len(chosen)), strict=True))))
        elif kind == "direct":
            made.append(Stage(name))
        else:
            capacity = {"": draw(st.decimals(min_value=0, max_value=10**7, places=3))} if kind == "usage" else {}
            made.append(Stage(name, weights=weights.Weights({"": draw(loads)}, capacity, kind == "cost")))
    return tuple(made)


@given(staged(), st.lists(amounts, min_size=4, max_size=4), direct_costs)
def test_what_is_divided_sums_to_the_pools_exactly(stages, pools, direct):
    given_pools = {stage.name: amount for stage, amount in zip(stages, pools, strict=False)}
    parts = divide(DAY, given_pools, direct, ordered(stages))
    assert money.total(part.amount for part in parts) == money.total(given_pools.values())


@given(staged(), amounts, direct_costs)
def test_the_same_question_has_the_same_answer(stages, amount, direct):
    pools = {"stage-0": amount}
    assert divide(DAY, pools, direct, stages) == divide(DAY, pools, dict(reversed(direct.items())), stages)


def given_out(parts: list[Part]) -> dict[str, str]:
    return {part.workload or part.kind: money.exact(part.amount) for part in parts}


def test_shared_cost_follows_direct_cost() -> None:
    direct = {"chat": Decimal(30), "ranker": Decimal(10), "refunded": Decimal(-5)}
    parts = divide(DAY, {"platform": Decimal(8)}, direct, [Stage("platform")])
    assert given_out(parts) == {"chat": "6.00", "ranker": "2.00"}


def test_cost_that_nobody_can_bear_is_kept_apart() -> None:
    for stage in (Stage("s"), Stage("s", weights=weights.Weights({"2026-04": {"chat": Decimal(1)}}, {}))):
        assert given_out(divide(DAY, {"s": Decimal(8)}, {"x": Decimal(0)}, [stage])) == {"undivided": "8.00"}


def test_a_stage_gives_to_the_pool_of_another() -> None:
    stages = ordered([Stage("cluster", shares=shares({"chat": "75%", "ranker": "25%"})),
                      Stage("support", shares=shares({"cluster": "40%", "search": "60%"}))])  # fmt: skip
    assert [stage.name for stage in stages] == ["support", "cluster"]
    parts = divide(DAY, {"cluster": Decimal(60), "support": Decimal(100)}, {}, stages)
    assert given_out(parts) == {"search": "60.00", "chat": "75.00", "ranker": "25.00"}


def test_a_cycle_of_shared_cost_is_refused_and_named() -> None:
    around = [Stage("a", shares=shares({"b": "100%"})), Stage("b", shares=shares({"c": "50%", "x": "50%"})),
              Stage("c", shares=shares({"a": "100%"})), Stage("d", shares=shares({"a": "100%"}))]  # fmt: skip
    with pytest.raises(UserError, match=r"round: (a to b to c to a|b to c to a to b|c to a to b to c)"):
        ordered(around)
    with pytest.raises(UserError, match="round: a to a"):
        ordered([Stage("a", shares=shares({"a": "100%"}))])


def test_fixed_shares_must_be_whole() -> None:
    with pytest.raises(UserError, match="99%"):
        shares({"a": "60%", "b": "39%"})
    with pytest.raises(UserError, match="not a percentage"):
        shares({"a": "60"})


def read(folder: Path, text: str, kind: str = "metric") -> weights.Weights:
    path = folder / "w.csv"
    path.write_text(text, encoding="utf-8")
    return weights.metric(path) if kind == "metric" else weights.use(path)


def test_a_metric_holds_for_its_day_else_its_month_else_always(tmp_path: Path) -> None:
    found = read(tmp_path, "workload,value,date\nchat,3,2026-05-01\nchat,2,2026-05\nchat,1,\n")
    keys = [found.key(day) for day in (DAY, date(2026, 5, 2), date(2026, 6, 1))]
    assert [found.by[key]["chat"] for key in keys if key is not None] == [3, 2, 1]


def test_kubernetes_goes_by_the_larger_of_requests_and_usage_and_idle_is_apart(tmp_path: Path) -> None:
    text = "namespace,requests,usage,capacity,date\nchat,4,6,16,2026-05-01\nranker,2,1,16,2026-05-01\n"
    stage = Stage("cluster", weights=read(tmp_path, text, "use"))
    assert given_out(divide(DAY, {"cluster": Decimal(160)}, {}, [stage])) == {
        "chat": "60.00",
        "ranker": "20.00",
        "idle": "80.00",
    }


def test_what_the_bill_has_beyond_an_opencost_export_is_idle(tmp_path: Path) -> None:
    text = (
        "Date,Namespace,ControllerKind,ControllerName,Pod,Container,Labels,CPUCoreUsageAverage,TotalCost\n"
        '2026-05-01,chat,deployment,web,web-1,web,"{""a"":""b""}",0.5,10\n'
        "2026-05-01,chat,deployment,web,web-2,web,,0.5,5\n"
        "2026-05-01,ranker,job,train,train-1,train,,0.5,25\n"
    )
    stage = Stage("cluster", weights=read(tmp_path, text, "use"))
    assert given_out(divide(DAY, {"cluster": Decimal(100)}, {}, [stage])) == {
        "chat": "15.00",
        "ranker": "25.00",
        "idle": "60.00",
    }
    assert given_out(divide(DAY, {"cluster": Decimal(20)}, {}, [stage])) == {"chat": "7.50", "ranker": "12.50"}


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("metric", "workload\nchat\n", "w.csv:1: the column `value` is missing"),
        ("metric", "workload,value\nchat,1\nchat,2\n", "w.csv:3: `chat` has two values for all days"),
        ("metric", "workload,value\nchat,-1\n", "w.csv:2: `value`: -1 is negative"),
        ("metric", 'workload,value\nchat,"1,000"\n', "w.csv:2: `value`: '1,000' is not a plain number"),
        ("metric", "workload,value,month\nchat,1,May\n", "w.csv:2: `May` is not a day or a month"),
        ("use", "pod,requests\nx,1\n", "the column `workload` or `namespace` is missing"),
        ("use", "namespace,requests,usage\nx,,\n", "w.csv:2: neither `requests` nor `usage` has a value"),
    ],
)
def test_a_bad_file_is_told_at_its_row(tmp_path: Path, kind: str, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text, kind)
    assert said in str(caught.value)
