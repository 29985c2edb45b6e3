"""Opens delivered files in DuckDB: bytes in, one row per native row out, every cell still as text beside its value.

A file is known by its bytes (magic number, header), never by its name. Gzip is unpacked into the work folder
first: that proves the archive whole, bounds what it may grow to, and lets DuckDB read the CSV on all cores.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from aiops_cost.errors import UserError
from aiops_cost.model import ExportFile, Problem
from aiops_cost.providers.contract import Contract, recognise

MAX_UNPACKED = 200 * 2**30
MAX_RATIO = 1000
RATIO_COUNTS_FROM = 2**30
MAX_CELL = 8 * 2**20
NULL_WORDS = ("NULL", "null", "None", "NONE", "\\N")
_BLOCK = 1 << 20
_HEADER_BYTES = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")


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

    @property
    def dates_as_text(self) -> bool:
        """True when the file's dates are texts, whose form can be judged."""
        return any(name.lower() == "chargeperiodstart" and kind == "VARCHAR" for name, kind in self.types.items())


def open_file(con: duckdb.DuckDBPyConnection, file: ExportFile, work: Path, index: int) -> Part:
    """Recognise one file and make it selectable in `con`; temporary tables and unpacked files go to `work`.

    Raises UserError: empty, truncated, not a table, not a known format, a header with a name twice.
    """
    with file.path.open("rb") as handle:
        magic = handle.read(4)
    if not magic:
        raise UserError(_problem(file, "file-empty", "the file is empty (0 bytes)", "Ask for the export again."))
    if magic == b"PAR1":
        return _open_parquet(con, file)
    if magic[:2] == b"PK":
        raise UserError(
            _problem(file, "file-zip", "this is a zip archive", "Unpack it, and point the source at what is in it.")
        )
    if magic[:2] == b"\x1f\x8b":
        return _open_csv(con, file, _unpack(file, work / f"part-{index}.csv"), index)
    return _open_csv(con, file, file.path, index)


