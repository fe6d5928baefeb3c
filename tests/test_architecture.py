"""The floors of the house, and the doors that only one module may use: held by reading the imports and the calls."""

from __future__ import annotations

import ast
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


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
    return names


def floor(module: str) -> int | None:
    """The floor of the longest prefix that the table knows."""
    known = [(len(p), i) for i, prefixes in enumerate(FLOORS) for p in prefixes if (module + ".").startswith(p + ".")]
    return max(known)[1] if known else None


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


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
    makers = {n for n, p in MODULES for c in calls(p) if isinstance(c.func, ast.Name) and c.func.id == "Ticket"}
    assert makers == {"trading.risk.gate"}


def test_only_the_broker_places_orders() -> None:
    """By way of the Exchange port; the adapters are what stands behind it. Whatever adds risk counts."""
    doors = {"place", "place_batch", "amend"}
    placing = {n for n, p in MODULES for c in calls(p) if isinstance(c.func, ast.Attribute) and c.func.attr in doors}
    assert {n for n in placing if not n.startswith("trading.exchange.")} == {"trading.engine.broker"}


def test_only_the_clock_reads_the_time() -> None:
    readers = set()
    for name, path in MODULES:
        for call in calls(path):
            text = ast.unparse(call.func)
            if text in ("datetime.now", "datetime.utcnow", "time.time", "time.monotonic", "time.perf_counter"):
                readers.add(name)
    assert readers <= {"trading.clock"}


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {
        name
        for name, path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }
    assert readers <= {"chatbot.config"}
    importers = {n for n, p in MODULES if "chatbot.config" in imports(p)}
    top = ("chatbot.app", "chatbot.wiring", "chatbot.life", "chatbot.watch", "chatbot.cli", "chatbot.tools")
    assert all(n.startswith(top) for n in importers)


def test_only_the_schedule_uses_apscheduler() -> None:
    users = {n for n, p in MODULES if any(i.split(".")[0] == "apscheduler" for i in imports(p))}
    assert users <= {"trading.schedule"}


def test_broad_excepts_stand_only_at_the_outer_edges() -> None:
    """The beat, who asks a strategy, the router and the outbox turn whatever it is into an event; nobody else may."""

    def broad(handler: ast.ExceptHandler) -> bool:
        return handler.type is None or ast.unparse(handler.type) == "Exception"

    found = {
        name
        for name, path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and broad(node)
    }
    assert found <= {"trading.engine.cycle", "trading.engine.deciding", "chatbot.router", "chatbot.outbox.outbox"}
