"""How long `--help` takes, bytecode cached, against a Python that starts and does nothing. Aim: 0.3 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 11


def main() -> None:
    """Print the medians."""
    ours = _median([sys.executable, "-m", "aiops_cost", "--help"])
    bare = _median([sys.executable, "-c", "pass"])
    print(f"--help {ours:.2f} s; an empty Python {bare:.2f} s; ratio {ours / bare:.1f}")


def _median(command: list[str]) -> float:
    times = []
    for run in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if run:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
