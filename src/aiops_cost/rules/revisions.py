"""Rule files as they stand in a folder, or as they stood in a git revision."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import Problem


@contextmanager
def rule_files(what: str, current: Sequence[Path], cwd: Path) -> Iterator[tuple[Path, ...]]:
    """The rule files that `what` names: a file, a folder (its *.yaml, by name), or a git revision, which means the
    files of `current` as they were then; one that was not there yet is left out.

    Raises UserError when it is none of the three.
    """
    path = cwd / what
    if path.is_file():
        yield (path,)
        return
    if path.is_dir():
        yield tuple(sorted(path.glob("*.yaml")))
        return
    with tempfile.TemporaryDirectory(prefix="aiops-cost-rules-") as folder:
        yield tuple(_at_revision(what, current, cwd, Path(folder)))


def _at_revision(revision: str, current: Sequence[Path], cwd: Path, folder: Path) -> Iterator[Path]:
    if revision.startswith("-") or _git(cwd, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        raise UserError(
            Problem("rules-revision", "", f"`{revision}` is no file, no folder and no git revision here",
                    "Write two of them:  aiops-cost rules diff main rules/")
        )  # fmt: skip
    for number, path in enumerate(current):
        text = _git(path.parent, "show", f"{revision}:./{path.name}")
        if text is not None:
            target = folder / f"{number:03}-{path.name}"
            target.write_bytes(text)
            yield target


def _git(cwd: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it says no."""
    program = shutil.which("git")
    if program is None:
        raise UserError(
            Problem("git-missing", "", "git is not installed, so a revision cannot be read", "Name two folders.")
        )
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, check=False)  # noqa: S603 - fixed program
    return done.stdout if done.returncode == 0 else None
