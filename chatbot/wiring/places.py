"""Where orders and prices are, by environment: the exchanges of both modes, market data, the spot, and the clock.

`simulated` embeds an exchange on loopback (or uses the one whose address is given, following its clock); `demo` and
`production` are the live ones. The paper book stands beside each of them. With a key there is a stream too, but for a
clock that is moved by hand: what comes by itself would come at other moments in every run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import requests

from chatbot.config import Settings
from trading.clock import RealClock, VirtualClock
from trading.domain.errors import Misconfigured
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.feeds.brti import IndexFeed
from trading.feeds.coins import index_of
from trading.feeds.spot import SpotFeed
from trading.feeds.streamed import StreamedFeed
from trading.ports import Exchange, Feed

if TYPE_CHECKING:
    from trading.exchange.kalshi.stream import KalshiStream

SIMULATED = "simulated"
ANSWER_SECONDS_MAX = 5.0  # for a simulated exchange in another process to say what time it is


@dataclass(slots=True)
class Places:
    """`exchange` has orders too where `signed`; `kalshi` is the adapter, for what only it has, also where `exchange` is
    something around it; None where a recording is played. `closing` ends what was opened, in order."""

    clock: RealClock | VirtualClock
    exchange: Exchange
    signed: bool
    feed: Feed
    address: str  # that is talked to
    key_masked: str
    stream: KalshiStream | None = None  # not started
    spot_of: Callable[[str], Feed] | None = None  # of another series than the main one
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    kalshi: KalshiExchange | None = field(init=False)

    def __post_init__(self) -> None:
        self.kalshi = self.exchange if isinstance(self.exchange, KalshiExchange) else None

    async def close(self) -> None:
        """Let go of everything that was opened."""
        for close in self.closing:
            await close()


async def open_places(
    settings: Settings, clock: RealClock | VirtualClock | None = None, faults: str = "none"
) -> Places:
    """Open what the settings name. Raises Misconfigured where it cannot be reached or signed for.

    `faults` are those of the embedded exchange: another one is not ours to spoil.
    """
    if faults != "none" and (settings.environment != SIMULATED or settings.api_base):
        raise Misconfigured("--faults spoils the simulated exchange in this process only: leave it out")
    if settings.environment != SIMULATED:
        return _live(settings, clock or RealClock())
    if settings.api_base:
        return await _followed(settings, settings.api_base, clock)
    return await _embedded(settings, clock or RealClock(settings.sim_speed), faults)


async def _embedded(settings: Settings, clock: RealClock | VirtualClock, faults: str) -> Places:
    from chatbot.tools.exchange import open_simulated  # here: a whole exchange, which no other environment uses

    folder = settings.data_folder / "exchange"
    simulated = await open_simulated(folder, clock, seed=settings.sim_seed, faults=faults)
    key = load_private_key(simulated.credentials.private_key_path.read_bytes())
    signer = Signer(simulated.credentials.key_id, key)
    exchange = KalshiExchange(simulated.server.base_url, signer, clock)
    places = Places(
        clock=clock,
        exchange=exchange,
        signed=True,
        feed=IndexFeed(exchange, settings.kalshi_event_ticker_prefix),
        address=simulated.server.base_url,
        key_masked=_masked(simulated.credentials.key_id),
        spot_of=lambda series: IndexFeed(exchange, series),
    )
    places.closing = [_closing(exchange), simulated.stop]
    return _streamed(places, settings, signer, simulated.server.ws_url)


async def _followed(settings: Settings, base_url: str, clock: RealClock | VirtualClock | None) -> Places:
    """A simulated exchange in a process of its own: its clock is ours."""
    if clock is None:
        now, speed = await asyncio.to_thread(_clock_of, base_url)
        clock = RealClock(speed, now)
    signer = _signer(settings)
    exchange = KalshiExchange(base_url, signer, clock, subaccount=settings.kalshi_subaccount)
    feed = IndexFeed(exchange, settings.kalshi_event_ticker_prefix)
    places = Places(clock, exchange, signer is not None, feed, base_url, settings.key_masked)
    places.closing, places.spot_of = [_closing(exchange)], lambda series: IndexFeed(exchange, series)
    return _streamed(places, settings, signer, settings.ws_url)


def _clock_of(base_url: str) -> tuple[datetime, float]:
    try:
        answer = requests.get(f"{base_url}/simulated/clock", timeout=ANSWER_SECONDS_MAX).json()
        return datetime.fromisoformat(answer["now"]), float(answer["speed"])
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        reason = type(error).__name__
        raise Misconfigured(
            f"KALSHI_API_BASE={base_url} does not answer as a simulated exchange ({reason}): "
            "start it with `kalshi-chatops exchange`, or set KALSHI_ENV"
        ) from error


def _live(settings: Settings, clock: RealClock | VirtualClock) -> Places:
    signer = _signer(settings)
    assert settings.api_base is not None, "demo and production have an address"
    exchange = KalshiExchange(settings.api_base, signer, clock, subaccount=settings.kalshi_subaccount)
    feeds: list[SpotFeed] = []

    def spot_of(series: str) -> SpotFeed:
        feeds.append(SpotFeed(series, clock))
        return feeds[-1]

    async def close_feeds() -> None:
        for feed in feeds:
            feed.close()

    main = spot_of(settings.kalshi_event_ticker_prefix)
    places = Places(clock, exchange, signer is not None, main, settings.api_base, settings.key_masked)
    places.closing, places.spot_of = [close_feeds, _closing(exchange)], spot_of
    return _streamed(places, settings, signer, settings.ws_url)


def _streamed(places: Places, settings: Settings, signer: Signer | None, ws_url: str | None) -> Places:
    """With a stream, whose index is the best spot price, where there is a key for it."""
    if signer is None or ws_url is None or isinstance(places.clock, VirtualClock):
        return places
    from trading.exchange.kalshi.stream import KalshiStream  # here: it brings aiohttp, of no use without a key

    series = settings.kalshi_event_ticker_prefix
    stream = KalshiStream(
        ws_url, signer, places.clock, index_ids=(index_of(series),), subaccount=settings.kalshi_subaccount
    )
    places.stream, places.feed = stream, StreamedFeed(stream, series, places.feed, places.clock)
    places.closing.insert(0, stream.close)
    return places


def _signer(settings: Settings) -> Signer | None:
    pem = settings.private_key_pem()
    return Signer(settings.kalshi_api_key_id, load_private_key(pem)) if pem else None


def _closing(exchange: KalshiExchange) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        exchange.close()

    return close


def _masked(key_id: str) -> str:
    return f"{key_id[:4]}…{key_id[-4:]}"
