"""Scores the built-in rules against labelled identifiers: accuracy per field, and a confusion table per provider.

    python benchmarks/attribution_score.py LABELLED.csv [--misses]

The file has the identifiers as bills show them (provider, service_name, usage_type, operation, sku_description,
meter_category, meter_subcategory, meter_name, instance_type) and the labels (activity, component, model,
token_direction, latency_tier, accelerator); a blank label means that the identifier does not say.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
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
LABELLED = Path(__file__).resolve().parents[2] / "shared" / "ai_skus_dev.csv"
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
    frame = labelled[list(TO_LEDGER)].rename(columns=TO_LEDGER)
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labelled", type=Path, nargs="?", default=LABELLED, help="CSV of identifiers and labels")
    parser.add_argument("--misses", action="store_true", help="list every wrong row")
    parser.add_argument("--focus", action="store_true", help="give the rules the pure FOCUS form")
    options = parser.parse_args()
    if not options.labelled.is_file():
        print(f"skipped: {options.labelled} is not there")
        return
    labelled = read_labelled(options.labelled)
    answers = attributed((to_focus if options.focus else to_native)(labelled))
    for name, (right, asked) in score(labelled, answers).items():
        print(f"{name:16} {right:5} of {asked:5}  {right / max(asked, 1):7.2%}")
    invented = {
        name: int(((labelled[name] == "") & (answers[name] != "")).sum())
        for name in ("model", "token_direction", "latency_tier", "accelerator")
    }
    print("said where the label is blank:", invented)
    print("not AI but called AI:", len(false_alarms(labelled, answers)))
    _confusion(labelled, answers)
    if options.misses:
        _misses(labelled, answers)


def _confusion(labelled: pd.DataFrame, answers: pd.DataFrame) -> None:
    table: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for provider, right, said in zip(labelled["provider"], labelled["activity"], answers["activity"], strict=True):
        table[provider][right, said] += 1
    for provider, counts in table.items():
        print(f"\n{provider}: label -> answer")
        for (right, said), count in sorted(counts.items()):
            print(f"  {right:13} {said:13} {count:5}{'' if right == said else '   <--'}")


def _misses(labelled: pd.DataFrame, answers: pd.DataFrame) -> None:
    for right, said in zip(labelled.to_dict("records"), answers.to_dict("records"), strict=True):
        wrong = {name: (right[name], said[name]) for name in FIELDS if right[name] != said[name]}
        if wrong:
            identifier = [right[name] for name in TO_LEDGER if right[name]]
            print(" | ".join(identifier), wrong)


if __name__ == "__main__":
    main()
