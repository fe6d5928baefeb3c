"""What answers at the far end of a simulated year's pipe: an exchange in memory, with the faults of single requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any

from msgspec.msgpack import encode

from chatbot.tools.bench.year_exchange import REFUSED, Records
from trading.clock import VirtualClock
from trading.domain.errors import ChatopsError, Misconfigured, Rejected, Unavailable
from trading.domain.money import ZERO
from trading.exchange.kalshi.calls import CANCEL_BACKOFF, READ_BACKOFF
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.faults import Faults
from trading.exchange.simulated.venue import Venue, open_venue

CASH = {0: Decimal(1_000), 2: Decimal(1_000_000)}  # dollars by shard: no year of small stakes can spend them
TRIES = {"place": 1, "cancel": CANCEL_BACKOFF.tries, "cancel_all": CANCEL_BACKOFF.tries}  # of all else: as of a read


async def serve(pipe: Connection, start: datetime, seed: int, faults: str) -> None:
    """Make an exchange with CASH, say that it stands or why not, and answer until the other end is closed."""
    try:
        made = Served(start, seed, faults)
    except Misconfigured as error:
        pipe.send_bytes(refused(error))
        return
    pipe.send_bytes(encode(None))
    await made.serve(pipe)


class Served:
    """The exchange, on the time of who asks."""

    def __init__(self, start: datetime, seed: int, faults: str) -> None:
        self._clock = VirtualClock(start)
        self._venue = open_venue(self._clock, seed=seed, cash=CASH)
        troubles = Faults.named(faults, seed)
        self._exchange = DirectExchange(self._venue, troubles)
        self._feed = DirectFeed(self._venue, faults=troubles)

    async def serve(self, pipe: Connection) -> None:
        """Answer until the other end is closed."""
        while True:
            try:
                now, name, words, named = pipe.recv()
            except (EOFError, ConnectionResetError):
                return
            self._clock.advance_to(now)
            try:
                pipe.send_bytes(encode(await self._answer(name, words, named)))
            except ChatopsError as error:
                pipe.send_bytes(refused(error))

    async def _answer(self, name: str, words: Sequence[Any], named: Mapping[str, Any]) -> object:
        if name == "records":
            return _records(self._venue)
        asked = self._feed if name == "read" else self._exchange
        for _ in range(TRIES.get(name, READ_BACKOFF.tries) - 1):
            try:
                return await getattr(asked, name)(*words, **named)
            except Unavailable:
                continue
        return await getattr(asked, name)(*words, **named)


def refused(error: ChatopsError) -> bytes:
    """What makes the same error again at the other end."""
    said = (error.code, error.message, error.http_status) if isinstance(error, Rejected) else error.args
    return REFUSED + encode((type(error).__name__, *said))


def _records(venue: Venue) -> Records:
    venue.sync()
    account = venue.account
    return Records(
        cash=sum(account.cash.values(), ZERO),
        fees=sum((fill.fee for fill in account.fills), ZERO),
        fills=len(account.fills),
        orders=len(account.orders),
        held=sum(1 for held in account.holdings.values() if held.contracts),
    )
