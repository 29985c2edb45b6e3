"""The built-in rules against labelled identifiers: those in this folder, and those beside the repository."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LABELLED = ROOT.parent / "shared" / "ai_skus_dev.csv"
FLOOR = {
    "activity": 0.99,
    "component": 0.98,
    "model": 0.98,
    "token_direction": 0.98,
    "latency_tier": 0.97,
    "accelerator": 0.97,
}


HELD_OUT = Path(__file__).parent / "held_out.csv"


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("attribution_score", ROOT / "benchmarks" / "attribution_score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("form", ["to_native", "to_focus"])
@pytest.mark.parametrize("path", [LABELLED, HELD_OUT], ids=["beside", "held-out"])
def test_the_score_does_not_fall(scorer: ModuleType, path: Path, form: str) -> None:
    if not path.exists():
        pytest.skip(f"no labelled identifiers at {path}")
    labelled = scorer.read_labelled(path)
    answers = scorer.attributed(getattr(scorer, form)(labelled))
    shares = {name: right / asked for name, (right, asked) in scorer.score(labelled, answers).items()}
    assert {name: share for name, share in shares.items() if share < FLOOR[name]} == {}
    assert scorer.false_alarms(labelled, answers).empty
