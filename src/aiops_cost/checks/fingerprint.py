"""The name that a finding keeps: the same tomorrow, with another amount, in other words."""

from __future__ import annotations

import hashlib
import json

from aiops_cost.model import Finding


def fingerprint(finding: Finding) -> str:
    """16 hex digits over the code and the scope, and nothing that changes from day to day.

    >>> from aiops_cost.model import Severity
    >>> one = Finding("DRF001", Severity.BREACH, "said so", "do", {"activity": "serving"})
    >>> other = Finding("DRF001", Severity.WARNING, "else", "", {"activity": ("serving",)})
    >>> fingerprint(one) == fingerprint(other)
    True
    """
    scope = {key: sorted((value,) if isinstance(value, str) else value) for key, value in finding.scope.items()}
    text = json.dumps([finding.code, scope], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
