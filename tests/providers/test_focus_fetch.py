"""What lies at a location is found whole, whatever it is called; what cannot be read is not nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops_cost.errors import UserError
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch
from aiops_cost.providers.folder import listed


def names(base: Path, location: str = ".") -> list[str]:
    return [name for name, _ in listed(Source("s", "focus", location), base)]


def lay(base: Path, *files: str) -> None:
    for name in files:
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_a_folder_is_every_table_below_it_and_nothing_else(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv", "B.CSV", "x/y/c.parquet", "x/d.csv.gz", "manifest.json", "_SUCCESS", ".hidden.csv",
        "_temporary/e.parquet", ".ipynb_checkpoints/f.csv")  # fmt: skip
    assert names(tmp_path) == ["B.CSV", "a.csv", "x/d.csv.gz", "x/y/c.parquet"]


def test_a_delta_table_is_no_folder_of_bills(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv", "ledger/lines/b.parquet", "ledger/lines/_delta_log/c.json")
    for location in (".", "**/*.parquet", "ledger/*/*.parquet"):
        with pytest.raises(UserError, match="lines: is a Delta table"):
            names(tmp_path, location)
    assert names(tmp_path, "*.csv") == ["a.csv"]


def test_a_linked_folder_is_followed_and_a_loop_is_not(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", "may.csv")
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "2026-05").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "bills" / "again").symlink_to(tmp_path / "bills")
    assert names(tmp_path, "bills") == ["2026-05/may.csv"]


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, "a.csv", "secret/b.csv")
    list_folder = Path.iterdir

    def refusing(folder: Path) -> object:
        if folder.name == "secret":
            raise PermissionError(13, "Permission denied")
        return list_folder(folder)

    monkeypatch.setattr(Path, "iterdir", refusing)
    with pytest.raises(UserError, match="cannot be read: Permission denied"):
        names(tmp_path)


def test_a_pattern_a_file_and_a_name_with_brackets(tmp_path: Path) -> None:
    lay(tmp_path / "here [1]", "2026/a.csv", "2026/b.csv", "2025/a.csv", "note.txt")
    base = tmp_path / "here [1]"
    assert names(base, "2026/*.csv") == ["a.csv", "b.csv"]
    assert names(base, "**/a.csv") == ["2025/a.csv", "2026/a.csv"]
    assert names(base, "2026/a.csv") == ["a.csv"]
    assert names(tmp_path, str(base / "2026")) == ["a.csv", "b.csv"]
    with pytest.raises(UserError, match=r"no CSV, CSV\.gz or Parquet file"):
        names(base, "2024/*.csv")
    with pytest.raises(UserError, match="there is no file or folder"):
        names(base, "2024")


def test_a_file_is_its_bytes_not_its_name(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv")
    (tmp_path / "b.csv").write_text("a.csv")
    first, second = fetch(Source("s", "focus", "."), tmp_path).files
    assert first.digest == second.digest
    assert (first.name, first.size) == ("a.csv", 5)
