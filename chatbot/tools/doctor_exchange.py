"""The part of `doctor` about the exchange: its answer, markets, shards, key, cash, limits, clock, spot and stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

from chatbot.config import Settings
from chatbot.formats import exact_money, money
from chatbot.tools.findings import Finding, fail, ok, warn
from chatbot.tools.fund import CRYPTO_SHARD, for_orders, kalshi_of
from chatbot.wiring.places import SIMULATED, Places
from trading.clock import monotonic
from trading.domain.account_records import may_trade, needless_scopes
from trading.domain.errors import ChatopsError, NotFound
from trading.domain.market import Market
from trading.domain.money import ZERO
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.costs import DEFAULT_COST
from trading.feeds.coins import coin_of
from trading.feeds.venues import venues_of

SKEW_SECONDS_MAX = 2.0  # the exchange took requests 10 s off and refused 60 s (measured by others in 2026)
ROUND_TRIPS = 3  # the quickest of them counts: the first one also opens the connection
LOOK_SECONDS = 0.02  # of real time, between two looks
STREAM_SECONDS_MAX = 10.0  # of real time, to connect and to tell a first order book


async def at_the_exchange(settings: Settings, places: Places) -> AsyncIterator[Finding]:
    """The checks that ask the exchange and the spot feed; only the first where it cannot be reached."""
    exchange = kalshi_of(places)
    where = "embedded" if settings.environment == SIMULATED and not settings.api_base else places.address
    try:
        yield ok("exchange", f"{where} answers within {await _round_trip(exchange):.0f} ms")
    except ChatopsError as error:
        yield fail("exchange", f"{where}: {error}", "check the network, KALSHI_ENV and KALSHI_API_BASE")
        return
    listed, open_now = await market(settings, exchange)
    shard = open_now.exchange_index if open_now else CRYPTO_SHARD
    yield listed
    for index in sorted({0, shard}):
        yield await trading(exchange, index)
    refused = False
    async for finding in _account(settings, places, shard):
        refused |= (finding.mark, finding.name) == ("FAIL", "key")
        yield finding
    yield clock(exchange.skew_seconds)
    yield await spot(places, settings.kalshi_event_ticker_prefix)
    if not refused:
        yield await stream(places, open_now)


async def _round_trip(exchange: KalshiExchange) -> float:
    """Milliseconds of the quickest of ROUND_TRIPS. Raises Unavailable and its like."""
    spent = []
    for _ in range(ROUND_TRIPS):
        began = monotonic()
        await exchange.status(0)
        spent.append(monotonic() - began)
    return min(spent) * 1000


async def _account(settings: Settings, places: Places, shard: int) -> AsyncIterator[Finding]:
    if not places.signed:
        yield warn("key", "none: prices and dry runs only", "set KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH")
        return
    try:
        balance = await places.exchange.balance()
        yield ok("key", f"{places.key_masked} is accepted, {exact_money(balance.total)} in all")
        yield cash(settings, balance.shards, shard)
        allowed = await kalshi_of(places).limits()
        reads, orders = (size.refill_per_second / DEFAULT_COST for size in (allowed.read, allowed.write))
        yield ok("limits", f"{reads:g} reads and {orders:g} orders a second (tier {allowed.tier or 'unknown'})")
        yield await scopes(kalshi_of(places), play=settings.environment == SIMULATED)
    except ChatopsError as error:
        yield fail("key", str(error))


async def scopes(exchange: KalshiExchange, *, play: bool) -> Finding:
    """What the key may do: enough to trade, and better no more than that, but with play money. Raises ChatopsError."""
    try:
        key = await exchange.info.scopes()
    except NotFound as error:
        return warn("scopes", str(error), "look at the key's rights on the exchange's own page")
    text = ", ".join(sorted(key.scopes)) + ("" if key.subaccount is None else f"; subaccount {key.subaccount} only")
    if not may_trade(key.scopes):
        return fail("scopes", text, "make a key with the scopes read and write::trade")
    needless = needless_scopes(key.scopes, funding=True)
    if needless and not play:
        return warn("scopes", text, f"more than it needs ({', '.join(needless)}): read and write::trade are enough")
    return ok("scopes", text)


async def stream(places: Places, market: Market | None) -> Finding:
    """Whether the stream connects, and tells the order book of a market that is open. It stays connected."""
    told = places.stream
    if told is None:
        return warn("stream", "none without a key: prices are asked for", "set KALSHI_API_KEY_ID")
    began = monotonic()
    told.start()
    told.follow([market.ticker] if market else [])
    while monotonic() - began < STREAM_SECONDS_MAX:
        if told.health.connected and (market is None or told.quote(market.ticker)):
            what = f"the book of {market.ticker}" if market else "connected"
            return ok("stream", f"{what} after {(monotonic() - began) * 1000:.0f} ms")
        await asyncio.sleep(LOOK_SECONDS)
    fix = "check KALSHI_WS_URL, and that this machine may open WebSockets; until then the bot polls"
    return warn("stream", told.health.problem or "connected, but it tells no order book", fix)


async def market(settings: Settings, exchange: KalshiExchange) -> tuple[Finding, Market | None]:
    """Whether the series has a market that is open now, and which closes first."""
    series = settings.kalshi_event_ticker_prefix
    try:
        listed = await exchange.markets(series=series, status="open")
    except ChatopsError as error:
        return fail("market", str(error)), None
    if listed:
        return ok("market", f"{series} has {len(listed)} open now"), min(listed, key=lambda m: m.close_time)
    fix = "check KALSHI_EVENT_TICKER_PREFIX; on Thursdays from 3:00 to 5:00 New York time the exchange pauses"
    if settings.environment == "demo":
        fix = "demo lists almost no 15-minute crypto markets: try KALSHI_ENV=production with DRY_RUN=true instead"
    return warn("market", f"{series} has none open now", fix), None


async def trading(exchange: KalshiExchange, shard: int) -> Finding:
    """Whether a shard trades."""
    try:
        status = await exchange.status(shard)
    except ChatopsError as error:
        return fail(f"shard {shard}", str(error))
    if status.exchange_active and status.trading_active:
        return ok(f"shard {shard}", "trades")
    until = f" until {status.resumes_at:%Y-%m-%d %H:%M} UTC" if status.resumes_at else ""
    return warn(f"shard {shard}", f"paused{until}", "wait: the bot goes on by itself when the pause ends")


def clock(skew_seconds: float | None) -> Finding:
    """Whether this machine's clock is near enough to the exchange's for signatures."""
    if skew_seconds is None:
        return ok("clock", "not compared: the exchange's answers carry no time of their own")
    text = f"{abs(skew_seconds):.1f} s {'behind' if skew_seconds > 0 else 'ahead of'} the exchange's"
    if abs(skew_seconds) <= SKEW_SECONDS_MAX:
        return ok("clock", text)
    return warn("clock", text, "turn on NTP (on Linux: `timedatectl set-ntp true`), or requests will be refused")


def cash(settings: Settings, shards: dict[int, Decimal], shard: int) -> Finding:
    """Whether the series' shard has the cash for a stake and for the largest order."""
    if not shards:
        return warn("cash", "the exchange does not say which shard has it", f"see that shard {shard} has some")
    text, fix = for_orders(settings, shards, shard)
    if not fix:
        return ok("cash", text)
    too_little = shards.get(shard, ZERO) < settings.stake_usd and not settings.dry_run
    return (fail if too_little else warn)("cash", text, fix)


async def spot(places: Places, series: str) -> Finding:
    """Whether there is a spot price, and which venues gave none."""
    try:
        tick = await places.feed.read()
    except ChatopsError as error:
        return fail("spot", str(error), "check that this machine reaches the venues, and what they refuse")
    text = f"{tick.symbol} {money(tick.price)} from {', '.join(tick.venues)}"
    coin = coin_of(series)
    asked = venues_of(coin) if tick.symbol == coin else ()
    missing = ", ".join(venue.name for venue in asked if venue.name not in tick.venues)
    return ok("spot", f"{text}; not from {missing}" if missing else text)
