"""The JSON Schemas of everything that is written by or read from us: for editors, and for programs that read JSON."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from aiops_cost.budget.file import BudgetFile
from aiops_cost.config import ConfigFile
from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.gate.accepted import AcceptedFile
from aiops_cost.model import Problem
from aiops_cost.rules.owners import OwnersDocument
from aiops_cost.rules.pack import PackDocument

FILES: dict[str, type[BaseModel]] = {
    "config": ConfigFile,
    "budget": BudgetFile,
    "rules": PackDocument,
    "owners": OwnersDocument,
    "accepted": AcceptedFile,
}
NAMES = (*FILES, "report", "ledger")


def of(name: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file, or of the JSON that every command prints (`report`).

    Raises UserError for another name.
    """
    if name == "report":
        found: dict[str, Any] = json.loads(
            files("aiops_cost.reports").joinpath("report.schema.json").read_text("utf-8")
        )
        return found
    if name not in FILES:
        hint = near(name, list(NAMES)) or f"There are: {', '.join(NAMES)}."
        raise UserError(Problem("schema-unknown", "", f"there is no schema `{name}`", hint))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **FILES[name].model_json_schema(by_alias=True)}
