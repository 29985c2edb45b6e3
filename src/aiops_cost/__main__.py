"""`python -m aiops_cost` and the `aiops-cost` command."""

from __future__ import annotations

import gc
import io
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(50_000)  # a command lives for seconds; looking for garbage often would cost a twentieth of them
    try:
        from aiops_cost.cli import run_cli

        if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that knows no lines or umlauts shows `?` for them
            sys.stdout.reconfigure(errors="replace")
        code = run_cli(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still being read
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
