"""What others do with the same month of CUR 2.0: a pandas script, and the FinOps Foundation's focus-converter.

Neither is a dependency of ours: both run in an environment of their own, which `python -m benchmarks load --format cur2
--peers` makes with `uv` or `venv` from the package index, and which is skipped, with a word, where that does not work.

The pandas script is the straightforward one at its best: only the columns that are needed, maps turned to text once,
texts as categories, one groupby of the grain of the ledger. Its sums are float64, so they are not exact, and it proves
nothing. focus-converter takes the legacy layout, a column for each key of a map, and writes a row of FOCUS for each row
that it reads: it neither sums nor proves.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb

# Versions with which focus-converter 1.0.0 still starts; newer ones no longer have what it imports.
_PINS = ("focus-converter==1.0.0", "multimethod<2", "click<8.2", "pandas<3", "pyarrow")
_PATIENCE = 900

_PANDAS = '''
import sys
import pandas as pd

keys = """bill_payer_account_id bill_payer_account_name bill_invoice_id bill_invoicing_entity
bill_billing_period_start_date line_item_usage_account_id line_item_usage_account_name line_item_currency_code
line_item_line_item_type line_item_legal_entity line_item_line_item_description line_item_product_code
line_item_usage_type line_item_operation line_item_availability_zone line_item_resource_id pricing_unit
pricing_rate_code product_region_code product_location product_sku reservation_reservation_a_r_n
savings_plan_savings_plan_a_r_n""".split()
sums = """line_item_unblended_cost pricing_public_on_demand_cost reservation_effective_cost
savings_plan_savings_plan_effective_cost savings_plan_total_commitment_to_date savings_plan_used_commitment
reservation_unused_recurring_fee reservation_unused_amortized_upfront_fee_for_billing_period
line_item_usage_amount""".split()
maps = ["product", "resource_tags", "cost_category"]
frame = pd.read_parquet(sys.argv[1], columns=[*keys, *sums, *maps, "line_item_usage_start_date"])
frame["day"] = frame.pop("line_item_usage_start_date").dt.normalize()
product = [dict(pairs) for pairs in frame.pop("product")]
frame["product_name"] = [held.get("product_name") for held in product]
frame["product_region"] = [held.get("region") for held in product]
for name in maps[1:]:
    frame[name] = [str(pairs) for pairs in frame[name]]
by = [*keys, *maps[1:], "product_name", "product_region"]
for name in by:
    frame[name] = frame[name].astype("category")
summed = frame.groupby(["day", *by], dropna=False, observed=True)[sums].sum()
summed.reset_index().to_parquet(sys.argv[2])
'''

_CONVERTER = """
import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn", force=True)  # forking with the threads of polars may hang
    from focus_converter.main import app

    sys.argv = ["focus-converter", "convert", "--provider", "aws", "--data-format", "parquet",
                "--parquet-data-format", "file", "--data-path", sys.argv[1], "--export-path", sys.argv[2]]
    app()
"""

_LEGACY = """
COPY (
  SELECT * EXCLUDE (product, resource_tags, cost_category, discount)
      REPLACE (CAST(pricing_public_on_demand_rate AS DOUBLE) AS pricing_public_on_demand_rate),
    product['product_name'] AS product_product_name, product['region'] AS product_region,
    resource_tags['user_app'] AS resource_tags_user_app, resource_tags['user_team'] AS resource_tags_user_team,
    cost_category['Unit'] AS cost_category_unit, CAST(NULL AS DOUBLE) AS line_item_net_unblended_cost,
    CAST(NULL AS VARCHAR) AS product_purchase_option,
    CAST(NULL AS VARCHAR) AS pricing_rate_id, CAST(NULL AS DOUBLE) AS reservation_total_reserved_units
  FROM read_parquet('{path}')
) TO '{out}' (FORMAT parquet)"""


def environment(folder: Path) -> Path | None:
    """The Python of an environment with both peers, or None where it cannot be made."""
    python = folder / "peers" / "bin" / "python"
    uv = shutil.which("uv")
    make = [uv, "venv", "-q"] if uv else [sys.executable, "-m", "venv"]
    install = (
        [uv, "pip", "install", "-q", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    )
    for command in ([*make, str(folder / "peers")], [*install, "-q", *_PINS]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"peers are skipped: {done.stderr.strip().splitlines()[-1:] or command}")
            return None
    return python


def pandas(python: Path, path: Path, folder: Path) -> tuple[float, float] | str:
    """Wall seconds and seconds of processor time of the pandas script, or why there are none."""
    return _timed(python, _PANDAS, folder, [str(path), str(folder / "pandas.parquet")])


def converter(python: Path, path: Path, folder: Path) -> tuple[float, float] | str:
    """The same of focus-converter, on the file in its layout (making that is not counted)."""
    legacy, out = folder / "legacy.parquet", folder / "converted"
    with duckdb.connect() as con:
        con.execute(_LEGACY.format(path=path, out=legacy))
    out.mkdir(exist_ok=True)
    told = _timed(python, _CONVERTER, folder, [str(legacy), str(out)])
    written = [file for file in out.rglob("*") if file.is_file() and file.stat().st_size]
    return told if written or isinstance(told, str) else "it wrote nothing"


def _timed(python: Path, script: str, folder: Path, arguments: list[str]) -> tuple[float, float] | str:
    file = folder / "peer.py"
    file.write_text(script, encoding="utf-8")
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            [str(python), str(file), *arguments], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {_PATIENCE} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used
