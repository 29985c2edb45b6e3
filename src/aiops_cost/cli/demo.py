"""`aiops-cost demo`: a company whose AI estate left its plan, and the main job done on it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from aiops_cost.cli import output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

EXAMPLE = "Example:  aiops-cost demo ./demo"


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write the company.", metavar="DIR")] = Path(
        "aiops-cost-demo"
    ),
    data_only: Annotated[bool, typer.Option("--data-only", help="Write the company, run nothing.")] = False,
) -> int:
    """Build a small company (three clouds, a year of bills, a budget) and run the main job on it, offline."""
    from aiops_cost.cli import run_cli
    from aiops_cost.demo import company

    if (folder / "aiops-cost.yaml").exists() and not (folder / "truth.json").exists():
        raise UserError(
            Problem(
                "demo-folder",
                str(folder / "aiops-cost.yaml"),
                "this folder has a configuration that is not the demo's, and the demo would replace it",
                "Choose another folder:  aiops-cost demo ./demo",
            )
        )
    output.say(f"DEMO: writing a made-up company to {folder} (no cloud account is used)")
    facts = company.write_company(folder)
    output.say(f"DEMO: {facts.rows:,} rows of FOCUS bills from {len(facts.sources)} clouds")
    if data_only:
        return 0
    here = ["--config", str(folder / "aiops-cost.yaml")]
    today = ["--as-of", facts.as_of.isoformat()]
    code = 0
    typer.echo("DEMO: every name and every number below is made up.")
    for words in STORY:
        judged = words[0] != "pull"
        typer.echo(f"\n$ aiops-cost {shlex.join([*words, *(today if judged else [])])}\n")
        code = run_cli([*words, *here, *(today if judged else [])])
        if code and not judged:
            return code
    meaning = _MEANING.get(code, "see above")
    typer.echo(f"\nDEMO: the gate left exit code {code}: {meaning}. In CI the pipeline would act on it.")
    there = f"cd {shlex.quote(str(folder))}"
    typer.echo(f"\nGo on yourself:  {there} && aiops-cost report --full -o report.html {shlex.join(today)}")
    return 0 if code in {0, 1} else code


STORY = (
    ("pull", "--quiet"),
    ("status",),
    ("report", "--by", "activity"),
    ("report", "--by", "activity,workload", "--top", "12", "--compare-to", "before"),
    ("rules", "coverage"),
    ("drift",),
    ("check",),
)
"""What a user would type on the first day."""
_MEANING = {0: "within the plan", 1: "over the line"}
