"""Run every benchmark, or the named ones:  python -m benchmarks load startup attribution

Options after the names are theirs:  python -m benchmarks load --format cur2 --rows 10000000
"""

from __future__ import annotations

import importlib
import sys
from itertools import takewhile

NAMES = ("load", "startup", "commands", "report", "attribution_score", "engine", "year", "truth")

wanted = list(takewhile(lambda word: not word.startswith("-"), sys.argv[1:]))
options = sys.argv[1 + len(wanted) :]
for name in [next((name for name in NAMES if name.startswith(asked)), asked) for asked in wanted] or NAMES:
    sys.argv = [name, *options]
    print(f"== {name}")
    importlib.import_module(f"benchmarks.{name}").main()
