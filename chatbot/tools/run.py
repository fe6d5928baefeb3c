"""The bot as people run it: beats on a schedule, the chat beside them, a clean end."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Coroutine, Iterable
from decimal import Decimal
from typing import Any

from chatbot.app import build
from chatbot.channels.host import HostDoor
from chatbot.channels.stdin import StdinChannel
from chatbot.commands.overview import decide_now
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.commands.strategies import STAKE
from chatbot.config import Settings
from chatbot.formats import money, price
from chatbot.life.housekeeping import LOG
from chatbot.life.life import App
from chatbot.life.marker import MARKER, take
from chatbot.life.starts import count_start
from chatbot.logs import LogFile, set_up
from chatbot.message import Reply
from chatbot.outbox.channel import Channel
from chatbot.render import plain
from chatbot.tools.answering import Answering, answering
from chatbot.tools.ending import Ending
from chatbot.tools.heap import frugal
from chatbot.tools.safe_mode import safe_mode
from chatbot.tools.signals import on_end, on_hangup
from chatbot.tools.talking import talking
from chatbot.tools.watching import beating, minding_control, minding_log, watchdog
from trading.domain.errors import StoreError, StoreInUse, StoreRefused, Unauthorized, Unavailable
from trading.domain.intent import View
from trading.domain.market import Quote
from trading.domain.money import ONE
from trading.domain.order import Mode
from trading.schedule import Schedule

RECONCILE_SECONDS = 60.0
SCAN_SECONDS = 5.0  # between two looks at the scanner's candidates; a full pass comes when it is due
REPORT_SECONDS = 30.0  # between two looks at whether a report's hour has come
ARCHIVE_SECONDS = 3600.0  # rows move once a day; asked this often, so that a daily restart does not keep them here
LAST_SECONDS_MAX = 1.0  # for what still answers somebody when all is closed
EXIT_STORE = 75  # the store failed while running: a supervisor starts us again, and start-up recovers
SWITCH_SECONDS = 0.0005  # one busy thread otherwise adds 10 ms to every turn of the loop

log = logging.getLogger("kalshi-chatops")


async def run(settings: Settings, *, terminal: bool, level: str = "", faults: str = "none", ending: Ending) -> int:
    """Run until a signal, the end of the terminal, or a fatal error; the exit code. `faults` are the simulated
    exchange's; `ending` sees to it that the process ends in time."""
    frugal()
    gc.disable()  # until `steady`: looking through what start-up makes, which stays, took a seventh of its time
    log_file = set_up(level or settings.log_level, settings.data_folder / LOG, not terminal, settings.secrets())
    async with answering(settings) as health:
        try:
            app = await build(settings, channels=talking(terminal=terminal), faults=faults)
        except StoreInUse:
            raise
        except StoreRefused as error:
            steady()
            health.in_safe_mode(str(error))
            await safe_mode(settings, str(error), terminal=terminal, ending=ending)
            return _ended(ending, error)
        app.cycle.on_beat = lambda view: log_beat(app, view)
        steady()
        await _live(app, terminal, health, log_file, ending)
    return _ended(ending, app.fatal)


def _ended(ending: Ending, error: BaseException | None) -> int:
    """Say what ended the bot, if anything did; the exit code."""
    if error:
        print(f"kalshi-chatops: stopped: {error}", file=sys.stderr)
    code = EXIT_STORE if error else 0
    ending.over(code)
    return code


def steady() -> None:
    """Keep the loop's turns short: no thread holds it up for long, and the collector no longer walks through all that
    start-up has made (50 ms each time). It does not do so a last time either: nearly all of that stays."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.enable()


async def _live(app: App, terminal: bool, health: Answering, log_file: LogFile, ending: Ending) -> None:
    """Chat first, so that a /kill is heard while start-up still waits for the exchange; then recovery, then beats."""
    on_end(app.end, ending)
    on_hangup(app.end if terminal else lambda: _read_settings(app))
    door = await _opened_door(app)
    dog = watchdog(app.settings, app.places.clock.speed)
    dog.start()
    health.of(app, dog)
    watching = [_task(app, beating(app, dog)), _task(app, minding_control(app)), _task(app, minding_log(app, log_file))]
    schedule = Schedule(app.places.clock.speed, lambda name, kind, error: _job_failed(app, name, kind, error))
    delivering = _task(app, app.outbox.run())
    starting = _task(app, _start(app, schedule))
    hearing = _task(app, _hearing(app, starting))
    listening = [_task(app, _listening(app, channel, starting)) for channel in app.channels]
    try:
        await app.ended.wait()
    finally:
        ending.begin()
        schedule.stop()
        starting.cancel()
        hearing.cancel()
        await door.close()
        await app.stop("asked to")
        for task in (delivering, *watching):
            task.cancel()
        await asyncio.wait({starting, hearing, delivering, *watching, *listening}, timeout=LAST_SECONDS_MAX)
        dog.stop()


def _read_settings(app: App) -> None:
    assert app.host_reload, "a wired bot can read its settings again"
    _task(app, app.host_reload.read_again())


async def _opened_door(app: App) -> HostDoor:
    """The host's way in; and once it is open, what a kill has left that found it closed."""
    door = HostDoor(app.router.handle, {**COMMANDS, **HOST_COMMANDS}, app.settings.data_folder)
    try:
        log.info("the host is heard at %s", await door.open())
    except OSError as error:
        log.error("the host cannot be heard: %s", error)
    try:
        take(app.settings.data_folder / MARKER, app.cycle.broker)
    except StoreError as error:
        app.end(error)
    return door


