"""Which days a question is about: `--month`, `--last`, `--from`, `--to`, or what is most useful when none is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.model import Problem, SourceState

DAY = timedelta(days=1)
YEARS = range(1970, 9000)
"""Years in which there may be bills; what lies outside is a slip, and past the calendar's end there is no day."""
_LAST = re.compile(r"(\d{1,4})([dwm])\Z")
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z")


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def before(self) -> Window:
        """The stretch of the same kind before this one: the month before a whole month, else as many days."""
        if self.first.day == 1 and (self.last + DAY).day == 1:
            last = self.first - DAY
            return Window(last.replace(day=1), last)
        return Window(self.first - self.days * DAY, self.first - DAY)

    def month_before(self) -> Window:
        """The same days of the month before, or as many of them as it has; a whole month before a whole month."""
        if self.first.day == 1 and (self.last + DAY).day == 1:
            last = _shifted(self.last.replace(day=1))
            return Window(_shifted(self.first), (last + 31 * DAY).replace(day=1) - DAY)
        return Window(_shifted(self.first), _shifted(self.last))


def choose(
    states: Iterable[SourceState],
    as_of: date,
    month: str | None = None,
    last: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Window:
    """The window that the options ask for.

    Without any: the newest month with usage, up to its last settled day (or to the last delivered one, when none
    is settled). Raises UserError for options that contradict each other, CouldNotJudge for an empty ledger.
    """
    given = [
        name for name, value in (("--month", month), ("--last", last), ("--from/--to", first_day or last_day)) if value
    ]
    if len(given) > 1:
        raise UserError(Problem("window-twice", "", f"{' and '.join(given)} both say which days", "Keep one of them."))
    known = [state for state in states if state.last_day is not None]
    if not known and not given:
        raise CouldNotJudge(
            Problem(
                "ledger-empty",
                "",
                "nothing was ever loaded, so there is nothing to report",
                "Load the bills first:  aiops-cost pull",
            )
        )
    if month:
        return _month(month)
    end = _end(known, as_of)
    if last:
        return _last(last, end)
    if first_day or last_day:
        chosen = Window(first_day or (last_day or end).replace(day=1), last_day or end)
        if chosen.last < chosen.first:
            raise UserError(Problem("window-reversed", "", f"{chosen} ends before it begins", "Swap --from and --to."))
        return chosen
    return Window(end.replace(day=1), end)


def _shifted(day: date) -> date:
    """The same day of the month before; its last day where it is shorter."""
    end = day.replace(day=1) - DAY
    return end.replace(day=min(day.day, end.day))


def _end(known: list[SourceState], as_of: date) -> date:
    settled = [state.settled_until for state in known if state.settled_until]
    if settled and len(settled) == len(known):
        return min(settled)
    delivered = [state.last_day for state in known if state.last_day]
    return max(delivered) if delivered else as_of - DAY


def _month(text: str) -> Window:
    match = _MONTH.match(text)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) not in YEARS:
        raise UserError(Problem("window-month", "", f"`{text}` is not a month", "Write it as 2026-05."))
    first = date(int(match[1]), int(match[2]), 1)
    return Window(first, (first + 31 * DAY).replace(day=1) - DAY)


def _last(text: str, end: date) -> Window:
    match = _LAST.match(text)
    if not match or int(match[1]) < 1:
        raise UserError(Problem("window-last", "", f"`{text}` is not a stretch of days", "Write 30d, 4w or 3m."))
    count = int(match[1])
    if match[2] == "m":
        start = end.replace(day=1)
        for _ in range(count - 1):
            start = (start - DAY).replace(day=1)
        return Window(start, end)
    return Window(end - (count * (7 if match[2] == "w" else 1) - 1) * DAY, end)


def compared(text: str, window: Window) -> Window:
    """The window that `--compare-to` names: `before`, `last-month`, a month, or two days joined by `..`."""
    if text in {"before", "last-month"}:
        return window.before() if text == "before" else window.month_before()
    if _MONTH.match(text):
        return _month(text)
    first, _, last = text.partition("..")
    try:
        found = Window(date.fromisoformat(first), date.fromisoformat(last))
        if found.first.year not in YEARS or found.last.year not in YEARS:
            raise ValueError
    except ValueError:
        way_out = "Write before, last-month, plan, 2026-04, or 2026-04-01..2026-04-30."
        raise UserError(
            Problem("window-compare", "", f"`{text}` is not a stretch of days to compare with", way_out)
        ) from None
    if found.last < found.first:
        raise UserError(Problem("window-reversed", "", f"{found} ends before it begins", "Swap the two days."))
    return found


def within(window: Window, others: Iterable[Window]) -> Window | None:
    """From the first to the last day of the window that lies in one of the others; None where none does."""
    shared = [(max(window.first, other.first), min(window.last, other.last)) for other in others]
    days = [pair for pair in shared if pair[0] <= pair[1]]
    return Window(min(first for first, _ in days), max(last for _, last in days)) if days else None
