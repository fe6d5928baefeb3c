"""The scanner at work: a full pass over every open market now and then, and between passes its candidates alone.

It has a job of its own beside the beat: what it finds goes through the broker and the gate like every order, with a
fresh order book, and the beat cancels what has not filled in time and settles what has. One order a market: the gate
lets nothing try it twice. Halts, /pause and /disable hold it before it reads anything.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol, cast

from trading.clock import monotonic
from trading.domain.errors import Unauthorized, Unavailable
from trading.domain.events import ErrorSeen
from trading.domain.market import Market, Quote
from trading.domain.order import Mode
from trading.domain.state import TradingState
from trading.engine.account import Account
from trading.engine.scan_risk import risked_today
from trading.engine.tuning import tuned_by
from trading.risk.first_hours import cut_down
from trading.risk.gate import Denial
from trading.strategies.base import Strategy
from trading.strategies.scanner import Candidate, Drop, Funnel, Listed, Page, Scanner

PASS_SECONDS = 50.0  # of the clock, from the beginning of one full pass to that of the next
KEPT_MAX = 5_000  # markets that a glance may keep; a scanner that wants more looks for nothing in particular
SHARD_SECONDS = 60.0  # between two looks at whether a shard trades
CODE, ORDERED = "scanner", "ordered"

Glance = Callable[[Decimal | None, Decimal | None, Decimal], Drop | None]
Quotes = Callable[[Sequence[str]], Awaitable[Mapping[str, Quote]]]
Told = Callable[[int, int], Awaitable[None]]  # markets read, and those worth a look


class Listing(Protocol):
    """Every open market of an exchange."""

    def pages(self, glance: Glance) -> AsyncGenerator[Page, None]:
        """Page by page as they arrive, without what the glance drops. Raises Unavailable, Unauthorized."""


@dataclass(slots=True)
class Pass:
    """What a full pass came to; `acted` counts its orders, and the gate's denials by their codes."""

    began: datetime
    funnel: Funnel
    seconds: float  # of real time
    risked: Decimal  # dollars, by the orders of the day
    acted: Counter[str] = field(default_factory=Counter)


async def nobody(read: int, kept: int) -> None:
    """Tells nobody."""


async def survey(listing: Listing, scanner: Scanner, told: Told = nobody) -> tuple[list[Listed], Counter[Drop]]:
    """All open markets that the scanner's glance keeps, and how many it dropped why. Raises Unavailable,
    Unauthorized."""
    listed: list[Listed] = []
    dropped: Counter[Drop] = Counter()
    async with aclosing(listing.pages(scanner.glance)) as pages:
        async for page in pages:
            listed += page.listed
            dropped.update(page.dropped)
            if len(listed) > KEPT_MAX:
                raise Unavailable(f"more than {KEPT_MAX:,} markets are worth a look: narrow the scanner's band")
            await told(len(listed) + dropped.total(), len(listed))
    return listed, dropped


