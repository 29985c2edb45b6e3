"""Runs commands as processes of their own and says what they took: seconds on the clock, seconds of processors, memory.

Python's bytecode is cached in a folder that the runs share, as it is where a program is installed; the first run of
each command fills it and is not counted. Commands that are compared take turns, and each ratio is made of two
neighbours, so that a machine which others use, too, slows both sides alike. Processor time is the figure to quote: it
does not count the waiting for others.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CACHE = tempfile.TemporaryDirectory()
_LEFT_OUT = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}


@dataclass(frozen=True)
class Took:
    """One run, or the medians of several."""

    clock: float
    processor: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.processor:.2f} s of processor, {self.clock:.2f} s on the clock, {self.megabytes:.0f} MB"


def once(command: Sequence[str], folder: Path | None = None, codes: Sequence[int] = (0,)) -> Took:
    """Run it to its end; its output is thrown away. Raises RuntimeError for an exit code that is not among `codes`."""
    env = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    began = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, env={**env, "PYTHONPYCACHEPREFIX": _CACHE.name}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(child.pid, 0)
    clock = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        raise RuntimeError(f"{' '.join(command)} left {child.returncode}")
    return Took(clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def peak() -> float:
    """Resident memory in MB of this process, at its peak. It asks of itself: whoever waits for it is told the peak of
    the process that started it, if that was higher (Linux)."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_turns(
    commands: Mapping[str, Sequence[str]], runs: int, folder: Path | None = None, codes: Sequence[int] = (0,)
) -> dict[str, list[Took]]:
    """Every command `runs` times, one after the other in each round, after a round that is not counted."""
    rounds = [{name: once(command, folder, codes) for name, command in commands.items()} for _ in range(runs + 1)]
    return {name: [each[name] for each in rounds[1:]] for name in commands}


def median(found: Sequence[Took]) -> Took:
    return Took(*(statistics.median(getattr(one, name) for one in found) for name in Took.__dataclass_fields__))


def ratio(ours: Sequence[Took], peer: Sequence[Took]) -> str:
    """Ours to the peer's, neighbour by neighbour: of processor time, and on the clock."""
    pairs = list(zip(ours, peer, strict=True))
    processor, clock = (
        statistics.median(getattr(a, n) / getattr(b, n) for a, b in pairs) for n in ("processor", "clock")
    )
    return f"{processor:.2f} of processor time, {clock:.2f} on the clock"
