"""Metrics small enough to add up in the head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from aiops_cost import spend
from aiops_cost.config import load_config
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.metrics.points import Measured
from aiops_cost.metrics.read import known


@pytest.fixture
def sources(tmp_path: Path) -> Callable[[str], tuple[MetricsSource, ...]]:
    """The metrics sources of a configuration whose `metrics:` is this text."""

    def read(text: str) -> tuple[MetricsSource, ...]:
        path = tmp_path / "aiops-cost.yaml"
        path.write_text(f"ledger: ledger\nmetrics:\n{text}\n", encoding="utf-8")
        return load_config(path, tmp_path, {}).metrics

    return read


@pytest.fixture
def measured(tmp_path: Path, sources: Callable[[str], tuple[MetricsSource, ...]]) -> Callable[..., Measured]:
    """All metrics of one CSV file with these lines."""

    def read(lines: str, entry: str = "csv: m.csv") -> Measured:
        (tmp_path / "m.csv").write_text(lines, encoding="utf-8")
        return known(sources(f"  - {{{entry}}}"), str(tmp_path / "ledger"), shown=lambda file: file.name)

    return read


@pytest.fixture
def table(measured: Callable[..., Measured]) -> Callable[..., duckdb.DuckDBPyConnection]:
    """A connection whose table `metrics` holds the lines."""

    def make(lines: str, entry: str = "csv: m.csv") -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        spend.measured(con, measured(lines, entry).points)
        return con

    return make
