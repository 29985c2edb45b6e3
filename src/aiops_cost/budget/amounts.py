"""What a budget line is worth each month: as it is written, or as it follows from its assumptions.

Forms of `amount`: a number (each month of the budget), `{start, growth: 3%/month}` (month by month
from the budget's first), or a mapping of months, or of the names of phases, to numbers (those months and no
others; a phase's number is that of each of its months).

Forms of `assumes`, each with the amount of a month of so many days; `CUR` is the budget's currency
in small letters, such as `usd`:

    requests_per_day * tokens_per_request / 1,000,000 * CUR_per_1m_tokens * days
    runs_per_month * (CUR_per_run + CUR_data_prep_per_run)
    gb_at_start * (1 + growth) ^ months since the start * CUR_per_gb_month
    instance_hours_per_day * CUR_per_hour * days

`CUR_data_prep_per_run` and `growth` may be left out and are then zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from aiops_cost import documents, money
from aiops_cost.budget import file, values
from aiops_cost.budget.plan import days_of

Complaint = tuple[tuple[str, ...], str]
"""Where within the line (the path of keys) and what is wrong."""


@dataclass(frozen=True)
class Form:
    """One way to derive an amount: its assumptions, which may be left out, and the arithmetic."""

    needs: tuple[str, ...]
    may: tuple[str, ...]
    monthly: Callable[[Mapping[str, Decimal], int, int], Decimal]


def _tokens(a: Mapping[str, Decimal], days: int, since: int) -> Decimal:
    return a["requests_per_day"] * a["tokens_per_request"] * a["per_1m_tokens"] * days / 10**6


def _runs(a: Mapping[str, Decimal], days: int, since: int) -> Decimal:
    return a["runs_per_month"] * (a["per_run"] + a.get("data_prep_per_run", Decimal(0)))


def _storage(a: Mapping[str, Decimal], days: int, since: int) -> Decimal:
    return a["gb_at_start"] * (1 + a.get("growth", Decimal(0))) ** since * a["per_gb_month"]


def _hours(a: Mapping[str, Decimal], days: int, since: int) -> Decimal:
    return a["instance_hours_per_day"] * a["per_hour"] * days


FORMS = (
    Form(("requests_per_day", "tokens_per_request", "per_1m_tokens"), (), _tokens),
    Form(("runs_per_month", "per_run"), ("data_prep_per_run",), _runs),
    Form(("gb_at_start", "per_gb_month"), ("growth",), _storage),
    Form(("instance_hours_per_day", "per_hour"), (), _hours),
)
PRICES = ("per_1m_tokens", "per_run", "data_prep_per_run", "per_gb_month", "per_hour")
"""The assumptions that are money; in the file they start with the currency: `usd_per_run`."""


Phases = Mapping[str, tuple[str, ...]]


def written(
    amount: Any, months: tuple[str, ...], complaints: list[Complaint], phases: Phases | None = None
) -> dict[str, Decimal]:
    """Month -> amount, for what a line gives as `amount`; complaints are appended."""
    if isinstance(amount, Mapping):
        if amount.keys() & {"start", "growth"}:
            return _growing(amount, months, complaints)
        return _listed(amount, months, complaints, phases or {})
    number = _number(amount, ("amount",), complaints)
    return {} if number is None else dict.fromkeys(months, number)


def assumptions(assumes: Any, currency: str, complaints: list[Complaint]) -> tuple[dict[str, Decimal], Form | None]:
    """The assumptions by their names without the currency, and the form they fill; or
    complaints."""
    if not isinstance(assumes, Mapping):
        complaints.append((("assumes",), "assumptions are a mapping like {runs_per_month: 4, ...}"))
        return {}, None
    before = len(complaints)
    found: dict[str, Decimal] = {}
    for key, text in assumes.items():
        name = _bare_name(key, currency, complaints)
        read = _growth if name == "growth" else _number
        number = read(text, ("assumes", key), complaints)
        if name is not None and number is not None:
            found[name] = number
    if len(complaints) > before:
        return {}, None
    form = _form_of(found)
    if form is None:
        complaints.append((("assumes",), _which_form(found, currency)))
    return found, form


def derived(found: Mapping[str, Decimal], form: Form, months: tuple[str, ...]) -> dict[str, Decimal]:
    """Month -> the amount that follows from the assumptions, to 18 decimals, half-even."""
    from_start = {}
    with localcontext(money.EXACT):
        for since, month in enumerate(months):
            amount = form.monthly(found, days_of(month)[1].day, since)
            from_start[month] = amount.quantize(money.LEDGER_SCALE)
    return from_start


def _growing(amount: Mapping[str, Any], months: tuple[str, ...], complaints: list[Complaint]) -> dict[str, Decimal]:
    before = len(complaints)
    for key in amount.keys() - {"start", "growth"}:
        complaints.append((("amount", key), f"`{key}` does not belong beside `start` and `growth`"))
    for key in ("start", "growth"):
        if key not in amount:
            complaints.append((("amount",), f"`{key}` is missing: {{start: 12000, growth: 3%/month}}"))
    start = _number(amount.get("start", "0"), ("amount", "start"), complaints)
    rate = _growth(amount.get("growth", "0%/month"), ("amount", "growth"), complaints)
    if len(complaints) > before or start is None or rate is None:
        return {}
    with localcontext(money.EXACT):
        return {month: (start * (1 + rate) ** since).quantize(money.LEDGER_SCALE) for since, month in enumerate(months)}


def _listed(
    amount: Mapping[str, Any], months: tuple[str, ...], complaints: list[Complaint], phases: Phases
) -> dict[str, Decimal]:
    if not amount:
        complaints.append((("amount",), "no month is given"))
    found: dict[str, Decimal] = {}
    for key, text in amount.items():
        at = ("amount", key)
        try:
            named = phases[key] if key in phases else (file.month(key),)
        except ValueError as error:
            complaints.append((at, _no_month(str(error), key, phases)))
            continue
        if named[0] not in months:
            complaints.append((at, f"{named[0]} is not in the budget's months {months[0]}..{months[-1]}"))
        for month in named:
            if month in found:
                complaints.append((at, f"{month} has an amount already, from a month or phase above"))
        number = _number(text, at, complaints)
        if number is not None:
            found.update(dict.fromkeys(named, number))
    return found


def _no_month(said: str, key: str, phases: Phases) -> str:
    hint = documents.near(key, list(phases))
    return f"{said}; {hint}" if hint else said


def _number(value: Any, at: tuple[str, ...], complaints: list[Complaint]) -> Decimal | None:
    try:
        return values.amount(value)
    except ValueError as error:
        complaints.append((at, str(error)))
        return None


def _growth(value: Any, at: tuple[str, ...], complaints: list[Complaint]) -> Decimal | None:
    try:
        return values.growth(value)
    except ValueError as error:
        complaints.append((at, str(error)))
        return None


def _bare_name(key: str, currency: str, complaints: list[Complaint]) -> str | None:
    """`usd_per_run` -> `per_run` in a budget in USD; other keys as they are; or a complaint."""
    prefix, _, rest = key.partition("_")
    if rest in PRICES:
        if prefix.upper() == currency:
            return rest
        said = f"the budget is in {currency}; write `{currency.lower()}_{rest}`"
        complaints.append((("assumes", key), said))
        return None
    if any(key in (*form.needs, *form.may) and key not in PRICES for form in FORMS):
        return key
    hint = documents.near(key, list(_known(currency)))
    complaints.append((("assumes", key), f"unknown assumption `{key}`" + (f"; {hint}" if hint else "")))
    return None


def _known(currency: str) -> Iterator[str]:
    for form in FORMS:
        for name in (*form.needs, *form.may):
            yield _spelled(name, currency)


def _spelled(name: str, currency: str) -> str:
    return f"{currency.lower()}_{name}" if name in PRICES else name


def _form_of(found: Mapping[str, Decimal]) -> Form | None:
    for form in FORMS:
        if set(form.needs) <= found.keys() <= {*form.needs, *form.may}:
            return form
    return None


def _which_form(found: Mapping[str, Decimal], currency: str) -> str:
    """The closest form, and what it lacks or cannot use."""
    form = max(FORMS, key=lambda each: len(found.keys() & {*each.needs, *each.may}))
    missing = [_spelled(name, currency) for name in form.needs if name not in found]
    extra = [_spelled(name, currency) for name in found if name not in (*form.needs, *form.may)]
    said = []
    if missing:
        said.append("missing " + ", ".join(f"`{name}`" for name in missing))
    if extra:
        said.append(", ".join(f"`{name}`" for name in extra) + " does not belong to them")
    return f"the assumptions do not make an amount: {'; '.join(said)}"
