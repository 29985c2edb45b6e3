"""What people type every day, on the demo company, beside a Python that does nothing but `import duckdb, pandas`.

That import is what a script with the same question would pay before it has read anything. Aim: `check` in about 1.5 s
on a machine of one's own. The first run of each command, which fills caches (bytecode, what the rules said, what days
cost), is not counted.

    python -m benchmarks commands [--runs 5] [--old FOLDER]

`--old` names the `src` folder of another version, which then takes turns with this one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from aiops_cost.demo.blueprint import AS_OF
from benchmarks import processes

COMMANDS = ("status", "report", "check", "drift", "forecast", "summary")
PEER = (sys.executable, "-c", "import duckdb, pandas")
JUDGED = (0, 1, 3)


def main() -> None:
    """Print the medians, and the ratios to the peer (and to the old version)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--old", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "company"
        processes.once((sys.executable, "-m", "aiops_cost", "demo", str(folder)), codes=JUDGED)
        for command in COMMANDS:
            versions = {"ours": None, **({"old": asked.old.resolve()} if asked.old else {})}
            commands = {version: _typed(command, source) for version, source in versions.items()}
            found = processes.in_turns({**commands, "peer": PEER}, asked.runs, folder, JUDGED)
            print(f"{command}: {processes.median(found['ours'])}", flush=True)
            for beside in ("peer", "old"):
                if beside in found:
                    said = processes.median(found[beside])
                    print(f"    {beside}: {said}; ratio {processes.ratio(found['ours'], found[beside])}", flush=True)


def _typed(command: str, source: Path | None) -> tuple[str, ...]:
    """The command line; of another version where its source is named."""
    words = (command, "--as-of", AS_OF.isoformat())
    if source is None:
        return (sys.executable, "-m", "aiops_cost", *words)
    start = f"import sys; sys.path.insert(0, {str(source)!r}); from aiops_cost.__main__ import main; main()"
    return (sys.executable, "-c", start, *words)


if __name__ == "__main__":
    main()