def peek(path: Path) -> tuple[Contract, str]:
    """The contract and version of a file, from its beginning only. Raises UserError when it is no bill."""
    file = ExportFile(path, path.name, "", path.stat().st_size)
    with path.open("rb") as handle:
        magic = handle.read(4)
    if magic == b"PAR1":
        with duckdb.connect() as con:
            part = _open_parquet(con, file)
            return part.contract, part.version
    try:
        with gzip.open(path, "rb") if magic[:2] == b"\x1f\x8b" else path.open("rb") as handle:
            start = handle.read(_HEADER_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(_problem(file, "gzip-broken", f"the gzip archive is cut off or damaged ({error})")) from None
    header = _header(file, start)[1]
    contract = recognise(header, file.name)
    return contract, contract.version_of(header)


def _problem(file: ExportFile, code: str, sentence: str, way_out: str = "") -> Problem:
    return Problem(code, file.name, sentence, way_out)


def _unpack(file: ExportFile, target: Path) -> Path:
    """Gunzip into `target`, all members, within bounds."""
    written = 0
    try:
        with gzip.open(file.path, "rb") as packed, target.open("wb") as plain:
            while block := packed.read(_BLOCK):
                written += len(block)
                if written > MAX_UNPACKED or (written > RATIO_COUNTS_FROM and written > MAX_RATIO * file.size):
                    raise UserError(
                        _problem(file, "gzip-bomb", f"unpacks to more than {MAX_RATIO} times its size; not a bill",
                                 "Check where the file comes from.")
                    )  # fmt: skip
                plain.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        way_out = "Nothing of it was loaded. Copy or download the file again."
        raise UserError(
            _problem(file, "gzip-broken", f"the gzip archive is cut off or damaged ({error})", way_out)
        ) from None
    if not written:
        raise UserError(_problem(file, "file-empty", "the archive holds an empty file", "Ask for the export again."))
    return target


# --- CSV ------------------------------------------------------------------------------------------------------


def _open_csv(con: duckdb.DuckDBPyConnection, file: ExportFile, path: Path, index: int) -> Part:
    with path.open("rb") as handle:
        delimiter, header = _header(file, handle.read(_HEADER_BYTES))
    contract = recognise(header, file.name)
    version = contract.version_of(header)
    wanted = {name.lower() for name in contract.file.columns}
    fields = {f"c{number}": "VARCHAR" for number in range(len(header))}
    kept = [f'c{number} AS "{name}"' for number, name in enumerate(header) if name.lower() in wanted]
    table = f"part_{index}"
    try:
        con.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {', '.join(kept)} FROM read_csv('{_literal(path)}', delim = ?,"
            f" header = true, quote = '\"', escape = '\"', auto_detect = false, columns = ?, nullstr = '',"
            f" max_line_size = {MAX_CELL})",
            [delimiter, fields],
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise UserError(_csv_problem(file, error, len(header))) from None
    notes = (f"cells are separated by {delimiter!r}",) if delimiter != "," else ()
    types = dict.fromkeys(header, "VARCHAR")
    part = Part(file, contract, version, types, table, as_text=True, notes=notes)
    return replace(part, nulls=_null_words(con, part))


def _header(file: ExportFile, start: bytes) -> tuple[str, list[str]]:
    """The separator and the column names of a CSV file, from its first bytes."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
        raise UserError(
            _problem(
                file,
                "csv-not-utf8",
                "not a UTF-8 text file (it looks like UTF-16 or binary)",
                "Save it as CSV in UTF-8.",
            )
        )
    cut = start.rfind(b"\n") + 1 if len(start) == _HEADER_BYTES else len(start)
    try:
        text = start[: cut or len(start)].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            _problem(file, "csv-not-utf8", f"byte {error.start} is not UTF-8 text", "Save it as CSV in UTF-8.")
        ) from None
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise UserError(
            _problem(file, "csv-malformed", f"the header is not CSV ({error})", "Export it again.")
        ) from None
    names = [name.strip() for name in header]
    _refuse_duplicates(file, names)
    return delimiter, names


def _refuse_duplicates(file: ExportFile, header: list[str]) -> None:
    twice = [name for name, count in Counter(name.lower() for name in header).items() if count > 1]
    if twice:
        listed = ", ".join(f"`{next(n for n in header if n.lower() == name)}`" for name in twice)
        raise UserError(
            _problem(file, "column-twice", f"the header names {listed} more than once (letter case does not count)",
                     "Which one is meant cannot be known; export the file again.")
        )  # fmt: skip


def _csv_problem(file: ExportFile, error: Exception, columns: int) -> Problem:
    """DuckDB's words about a broken row, without its advice about its own options."""
    said = [line.strip() for line in str(error).splitlines()]
    where = next((line for line in said if "Line:" in line), "")
    number = "".join(c for c in where.split("Line:")[-1] if c.isdigit()) if where else ""
    original = next((line.split(":", 1)[1].strip()[:120] for line in said if line.startswith("Original Line:")), "")
    if "not utf-8" in str(error):
        return _problem(file, "csv-not-utf8", f"line {number} is not UTF-8 text", "Save it as CSV in UTF-8.")
    sentence = f"line {number} is not a row of {columns} cells" if number else "its line ends or quotes are not CSV's"
    return Problem("csv-malformed", file.name, sentence, "A quote may be open, or the file cut off. Export it again.",
                   details=(original,) if original else ())  # fmt: skip


def _null_words(con: duckdb.DuckDBPyConnection, part: Part) -> tuple[str, ...]:
    """The words that this file uses for null: those that stand in a number or date column that is text."""
    names = {name.lower(): name for name, kind in part.types.items() if kind == "VARCHAR"}
    typed = [
        names[name.lower()]
        for name, column in part.contract.file.columns.items()
        if column.type in {"amount", "quantity", "instant"} and name.lower() in names
    ]
    if not typed:
        return ()
    any_of = [" OR ".join(f"\"{name}\" = '{word}'" for name in typed) for word in NULL_WORDS]
    found = con.execute(f"SELECT {', '.join(f'bool_or({test})' for test in any_of)} FROM {part.relation}").fetchone()
    return tuple(word for word, seen in zip(NULL_WORDS, found or (), strict=False) if seen)


# --- Parquet --------------------------------------------------------------------------------------------------


def _open_parquet(con: duckdb.DuckDBPyConnection, file: ExportFile) -> Part:
    relation = f"read_parquet('{_literal(file.path)}', file_row_number = true, hive_partitioning = false)"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        said = str(error).splitlines()[0].split("Error: ", 1)[-1].replace(str(file.path), file.name)[:160]
        way_out = "Nothing of it was loaded. Copy or download the file again."
        raise UserError(_problem(file, "parquet-broken", f"not readable as Parquet: {said}", way_out)) from None
    types = {str(row[0]): str(row[1]) for row in described if row[0] != "file_row_number"}
    _refuse_duplicates(file, list(types))
    contract = recognise(list(types), file.name)
    part = Part(file, contract, contract.version_of(list(types)), types, relation, as_text=False)
    return replace(part, nulls=_null_words(con, part))


def _literal(path: Path) -> str:
    """A path for DuckDB, which takes `*`, `?` and `[` in it for a pattern, inside an SQL text."""
    return re.sub(r"([*?[])", r"[\1]", str(path)).replace("'", "''")


# --- the columns of a part, as text and as values -----------------------------------------------------------------


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


def cells(part: Part) -> Iterator[Cell]:
    """Each column of the contract over `part`; a column that the file does not have is a typed null.

    Raises UserError for a type that cannot hold the value.
    """
    present = {name.lower(): name for name in part.types}
    for name, column in part.contract.file.columns.items():
        found = present.get(name.lower())
        if found is None:
            yield Cell(name, "CAST(NULL AS VARCHAR)", native=f"CAST(NULL AS {TARGET[column.type]})")
            continue
        quoted = f'"{found.replace(chr(34), chr(34) * 2)}"'
        kind = part.types[found].upper()
        if kind == "VARCHAR":
            yield _from_text(name, column.type, _without(quoted, part), column.values)
        else:
            yield _from_type(part, name, column.type, quoted, kind)


def _without(quoted: str, part: Part) -> str:
    """SQL: a text cell, null where it is empty or holds a word for null."""
    for word in (*part.nulls, *(() if part.as_text else ("",))):
        quoted = f"nullif({quoted}, '{word}')"
    return quoted


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


def _from_double(name: str, quoted: str) -> Cell:
    """The shortest decimal text of a double is the number its writer had; its binary value is not. Most need no
    text to be read so."""
    return Cell(
        name,
        f"CASE WHEN NOT coalesce(short_double({quoted}), false) THEN CAST({quoted} AS VARCHAR) END",
        native=quoted,
        from_text=f'CASE WHEN short_double("{name}_native") THEN amount_of_short("{name}_native")'
        f' ELSE amount("{name}_text", "{name}_wide") END',
        wide=True,
        given=f"{quoted} IS NOT NULL",
    )


def _typed(name: str, quoted: str, value: str) -> Cell:
    return Cell(name, f"CAST({quoted} AS VARCHAR)", native=value, given=f"{quoted} IS NOT NULL")


def _from_type(part: Part, name: str, kind: str, quoted: str, native: str) -> Cell:  # noqa: PLR0911 - a table
    """A Parquet column with a type of its own."""
    text = f"CAST({quoted} AS VARCHAR)"
    number = native in _NUMBERS or (native.startswith("DECIMAL") and native.endswith(")"))
    if kind == "amount" and native == "DOUBLE":
        return _from_double(name, quoted)
    if kind == "amount" and native == "FLOAT":
        return _from_text(name, kind, text, ())
    if kind == "amount" and number:
        many = native.startswith("DECIMAL") and int(native.rstrip(")").split(",")[1]) > 18
        return (
            _from_text(name, kind, text, ()) if many else _typed(name, quoted, f"TRY_CAST({quoted} AS DECIMAL(38, 18))")
        )
    if kind == "quantity" and (number or native in {"DOUBLE", "FLOAT"}):
        return _typed(name, quoted, f"TRY_CAST({quoted} AS DECIMAL(38, 9))")
    if kind == "instant" and native == "TIMESTAMP WITH TIME ZONE":
        return _typed(name, quoted, f"plausible(timezone('UTC', {quoted}))")
    if kind == "instant" and native.startswith(("TIMESTAMP", "DATE")) and not native.endswith("]"):
        return _typed(name, quoted, f"plausible(CAST({quoted} AS TIMESTAMP))")
    if kind == "json" and native.startswith("STRUCT(") and native.endswith(")[]") and "VALUE" in native:
        return Cell(name, _PAIRS.format(quoted), from_text=f'"{name}_text"')
    if kind == "json" and native.startswith(("MAP", "STRUCT", "JSON")):
        return Cell(name, f"CAST(to_json({quoted}) AS VARCHAR)", from_text=f'"{name}_text"')
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
