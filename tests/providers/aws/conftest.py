"""What the tests of AWS share; the reports themselves are made in `cur_rows.py`, the local AWS is in `cloud.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.providers.aws.cloud import desk, front, moto, payer, standing
from tests.providers.aws.cur_rows import SAMPLES, Bills

__all__ = ["desk", "front", "moto", "payer", "standing"]


@pytest.fixture
def bills(tmp_path: Path) -> Bills:
    return Bills(tmp_path)


@pytest.fixture
def samples() -> Path:
    """The public sample files beside the repository; tests on them are skipped where they are not."""
    if not SAMPLES.is_dir():
        pytest.skip(f"{SAMPLES} is not here")
    return SAMPLES
