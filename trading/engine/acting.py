"""Act: what a strategy takes back, then what it wishes, through the gate into the book that it is assigned to.

Intents were thought out for what the strategy held and had out. Where its cancels did not leave just that behind (one
filled on its way out, or is not proved to be gone), they wait for the next beat, which sees it as it is. All that was
wished or taken back goes to the intent log, with the top of the book that it was decided on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from trading.domain.fees import QUADRATIC
from trading.domain.intent import Decision, Intent, View
from trading.domain.intent_line import Line, Wish, wish_of
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.records import Put
from trading.engine.account import Account
from trading.engine.assigned import Assigned
from trading.engine.attempts import Attempts
from trading.engine.own import own_view
from trading.engine.windows import Windows
from trading.ports import IntentLog
from trading.risk.first_hours import cut_down
from trading.risk.gate import Denial
from trading.strategies.base import reenters

WITHDRAWN = "withdrawn"  # why an order was cancelled: its strategy wants it no more

Guarded = Callable[[str, Awaitable[None]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Turn:
    """One strategy's decision on its own view of a series, and the mode that its orders go to."""

    assigned: Assigned
    series: str
    view: View
    decision: Decision
    mode: Mode

    @property
    def name(self) -> str:
        return self.assigned.name

    @property
    def key(self) -> tuple[str, str]:
        """That of its window."""
        return self.name, self.series


class Acting:
    """`guarded` awaits work on a named part and tells its failures at the exchange."""

    def __init__(self, account: Account, windows: Windows, guarded: Guarded, log: IntentLog) -> None:
        self._account, self._windows, self._guarded, self._log = account, windows, guarded, log
        self._broker, self._book, self._clock = account.broker, account.book, account.clock
        self._attempts = Attempts(self._book, self._broker.identity)
        self._book.listen(self._tell_ends)

    def show(self, views: Sequence[View]) -> None:
        """Log the books of the markets in which something of ours is open, before its fills are read: whoever plays the
        log again fills by them what filled here."""
        state = self._book.state
        if not state.trades and not state.working_orders():
            return
        ours = {order.ticker for order in state.live_orders()} | {trade.ticker for trade in state.open_trades()}
        tops = [view.quote for view in views if view.quote and view.quote.ticker in ours]
        if tops:
            self._log([Line(self._clock.now(), "", top.ticker, top) for top in tops])

    async def act(self, turn: Turn) -> list[Order]:
        """The orders that were sent. Raises StoreFailed."""
        orders: list[Order] = []
        if await self._cancel(turn):
            for wish in turn.decision.intents:
                orders += await self._submit(turn, wish)
        return orders

    async def _cancel(self, turn: Turn) -> bool:
        """Take back what the strategy names of its own; whether nothing else has changed for it meanwhile."""
        gone = {key for key in turn.decision.cancels if self._owns(turn, key)}
        if not gone:
            return True
        for key in sorted(gone):
            await self._broker.cancel(self._book.state.orders[key], WITHDRAWN)
        await self._guarded("exchange", self._account.read_fills(turn.mode))
        now = own_view(turn.view, self._book.state, turn.name, turn.mode, turn.series)
        stays = tuple(order for order in turn.view.resting if order.client_order_id not in gone)
        return (now.holdings, now.resting) == (turn.view.holdings, stays)

    def _owns(self, turn: Turn, client_order_id: str) -> bool:
        order = self._book.state.orders.get(client_order_id)
        return order is not None and order.live and (order.strategy, order.mode) == (turn.name, turn.mode)

    async def _submit(self, turn: Turn, wish: Intent) -> list[Order]:
        intent = self._numbered(turn, wish)
        if intent is None or turn.assigned.mode(self._book.state.mode) is not turn.mode:
            return []  # entered before, or a person has changed the mode since it decided
        state = replace(self._book.state, mode=turn.mode)
        intent = cut_down(intent, state, self._broker.limits, self._clock.now())
        outcome = await self._broker.submit(intent, turn.view.market, turn.view.quote, turn.mode)
        if isinstance(outcome, Denial):
            self._windows.denied(turn.key, outcome.code, outcome.text)
            self._tell(turn, intent.ticker, _denied(intent, turn.view, outcome.code))
            return []
        self._windows.ordered(turn.key)
        refused = outcome.why.partition(":")[0] if outcome.status is OrderStatus.REJECTED else ""
        self._tell(turn, outcome.ticker, wish_of(outcome, refused))
        await self._guarded("exchange", self._account.read_fills(turn.mode))
        return [outcome]

    def _numbered(self, turn: Turn, wish: Intent) -> Intent | None:
        """The wish with its attempt: a free one for a way out, and for whoever may enter a market more than once;
        every other strategy has one, and None when it was made."""
        if wish.reduce_only or reenters(turn.assigned.strategy):
            return self._attempts.next(wish, turn.mode)
        window = self._windows.current.get(turn.key)
        return None if window and window.ordered else wish

    def _tell(self, turn: Turn, ticker: str, wish: Wish) -> None:
        """Log a wish under its own market, with the book where it is that of the view; nothing where none was open."""
        if turn.view.market is None:
            return
        quote = turn.view.quote
        top = quote if quote and quote.ticker == ticker else None
        self._log([Line(self._clock.now(), turn.name, ticker, top, wish)])

    def _tell_ends(self, puts: Sequence[Put]) -> None:
        """Log what was taken off a book, whoever wanted it: the strategy, a timer, a person."""
        ended = [p.record for p in puts if isinstance(p.record, Order) and p.record.status is OrderStatus.CANCELED]
        if ended:
            self._log([Line(o.updated_at, o.strategy, o.ticker, cancel=o.client_order_id) for o in ended])


def _denied(intent: Intent, view: View, code: str) -> Wish:
    return Wish(
        side=intent.side,
        price=intent.price,
        count=intent.count,
        why=intent.why,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        time_in_force=intent.time_in_force,
        fees=view.market.fees if view.market else QUADRATIC,
        refused=code,
    )
