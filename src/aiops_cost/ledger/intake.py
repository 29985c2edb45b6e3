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
from dataclasses import replace
from pathlib import Path

import duckdb

from aiops_cost.errors import UserError
from aiops_cost.ledger.part import Part, quoted
from aiops_cost.ledger.written import ROWS_AT_A_TIME
from aiops_cost.model import ExportFile, Problem
from aiops_cost.providers.contract import Contract, recognise

MAX_UNPACKED = 200 * 2**30
MAX_RATIO = 1000
RATIO_COUNTS_FROM = 2**30
MAX_CELL = 8 * 2**20
"""Bytes. DuckDB reads CSV in blocks of sixteen times as many, which a thrifty load has no room for: two are asked."""
NULL_WORDS = ("NULL", "null", "None", "NONE", "\\N")
_BLOCK = 1 << 20
_HEADER_BYTES = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")


def open_file(con: duckdb.DuckDBPyConnection, file: ExportFile, work: Path, index: int) -> Part:
    """Recognise one file and make it selectable in `con`; what is read of CSV files goes to `work`.

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
        unpacked = _unpack(file, work / f"part-{index}.csv")
        part = _open_csv(con, file, unpacked, work / f"part-{index}.parquet")
        unpacked.unlink()
        return part
    return _open_csv(con, file, file.path, work / f"part-{index}.parquet")


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


def _open_csv(con: duckdb.DuckDBPyConnection, file: ExportFile, path: Path, kept: Path) -> Part:
    """Recognise a CSV file and keep what is read of it as Parquet, where texts that repeat are kept once."""
    with path.open("rb") as handle:
        delimiter, header = _header(file, handle.read(_HEADER_BYTES))
    contract = recognise(header, file.name)
    version = contract.version_of(header)
    fields = {f"c{number}": "VARCHAR" for number in range(len(header))}
    read = [f"c{number} AS {quoted(name)}" for number, name in enumerate(header) if contract.reads(name)]
    try:
        con.execute(
            f"COPY (SELECT {', '.join(read)} FROM read_csv('{_literal(path)}', delim = ?,"
            f" header = true, quote = '\"', escape = '\"', auto_detect = false, columns = ?, nullstr = '',"
            f" max_line_size = {MAX_CELL}, buffer_size = {2 * MAX_CELL}))"
            f" TO '{_text(kept)}' (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {ROWS_AT_A_TIME})",
            [delimiter, fields],
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise UserError(_csv_problem(file, error, len(header))) from None
    notes = (f"cells are separated by {delimiter!r}",) if delimiter != "," else ()
    types = dict.fromkeys(header, "VARCHAR")
    part = Part(file, contract, version, types, _rows_of(kept), as_text=True, notes=notes)
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
    if "Maximum line size" in str(error):
        sentence = f"line {number} is longer than {MAX_CELL // 2**20} MB, as no row of a bill is"
        return _problem(file, "csv-malformed", sentence, "A quote may be open. Export it again.")
    if "not utf-8" in str(error):
        return _problem(file, "csv-not-utf8", f"line {number} is not UTF-8 text", "Save it as CSV in UTF-8.")
    sentence = f"line {number} is not a row of {columns} cells" if number else "its line ends or quotes are not CSV's"
    return Problem("csv-malformed", file.name, sentence, "A quote may be open, or the file cut off. Export it again.",
                   details=(original,) if original else ())  # fmt: skip


def _null_words(con: duckdb.DuckDBPyConnection, part: Part) -> tuple[str, ...]:
    """The words that this file uses for null: those that stand in a number or date column that is text."""
    typed = [
        native
        for name, column in part.contract.file.columns.items()
        if column.type in {"amount", "quantity", "instant"}
        and (native := part.native(name)) is not None
        and part.types[native] == "VARCHAR"
    ]
    if not typed:
        return ()
    any_of = [" OR ".join(f"{quoted(name)} = '{word}'" for name in typed) for word in NULL_WORDS]
    found = con.execute(f"SELECT {', '.join(f'bool_or({test})' for test in any_of)} FROM {part.relation}").fetchone()
    return tuple(word for word, seen in zip(NULL_WORDS, found or (), strict=False) if seen)


# --- Parquet --------------------------------------------------------------------------------------------------


def _open_parquet(con: duckdb.DuckDBPyConnection, file: ExportFile) -> Part:
    relation = _rows_of(file.path)
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


def _rows_of(path: Path) -> str:
    return f"read_parquet('{_literal(path)}', file_row_number = true, hive_partitioning = false)"


def _literal(path: Path) -> str:
    """A path to read from, inside an SQL text: DuckDB takes `*`, `?` and `[` in it for a pattern."""
    return _text(re.sub(r"([*?[])", r"[\1]", str(path)))


def _text(value: object) -> str:
    return str(value).replace("'", "''")
