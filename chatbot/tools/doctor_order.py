"""`doctor --order`: one order, far from the market, placed, seen, cancelled, and each round trip told.

It goes the way of every order, through the gate and the broker and written down first, in a store of its own that is
thrown away; a halt in the data folder holds here too. It is post-only at one cent and ends by itself within a minute,
so that nothing stays behind whatever happens. Never done in production.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from chatbot.config import Settings
from chatbot.life.marker import MARKER
from chatbot.tools.findings import Finding, fail, ok, warn
from chatbot.tools.fund import kalshi_of
from chatbot.wiring.engine import limits
from chatbot.wiring.places import Places
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.errors import ChatopsError, Misconfigured, StoreRefused
from trading.domain.intent import Intent
from trading.domain.market import Market, Outcome, Quote
from trading.domain.money import CENT, ONE
from trading.domain.news import OrderNews
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import Halt, Reason, State
from trading.engine.book import Book
from trading.engine.broker import Broker
from trading.engine.loading import load_state
from trading.exchange.kalshi.stream import KalshiStream
from trading.ports import Clock
from trading.risk.gate import Denial, Identity

ROUND_SECONDS = 20  # of real time: what the check may take, which the market must have left
LEFT_MIN_MAX, LEFT_MAX = timedelta(minutes=5), timedelta(days=1)  # until the market closes
NEXT_SECONDS_MAX = 6 * 60.0  # of the exchange's clock, to wait for the next market where this one closes too soon
NEXT_LOOK_SECONDS = 0.5  # of real time, between two looks for it
SEEN_SECONDS_MAX = 5.0  # of real time, for the exchange to show what was done
LOOK_SECONDS = 0.02  # of real time, between two questions


def refuse_production(settings: Settings) -> None:
    """Raises Misconfigured where the order would be one for real money."""
    if settings.environment == "production":
        raise Misconfigured(
            "doctor --order places an order, which it never does with KALSHI_ENV=production: set KALSHI_ENV=demo"
        )


def halts_of(settings: Settings, clock: Clock) -> Mapping[Reason, Halt]:
    """Why trading is halted in the data folder. Raises StoreRefused, also while a bot runs on it."""
    now, folder = clock.now(), settings.data_folder / "store"
    if (settings.data_folder / MARKER).exists():
        return {Reason.MANUAL: Halt(Reason.MANUAL, now, detail="killed")}
    if not folder.is_dir():
        return {}
    store = TinyStore.open(folder)
    try:
        return load_state(store, now, Mode.REAL).halts
    finally:
        store.close()


async def with_an_order(settings: Settings, places: Places, aside: Path) -> AsyncIterator[Finding]:
    """Try one order, where that may be; `aside` is a folder that is thrown away."""
    if not places.signed:
        yield fail("order", "no key to sign it with", "set KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH")
        return
    try:
        halts = halts_of(settings, places.clock)
        market = await _market(settings, places)
    except StoreRefused as error:
        yield fail("order", f"the data folder cannot be read: {error}", "stop the bot first, a halt of its holds here")
        return
    except ChatopsError as error:
        yield fail("order", str(error))
        return
    if market is None:
        yield fail("order", "no market is open", "try again later")
        return
    async for finding in far_order(settings, places, market, halts, aside):
        yield finding


async def _market(settings: Settings, places: Places) -> Market | None:
    """One that stays open for long enough: waited for, since a series of short ones has a moment without."""
    clock = places.clock
    end = clock.now() + timedelta(seconds=NEXT_SECONDS_MAX)
    while (market := await _open_for_long(settings, places)) is None and clock.now() < end:
        await clock.sleep(NEXT_LOOK_SECONDS * clock.speed)
    return market


async def _open_for_long(settings: Settings, places: Places) -> Market | None:
    """Of the series, or else any."""
    left = min(timedelta(seconds=ROUND_SECONDS * places.clock.speed), LEFT_MIN_MAX)
    for series in (settings.kalshi_event_ticker_prefix, ""):
        now = places.clock.now()
        listed = await kalshi_of(places).markets(
            series=series, status="open", closes_after=now + left, closes_before=now + LEFT_MAX
        )
        if listed:
            return listed[0]
    return None


@dataclass
class Watch:
    """What the stream tells of our order, and when (real seconds): status -> moment."""

    told: dict[OrderStatus, float] = field(default_factory=dict)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, stream: KalshiStream) -> None:
        """Until cancelled."""
        while True:
            news = await stream.news()
            if isinstance(news, OrderNews):
                self.told.setdefault(news.report.status, monotonic())
                self.more.set()

    async def hears(self, status: OrderStatus, seconds: float) -> bool:
        """Whether it is told within so many seconds of real time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while status not in self.told:
                    await self.more.wait()
                    self.more.clear()
        return status in self.told


