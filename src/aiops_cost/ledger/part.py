"""One delivered file, recognised: where the columns of its contract stand in it, whatever their names and forms."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import duckdb

from aiops_cost.model import ExportFile
from aiops_cost.providers.contract import Contract


@dataclass(frozen=True)
class Part:
    """One file, recognised. `types` maps each native column (file's spelling) to its DuckDB type; `relation` is
    what to select from; `as_text` says that all cells are text (CSV)."""

    file: ExportFile
    contract: Contract
    version: str
    types: dict[str, str]
    relation: str
    as_text: bool
    notes: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    """The words that mean null in this file."""
    rather: frozenset[str] = frozenset()
    """Columns of the contract that are read from the names they would rather have."""

    @property
    def dates_as_text(self) -> bool:
        """True when the file's dates are texts, whose form can be judged."""
        native = self.native("ChargePeriodStart")
        return native is not None and self.types[native] == "VARCHAR"

    def native(self, name: str) -> str | None:
        """The file's column that the contract's column `name` is read from; None for none, or for a key of one."""
        column = self.contract.file.columns[name]
        present = {native.lower(): native for native in self.types}
        spelled = column.rather if name in self.rather else column.spelled(name)
        return next((present[word.lower()] for word in spelled if word.lower() in present), None)

    def has(self, name: str) -> bool:
        """True when the file has what the contract's column `name` is made of."""
        return source_of(self, name) is not None


def settle(con: duckdb.DuckDBPyConnection, parts: dict[int, Part]) -> dict[int, Part]:
    """Decide, for parts of one contract together, which columns are read from the names that they would rather have:
    those that every row of every part fills. Two views of the same money are never mixed row by row."""
    contract = next(iter(parts.values())).contract
    taken = set()
    for name, column in contract.file.columns.items():
        if column.rather and all(_fills(con, part, name) for part in parts.values()):
            taken.add(name)
    return {index: replace(part, rather=frozenset(taken)) for index, part in parts.items()}


def _fills(con: duckdb.DuckDBPyConnection, part: Part, name: str) -> bool:
    native = replace(part, rather=frozenset([name])).native(name)
    if native is None:
        return False
    text = without(quoted(native), part) if part.types[native] == "VARCHAR" else quoted(native)
    found = con.execute(f"SELECT count(*) > 0 AND count(*) = count({text}) FROM {part.relation}").fetchone()
    return bool(found and found[0])


def quoted(name: str) -> str:
    """A column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Origin:
    """What a contract's column is read from: SQL over the file's columns, its type, and those columns; `is_whole` is
    false for a single key of a column."""

    sql: str
    kind: str
    columns: tuple[str, ...]
    is_whole: bool = True


def source_of(part: Part, name: str) -> Origin | None:
    """What the contract's column `name` is read from, or None when the file has nothing of it."""
    native = part.native(name)
    if native is not None:
        return Origin(quoted(native), part.types[native].upper(), (native,))
    column = part.contract.file.columns[name]
    present = {word.lower(): word for word in part.types}
    for spelling in column.spelled(name):
        base, dot, key = spelling.partition(".")
        if dot and base.lower() in present:
            held = present[base.lower()]
            found = _key(quoted(held), part.types[held], key)
            if found:
                return Origin(found, "VARCHAR", (held,), is_whole=False)
    gathered = [(word, start) for word in part.types for start in column.gathers if _is_gathered(word, start)]
    if not gathered:
        return None
    return Origin(_gathered(part, gathered), "VARCHAR", tuple(dict.fromkeys(word for word, _ in gathered)))


def _is_gathered(word: str, start: str) -> bool:
    return word.lower().startswith(start.lower()) and len(word) > len(start)


def _key(held: str, kind: str, key: str) -> str | None:
    """SQL for one key of a column that holds a map: as such, as a struct, or as JSON text."""
    word = key.replace("'", "''")
    if kind.upper().startswith("MAP("):
        return f"CAST({held}['{word}'] AS VARCHAR)"
    if kind.upper().startswith("STRUCT("):
        return f"CAST({held}.{quoted(key)} AS VARCHAR)" if f"{key} " in kind or f'"{key}" ' in kind else None
    return f"TRY(json_extract_string({held}, '$.\"{word}\"'))" if kind.upper() in {"VARCHAR", "JSON"} else None


def _gathered(part: Part, gathered: list[tuple[str, str]]) -> str:
    """SQL for one JSON object of many columns, keyed by what follows the beginning of their names; null for none."""
    members = []
    for word, start in gathered:
        text = without(f"CAST({quoted(word)} AS VARCHAR)", part)
        key = json.dumps(word[len(start) :], ensure_ascii=False).replace("'", "''")
        members.append(f"'{key}:' || CAST(to_json({text}) AS VARCHAR)")
    return f"nullif('{{' || concat_ws(',', {', '.join(members)}) || '}}', '{{}}')"


def without(text: str, part: Part) -> str:
    """SQL: a text cell, null where it is empty or holds a word for null."""
    for word in (*part.nulls, *(() if part.as_text else ("",))):
        text = f"nullif({text}, '{word}')"
    return text
