"""Writes docs/errors.md from tests/errors: what provokes each error, and what the program then says."""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE.parent / "tests" / "errors"

HEAD = """\
# Errors

This page is made from `tests/errors`, where each folder is one mistake and the whole answer to it.

A message has a place, a sentence, and a way out that can be typed. The exit code says what kind of answer it is:
2 asked wrongly, 3 could not judge, 4 a provider refused or was not reached, 5 our bug. Nothing is loaded and nothing
changes when a message ends with one of these. With `--format json` the same parts, and the code that is the heading
here, come out as JSON.
"""


MORE = """\
## More

These take a cloud, another process, a damaged disk or a terminal to be provoked. They have the same parts.
"""


def page() -> str:
    """The whole page."""
    rows = [f"| `{code}` | {when} |" for code, when in sorted(others().items())]
    more = [MORE, "| code | when |", "| --- | --- |", *rows, ""]
    return "\n".join([HEAD, *(_case(path.parent) for path in sorted(CASES.glob("*/message.txt"))), *more])


def others() -> dict[str, str]:
    """The codes without a case of their own, and when they are said."""
    with (HERE / "errors-more.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["when"] for row in csv.DictReader(file)}


def _case(folder: Path) -> str:
    code, _, variant = folder.name.partition("--")
    lines = (folder / "command.txt").read_text(encoding="utf-8").splitlines()
    what = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    typed = "\n".join(f"$ {line}" for line in lines if not line.startswith("#"))
    answer = (folder / "message.txt").read_text(encoding="utf-8").rstrip()
    title = f"`{code}`" + (f" ({variant.replace('-', ' ')})" if variant else "")
    return f"## {title}\n\n{what}\n\n```text\n{typed}\n{answer}\n```\n"


if __name__ == "__main__":
    (HERE / "errors.md").write_text(page(), encoding="utf-8", newline="\n")
