"""Run every benchmark, or the named ones:  python -m benchmarks load startup"""

from __future__ import annotations

import importlib
import sys

NAMES = ("load", "startup", "report", "attribution_score", "truth")

wanted = sys.argv[1:] or NAMES
for name in wanted:
    sys.argv = [name]
    print(f"== {name}")
    importlib.import_module(f"benchmarks.{name}").main()
