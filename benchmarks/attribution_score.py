"""Scores the built-in rules against labelled identifiers: accuracy per field, and a confusion table per provider.

    python -m benchmarks attribution
    python benchmarks/attribution_score.py [LABELLED.csv ...] [--misses] [--focus]

Two files are read: one that lies beside the repository, and `tests/rules/held_out.csv`, whose rows were labelled in
batches before the rules had seen them. What each batch scored at first sight stands in DECISIONS.md; here they are
seen, so the score of that file tells only that nothing was lost since.

A file has the identifiers as bills show them (provider, service_name, usage_type, operation, sku_description,
meter_category, meter_subcategory, meter_name, instance_type) and the labels (activity, component, model,
token_direction, latency_tier, accelerator); a blank label means that the identifier does not say.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from aiops_cost.rules.engine import attribute, load_packs

TO_LEDGER = {
    "provider": "ProviderName",
    "service_name": "ServiceName",
    "usage_type": "x_UsageType",
    "operation": "x_Operation",
    "sku_description": "x_SkuDescription",
    "meter_category": "x_SkuMeterCategory",
    "meter_subcategory": "x_SkuMeterSubcategory",
    "meter_name": "x_SkuMeterName",
    "instance_type": "x_InstanceType",
    "pricing_unit": "PricingUnit",
}
ACTIVITIES = ("serving", "training", "storage", "shared", "other", "unattributed")
HELD_OUT = Path(__file__).resolve().parents[1] / "tests" / "rules" / "held_out.csv"
LABELLED = Path(__file__).resolve().parents[2] / "shared" / "ai_skus_dev.csv"
FEW = 9
FIELDS = {
    "activity": "x_Activity",
    "component": "x_Component",
    "model": "x_Model",
    "token_direction": "x_TokenDirection",
    "latency_tier": "x_LatencyTier",
    "accelerator": "x_Accelerator",
}


def read_labelled(path: Path) -> pd.DataFrame:
    """The labelled rows; blanks are empty texts."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def to_native(labelled: pd.DataFrame) -> pd.DataFrame:
    """As a provider's own export has it: usage types, meters and SKU descriptions in their own columns."""
    frame = labelled[[name for name in TO_LEDGER if name in labelled]].rename(columns=TO_LEDGER)
    return _lines(frame)


def to_focus(labelled: pd.DataFrame) -> pd.DataFrame:
    """As a pure FOCUS file has it: AWS usage types in SkuMeter, all words in ChargeDescription, no `x_` columns."""
    rows = labelled.to_dict("records")
    frame = pd.DataFrame(
        {
            "ProviderName": [_issuer(row["provider"]) for row in rows],
            "ServiceName": [row["service_name"] for row in rows],
            "SkuMeter": [row["usage_type"] if row["provider"] == "AWS" else "" for row in rows],
            "SkuId": [row["usage_type"] if row["provider"] == "Databricks" else "" for row in rows],
            "ChargeDescription": [_words(row) for row in rows],
        }
    )
    return _lines(frame)


def attributed(lines: pd.DataFrame) -> pd.DataFrame:
    """The built-in rules' answers, blanks as empty texts, under the labels' names."""
    result = attribute(lines, load_packs())
    return pd.DataFrame({name: result[column].astype("object").fillna("") for name, column in FIELDS.items()})


def score(labelled: pd.DataFrame, answers: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """(right, asked) per field. Activity and component are asked of every row, the others where labelled."""
    found = {}
    for name in FIELDS:
        asked = labelled[name] != "" if name not in ("activity", "component") else labelled["provider"] != ""
        found[name] = (int((labelled[name] == answers[name])[asked].sum()), int(asked.sum()))
    return found


def false_alarms(labelled: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Rows that are not AI and were called AI."""
    return labelled[(labelled["activity"] == "other") & (answers["activity"] != "other")]


def _issuer(provider: str) -> str:
    return {"AWS": "Amazon Web Services", "Azure": "Microsoft", "GCP": "Google Cloud"}.get(provider, provider)


def _words(row: dict[str, str]) -> str:
    if row["provider"] != "Azure":
        return row["sku_description"]
    meters = [row[name] for name in ("meter_category", "meter_subcategory", "meter_name") if row[name]]
    return row["sku_description"] or " - ".join(meters)


def _lines(frame: pd.DataFrame) -> pd.DataFrame:
    lines = frame.astype("category")
    lines.insert(0, "x_LineId", range(len(lines)))
    return lines


def main() -> None:
    """Score the files named, or the labelled files that lie here and beside the repository."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path, nargs="*", default=[LABELLED, HELD_OUT], help="CSVs of labels")
    parser.add_argument("--misses", action="store_true", help="list every wrong row")
    parser.add_argument("--focus", action="store_true", help="give the rules the pure FOCUS form")
    options = parser.parse_args()
    for path in options.labelled:
        print(f"\n=== {path.name}")
        if not path.is_file():
            print(f"skipped: {path} is not there")
            continue
        labelled = read_labelled(path)
        answers = attributed((to_focus if options.focus else to_native)(labelled))
        _report(labelled, answers)
        if options.misses:
            _misses(labelled, answers)


def _report(labelled: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Accuracy per field, for all and per provider; what was invented; the confusion of activities per provider."""
    whole = score(labelled, answers)
    parts = {
        provider: score(labelled.loc[rows], answers.loc[rows])
        for provider, rows in labelled.groupby(_shown(labelled)).groups.items()
    }
    print(f"{'right of asked':16}{'all':>14}" + "".join(f"{provider:>14}" for provider in parts))
    for name in FIELDS:
        cells = [whole[name], *(part[name] for part in parts.values())]
        print(f"{name:16}" + "".join(f"{f'{right}/{asked}' if asked else '-':>14}" for right, asked in cells))
        print(f"{'':16}" + "".join(f"{f'{right / asked:.1%}' if asked else '':>14}" for right, asked in cells))
    invented = {
        name: int(((labelled[name] == "") & (answers[name] != "")).sum()) for name in FIELDS if name != "activity"
    }
    print("said where the label is blank:", invented)
    print("not AI but called AI:", len(false_alarms(labelled, answers)))
    _confusion(labelled, answers)


def _shown(labelled: pd.DataFrame) -> pd.Series:
    """The provider of each row; those with a few rows only are `others`."""
    rows = labelled.groupby("provider")["provider"].transform("size")
    return labelled["provider"].where(rows >= FEW, "others")


def _confusion(labelled: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Per provider a table: the label down, the answer across."""
    for provider, rows in labelled.groupby(_shown(labelled)).groups.items():
        table = pd.crosstab(labelled.loc[rows, "activity"], answers.loc[rows, "activity"])
        table = table.reindex(index=ACTIVITIES, columns=ACTIVITIES, fill_value=0)
        print(f"\n{provider}: label down, answer across")
        print(f"  {'':13}" + "".join(f"{name:>13}" for name in ACTIVITIES))
        for name, counts in table.iterrows():
            print(f"  {name:13}" + "".join(f"{count or '.':>13}" for count in counts))


def _misses(labelled: pd.DataFrame, answers: pd.DataFrame) -> None:
    for right, said in zip(labelled.to_dict("records"), answers.to_dict("records"), strict=True):
        wrong = {name: (right[name], said[name]) for name in FIELDS if right[name] != said[name]}
        if wrong:
            identifier = [right[name] for name in TO_LEDGER if right.get(name)]
            print(" | ".join(identifier), wrong)


if __name__ == "__main__":
    main()
