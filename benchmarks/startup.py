"""How long `--help` takes, bytecode cached, against a Python that starts and does nothing. Aim: 0.3 s."""

from __future__ import annotations

import sys

from benchmarks import processes

RUNS = 11


def main() -> None:
    """Print the medians."""
    commands = {"ours": (sys.executable, "-m", "aiops_cost", "--help"), "bare": (sys.executable, "-c", "pass")}
    found = processes.in_turns(commands, RUNS)
    ours, bare = (processes.median(found[name]) for name in commands)
    print(f"--help: {ours}; an empty Python: {bare}; ratio {processes.ratio(found['ours'], found['bare'])}")


if __name__ == "__main__":
    main()
