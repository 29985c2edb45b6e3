"""The columns of a part as SQL: every cell as text, and beside it the value that it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aiops_cost.errors import UserError
from aiops_cost.ledger.part import Part, source_of, without
from aiops_cost.model import Problem


@dataclass(frozen=True)
class Cell:
    """How one contract column is read from a part, as SQL.

    `text` is what the file says. The value is either `native` (from the file's own typed column) or, where that is
    empty, `from_text` (over `<name>_text`, and over `<name>_wide` where `wide` asks for it). `given` says that the
    cell is not empty.
    """

    name: str
    text: str
    native: str = ""
    from_text: str = ""
    wide: bool = False
    given: str = ""

    @property
    def value(self) -> str:
        """SQL for the value."""
        return self.from_text or f'"{self.name}_native"'


def cells(part: Part) -> Iterator[Cell]:
    """Each column of the contract over `part`; a column that the file does not have is a typed null.

    Raises UserError for a type that cannot hold the value.
    """
    for name, column in part.contract.file.columns.items():
        found = source_of(part, name)
        if found is None:
            yield Cell(name, "CAST(NULL AS VARCHAR)", native=f"CAST(NULL AS {TARGET[column.type]})")
        elif found.kind == "VARCHAR":
            yield _from_text(name, column.type, without(found.sql, part), column.values)
        else:
            yield _from_type(part, name, column.type, found.sql, found.kind)


def text_cell(part: Part, name: str, sql: str) -> Cell:
    """The cell of a column whose text stands in `sql`."""
    column = part.contract.file.columns[name]
    return _from_text(name, column.type, without(sql, part), column.values)


TARGET = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "amount": "DECIMAL(38, 18)",
    "quantity": "DECIMAL(38, 9)",
    "instant": "TIMESTAMP",
}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def _from_text(name: str, kind: str, text: str, values: tuple[str, ...]) -> Cell:
    if kind == "amount":
        return Cell(name, text, from_text=f'amount("{name}_text", "{name}_wide")', wide=True)
    if kind in {"quantity", "instant"}:
        return Cell(name, text, from_text=f'{kind}("{name}_text")')
    if values:
        arms = " ".join(f"WHEN '{value.lower()}' THEN '{value}'" for value in values)
        return Cell(name, text, from_text=f'CASE lower("{name}_text") {arms} ELSE "{name}_text" END')
    return Cell(name, text, from_text=f'"{name}_text"')


def _from_double(name: str, native: str) -> Cell:
    """The shortest decimal text of a double is the number its writer had; its binary value is not. Most need no
    text to be read so."""
    return Cell(
        name,
        f"CASE WHEN NOT coalesce(short_double({native}), false) THEN CAST({native} AS VARCHAR) END",
        native=native,
        from_text=f'CASE WHEN short_double("{name}_native") THEN amount_of_short("{name}_native")'
        f' ELSE amount("{name}_text", "{name}_wide") END',
        wide=True,
        given=f"{native} IS NOT NULL",
    )


def _typed(name: str, native: str, value: str) -> Cell:
    return Cell(name, f"CAST({native} AS VARCHAR)", native=value, given=f"{native} IS NOT NULL")


def _from_type(part: Part, name: str, kind: str, cell: str, native: str) -> Cell:  # noqa: PLR0911 - a table
    """A Parquet column with a type of its own."""
    text = f"CAST({cell} AS VARCHAR)"
    number = native in _NUMBERS or (native.startswith("DECIMAL") and native.endswith(")"))
    if kind == "amount" and native == "DOUBLE":
        return _from_double(name, cell)
    if kind == "amount" and native == "FLOAT":
        return _from_text(name, kind, text, ())
    if kind == "amount" and number:
        many = native.startswith("DECIMAL") and int(native.rstrip(")").split(",")[1]) > 18
        return _from_text(name, kind, text, ()) if many else _typed(name, cell, f"TRY_CAST({cell} AS DECIMAL(38, 18))")
    if kind == "quantity" and (number or native in {"DOUBLE", "FLOAT"}):
        return _typed(name, cell, f"TRY_CAST({cell} AS DECIMAL(38, 9))")
    if kind == "instant" and native == "TIMESTAMP WITH TIME ZONE":
        return _typed(name, cell, f"plausible(timezone('UTC', {cell}))")
    if kind == "instant" and native.startswith(("TIMESTAMP", "DATE")) and not native.endswith("]"):
        return _typed(name, cell, f"plausible(CAST({cell} AS TIMESTAMP))")
    if kind == "json" and native.startswith("STRUCT(") and native.endswith(")[]") and "VALUE" in native:
        return Cell(name, _PAIRS.format(cell), from_text=f'"{name}_text"')
    if kind == "json" and native.startswith(("MAP", "STRUCT", "JSON")):
        return Cell(name, f"CAST(to_json({cell}) AS VARCHAR)", from_text=f'"{name}_text"')
    if kind == "text" and (number or native.startswith(("ENUM", "UUID"))):
        return Cell(name, text, from_text=f'"{name}_text"')
    raise UserError(
        Problem(
            "column-type",
            part.file.name,
            f"column `{name}` has the type {native}, which cannot hold {_MEANING[kind]}",
            f"Export it as {_WANTED[kind]}.",
        )
    )


_PAIRS = (
    "'{{' || array_to_string(list_transform({0}, lambda pair: CAST(to_json(pair.key) AS VARCHAR) || ':'"
    " || coalesce(CAST(to_json(pair.value) AS VARCHAR), 'null')), ',') || '}}'"
)
"""A list of keys and values, as BigQuery exports labels, as one JSON object."""

_MEANING = {"amount": "an amount", "quantity": "a quantity", "instant": "a date", "json": "JSON", "text": "a text"}
_WANTED = {
    "amount": "a decimal or a double",
    "quantity": "a decimal or a double",
    "instant": "a timestamp (UTC), or text like 2026-05-01T00:00:00Z",
    "json": "text (one JSON object) or a map",
    "text": "text",
}
