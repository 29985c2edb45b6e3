"""The bridge: a drift split into parts that sum to it, to the last digit.

Cost is taken apart into cells: what has one price (a SKU of a model in a latency tier), with its quantity and its cost
in a reference and in what came. Cells with the same unit form a group. Within a group

    cost = driver x quantity per driver x share of kind x share of tier x share of SKU x price

where the driver is requests or runs when they are known, and otherwise the quantity of the group itself; `kind` is the
model, the machine or the storage class. Each cell's change is divided among these factors by their Shapley value
(`shapley`), and the same factors of all cells are summed. A share of something that was not there is unknown; it is
taken as the other side's, so a new model is mix and nothing else. A cell without a quantity is not split.

The reference is what was planned: the plan's quantity and cost, in the proportions and relative prices of the baseline.
So the parts sum to actual - planned without a rest. Only rounding to 18 decimals leaves one, of at most a few units of
the last place; it goes to the largest part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from aiops_cost import money
from aiops_cost.drift import shapley

ZERO = Decimal(0)
KINDS = (
    "volume", "rate", "mix", "frequency", "growth", "start", "calendar", "unbudgeted", "reserve", "restatement",
    "attribution", "fx", "fees", "credits", "not split",
)  # fmt: skip
"""The kinds of parts, in the order in which they are told."""


@dataclass(frozen=True)
class Cell:
    """A priced thing. `group` is its unit (and, for training, what it is for); `kind` a model, machine or class."""

    group: str
    kind: str = ""
    tier: str = ""
    sku: str = ""


@dataclass(frozen=True)
class Spent:
    """How much of a cell there was, and its cost; `quantity` is None where the bill does not say."""

    quantity: Decimal | None
    cost: Decimal


Cells = Mapping[Cell, Spent]


@dataclass(frozen=True)
class Part:
    """One part of a bridge: its kind (`volume`), its name (`tokens per request`), its amount."""

    kind: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Names:
    """What the factors are called, as (kind, name), for one group: of the quantity where no driver is known, of the
    driver, of the quantity per driver, of the three shares, of the price."""

    quantity: tuple[str, str]
    driver: tuple[str, str] = ("volume", "driver")
    each: tuple[str, str] = ("volume", "quantity per driver")
    kind: tuple[str, str] = ("mix", "mix")
    tier: tuple[str, str] = ("rate", "tier")
    sku: tuple[str, str] = ("mix", "SKU mix")
    price: tuple[str, str] = ("rate", "unit price")

    def of(self, driven: bool) -> tuple[tuple[str, str], ...]:
        """The names in the order of the factors."""
        first = (self.driver, self.each) if driven else (self.quantity, self.quantity)
        return (*first, self.kind, self.tier, self.sku, self.price)


@dataclass(frozen=True)
class Bridge:
    """Parts that sum to `amount`, largest first within their kind; `notes` say what could not be told apart, and
    `reference` against what it was split."""

    amount: Decimal
    parts: tuple[Part, ...]
    reference: str = ""
    notes: tuple[str, ...] = ()

    @property
    def by_kind(self) -> dict[str, Decimal]:
        """Kind -> amount, in the order of KINDS; they sum to `amount`."""
        found: dict[str, Decimal] = {}
        for part in self.parts:
            found[part.kind] = money.EXACT.add(found.get(part.kind, ZERO), part.amount)
        return {kind: found[kind] for kind in KINDS if kind in found}

    @property
    def cause(self) -> str | None:
        """The kind that did most of it: the largest in the direction of the drift."""
        way = 1 if self.amount >= 0 else -1
        ranked = sorted(self.by_kind.items(), key=lambda item: -way * item[1])
        return ranked[0][0] if ranked and way * ranked[0][1] > 0 else None


def split(
    before: Cells,
    after: Cells,
    names: Mapping[str, Names],
    drivers: tuple[Decimal, Decimal] | None = None,
) -> list[Part]:
    """The change from `before` to `after` as parts, in the precision of money.EXACT and not rounded.

    `names` has an entry for every group; `drivers` are the driver's quantities before and after (requests, runs),
    None where it is not known. A group with a quantity that is missing or negative is `not split`.
    """
    found: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    with localcontext(money.EXACT):
        for group in sorted({cell.group for cell in (*before, *after)}):
            here = sorted({c for c in (*before, *after) if c.group == group}, key=lambda c: (c.kind, c.tier, c.sku))
            pair = [{cell: side[cell] for cell in here if cell in side} for side in (before, after)]
            if not all(_countable(side.values()) for side in pair):
                found["not split", _unsplit_name(group)] += _cost(pair[1]) - _cost(pair[0])
                continue
            driven = _usable(pair, drivers)
            labels = names[group].of(driven is not None)
            for amounts in _divided(here, pair, driven):
                for label, amount in zip(labels, amounts, strict=True):
                    found[label] += amount
    return [Part(kind, name, amount) for (kind, name), amount in found.items() if amount]


def closed(amount: Decimal, parts: Iterable[Part], reference: str = "", notes: Sequence[str] = ()) -> Bridge:
    """A bridge over `amount`: parts of one name joined and rounded to 18 decimals, the rest of rounding put to the
    largest. Raises ValueError when they miss `amount` by more than rounding explains: then a part was forgotten."""
    joined: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    with localcontext(money.EXACT):
        for part in parts:
            joined[part.kind, part.name] += part.amount
        rounded = {label: value.quantize(money.LEDGER_SCALE) for label, value in joined.items()}
        rounded = {label: value for label, value in rounded.items() if value}
        rest = amount - sum(rounded.values(), ZERO)
        if abs(rest) > money.LEDGER_SCALE * (len(joined) + 1) * 1000:
            raise ValueError(f"parts miss {amount} by {rest}")
        if rest:
            largest = max(rounded, key=lambda label: abs(rounded[label]), default=("not split", "not split"))
            rounded[largest] = rounded.get(largest, ZERO) + rest
    ordered = sorted(rounded.items(), key=lambda item: (KINDS.index(item[0][0]), -abs(item[1]), item[0][1]))
    return Bridge(amount, tuple(Part(*label, value) for label, value in ordered if value), reference, tuple(notes))


def scaled(cells: Cells, quantity: Decimal, cost: Decimal | None = None) -> dict[Cell, Spent]:
    """The cells in the same proportions, with their quantities times `quantity` and, where given, with `cost` as the
    sum of their costs at prices in the same proportions."""
    with localcontext(money.EXACT):
        grown = {
            cell: Spent(None if one.quantity is None else one.quantity * quantity, one.cost * quantity)
            for cell, one in cells.items()
        }
        whole = _cost(grown)
        if cost is None or not whole:
            return grown
        factor = cost / whole
        return {cell: Spent(one.quantity, one.cost * factor) for cell, one in grown.items()}


def quantity_of(cells: Cells, group: str) -> Decimal:
    """How much there is of a group."""
    return money.total(one.quantity or ZERO for cell, one in cells.items() if cell.group == group)


def cost_of(cells: Cells) -> Decimal:
    """What the cells cost together, exact."""
    return money.total(one.cost for one in cells.values())


def _cost(cells: Cells) -> Decimal:
    return sum((one.cost for one in cells.values()), ZERO)


def _unsplit_name(group: str) -> str:
    return f"{group}: no usable quantity"


def _countable(spent: Iterable[Spent]) -> bool:
    return all(one.quantity is not None and one.quantity >= 0 and (one.quantity > 0 or not one.cost) for one in spent)


def _usable(pair: Sequence[Cells], drivers: tuple[Decimal, Decimal] | None) -> tuple[Decimal, Decimal] | None:
    """The drivers, unless one is missing where there was something to drive."""
    if drivers is None or any(driver <= 0 and _cost(side) for driver, side in zip(drivers, pair, strict=True)):
        return None
    return drivers


def _divided(
    cells: Sequence[Cell], pair: Sequence[Cells], drivers: tuple[Decimal, Decimal] | None
) -> Iterator[list[Decimal]]:
    sides = [_Side(side, None if drivers is None else drivers[index]) for index, side in enumerate(pair)]
    for cell in cells:
        one, other = (side.factors(cell) for side in sides)
        before = [o if r is None else r for r, o in zip(one, other, strict=True)]
        after = [r if o is None else o for r, o in zip(one, other, strict=True)]
        known = [(r, a) for r, a in zip(before, after, strict=True) if r is not None and a is not None]
        if len(known) == len(before):
            yield shapley.divided([r for r, _ in known], [a for _, a in known])


class _Side:
    """One side of a group: the factors of its cells; None where a factor is unknown on this side."""

    def __init__(self, cells: Cells, driver: Decimal | None) -> None:
        self.cells, self.driver = cells, driver
        self.sums: dict[tuple[str, ...], Decimal] = defaultdict(lambda: ZERO)
        for cell, one in cells.items():
            for key in ((), (cell.kind,), (cell.kind, cell.tier)):
                self.sums[key] += one.quantity or ZERO

    @property
    def whole(self) -> Decimal:
        return self.sums[()]

    def factors(self, cell: Cell) -> list[Decimal | None]:
        kind, tier = self.sums[(cell.kind,)], self.sums[cell.kind, cell.tier]
        one = self.cells.get(cell)
        quantity = (one.quantity or ZERO) if one else ZERO
        base = self.whole if self.driver is None else self.driver
        return [
            base,
            Decimal(1) if self.driver is None else _ratio(self.whole, self.driver),
            _ratio(kind, self.whole),
            _ratio(tier, kind),
            _ratio(quantity, tier),
            one.cost / quantity if one and quantity else None,
        ]


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
