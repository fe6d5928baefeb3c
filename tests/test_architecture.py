"""The floors of the house, and the doors that only one module may use: held by reading the imports and the calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("trading", "storage", "chatbot")

# The lowest floor first: a module imports only from its own folder and from lower floors.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("trading.domain",),
    ("trading.signals",),
    ("trading.strategies", "trading.risk"),
    ("trading.ports",),
    ("trading.clock",),
    ("trading.engine",),
    ("trading.exchange", "trading.schedule", "storage"),
    ("trading.feeds",),
    ("trading.research",),
    (
        "chatbot.message",
        "chatbot.progress",
        "chatbot.command",
        "chatbot.line",
        "chatbot.kept_files",
        "chatbot.access",
        "chatbot.knocks",
        "chatbot.second_factor",
        "chatbot.confirming",
        "chatbot.completing",
        "chatbot.program",
        "chatbot.locking",
        "chatbot.beside",
        "chatbot.backtests",
        "chatbot.report",
        "chatbot.sparkline",
        "chatbot.front",
        "chatbot.rules",
        "chatbot.call",
        "chatbot.formats",
        "chatbot.render",
        "chatbot.router",
        "chatbot.charts",
        "chatbot.commands",
        "chatbot.notices",
        "chatbot.outbox",
    ),
    ("chatbot.channels",),
    ("chatbot.version", "chatbot.logs", "chatbot.settings"),
    ("chatbot.config",),
    (
        "chatbot.app",
        "chatbot.wiring",
        "chatbot.life",
        "chatbot.watch",
        "chatbot.cli",
        "chatbot.cli_data",
        "chatbot.cli_host",
        "chatbot.cli_research",
        "chatbot.tools",
        "chatbot.__main__",
    ),
)
PURE = ("trading.domain", "trading.signals", "trading.strategies", "trading.risk")
PURE_FORBIDDEN = {"asyncio", "time", "os", "random", "socket", "requests", "pathlib", "threading", "aiohttp"}
CHAT_MAY_SEE = ("trading.domain", "trading.ports", "trading.engine.desk", "trading.engine.pages", "trading.clock")


def modules() -> list[tuple[str, Path]]:
    found = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]
    return [(".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), p) for p in found]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one module does that matters here; names are dotted, as they are written."""

    imports: frozenset[str]
    calls: frozenset[str]
    attributes: frozenset[str]
    excepts: frozenset[str]  # "" is a bare one


@cache
def seen(path: Path) -> Seen:
    """Each module is read once, whatever is asked of it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    return Seen(
        imports=frozenset(_imported(path, nodes)),
        calls=frozenset(dotted(node.func) for node in nodes if isinstance(node, ast.Call)),
        attributes=frozenset(dotted(node) for node in nodes if isinstance(node, ast.Attribute)),
        excepts=frozenset(ast.unparse(n.type) if n.type else "" for n in nodes if isinstance(n, ast.ExceptHandler)),
    )


def _imported(path: Path, nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def dotted(node: ast.expr) -> str:
    """`a.b.c` as it is written; what is no name (a call, an item) is nothing before its dot."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imports(path: Path) -> frozenset[str]:
    return seen(path).imports


def floor(module: str) -> int | None:
    """The floor of the longest prefix that the table knows."""
    known = [(len(p), i) for i, prefixes in enumerate(FLOORS) for p in prefixes if (module + ".").startswith(p + ".")]
    return max(known)[1] if known else None


MODULES = modules()
IDS = [name for name, _ in MODULES]


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_a_module_imports_only_from_lower_floors(name: str, path: Path) -> None:
    own = floor(name)
    if name in PACKAGES or name == "trading.exchange":
        return
    assert own is not None, f"{name} stands on no floor: add it to the table"
    for imported in imports(path):
        if not imported.startswith(PACKAGES):
            continue
        other = floor(imported)
        same_folder = any(
            (imported + ".").startswith(p + ".") and (name + ".").startswith(p + ".") for p in FLOORS[own]
        )
        chat_core = own == floor("chatbot.message") and other == own
        assert other is not None, f"{name} imports {imported}, which stands on no floor"
        assert other < own or same_folder or chat_core or own == len(FLOORS) - 1, f"{name} must not import {imported}"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_storage_and_chat_meet_only_in_the_application(name: str, path: Path) -> None:
    imported = {i.split(".")[0] for i in imports(path)}
    if name.startswith("trading"):
        assert not imported & {"storage", "chatbot"}
    if name.startswith("storage"):
        assert "chatbot" not in imported
        assert all(i.startswith(("trading.domain", "trading.ports")) for i in imports(path) if i.startswith("trading"))


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_the_pure_floors_touch_nothing(name: str, path: Path) -> None:
    if name.startswith(PURE):
        assert not {i.split(".")[0] for i in imports(path)} & PURE_FORBIDDEN


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_chat_sees_the_desk_and_nothing_behind_it(name: str, path: Path) -> None:
    """What stands above the channels, the configuration too, is the application and not the chat."""
    chat = range(FLOORS.index(("chatbot.channels",)) + 1)
    if name.startswith("chatbot.") and floor(name) in chat:
        seen = [i for i in imports(path) if i.startswith("trading")]
        assert all(i.startswith(CHAT_MAY_SEE) for i in seen), f"{name} imports {seen}"


def test_only_the_gate_makes_tickets() -> None:
    assert {name for name, path in MODULES if "Ticket" in seen(path).calls} == {"trading.risk.gate"}


def test_only_the_broker_places_orders() -> None:
    """By way of the Exchange port; the adapters are what stands behind it. Whatever adds risk counts."""
    doors = (".place", ".place_batch", ".amend")
    placing = {name for name, path in MODULES if any(call.endswith(doors) for call in seen(path).calls)}
    assert {n for n in placing if not n.startswith("trading.exchange.")} == {"trading.engine.broker"}


def test_only_the_clock_reads_the_time() -> None:
    clocks = {"datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "time.perf_counter"}
    assert {name for name, path in MODULES if clocks & seen(path).calls} <= {"trading.clock"}


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {name for name, path in MODULES if {"os.environ", "os.getenv"} & seen(path).attributes}
    assert readers <= {"chatbot.config"}
    importers = {n for n, p in MODULES if "chatbot.config" in imports(p)}
    top = ("chatbot.app", "chatbot.wiring", "chatbot.life", "chatbot.watch", "chatbot.cli", "chatbot.tools")
    assert all(n.startswith(top) for n in importers)


def test_only_the_schedule_uses_apscheduler() -> None:
    users = {n for n, p in MODULES if any(i.split(".")[0] == "apscheduler" for i in imports(p))}
    assert users <= {"trading.schedule"}


def test_broad_excepts_stand_only_at_the_outer_edges() -> None:
    """The beat, who asks a strategy, the router and the outbox turn whatever it is into an event; nobody else may."""
    found = {name for name, path in MODULES if {"", "Exception"} & seen(path).excepts}
    assert found <= {"trading.engine.cycle", "trading.engine.deciding", "chatbot.router", "chatbot.outbox.outbox"}
