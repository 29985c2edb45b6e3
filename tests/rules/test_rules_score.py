"""The built-in rules against labelled identifiers, where they lie beside the repository."""

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


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    if not LABELLED.exists():
        pytest.skip(f"no labelled identifiers at {LABELLED}")
    spec = importlib.util.spec_from_file_location("attribution_score", ROOT / "benchmarks" / "attribution_score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("form", ["to_native", "to_focus"])
def test_the_score_does_not_fall(scorer: ModuleType, form: str) -> None:
    labelled = scorer.read_labelled(LABELLED)
    answers = scorer.attributed(getattr(scorer, form)(labelled))
    shares = {name: right / asked for name, (right, asked) in scorer.score(labelled, answers).items()}
    assert {name: share for name, share in shares.items() if share < FLOOR[name]} == {}
    assert scorer.false_alarms(labelled, answers).empty