def _task(app: App, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task whose failure, whatever it is, ends the program instead of being lost."""
    task = asyncio.create_task(work)
    task.add_done_callback(
        lambda done: None if done.cancelled() or done.exception() is None else app.end(done.exception())
    )
    return task


async def _start(app: App, schedule: Schedule) -> None:
    count_start(app.cycle.broker, app.settings.environment)
    await app.start()
    print("\n" + plain(await banner(app)), flush=True)
    await app.beat()  # so that the first question finds something to tell
    schedule.every("beat", app.settings.poll_seconds, app.beat)
    schedule.every("reconcile", RECONCILE_SECONDS, app.check)
    schedule.every("report", REPORT_SECONDS, app.report)
    schedule.every("archive", ARCHIVE_SECONDS, app.archive)
    if app.desk.scanning and app.desk.scanning.running:
        schedule.every("scan", SCAN_SECONDS, app.scan)
    if app.feeds:
        await app.feeds.open()
        for name, seconds, turn in app.feeds.jobs:
            schedule.every(name, seconds, turn)
    schedule.start()


async def _hearing(app: App, starting: asyncio.Task[None]) -> None:
    """The exchange's stream, once we have caught up by asking."""
    await asyncio.wait({starting})
    await app.listen()


async def _listening(app: App, channel: Channel, starting: asyncio.Task[None]) -> None:
    """A terminal that ends (Ctrl-C, Ctrl-D) ends the bot; the end of standard input only where nobody else listens."""
    if isinstance(channel, StdinChannel):
        await asyncio.wait({starting})  # a script's answers come after the banner
    await channel.run()
    if len(app.channels) == 1 or not isinstance(channel, StdinChannel):
        app.end()


def _job_failed(app: App, name: str, kind: str, error: BaseException | None) -> None:
    """A missed turn is worth a line; an error that came through every other net ends the program, never in silence."""
    if error is None:
        log.debug("the %s was %s", name, kind)
    else:
        log.error("the %s failed", name, exc_info=error)
        app.end(error)


def log_beat(app: App, view: View) -> None:
    """One line a beat: time, mode, market, seconds left, yes, no, spot, the day's P&L."""
    state, market, quote = app.book.state, view.market, view.quote
    log.info(
        "beat",
        extra={
            "at": view.now.isoformat(timespec="seconds"),
            "mode": state.mode.value,
            "market": market.ticker if market else None,
            "left_s": int((market.close_time - view.now).total_seconds()) if market else None,
            "yes": _price(quote, yes=True),
            "no": _price(quote, yes=False),
            "spot": str(view.ticks[-1].price) if view.ticks else None,
            "pnl": str(state.totals_of(state.mode).on(view.now.astimezone(app.book.zone).date()).day_profit),
        },
    )


def _price(quote: Quote | None, *, yes: bool) -> str | None:
    if quote is None:
        return None
    if yes:
        return str(quote.ask.price) if quote.ask else None
    return str(ONE - quote.bid.price) if quote.bid else None


async def banner(app: App) -> Reply:
    """What runs, on what, with what: the first lines that a person sees."""
    settings, state, places = app.settings, app.book.state, app.places
    dry = state.mode is Mode.DRY_RUN
    totals, pending = state.totals_of(state.mode), len(state.open_trades(state.mode))
    fields = (
        ("Environment", settings.environment + (f", play money, {places.clock.speed:g}x" if _play(settings) else "")),
        ("Dry run", "on: filled on paper" if dry else "off: orders are sent"),
        ("Series", ", ".join(observer.series for observer in app.cycle.observers)),
        ("Strategy", decide_now(app.desk.status())),
        *(("Stake", f"{money(stake)} a market") for stake in await _stakes(app)),
        *_parameters(settings),
        ("Interval", f"{settings.poll_seconds:g} s"),
        ("Address", places.address),
        ("Key", places.key_masked or "none"),
        ("Balance", await _balance(app)),
        ("Trades", f"{totals.trades + pending}: {totals.wins} won, {totals.losses} lost, {pending} pending"),
        ("Chats", ", ".join(channel.name for channel in app.channels) or "none"),
        ("Trading", state.trading.value),
    )
    return Reply("kalshi-chatops", fields=fields)


async def _stakes(app: App) -> Iterable[Decimal]:
    """Those in force, which people may have changed from a chat, each once."""
    lines = (await app.desk.strategies()).lines
    return dict.fromkeys(Decimal(each.value) for line in lines for each in line.parameters if each.name == STAKE)


def _parameters(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What the settings say of CONSENSUS and its relatives; a file may say otherwise of each."""
    if settings.strategies_file:
        return (("Parameters", f"{settings.strategies_file.name}: /strategies shows them"),)
    return (
        ("Price", f"{price(settings.min_price)} to {price(settings.max_price)}"),
        ("Window", f"{settings.entry_window_seconds:g} s to enter"),
        ("Momentum", f"{settings.momentum_window_seconds:g} s"),
    )


def _play(settings: Settings) -> bool:
    return settings.environment == "simulated"


async def _balance(app: App) -> str:
    try:
        return money((await app.desk.balance()).balance.total)
    except (Unavailable, Unauthorized) as error:
        return f"unknown: {error}"