async def far_order(
    settings: Settings, places: Places, market: Market, halts: Mapping[Reason, Halt], aside: Path
) -> AsyncIterator[Finding]:
    """The findings, in turn; `aside` is a folder that is thrown away. The stream is connected already."""
    store = TinyStore.open(aside / "doctor")
    watch = Watch()
    listening = asyncio.create_task(watch.listen(places.stream)) if places.stream else None
    try:
        book = Book(store, State(mode=Mode.REAL, halts=halts), lambda event, before, after: ())
        identity = Identity(f"k{secrets.token_hex(4)}", settings.environment)
        broker = Broker(book, {Mode.REAL: places.exchange}, identity, limits(settings), places.clock)
        async for finding in _placed_and_cancelled(broker, market, watch):
            yield finding
    except ChatopsError as error:
        yield fail("order", str(error))
    finally:
        if listening:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        store.close()


async def _placed_and_cancelled(broker: Broker, market: Market, watch: Watch) -> AsyncIterator[Finding]:
    exchange = broker.exchanges[Mode.REAL]
    quote = await exchange.quote(market.ticker)
    began = monotonic()
    order = await broker.submit(_wish(market, quote), market, quote)
    if isinstance(order, Denial):
        yield fail("order", f"the gate refuses it: {order.text}", "see what it says; /resume clears a halt")
        return
    if order.status is not OrderStatus.RESTING:
        yield fail("order", f"{order.ticker}: {order.status}, {order.why}")
        return
    try:
        what = f"{order.count} {order.outcome.value} of {order.ticker} at ${order.own_price}"
        yield ok("order placed", f"{what}, acknowledged in {_ms(began)}")
        yield await _by_rest("order listed", broker, order, monotonic(), rests=True)
        yield await _by_stream("order told", watch, OrderStatus.RESTING, began)
    finally:
        began = monotonic()
        gone = await broker.cancel(order, "the check is over")
    if not gone:
        end = f"it ends by itself at {order.expires_at:%H:%M:%S} UTC" if order.expires_at else "cancel it by hand"
        yield fail("order cancelled", f"not proved: {order.order_id} may still rest", end)
        return
    yield ok("order cancelled", f"and read back in {_ms(began)}")
    yield await _by_rest("cancel listed", broker, order, monotonic(), rests=False)
    yield await _by_stream("cancel told", watch, OrderStatus.CANCELED, began)


def _wish(market: Market, quote: Quote) -> Intent:
    """One contract at one cent, on the side where that is farther from the market."""
    yes_far = quote.ask is None or (quote.bid is not None and quote.ask.price >= ONE - quote.bid.price)
    side = Outcome.YES if yes_far else Outcome.NO
    return Intent("doctor", market.ticker, side, CENT, Decimal(1), "a check of the wire", post_only=True)


async def _by_rest(name: str, broker: Broker, order: Order, began: float, *, rests: bool) -> Finding:
    """Ask the list of open orders until it shows what was done."""
    exchange = broker.exchanges[Mode.REAL]

    async def shown() -> bool:
        listed = await exchange.orders(status="resting", ticker=order.ticker)
        return any(report.order_id == order.order_id for report in listed) is rests

    while monotonic() - began < SEEN_SECONDS_MAX:
        if await shown():
            return ok(name, f"by REST after {_ms(began)}")
        await asyncio.sleep(LOOK_SECONDS)
    return fail(name, f"not within {SEEN_SECONDS_MAX:g} s by REST", "look at the exchange's own page of open orders")


async def _by_stream(name: str, watch: Watch, status: OrderStatus, began: float) -> Finding:
    if await watch.hears(status, SEEN_SECONDS_MAX):
        return ok(name, f"by the stream after {(watch.told[status] - began) * 1000:.0f} ms")
    fix = "nothing: the bot asks by REST too, a few seconds later"
    return warn(name, f"not within {SEEN_SECONDS_MAX:g} s by the stream", fix)


def _ms(began: float) -> str:
    return f"{(monotonic() - began) * 1000:.0f} ms"
