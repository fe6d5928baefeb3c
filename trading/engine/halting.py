"""Stopping: the kill, in the one order that makes it win, and the sweep that keeps it won.

A kill closes the latch in memory before anything that can wait or fail. Then, independently of each other, the halt is
committed and the cancels go out; then the exchange's own list says what is left. Halted is a state that is kept: a
timed-out order can land after the cancel, so every halted beat sweeps what the exchange still lists of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from trading.clock import monotonic
from trading.domain.errors import ChatopsError, NotFound, Rejected, StoreError, Unauthorized, Unavailable
from trading.domain.events import HaltRaised
from trading.domain.order import Mode, Order, OrderReport, OrderStatus
from trading.domain.state import Reason
from trading.engine.broker import Broker
from trading.ports import Exchange

KILL_STEP_SECONDS = 10.0  # the longest that one step of a kill waits for the exchange, in real time
TURNS_TO_LEAVE = 2  # of the loop: the step of all cancels begins, and each of them
COOLING_SECONDS = 60.0  # after a cancel-all the exchange may cancel newer orders for this long


@dataclass(frozen=True, slots=True)
class Killed:
    """What a kill came to: `listed` are the ids that the exchange still lists."""

    stored: bool
    cancel_sent: bool
    listed: tuple[str, ...]
    seconds: float
    problems: tuple[str, ...]


class Halting:
    """`mark` leaves a marker where the store cannot keep the halt (a file in the data folder)."""

    def __init__(self, broker: Broker, mark: Callable[[str], None]) -> None:
        self.broker, self.book, self.clock = broker, broker.book, broker.clock
        self._mark = mark

    async def kill(self, by: str) -> Killed:
        """Stop everything. The gate is closed before this first yields; never raises."""
        started = monotonic()
        self.broker.latch.closed = True
        problems: list[str] = []
        canceling = asyncio.ensure_future(self._cancel_everything(problems))
        for _ in range(TURNS_TO_LEAVE):
            await asyncio.sleep(0)  # the cancels leave for their own lane before the disk is touched
        stored = self._commit(by, problems)
        cancel_sent = await canceling
        listed = await self._read_back(problems)
        return Killed(stored, cancel_sent, listed, monotonic() - started, tuple(problems))

    def _commit(self, by: str, problems: list[str]) -> bool:
        try:
            self.book.record(HaltRaised(self.clock.now(), Reason.MANUAL, by, "killed"))
        except StoreError as error:
            problems.append(f"the halt could not be stored ({error}); a marker file keeps it")
            self._mark(by)
            return False
        return True

    async def _cancel_everything(self, problems: list[str]) -> bool:
        """Cancel-all on the account and on paper, foreign orders too, and at the same time each order that we know:
        one that is refused or hangs does not hold up the others."""
        exchanges = self.broker.exchanges
        known = [o for o in self.book.state.live_orders() if o.order_id and o.mode in exchanges]
        all_of_them = [self._tried(e.cancel_all(), f"cancel-all ({mode})", problems) for mode, e in exchanges.items()]
        one_by_one = [self._tried(exchanges[o.mode].cancel(o), f"cancel {o.order_id}", []) for o in known]
        done = await asyncio.gather(*all_of_them, *one_by_one)
        self.broker.not_before = self.clock.now() + timedelta(seconds=COOLING_SECONDS)
        return all(answer is not _FAILED for answer in done[: len(all_of_them)])

    async def _read_back(self, problems: list[str]) -> tuple[str, ...]:
        """Cancel by id what is still listed, then list once more; and learn what became of ours."""
        for exchange in self.broker.exchanges.values():
            for report in await self._listed(exchange.orders(status="resting"), problems):
                await self._tried(exchange.cancel(self.as_order(report)), f"cancel {report.order_id}", problems)
        left: list[str] = []
        for mode, exchange in self.broker.exchanges.items():
            left += [r.order_id for r in await self._listed(exchange.orders(status="resting"), problems)]
            for order in self.book.state.live_orders(mode):
                if order.order_id:
                    await self._tried(self.broker.confirm(order, "killed"), f"confirm {order.order_id}", problems)
        return tuple(left)

    async def _listed(self, asking: Awaitable[list[OrderReport]], problems: list[str]) -> list[OrderReport]:
        found = await self._tried(asking, "the list of open orders", problems)
        return found if isinstance(found, list) else []

    async def _tried(self, work: Awaitable[object], what: str, problems: list[str]) -> object:
        """One bounded step; its failure is said, and never stops the next step."""
        try:
            async with asyncio.timeout(KILL_STEP_SECONDS):  # in this task: another one would start a turn later
                return await work
        except NotFound:
            return None
        except TimeoutError:
            problems.append(f"{what}: no answer within {KILL_STEP_SECONDS:g} s, trying again")
        except ChatopsError as error:
            problems.append(f"{what}: {error}")
        return _FAILED

    async def sweep(self) -> None:
        """Cancel what the exchange lists of ours although trading is halted. Raises Unavailable, Unauthorized."""
        for exchange in self.broker.exchanges.values():
            for report in await exchange.orders(status="resting"):
                if self.broker.identity.owns(report.client_order_id):
                    await self._swept(report, exchange)

    async def _swept(self, report: OrderReport, exchange: Exchange) -> None:
        ours = self.book.state.orders.get(report.client_order_id)
        if ours is not None and ours.order_id:
            await self.broker.cancel(ours, "halted")
            return
        try:
            await exchange.cancel(self.as_order(report))
        except (NotFound, Rejected, Unavailable, Unauthorized):
            return  # the next beat asks again

    def as_order(self, report: OrderReport) -> Order:
        """A listed order in the shape that a cancel needs."""
        at = report.created_at or self.clock.now()
        return Order(
            client_order_id=report.client_order_id,
            mode=Mode.REAL,
            strategy="",
            ticker=report.ticker,
            side=report.side,
            price=report.price,
            count=report.initial,
            status=OrderStatus.RESTING,
            created_at=at,
            updated_at=at,
            exchange_index=report.exchange_index,
            order_id=report.order_id,
        )


class _Failed:
    """The mark of a step that did not get its answer."""


_FAILED = _Failed()
