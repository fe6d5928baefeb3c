"""The exchange of a simulated year, in a process of its own: what it remembers is not the bot's memory.

A pipe carries each request with the bot's time, which becomes the exchange's; HTTP would take ten times as long. What
the adapter for HTTP does about a failing read, to ask again, is done here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from msgspec.msgpack import Decoder

from trading.domain import errors
from trading.domain.market import Market, Quote, Tick
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.ports import Clock
from trading.risk.gate import Ticket

END_SECONDS_MAX = 10.0
REFUSED = b"\xc1"  # begins no message of msgpack
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Records:
    """What the exchange has of the account: dollars, fees paid (dollars), fills, orders, and markets with a holding."""

    cash: Decimal
    fees: Decimal
    fills: int
    orders: int
    held: int


class FarExchange:
    """`trading.ports.Exchange` and `Feed` at the other end of a pipe. Nothing else happens while it answers."""

    def __init__(self, pipe: Connection, clock: Clock) -> None:
        self._pipe, self._clock = pipe, clock

    def open(self) -> None:
        """Wait until it stands. Raises Misconfigured where it cannot be made."""
        self._answer(_NOTHING)

    def records(self) -> Records:
        """What there is now."""
        return self._ask(_RECORDS, "records")

    async def read(self) -> Tick:
        return self._ask(_TICK, "read")

    async def place(self, ticket: Ticket) -> Placed:
        return self._ask(_PLACED, "place", ticket)

    async def cancel(self, order: Order) -> Decimal:
        return self._ask(_COUNT, "cancel", order)

    async def cancel_all(self) -> None:
        self._ask(_NOTHING, "cancel_all")

    async def markets(self, **wanted: Any) -> list[Market]:
        return self._ask(_MARKETS, "markets", **wanted)

    async def quote(self, ticker: str) -> Quote:
        return self._ask(_QUOTE, "quote", ticker)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return self._ask(_STATUS, "status", exchange_index)

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        return self._ask(_ORDERS, "orders", status=status, ticker=ticker, since=since)

    async def order(self, order_id: str) -> OrderReport:
        return self._ask(_ORDER, "order", order_id)

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        return self._ask(_FILLS, "fills", since=since, ticker=ticker, order_id=order_id)

    async def positions(self) -> list[Position]:
        return self._ask(_POSITIONS, "positions")

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        return self._ask(_SETTLEMENTS, "settlements", since=since, ticker=ticker)

    async def balance(self) -> Balance:
        return self._ask(_BALANCE, "balance")

    async def as_of(self) -> datetime:
        return self._ask(_MOMENT, "as_of")

    def _ask(self, answer: Decoder[_T], asked: str, *words: object, **named: object) -> _T:
        """What came back; raises what the exchange has raised."""
        self._pipe.send((self._clock.now(), asked, words, named))
        return self._answer(answer)

    def _answer(self, answer: Decoder[_T]) -> _T:
        said = self._pipe.recv_bytes()
        if said.startswith(REFUSED):
            name, *why = _REFUSAL.decode(said.removeprefix(REFUSED))
            raise getattr(errors, name)(*why)
        return answer.decode(said)


_RECORDS, _TICK, _PLACED, _COUNT = Decoder(Records), Decoder(Tick), Decoder(Placed), Decoder(Decimal)
_QUOTE, _STATUS, _ORDER, _BALANCE = Decoder(Quote), Decoder(ExchangeStatus), Decoder(OrderReport), Decoder(Balance)
_MARKETS, _ORDERS, _FILLS = Decoder(list[Market]), Decoder(list[OrderReport]), Decoder(list[Fill])
_POSITIONS, _SETTLEMENTS, _MOMENT = Decoder(list[Position]), Decoder(list[Settlement]), Decoder(datetime)
_NOTHING, _REFUSAL = Decoder(type(None)), Decoder(list[Any])


@contextmanager
def far_exchange(clock: Clock, seed: int, faults: str) -> Iterator[FarExchange]:
    """A fresh exchange, until the end of the block. `faults` is a profile's name, whose faults of single requests it
    has. Raises Misconfigured for another name."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, clock.now(), seed, faults), daemon=True)
    process.start()
    there.close()
    try:
        far = FarExchange(here, clock)
        far.open()
        yield far
    finally:
        here.close()
        process.join(END_SECONDS_MAX)


def _serve(pipe: Connection, start: datetime, seed: int, faults: str) -> None:
    from chatbot.tools.bench.year_venue import serve  # here: an exchange's code is not the bot's memory either

    asyncio.run(serve(pipe, start, seed, faults))
