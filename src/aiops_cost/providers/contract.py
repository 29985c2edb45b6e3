"""A native format's contract: how to recognise it, its columns, what deviates, what must survive.

Every `providers/*/<format>.yaml` is one contract, and the `<format>.sql` beside it is the one SELECT that turns
the columns it names into the ledger's. The folder is the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
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
    """

    type: Kind = "text"
    required: bool = False
    mandatory: bool = False
    values: tuple[str, ...] = ()


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
    left out for files whose dates and numbers have types of their own.
    """

    code: str
    when: str
    sentence: str
    text_only: bool = False


class ContractFile(Strict):
    """The YAML file of a contract, as written."""

    format: str
    title: str
    page: str
    recognise: Fits
    versions: tuple[Version, ...] = ()
    columns: dict[str, NativeColumn]
    extensions: str = "x_"
    ignored: tuple[str, ...] = ()
    survives: dict[str, str]
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
    """A contract with its SELECT; `digest` changes whenever the meaning of a load may have changed."""

    provider: str
    file: ContractFile
    sql: str
    digest: str

    @property
    def name(self) -> str:
        return self.file.format

    def version_of(self, header: Sequence[str]) -> str:
        """The format's version that a header shows, or the empty string."""
        return next((v.version for v in self.file.versions if v.fits(header)), "")


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
        sentence = f"this is not a FOCUS file; it looks like {stranger.name}"
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
    digest = sha256(f"{item.read_text(encoding='utf-8')}\0{sql}".encode()).hexdigest()
    return Contract(folder.name, model, sql, digest)


@cache
def _strangers() -> tuple[Stranger, ...]:
    with as_file(files(__package__).joinpath("strangers.yaml")) as path:
        model, _ = read(path, Strangers, what="list of strangers", shown="strangers.yaml")
    return model.strangers
