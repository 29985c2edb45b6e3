"""Where output goes: data on stdout or into a file, everything else on stderr."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Report

NO_TERMINAL_WIDTH = 120


def say(text: str, quiet: bool = False) -> None:
    """A line for the person who waits, on stderr."""
    if not quiet:
        print(text, file=sys.stderr)  # noqa: T201


def write(report: Report, wanted: str | None, file: Path | None) -> int:
    """Render the report and deliver it; returns the exit code that the report asks for (0 where it has none).

    A file is written whole or not at all. Raises UserError for an unknown format, for one whose libraries are not
    installed or that a terminal cannot show, and for a file that cannot be written.
    """
    from aiops_cost import reports

    name = known_format(wanted, file)
    can_show(name, file)
    binary = reports.is_binary(name)
    terminal = file is None and sys.stdout.isatty()
    try:
        if file is None and not binary:
            text = reports.render(report, name, _width(terminal), terminal and not os.environ.get("NO_COLOR"))
            return write_text(text, file) or report.exit_code or 0
        content = reports.to_bytes(report, name, _width(terminal))
    except ModuleNotFoundError as error:
        extra = "xlsx" if name == "xlsx" else "html"
        sentence = f"{name} needs `{error.name}`, which is not installed"
        raise UserError(
            Problem("format-extra", "", sentence, f"Install it:  pip install 'aiops-cost[{extra}]'")
        ) from None
    except OverflowError as error:
        raise UserError(Problem("format-overflow", "", str(error), "Ask for less, or choose csv.")) from None
    _deliver(content, file)
    return report.exit_code or 0


def known_format(wanted: str | None, file: Path | None) -> str:
    """The name of the format that was asked for, by word or by the file's suffix. Raises UserError for another."""
    from aiops_cost import reports
    from aiops_cost.documents import near

    try:
        name = wanted or (reports.format_for(file, "table") if file else "table")
        reports.describe(name)
        return name
    except ValueError as error:
        hint = near(wanted, list(reports.formats())) if wanted else None
        raise UserError(Problem("format-name", "", str(error), hint or "Choose one with --format.")) from None


def can_show(name: str, file: Path | None) -> None:
    """Raises UserError for a format that is not text where it would go to a terminal."""
    from aiops_cost import reports

    if file is None and sys.stdout.isatty() and reports.is_binary(name):
        way_out = f"Write it to a file:  -o report.{name}"
        raise UserError(Problem("format-binary", "", f"{name} is not text, and this is a terminal", way_out))


def has_place(file: Path) -> None:
    """Raises UserError for a file in a folder that is not there."""
    if not file.resolve().parent.is_dir():
        raise _unwritable(file, "there is no such folder")


def append_step_summary(report: Report, env: Mapping[str, str]) -> None:
    """Put the report on the page of the GitHub job, where there is one (GITHUB_STEP_SUMMARY names the file)."""
    from aiops_cost import reports

    file = env.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as page:
            page.write(reports.render(report, "markdown"))


def write_text(text: str, file: Path | None) -> int:
    """Deliver finished text to stdout, or to a file, whole or not at all."""
    if file is None:
        _to_stdout(lambda: sys.stdout.write(text))
    else:
        _deliver(text.encode(), file)
    return 0


def _deliver(content: bytes, file: Path | None) -> None:
    if file is None:
        _to_stdout(lambda: sys.stdout.buffer.write(content))
    else:
        _write_whole(file, content)
        say(f"wrote {file}")


def _to_stdout(write: Callable[[], object]) -> None:
    try:
        write()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has left. The answer, and so the exit code, is what it was; and Python must not
        # flush into the pipe again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def cause(error: BaseException) -> None:
    """The traceback behind a defect, for those who ask for it by AIOPS_COST_DEBUG."""
    if error.__cause__ is not None and os.environ.get("AIOPS_COST_DEBUG"):
        traceback.print_exception(error.__cause__)


def problems(found: Sequence[Problem], exit_code: int, arguments: Sequence[str]) -> None:
    """Problems: text on stderr; and where JSON was asked for, JSON on stdout, so that a program can tell them."""
    from aiops_cost import reports

    sys.stderr.write(reports.problems(found, exit_code))
    asked = [*arguments, ""]
    if any(
        a in {"--format=json", "-fjson"} or (a in {"--format", "-f"} and b == "json")
        for a, b in itertools.pairwise(asked)
    ):
        sys.stdout.write(reports.problems(found, exit_code, as_json=True))


def _width(terminal: bool) -> int:
    if terminal or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return NO_TERMINAL_WIDTH


def _write_whole(file: Path, content: bytes) -> None:
    target = file.resolve()  # a link stays a link
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # a pipe or a device cannot be put in place whole
            return
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
            part.write(content)
        Path(part.name).chmod(_mode(target))
        Path(part.name).replace(target)
    except OSError as error:
        raise _unwritable(file, str(error.strerror)) from None


def _mode(target: Path) -> int:
    """Who may read the file: as before where it is replaced, else as any file that this user makes."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0o077)  # it can be read only by setting it
    os.umask(mask)
    return 0o666 & ~mask


def _unwritable(file: Path, why: str) -> UserError:
    return UserError(
        Problem("output-unwritable", str(file), f"cannot be written: {why}", "Choose another file with -o.")
    )
