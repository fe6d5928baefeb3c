"""How long an order takes: from the intent through the gate and the journal, signed over HTTP to whoever takes it,
until its acknowledgement is in the journal; beside the least that this can take on this machine.

The least: the same text signed by the same key and sent over one open connection, a write and a sync before it and one
after, as long as the two lines of the journal. Each order of the bot is followed by one of the least. It is measured
with an empty past, and with the orders of two busy days in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec

from chatbot.app import build
from chatbot.config import Settings, load
from chatbot.life.life import App
from chatbot.tools.bench.children import Child, child
from chatbot.tools.bench.figures import Row, Spread, row
from chatbot.tools.bench.least_order import last_lines, least_order
from chatbot.tools.bench.past_orders import STRATEGY, write_past
from chatbot.tools.counting import CountingChannel
from chatbot.tools.run import steady
from chatbot.wiring.places import Places
from trading.clock import VirtualClock, monotonic, real_now
from trading.domain.errors import Unavailable
from trading.domain.events import OrderAcknowledged
from trading.domain.intent import Intent
from trading.domain.market import Level, Market, MarketStatus, Outcome, Quote
from trading.domain.money import ZERO
from trading.domain.order import Order, OrderStatus
from trading.exchange.kalshi import codec
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.simulated.keys import make_key
from trading.feeds.brti import IndexFeed
from trading.risk.gate import Denial

RATIO_MAX = 2.5  # of the least
PASTS = (0, 10_000)  # orders of the last two days
WARM_UP = 20
STEP = timedelta(seconds=1)  # of the bot's clock between two orders: its limits by the minute and its budget hold
SERIES = "KXBTC15M"
PRICE, SPREAD = Decimal("0.40"), (Decimal("0.49"), Decimal("0.51"))
DRAIN_SECONDS_MAX = 5.0
MS = 1_000.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of the bot's orders and of the least ones, in turns."""

    bot: Sequence[float]
    least: Sequence[float]


class Sender:
    """A bot that can do nothing but send orders into one market that never closes."""

    def __init__(self, app: App, clock: VirtualClock) -> None:
        self.app, self._clock, now = app, clock, clock.now()
        self.sent = set[str]()  # client order ids
        opened, closes = now - timedelta(minutes=1), now + timedelta(days=1)
        self._market = Market(f"{SERIES}-BENCH-00", f"{SERIES}-BENCH", opened, closes, MarketStatus.ACTIVE)

    async def send(self) -> float:
        """One order, which then rests; milliseconds until its acknowledgement was written. Raises Unavailable where it
        came to anything else."""
        self._clock.advance_to(self._clock.now() + STEP)
        bid, ask = (Level(price, Decimal(100)) for price in SPREAD)
        quote = Quote(self._market.ticker, self._clock.now(), bid, ask)
        wish = Intent(
            STRATEGY, self._market.ticker, Outcome.YES, PRICE, Decimal(1), STRATEGY, attempt=len(self.sent) + 1
        )
        began = monotonic()
        outcome = await self.app.cycle.broker.submit(wish, self._market, quote)
        took = (monotonic() - began) * MS
        self._resting = _resting(outcome)
        self.sent.add(self._resting.client_order_id)
        return took

    @property
    def body(self) -> bytes:
        """What was sent of the last order."""
        return msgspec.json.encode(codec.new_order(self._resting, 0))

    async def settle(self) -> None:
        """Let the order be over, and everybody be told of it: nothing of it is left for the next one to wait for."""
        key, order_id = self._resting.client_order_id, self._resting.order_id
        self.app.book.record(OrderAcknowledged(self._clock.now(), key, order_id, OrderStatus.CANCELED, ZERO))
        await self.app.outbox.drain(DRAIN_SECONDS_MAX)


def _resting(outcome: Order | Denial) -> Order:
    if isinstance(outcome, Denial):
        raise Unavailable(f"the gate let no order through: {outcome.text}")
    if outcome.status is not OrderStatus.RESTING:
        raise Unavailable(f"an order is {outcome.status}: {outcome.why}")
    return outcome


async def orders(folder: Path, count: int, progress: Progress, pasts: Sequence[int] = PASTS) -> list[Row]:
    """Measure so many orders after each past, in `folder`. Raises Unavailable where the bench itself fails."""
    rows: list[Row] = []
    key = make_key(folder)
    signer = Signer(key.key_id, load_private_key(key.private_key_path.read_bytes()))
    async with child("-m", "chatbot.tools.bench.order_taker") as taker:
        for number, past in enumerate(pasts):
            told = partial(_told, progress, number * count, len(pasts) * count)
            rows += _rows(past, await _timed(folder / f"past-{past}", past, count, signer, taker, told))
    return rows


def _told(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


async def _timed(
    folder: Path, past: int, count: int, signer: Signer, taker: Child, told: Callable[[int], None]
) -> Times:
    bot, least = list[float](), list[float]()
    address, before = taker.where["base_url"], await _taken(taker)
    async with _sender(folder, past, signer, address) as sender:
        lines = await _warm_up(sender)
        with least_order(folder / "least", lines, sender.body, signer, address) as raw:
            for n in range(count):
                bot.append(await sender.send())
                await sender.settle()
                least.append(raw.send() * MS)
                told(n + 1)
        if await _taken(taker) - before != len(sender.sent):
            raise Unavailable(f"{len(sender.sent)} orders were acknowledged, and not as many were taken")
    return Times(bot, least)


async def _warm_up(sender: Sender) -> list[bytes]:
    """What one order writes to the journal."""
    for _ in range(WARM_UP):
        await sender.send()
        lines = last_lines(sender.app.settings.data_folder / "store", 2)
        await sender.settle()
    sender.app.store.wait()  # a snapshot of the past may be due
    return lines


@asynccontextmanager
async def _sender(folder: Path, past: int, signer: Signer, address: str) -> AsyncIterator[Sender]:
    """A bot with so many past orders, in `folder`, wired as any other; its beats are not started."""
    clock, settings = VirtualClock(real_now()), _settings(folder)
    write_past(settings.data_folder, past, clock.now())
    exchange = KalshiExchange(address, signer, clock)
    places = Places(clock, exchange, True, IndexFeed(exchange, SERIES), address, "")
    app = await build(settings, places=places, channels=lambda *_: (CountingChannel(),))
    steady()
    delivering = asyncio.create_task(app.outbox.run())
    try:
        yield Sender(app, clock)
    finally:
        await app.stop("the measuring is over")
        exchange.close()
        delivering.cancel()


def _settings(folder: Path) -> Settings:
    return load(None, {"KALSHI_ENV": "simulated", "DATA_DIR": str(folder), "MAX_ORDERS_PER_MINUTE": "1000"})


async def _taken(taker: Child) -> int:
    """How many orders the exchange has, each counted once; the least ones send one that it has already."""
    orders: int = (await taker.ask("count"))["orders"]
    return orders


def _rows(past: int, times: Times) -> list[Row]:
    name = f"order after {past:,} orders in two days" if past else "order"
    bot, least = Spread.of(times.bot), Spread.of(times.least)
    return [
        row(f"{name}, p50", bot.p50, least.p50, RATIO_MAX * least.p50),
        row(f"{name}, p99", bot.p99, least.p99, None),
    ]
