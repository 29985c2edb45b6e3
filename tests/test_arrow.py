"""Who may import whom: data flows one way, and every room of the house has its place in the arrow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aiops_cost

HOUSE = Path(aiops_cost.__file__).parent
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "model": set(),
    "money": set(),
    "errors": {"model"},
    "documents": {"model", "errors"},
    "providers": {"model", "errors", "documents"},
    "ledger": {"model", "errors", "money", "documents", "providers"},
    "rules": {"model", "errors", "money", "documents", "ledger.schema"},
    "budget": {"model", "errors", "money", "documents", "ledger.schema"},
    "notify": {"model", "errors", "documents"},
    "reconcile": {"model", "money"},
    "feeds": {"model", "errors", "documents", "providers", "ledger", "answers"},
    "metrics": {"model", "errors", "money", "documents", "budget"},
    "config": {"model", "errors", "money", "documents", "budget", "metrics", "notify.targets"},
    "history": {"model", "errors", "documents", "config"},
    "drift": {"model", "money"},
    "checks": {
        "model", "errors", "money", "documents", "ledger.schema", "rules.storage", "rules.runs", "budget", "metrics",
        "config", "reconcile", "drift", "idle",
    },
    "gate": {"model", "errors", "money", "documents", "budget", "config", "checks"},
    "summary": {"model", "errors", "money", "budget", "config", "checks"},
    "reports": {"model", "money"},
    "schemas": {"model", "errors", "documents", "budget", "config", "rules", "gate"},
    "spend": {"model", "errors", "ledger", "rules", "budget", "metrics"},
    "idle": {"money", "rules.serving"},
    "memory": {"model", "ledger", "rules", "spend", "metrics"},
    "answers": {"model", "errors", "money", "documents", "ledger", "rules", "budget", "metrics", "reconcile", "idle"},
    "run": {
        "model", "errors", "money", "gate", "documents", "providers", "ledger", "rules", "budget", "config", "checks",
        "schemas", "spend", "memory", "answers", "metrics", "feeds", "history", "summary",
    },
    "demo": {"model", "money"},
    "starter": {"model", "errors", "money", "ledger.intake", "providers"},
    "cli": {
        "model", "errors", "gate", "documents", "config", "reports", "run", "demo", "starter", "budget.values",
        "notify", "summary",
    },
}  # fmt: skip
"""Room -> what it may import; `ledger.schema` is that module alone. Everyone may read the version."""


def modules() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name (`ledger.schema`) of every import of ours, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import from the top, as everywhere else"
            for alias in node.names:
                yield from named(node.lineno, f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from named(node.lineno, alias.name)


def named(line: int, dotted: str) -> Iterator[tuple[int, str]]:
    """The module that a dotted name leads to; what follows it is a name inside the module."""
    first, *parts = dotted.split(".")
    if first != "aiops_cost":
        return
    found: list[str] = []
    for part in parts:
        folder = HOUSE.joinpath(*found)
        if not ((folder / part).is_dir() or (folder / f"{part}.py").is_file()):
            break
        found.append(part)
    if found:
        yield line, ".".join(found)


def allowed(room: str, target: str) -> bool:
    return target.split(".", maxsplit=1)[0] == room or any(
        target == name or target.startswith(f"{name}.") for name in MAY_IMPORT[room]
    )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_follow_the_arrow(path: Path):
    room = room_of(path)
    assert room in MAY_IMPORT, f"place the room `{room}` in the arrow first"
    back = [f"{path.name}:{line} imports {target}" for line, target in imports(path) if not allowed(room, target)]
    assert not back, f"{room} reaches back: {back}"


def test_no_room_is_only_on_paper():
    assert set(MAY_IMPORT) == {room_of(path) for path in modules()}


def test_the_arrow_never_returns():
    """Rooms can be put in a row in which each imports only rooms before it."""
    rooms = {room: {name.split(".")[0] for name in may} for room, may in MAY_IMPORT.items()}
    placed: set[str] = set()
    while rooms:
        ready = {room for room, may in rooms.items() if may <= placed}
        assert ready, f"these rooms import each other: {sorted(rooms)}"
        placed |= ready
        rooms = {room: may for room, may in rooms.items() if room not in ready}


@pytest.mark.parametrize("provider", [item.name for item in (HOUSE / "providers").iterdir() if item.is_dir()])
def test_a_provider_knows_no_other_provider(provider: str):
    others = [
        f"{path.name}:{line} imports {target}"
        for path in (HOUSE / "providers" / provider).rglob("*.py")
        for line, target in imports(path)
        if target.startswith("providers.") and target.split(".")[1] not in {provider, "contract", "folder"}
    ]
    assert not others
