"""Checks of everything that a bot needs before it runs, one line each: what was found, and what would mend it.

Nothing is traded (but with --order) and nothing is kept: the embedded exchange is started in a temporary folder, so
that the account in the data folder stays as it is. What a person reads here may be shown to others, so secrets are
blotted out of it. The parts: `doctor_exchange`, `doctor_order`, `doctor_chats`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

from chatbot.config import Settings, load
from chatbot.formats import money
from chatbot.logs import Redaction
from chatbot.tools.doctor_chats import chats, env_file
from chatbot.tools.doctor_exchange import at_the_exchange
from chatbot.tools.doctor_order import refuse_production, with_an_order
from chatbot.tools.doctor_people import people
from chatbot.tools.doctor_strategies import strategies
from chatbot.tools.findings import Finding, fail, lines, ok, warn
from chatbot.wiring.places import open_places
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.audit import verify_audit
from trading.domain.errors import Misconfigured, StoreInUse, StoreRefused
from trading.domain.records import AuditEntry

WIDTH_MIN, WIDTH_MAX = 40, 80  # columns
IN_USE = ok("store", "in use by a running bot")


async def doctor(*, as_json: bool, order: bool = False) -> int:
    """Check everything and print it, line by line as it is found; 1 if anything failed, else 0.

    `order`: also with one order, far from the market. Raises Misconfigured for that in production.
    """
    began, found = monotonic(), []
    width = min(max(shutil.get_terminal_size().columns, WIDTH_MIN), WIDTH_MAX)
    async for finding in findings(order=order):
        found.append(finding)
        if not as_json:
            print(lines(finding, width), flush=True)
    failed = any(f.mark == "FAIL" for f in found)
    if as_json:
        checks = [{"name": f.name, "status": f.mark.lower(), "text": f.text, "fix": f.fix} for f in found]
        print(json.dumps({"ok": not failed, "checks": checks, "seconds": round(monotonic() - began, 2)}))
    return int(failed)


async def findings(*, order: bool = False) -> AsyncIterator[Finding]:
    """All checks in turn, without a secret in any of them; where the settings are wrong, that alone."""
    try:
        settings = load()
    except Misconfigured as error:
        yield fail("settings", str(error))
        return
    if order:
        refuse_production(settings)
    clean = Redaction(settings.secrets()).clean
    async for finding in _all(settings, order):
        yield Finding(finding.mark, finding.name, clean(finding.text), clean(finding.fix))


async def _all(settings: Settings, order: bool) -> AsyncIterator[Finding]:
    mode = "dry run" if settings.dry_run else "orders are sent"
    stake = f"{money(settings.stake_usd)} a market"
    yield ok("settings", f"{settings.environment}, {mode}, {settings.kalshi_event_ticker_prefix}, {stake}")
    yield env_file(Path(".env"))
    if settings.strategies_file:
        yield strategies(settings)
    running = False
    yield (written := folder(settings.data_folder))
    if written.mark == "ok":
        for finding in kept(settings.data_folder / "store"):
            running |= finding == IN_USE
            yield finding
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-") as aside:
        async for finding in _exchange(settings, Path(aside), order):
            yield finding
    for finding in await asyncio.to_thread(chats, settings, running=running):
        yield finding
    for finding in await asyncio.to_thread(people, settings, running=running):
        yield finding


def folder(path: Path) -> Finding:
    """Whether files can be written where the data goes; a folder that is not there yet is not made."""
    try:
        there = next(each for each in (path, *path.absolute().parents) if each.exists())
        with tempfile.TemporaryFile(dir=there):
            return ok("data folder", f"{path} can be written" + ("" if there == path else " (made at the first start)"))
    except OSError as error:
        return fail("data folder", f"{path}: {error.strerror}", "set DATA_DIR to a folder that this user may write to")


def kept(path: Path) -> Iterator[Finding]:
    """Whether the store opens, which mends what a crash has left, and its audit is whole, unless a running bot has
    it."""
    if not path.is_dir():
        yield ok("store", "none yet (made at the first start)")
        return
    try:
        opened = TinyStore.open(path)
    except StoreInUse:
        yield IN_USE
    except StoreRefused as error:
        yield fail("store", str(error), "do what it says, or start afresh with another DATA_DIR")
    else:
        yield store(opened)
        yield audit(opened)
        opened.close()


def store(opened: TinyStore) -> Finding:
    """What opening it had to mend."""
    if opened.recovered:
        return warn("store", "; ".join(opened.recovered), "nothing: it was mended by opening it")
    return ok("store", f"opens, {opened.count('trades')} trades")


def audit(opened: TinyStore) -> Finding:
    """Whether every entry of the audit follows from the one before it, from the first one on."""
    try:
        entries = cast(list[AuditEntry], opened.all("audit"))
    except StoreRefused as error:
        return fail("audit", str(error), "do what it says")
    if broken := verify_audit(entries):
        return fail("audit", broken, "restore the data folder from a backup, and ask who else can write to it")
    return ok("audit", f"whole, {len(entries)} entries")


async def _exchange(settings: Settings, aside: Path, order: bool) -> AsyncIterator[Finding]:
    try:
        places = await open_places(settings.model_copy(update={"data_dir": aside}))
    except (Misconfigured, OSError) as error:
        yield fail("exchange", str(error))
        return
    try:
        async for finding in at_the_exchange(settings, places):
            yield finding
        if order:
            async for finding in with_an_order(settings, places, aside):
                yield finding
    finally:
        await places.close()