class Scanning:
    """`scanner` as configured; `running`: it is among the strategies, and `turn` is called every few seconds. `on_pass`
    is called after every full pass of that job, for the log."""

    def __init__(
        self,
        account: Account,
        listing: Listing,
        quotes: Quotes,
        scanner: Scanner,
        *,
        running: bool = True,
        pass_seconds: float = PASS_SECONDS,
        on_pass: Callable[[Pass], None] | None = None,
    ) -> None:
        self.account, self.broker, self.book, self.clock = account, account.broker, account.book, account.clock
        self.scanner, self.running, self.on_pass = scanner, running, on_pass
        self._listing, self._quotes, self._pass_seconds = listing, quotes, pass_seconds
        self._watched: list[Listed] = []  # the candidates of the last pass
        self._passed: datetime | None = None
        self._shards: dict[int, tuple[datetime, bool]] = {}
        self._stopped, self._ordering = False, asyncio.Lock()
        self._one = asyncio.Lock()  # passes never run beside each other: they share one budget

    @property
    def in_force(self) -> Scanner:
        """With what people have changed of its parameters."""
        return cast(Scanner, tuned_by(cast(Strategy, self.scanner), self.book.state.parameters, self.broker.limits))

    async def look(self, told: Told = nobody) -> Pass:
        """One full pass, which orders nothing. Raises Unavailable, Unauthorized."""
        async with self._one:
            began, started = self.clock.now(), monotonic()
            listed, dropped = await survey(self._listing, self.in_force, told)
            funnel = await self._sifted(listed, dropped)
            return Pass(began, funnel, monotonic() - started, await self.risked())

    async def turn(self) -> None:
        """Orders for what a full pass finds, where one is due, else for what the candidates' books now say. Raises
        StoreFailed."""
        if not self._may_order():
            return
        try:
            await self._turn()
        except (Unavailable, Unauthorized) as error:
            self.book.record(ErrorSeen(self.clock.now(), CODE, f"the scanner: {error}"))

    async def risked(self) -> Decimal:
        """What today's orders of the scanner risk in the current mode, dollars."""
        today = self.clock.now().astimezone(self.book.zone).date()
        return await risked_today(self.book, self.book.state.mode, self.scanner.name, today)

    async def stop(self) -> None:
        """Order no more; when it returns, no order is on its way."""
        self._stopped = True
        async with self._ordering:
            pass

    # --- a turn

    def _may_order(self) -> bool:
        state = self.book.state
        still = self._stopped or self.broker.latch.closed or state.trading is not TradingState.ACTIVE
        return not still and self.scanner.name not in state.disabled

    async def _turn(self) -> None:
        if not self._due():
            await self._act(Counter())
            return
        self._passed = self.clock.now()
        passed = await self.look()
        self._watched = [candidate.listed for candidate in passed.funnel.candidates]
        await self._act(passed.acted)
        passed.risked = await self.risked()
        if self.on_pass:
            self.on_pass(passed)

    def _due(self) -> bool:
        return self._passed is None or (self.clock.now() - self._passed).total_seconds() >= self._pass_seconds

    async def _act(self, acted: Counter[str]) -> None:
        """Read the candidates' books anew, and order what is still one by them."""
        if not self._watched:
            return
        quotes = await self._quotes([listed.market.ticker for listed in self._watched])
        fresh = [replace(listed, quote=quotes[listed.market.ticker]) for listed in self._watched]
        async with self._ordering:
            for candidate in (await self._sifted(fresh, {})).candidates:
                if not self._may_order():
                    break
                acted[await self._ordered(candidate)] += 1
            if acted[ORDERED]:
                await self.account.read_fills(self.book.state.mode)

    async def _ordered(self, candidate: Candidate) -> str:
        """Order one; ORDERED, or the code of what is against it."""
        market, state = candidate.listed.market, self.book.state
        if shut := await self._shut(market):
            return shut
        intent = cut_down(self.in_force.intent(candidate), state, self.broker.limits, self.clock.now())
        outcome = await self.broker.submit(intent, market, candidate.listed.quote)
        return outcome.code if isinstance(outcome, Denial) else ORDERED

    async def _shut(self, market: Market) -> str:
        """Why its shard takes no order of ours now: refusals in a row would halt everything."""
        index, now = market.exchange_index, self.clock.now()
        cash = self.broker.cash.shards
        if self.book.state.mode is Mode.REAL and cash and index not in cash:
            return "shard_without_cash"
        asked_at, trades = self._shards.get(index, (None, False))
        if asked_at is None or (now - asked_at).total_seconds() >= SHARD_SECONDS:
            status = await self.account.market_data.status(index)
            trades = status.exchange_active and status.trading_active
            self._shards[index] = now, trades
        return "" if trades else "shard_paused"

    # --- sifting

    async def _sifted(self, listed: Sequence[Listed], dropped: Mapping[Drop, int]) -> Funnel:
        """In a thread: what a glance keeps may be thousands."""
        held, spent = self._held(listed), await self.risked()
        return await asyncio.to_thread(self.in_force.sift, listed, self.clock.now(), spent, held, dropped)

    def _held(self, listed: Sequence[Listed]) -> frozenset[str]:
        """Markets in which somebody of ours holds or orders something, or that the scanner has tried."""
        state = self.book.state
        taken = {p.ticker for p in state.positions.values() if p.mode is state.mode and p.contracts}
        taken |= {t.ticker for t in state.open_trades(state.mode)} | {o.ticker for o in state.live_orders(state.mode)}
        return frozenset(taken | {each.market.ticker for each in listed if self._tried(each.market.ticker)})

    def _tried(self, ticker: str) -> bool:
        key = self.broker.identity.client_order_id(self.book.state.mode, self.scanner.name, ticker, 1)
        return key in self.book.state.attempts
