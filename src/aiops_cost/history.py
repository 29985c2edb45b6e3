"""The configuration as it was: at a git revision, or with another budget or other rules in place of today's."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from aiops_cost import documents
from aiops_cost.config import Config, load_config
from aiops_cost.errors import UserError
from aiops_cost.model import Problem


@contextmanager
def earlier(what: str, config: Config, cwd: Path) -> Iterator[Config]:
    """The configuration with what `what` names in place: a budget file, a rules file, a folder of such files, or a
    git revision, which stands for all files of the configuration as they were then.

    The ledger and what was measured are always today's: they are not what changed. Where the revision had no
    configuration, it had no budget and no rules. Raises UserError when it is none of these, or cannot be read.
    """
    path = cwd / what
    if path.is_file() or path.is_dir():
        yield _with_files([path] if path.is_file() else sorted(path.glob("*.yaml")), what, config)
        return
    with tempfile.TemporaryDirectory(prefix="aiops-cost-earlier-") as name:
        folder = Path(name).resolve()
        try:
            yield _at_revision(what, config, folder)
        except UserError as error:
            raise UserError(_named(problem, folder, what) for problem in error.problems) from None


def _with_files(files: Sequence[Path], what: str, config: Config) -> Config:
    kinds: dict[str, list[Path]] = {"budget": [], "pack": []}
    for file in files:
        data, _ = documents.parse(_text(file), str(file), "budget")
        for key, found in kinds.items():
            if key in data:
                found.append(file)
    if not any(kinds.values()):
        raise UserError(
            Problem("changed-unknown", what, "this is neither a budget nor rules",
                    "Name a budget file, a rules file, or a git revision:  aiops-cost check --changed main")
        )  # fmt: skip
    return replace(
        config,
        budgets=tuple(kinds["budget"]) or config.budgets,
        rules=tuple(kinds["pack"]) or config.rules,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UserError(Problem("file-unreadable", str(file), f"cannot be read: {reason}", "Choose another.")) from None


def _at_revision(revision: str, config: Config, folder: Path) -> Config:
    home = config.folder
    root = _git(home, "rev-parse", "--show-toplevel")
    known = not revision.startswith("-") and _git(home, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if root is None or not known:
        raise UserError(
            Problem("changed-unknown", "", f"`{revision}` is no file, no folder and no git revision here",
                    "Name a budget file, a rules file, or a revision that was fetched, like origin/main.")
        )  # fmt: skip
    top = Path(root.decode().rstrip("\n")).resolve()
    fx = [config.fx.relative_to(top).as_posix()] if config.fx and config.fx.is_relative_to(top) else []
    names = (_git(top, "ls-tree", "-r", "--name-only", "-z", revision) or b"").decode().split("\0")
    wanted = [name for name in names if name.endswith((".yaml", ".yml")) or name in fx]
    packed = _git(top, "archive", "--format=tar", revision, "--", *wanted) if wanted else None
    file = folder / config.file.resolve().relative_to(top)
    if packed:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    if not file.is_file():  # the change that brings the configuration: nothing was planned, nothing was ruled
        return replace(config, budgets=(), rules=())
    then = load_config(file, folder, {}, measured=False, may_lack_files=True)
    return replace(
        then, ledger=config.ledger, currency=config.currency, cost=config.cost, sources=config.sources,
        metrics=config.metrics,
    )  # fmt: skip


def _named(problem: Problem, folder: Path, revision: str) -> Problem:
    """The problem of an old file, named by its revision and not by where it lies for a moment."""
    return replace(problem, place=problem.place.replace(f"{folder}/", f"{revision}:"))


def _git(cwd: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it says no."""
    program = shutil.which("git")
    if program is None:
        raise UserError(
            Problem("git-missing", "", "git is not installed, so a revision cannot be read", "Name a file.")
        )
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, check=False)  # noqa: S603 - fixed program
    return done.stdout if done.returncode == 0 else None
