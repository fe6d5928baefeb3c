"""The measured bot: wired as `run` wires it, with the real channel and a wire to a simulated exchange, and killed again
and again.

Around it stand three processes: the exchange, the world (chat and wire) and the bare library that is the floor. The
exchange's clock runs faster than the world, so that its request budgets are full again for the next kill.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from chatbot.app import build
from chatbot.channels.telegram import TelegramChannel
from chatbot.channels.telegram_wire import Bounds
from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings, load
from chatbot.front import Front
from chatbot.life.life import App
from chatbot.logs import set_up
from chatbot.outbox.channel import Channel
from chatbot.tools.bench.bot_api import GROUP, OWNER
from chatbot.tools.bench.children import Child, child
from chatbot.tools.bench.world import BARE_TOKEN, BOT_TOKEN
from chatbot.tools.run import steady
from trading.clock import monotonic
from trading.domain.errors import Unavailable
from trading.domain.intent import Intent
from trading.domain.market import Market, Outcome, Quote
from trading.domain.order import OrderStatus
from trading.engine.broker import Latch
from trading.engine.desk import Desk
from trading.risk.gate import Denial
from trading.schedule import Schedule

SPEED = 5.0  # of the exchange's clock; a beat is then a second of real time
RESTING = 2  # orders that stand when the kill comes
LEFT_MIN = timedelta(seconds=40)  # of the exchange's clock, until the close of the market that they stand in
TRIES_MAX, TRY_SECONDS = 300, 0.1  # for the market and the gate to let an order through
NAME = "bench"


class TimedLatch(Latch):
    """The gate's shutter, which knows when it was last closed."""

    closed_at: float | None = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "closed" and value:
            self.closed_at = monotonic()


@dataclass(slots=True)
class Rig:
    """The bot and what stands around it."""

    app: App
    world: Child
    bare: Child
    exchange_url: str  # past the wire
    latch: TimedLatch = field(default_factory=TimedLatch)
    attempts: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.app.cycle.broker.latch = self.latch

    async def rest_orders(self) -> None:
        """Have our orders stand at the exchange, far from the touch. Raises Unavailable where it will not be."""
        denied = ""
        for _ in range(TRIES_MAX):
            denied = await self._rest_missing()
            if not denied:
                return
            await asyncio.sleep(TRY_SECONDS)
            self.resume()  # a world this fast may have halted us meanwhile
        raise Unavailable(f"no order can rest: {denied}")

    async def _rest_missing(self) -> str:
        """Why one that is missing does not stand; empty when all do."""
        for _ in range(RESTING - len(self.app.book.state.live_orders())):
            market, quote = await self._market()
            if market is None or quote is None:
                return "no market is open for long enough"
            outcome = await self.app.cycle.broker.submit(self._intent(market, quote), market, quote)
            if isinstance(outcome, Denial):
                return outcome.text
            if outcome.status is not OrderStatus.RESTING:
                return f"{outcome.status}: {outcome.why}"
        return ""

    async def _market(self) -> tuple[Market | None, Quote | None]:
        observer, now = self.app.cycle.observer, self.app.places.clock.now()
        market = observer.view.market if observer.view else None
        if market is None or market.close_time - now < LEFT_MIN:
            return None, None
        return market, await observer.quote(market.ticker)

    def _intent(self, market: Market, quote: Quote) -> Intent:
        """The lowest price for the side that is offered dearer: nobody sells at that."""
        yes, no = (quote.ask_for(side) for side in (Outcome.YES, Outcome.NO))
        side = Outcome.YES if yes and (no is None or yes.price > no.price) else Outcome.NO
        lowest, attempt = market.price_ranges[0].step, next(self.attempts)
        return Intent(NAME, market.ticker, side, lowest, Decimal(1), NAME, attempt=attempt, post_only=True)

    def resume(self) -> None:
        """ACTIVE again. The minute after a cancel-all is not waited for: nobody else's order is at stake here."""
        self.app.cycle.broker.not_before = None
        page = self.app.desk.preview_resume()
        self.app.desk.resume(NAME, page.fingerprint)


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    """A running bot in `folder`, with everything around it."""
    async with AsyncExitStack() as stack:
        words = ("exchange", "--speed", f"{SPEED:g}", "--data", str(folder / "exchange"))
        exchange = await stack.enter_async_context(child("-m", "chatbot", *words))
        port = urlsplit(exchange.where["base_url"]).port
        world = await stack.enter_async_context(child("-m", "chatbot.tools.bench.world", str(port)))
        chat = f"http://127.0.0.1:{world.where['chat_port']}"
        bare_words = ("chatbot.tools.bench.bare", chat, BARE_TOKEN, str(folder / "bare"))
        bare = await stack.enter_async_context(child("-m", *bare_words))
        settings = _settings(folder, exchange.where, world.where["exchange_port"], chat)
        set_up(settings.log_level, settings.data_folder / "bot.log", False, settings.secrets())
        app = await build(settings, channels=_telegram)
        steady()
        app.cycle.strategies = ()  # the orders here are the bench's own
        await stack.enter_async_context(_living(app))
        yield Rig(app, world, bare, exchange.where["base_url"])


def _settings(folder: Path, where: dict[str, str], exchange_port: int, chat: str) -> Settings:
    given = {
        "KALSHI_ENV": "simulated",
        "KALSHI_API_BASE": f"http://127.0.0.1:{exchange_port}/trade-api/v2",
        "KALSHI_API_KEY_ID": where["key_id"],
        "KALSHI_PRIVATE_KEY_PATH": where["private_key_path"],
        "DATA_DIR": str(folder / "data"),
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
        "TELEGRAM_API_BASE": chat,
        "TELEGRAM_CHAT_ID": str(GROUP),
        "TELEGRAM_USERS": f"{OWNER}:owner",
        "MAX_ORDERS_PER_MINUTE": "1000",
        "ORDER_TIMEOUT_SECONDS": "600",
    }
    return load(None, given)


def _telegram(settings: Settings, front: Front, desk: Desk, told: Callable[[str], None]) -> Sequence[Channel]:
    """The channel of `run`, without its pace for notices: that is not made for a dozen kills a second."""
    token, chat = settings.telegram_bot_token.get_secret_value(), settings.telegram_notice_chat
    bounds = Bounds(notices_at_once=1_000_000)
    made = TelegramChannel(
        front.handle,
        COMMANDS,
        token=token,
        chat_id=chat,
        api_base=settings.telegram_api_base,
        access=front.access,
        told=told,
        bounds=bounds,
    )
    return (made,)


@asynccontextmanager
async def _living(app: App) -> AsyncIterator[None]:
    """Chat, notices, the exchange's stream, and beats."""
    schedule = Schedule(app.places.clock.speed)
    parts = [app.outbox.run(), app.listen(), *(channel.run() for channel in app.channels)]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await app.start()
        await app.beat()
        schedule.every("beat", app.settings.poll_seconds, app.beat)
        schedule.start()
        yield
    finally:
        schedule.stop()
        await app.stop("the measuring is over")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
