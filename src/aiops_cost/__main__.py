"""`python -m aiops_cost` and the `aiops-cost` command."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    _short_lived()
    try:
        from aiops_cost.cli import run_cli

        if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that knows no lines or umlauts shows `?` for them
            sys.stdout.reconfigure(errors="replace")
        code = run_cli(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still being read
        code = 130
    gc.freeze()  # or all that is left would be searched for cycles, twice, before it goes anyway
    sys.exit(code)


def _short_lived() -> None:
    """A command lives for a second, so what pays for itself in a server would cost it a tenth of its time: looking for
    cycles often, a second thread for the algebra of short series, asking every installed package for plugins."""
    gc.set_threshold(500_000)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


if __name__ == "__main__":
    main()
