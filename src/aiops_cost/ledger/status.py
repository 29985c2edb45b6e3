"""What the ledger knows of each source on a given day: how far it is settled, what is missing, what moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from aiops_cost.ledger import recorded
from aiops_cost.model import PeriodState, Source, SourceState

DAY = timedelta(days=1)
ENOUGH_DAYS = 7
"""So many days of a month must be there before a column that is empty in it counts as lost."""


def state_of(source: Source, records: Sequence[recorded.Record], as_of: date) -> SourceState:
    """The state of `source`, from the records of its loads."""
    history = [entry for entry in records if entry["source"] == source.name]
    names = sorted({period for entry in history for period in entry["periods"]})
    if not names:
        return SourceState(source)
    periods = tuple(recorded.period_state(history, source.name, period) for period in names)
    days = _days(history, names)
    if not days:
        return SourceState(source, periods)
    first, last = min(days), max(days)
    settled = settled_until(last, source.settles_after, as_of)
    gaps = tuple(day for day in _between(first, min(last, settled)) if day not in days) if settled >= first else ()
    return SourceState(
        source=source,
        periods=periods,
        first_day=first,
        last_day=last,
        settled_until=settled if settled >= first else None,
        gaps=gaps,
        lost_columns=_lost(history, names, periods[-1]),
    )


def settled_until(last_day: date, settles_after: int, as_of: date) -> date:
    """The last day that is delivered whole and old enough.

    The last day delivered may be half there, unless it ends a month: a provider goes on to the next month only
    when the day is over. A day is old enough when `settles_after` days have passed since.

    >>> settled_until(date(2026, 6, 12), 2, date(2026, 6, 14))
    datetime.date(2026, 6, 11)
    """
    ends_month = (last_day + DAY).day == 1
    return min(last_day if ends_month else last_day - DAY, as_of - settles_after * DAY)


def _days(history: Sequence[recorded.Record], names: Sequence[str]) -> set[date]:
    found: set[date] = set()
    for period in names:
        entry = next(e["periods"][period] for e in reversed(history) if period in e["periods"])
        for stretch in entry["days"]:
            first, _, last = stretch.partition("..")
            found.update(_between(date.fromisoformat(first), date.fromisoformat(last)))
    return found


def _between(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY


def _lost(history: Sequence[recorded.Record], names: Sequence[str], newest: PeriodState) -> tuple[str, ...]:
    """Columns that every earlier month (of the last three) filled and the newest month does not."""
    if newest.first_day is None or newest.last_day is None or (newest.last_day - newest.first_day).days < ENOUGH_DAYS:
        return ()
    filled = [
        set(next(e["periods"][period]["filled"] for e in reversed(history) if period in e["periods"]))
        for period in names[-4:]
    ]
    earlier = filled[:-1]
    return tuple(sorted(set.intersection(*earlier) - filled[-1])) if earlier else ()
