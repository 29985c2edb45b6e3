"""`aiops-cost.yaml` becomes a `Config`: strict, with its paths resolved, every problem at its line.

Which file: `--config`, else `AIOPS_COST_CONFIG`, else `aiops-cost.yaml` in the working directory or
above it. `AIOPS_COST_LEDGER` and `AIOPS_COST_CURRENCY` replace their keys. Paths in the file are
relative to the file; those in the environment or on the command line to the working directory.

    keys    what may stand in the file        files   the files that it names
    read    both, as one `Config`
"""

from __future__ import annotations

from aiops_cost.config.keys import ConfigFile
from aiops_cost.config.read import CONFIG_VARIABLE, CURRENCY_VARIABLE, LEDGER_VARIABLE, Config, load_config, shown

__all__ = [
    "CONFIG_VARIABLE", "CURRENCY_VARIABLE", "LEDGER_VARIABLE", "Config", "ConfigFile", "load_config", "shown",
]  # fmt: skip
