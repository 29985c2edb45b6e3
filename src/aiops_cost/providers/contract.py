"""A native format's contract: how to recognise it, its columns, what deviates, what must survive.

Every `providers/*/<format>.yaml` is one contract, and the `<format>.sql` beside it is the one SELECT that turns
the columns it names into the ledger's. The folder is the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import Field

from aiops_cost.documents import Strict, read
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

Kind = Literal["text", "json", "amount", "quantity", "instant"]


class NativeColumn(Strict):
    """One column of a native format.

    `required`: a file without it is refused, and so is a row where it is empty. `mandatory`: the format's own
    documents promise it; when it is missing or empty that is a deviation, named and kept. `values`: the values
    the documents allow; another spelling is brought to theirs, another value is kept, and both are named.

    A contract may call a column by a word of its own: `names` are then the file's words for it, and the first that
    the file has is read. `product.region` is a column of that name, or the key `region` of the column `product`.
    `rather` are names of a column that is read instead, in exports where each row fills it; the SELECT is told by
    `<column>_rather`. `gathers` are beginnings of column names: all columns that begin so become one JSON object,
    keyed by the rest of their names. `lenient`: a cell that cannot be read is unknown, and counted as a deviation;
    for figures that no sum of ours depends on.
    """

    type: Kind = "text"
    required: bool = False
    mandatory: bool = False
    values: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rather: tuple[str, ...] = ()
    gathers: tuple[str, ...] = ()
    lenient: bool = False

    def spelled(self, name: str) -> tuple[str, ...]:
        """What a file may call the column that the contract calls `name`, best first."""
        return self.names or (name,)

    def reads(self, name: str, native: str) -> bool:
        """True when this column (the contract's `name`) may need the file's column `native`."""
        words = {word.lower() for spelling in (*self.spelled(name), *self.rather) for word in _ways(spelling)}
        return native.lower() in words or any(_begins(native, start) for start in self.gathers)


class Fits(Strict):
    """Columns that must all be there, of which one must be there, and which must not be there."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def fits(self, header: Iterable[str]) -> bool:
        """True when a header (any letter case) has these columns."""
        names = {name.lower() for name in header}
        return (
            all(name.lower() in names for name in self.all)
            and (not self.any or any(name.lower() in names for name in self.any))
            and not any(name.lower() in names for name in self.none)
        )


class Version(Fits):
    """A version of the format, told by its columns; the first that fits is taken."""

    version: str


class DeviationRule(Strict):
    """A known way in which producers deviate: an SQL condition over a row, and a sentence for the record.

    In `when`, a column's name is its typed value and `<name>_text` what the file says; `text_only` rules are
    left out for files whose dates and numbers have types of their own. `unknown` names the ledger's cost that cannot be
    known of such rows: what is judged by it, is not judged then.
    """

    code: str
    when: str
    sentence: str
    text_only: bool = False
    unknown: str = ""


class Need(Strict):
    """Columns that a file may lack only as long as it has no rows of the kind that needs them."""

    columns: tuple[str, ...]
    when: str
    rows: str


class Apart(Strict):
    """Rows that the SELECT must see one by one, since it does more with their figures than choose, add and subtract:
    those whose `column` has one of `values`."""

    column: str
    values: tuple[str, ...]


class WorkedOut(Strict):
    """A cost that no native column holds. `sum` is SQL over the contract's columns, what a row adds to the cost, said
    again without the SELECT, which is held against it; `of` are the ledger rows that it speaks of."""

    sum: str
    of: str = "true"


class ContractFile(Strict):
    """The YAML file of a contract, as written.

    `extensions` are beginnings of column names that producers may add without a word. `tables` are look-ups: CSV files
    beside the contract, each a table of that name for the SELECT, with a unique first column.
    """

    format: str
    title: str
    page: str
    recognise: Fits
    versions: tuple[Version, ...] = ()
    columns: dict[str, NativeColumn]
    extensions: tuple[str, ...] = ("x_",)
    tables: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    apart: Apart | None = None
    ignored: tuple[str, ...] = ()
    survives: dict[str, str]
    works_out: dict[str, WorkedOut] = Field(default_factory=dict)
    deviations: tuple[DeviationRule, ...] = ()


class Stranger(Strict):
    """A billing format that is known by sight, so that a message can say what a file is."""

    name: str
    fits: Fits
    advice: str = ""


class Strangers(Strict):
    """The file of strangers."""

    strangers: tuple[Stranger, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Contract:
    """A contract with its SELECT; `digest` changes whenever the meaning of a load may have changed.

    `tables` holds the text of each look-up's CSV file.
    """

    provider: str
    file: ContractFile
    sql: str
    digest: str
    tables: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.file.format

    def version_of(self, header: Sequence[str]) -> str:
        """The format's version that a header shows, or the empty string."""
        return next((v.version for v in self.file.versions if v.fits(header)), "")

    def reads(self, native: str) -> bool:
        """True when some column of the contract may be made of the file's column `native`."""
        return any(column.reads(name, native) for name, column in self.file.columns.items())

    def knows(self, native: str) -> bool:
        """True when a file's column is no surprise: read, ignored, or an extension."""
        return (
            self.reads(native)
            or native.lower() in {name.lower() for name in self.file.ignored}
            or any(_begins(native, start) for start in self.file.extensions)
        )

    def word(self, name: str) -> str:
        """A column of the contract, as the format's documents call it."""
        return self.file.columns[name].spelled(name)[0]

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Every name that the contract has for a column of a file."""
        columns = self.file.columns.items()
        return frozenset(word for name, column in columns for word in (*column.spelled(name), *column.rather))


def _ways(spelling: str) -> tuple[str, ...]:
    """A name, and for `product.region` also the column that holds the key."""
    base, dot, _ = spelling.partition(".")
    return (spelling, base) if dot else (spelling,)


def _begins(name: str, start: str) -> bool:
    return name.lower().startswith(start.lower()) and len(name) > len(start)


@cache
def contracts() -> tuple[Contract, ...]:
    """Every contract in the house, ordered by provider and name."""
    found = []
    for folder in sorted(_folders(), key=lambda item: item.name):
        for item in sorted(folder.iterdir(), key=lambda item: item.name):
            if item.name.endswith(".yaml"):
                found.append(_contract(folder, item))
    return tuple(found)


def recognise(header: Sequence[str], place: str) -> Contract:
    """The contract that a file's header fits.

    Raises UserError that names the format the file looks like, when it is a known one.
    """
    for contract in contracts():
        if contract.file.recognise.fits(header):
            return contract
    stranger = next((s for s in _strangers() if s.fits.fits(header)), None)
    if stranger:
        sentence = f"this format is not read; it looks like {stranger.name}"
        raise UserError(Problem("format-stranger", place, sentence, stranger.advice))
    known = ", ".join(contract.file.title for contract in contracts())
    columns = ", ".join(header[:6]) + (", ..." if len(header) > 6 else "")
    raise UserError(
        Problem(
            "format-unknown",
            place,
            f"not a billing export that is known here; its columns are {columns}",
            f"Known formats: {known}. Check the `location` of the source.",
        )
    )


def _folders() -> list[Traversable]:
    return [item for item in files(__package__).iterdir() if item.is_dir() and item.name[0] != "_"]


def _contract(folder: Traversable, item: Traversable) -> Contract:
    with as_file(item) as path:
        model, _ = read(path, ContractFile, what="contract", shown=f"{folder.name}/{item.name}")
    sql = folder.joinpath(f"{item.name.removesuffix('.yaml')}.sql").read_text(encoding="utf-8")
    tables = {name: folder.joinpath(f"{name}.csv").read_text(encoding="utf-8") for name in model.tables}
    meaning = "\0".join([item.read_text(encoding="utf-8"), sql, *tables.values()])
    return Contract(folder.name, model, sql, sha256(meaning.encode()).hexdigest(), tables)


@cache
def _strangers() -> tuple[Stranger, ...]:
    with as_file(files(__package__).joinpath("strangers.yaml")) as path:
        model, _ = read(path, Strangers, what="list of strangers", shown="strangers.yaml")
    return model.strangers
