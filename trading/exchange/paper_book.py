"""The books of a dry run: what orders took, what is held, and the cash. Pure; the rules stand in `paper`.

Cash is kept as one sum of flows: every fill as -(signed contracts x YES price) less its fee, every settlement as the
contracts x what one YES contract paid. A contract sold short also binds a dollar until it is closed, as collateral.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from trading.domain.errors import NotFound, Rejected, Unresolved
from trading.domain.fees import charge
from trading.domain.market import Level, Quote
from trading.domain.money import ONE, ZERO
from trading.domain.order import (
    ExchangeStatus,
    Fill,
    Mode,
    Order,
    OrderReport,
    OrderStatus,
    Placed,
    Position,
    Settlement,
    Side,
    TimeInForce,
)
from trading.exchange.paper_order import PaperOrder, crosses, opposite, reducible

KEPT = timedelta(days=2)  # ended orders, fills and settlements are listed that long, at least
FORGET_EVERY = timedelta(minutes=15)  # to look through all of them for each order would cost more than the order


class FillModel(Protocol):
    """How much of a resting order a quote fills."""

    def fills(self, order: Order, quote: Quote, crossing: Decimal) -> Decimal:
        """Contracts, whatever is left of the order; `crossing` are those at a touch that crosses it, not taken yet."""


class Touch:
    """A quote that crosses an order fills it, up to the touch's size: the dry run's own rule."""

    def fills(self, order: Order, quote: Quote, crossing: Decimal) -> Decimal:
        return crossing


class PaperBook:
    """`cash` is what it starts with (dollars); fees are by each order's own terms. All times come from the caller."""

    def __init__(self, cash: Decimal, model: FillModel | None = None) -> None:
        self._flows, self._model = cash, model or Touch()
        self._orders: dict[str, PaperOrder] = {}  # by order id, oldest first
        self._rested: dict[str, PaperOrder] = {}  # those of them that rested when last looked through
        self._forgot_at: datetime | None = None
        self._client_ids: dict[str, datetime] = {}
        self._held: dict[str, Decimal] = {}  # signed YES contracts by ticker
        self._taken: dict[tuple[str, Side], Level] = {}  # of the touch that an order of this side takes from
        self._seen: dict[str, Quote] = {}  # the last quote of what is held, for its worth
        self.fills: list[Fill] = []
        self.settlements: list[Settlement] = []

    def restore(
        self, orders: Iterable[Order], positions: Iterable[Position], trades_cash: Decimal, now: datetime
    ) -> None:
        """Go on after a restart; see `PaperExchange.restore`."""
        self._flows += trades_cash
        self._held.update({p.ticker: p.contracts for p in positions if p.mode is Mode.DRY_RUN and p.contracts})
        for order in orders:
            unbooked = order.reported - order.filled
            if order.mode is Mode.DRY_RUN and (order.status is OrderStatus.RESTING or unbooked > 0):
                self._restore_order(order, unbooked, now)

    def _restore_order(self, order: Order, unbooked: Decimal, now: datetime) -> None:
        resting = order.status is OrderStatus.RESTING
        status = OrderStatus.RESTING if resting else OrderStatus.CANCELED
        held = PaperOrder(order, order.filled, order.count - order.filled, status, now, crossed=True)
        self._orders[held.order_id] = self._rested[held.order_id] = held
        self._client_ids[order.client_order_id] = now
        if unbooked > 0:
            self._fill(held, order.price, unbooked, now)

    def enter(self, order: Order, quote: Quote, status: ExchangeStatus, now: datetime) -> Placed:
        """Take what the touch gives, rest or drop what is left. Raises Rejected, Unresolved (a known client id)."""
        if order.client_order_id in self._client_ids:
            raise Unresolved(f"{order.client_order_id}: order_already_exists")
        count = self._accepted(order, status, now)
        self._forget(now)
        self._client_ids[order.client_order_id] = now
        available = self._available(order, quote)
        if order.time_in_force is TimeInForce.FOK and available < count:
            raise Rejected("fill_or_kill_insufficient_resting_volume", f"{available} of {count} contracts at the touch")
        level = opposite(order, quote)
        if order.post_only and level is not None and crosses(order, level):
            raise Rejected("invalid_order", "post only cross")
        return self._take(order, count, min(available, count), quote, now)

    def _accepted(self, order: Order, status: ExchangeStatus, now: datetime) -> Decimal:
        """The contracts that may be ordered. Raises Rejected with the exchange's own codes."""
        if not status.exchange_active or not status.trading_active:
            raise Rejected("trading_is_paused", "the exchange is paused")
        if order.close_time is not None and now >= order.close_time:
            raise Rejected("MARKET_INACTIVE", "the market is closed")
        if order.expires_at is not None and now >= order.expires_at:
            raise Rejected("invalid_parameters", "the expiration time must be in the future")
        if order.count <= 0 or not ZERO < order.price < ONE:
            raise Rejected("invalid_parameters", f"{order.count} contracts at {order.price}")
        closes = max(-order.side.sign * self._held.get(order.ticker, ZERO), ZERO)
        if order.reduce_only:
            return reducible(order, closes)
        needed = self._worst_case(order, order.count) - min(order.count, closes)  # a pair of YES and NO is a dollar
        if needed > self.free_cash:
            raise Rejected("insufficient_balance", f"{needed} dollars needed, {self.free_cash} free")
        return order.count

    def _take(self, order: Order, count: Decimal, taken: Decimal, quote: Quote, now: datetime) -> Placed:
        level = opposite(order, quote)
        crossed = level is not None and crosses(order, level)
        status = OrderStatus.RESTING if order.time_in_force is TimeInForce.GTC else OrderStatus.CANCELED
        held = PaperOrder(order, ZERO, count, status, now, crossed)
        self._orders[held.order_id] = self._rested[held.order_id] = held
        self._seen[order.ticker] = quote
        if level is not None and taken > 0:
            self._use_up(order, quote, taken)
            self._fill(held, level.price, taken, now)
        return Placed(held.order_id, held.filled, held.open_count, now)

    def match(self, quote: Quote, now: datetime) -> None:
        """Fill the resting orders of the quote's market that it crosses, oldest first, each at its own price."""
        self._seen[quote.ticker] = quote
        self.expire(now)
        for held in [held for held in self._resting() if held.order.ticker == quote.ticker]:
            crossing = self._available(held.order, quote)
            count = min(self._model.fills(held.order, quote, crossing), held.remaining)
            if count > 0:
                self._use_up(held.order, quote, count)
                self._fill(held, held.order.price, count, now)

    def expire(self, now: datetime) -> None:
        """End the orders whose time, or whose market's, is over."""
        for held in self._resting():
            ends = [end for end in (held.order.expires_at, held.order.close_time) if end is not None]
            if ends and now >= min(ends):
                held.end(now)

    def _resting(self) -> list[PaperOrder]:
        """Those that rest, oldest first: few, where thousands have ended in two days."""
        self._rested = {order_id: held for order_id, held in self._rested.items() if held.resting}
        return list(self._rested.values())

    def cancel(self, order_id: str, now: datetime) -> Decimal:
        """The contracts taken off. Raises NotFound."""
        held = self._orders.get(order_id)
        if held is None or not held.resting:
            raise NotFound(f"{order_id}: not resting on paper")
        held.end(now)
        return held.remaining

    def cancel_all(self, now: datetime, ticker: str = "") -> None:
        """End every order, or those of one market."""
        for held in self._resting():
            if ticker in ("", held.order.ticker):
                held.end(now)

    def settle(self, ticker: str, value: Decimal, now: datetime) -> Settlement | None:
        """Pay a market out; None where nothing was held."""
        self.cancel_all(now, ticker)
        contracts = self._held.pop(ticker, ZERO)
        if not contracts:
            return None
        self._flows += contracts * value
        self._seen.pop(ticker, None)
        self.settlements.append(self._settlement(ticker, contracts, value, now))
        return self.settlements[-1]

    def correct(self, gained: Decimal) -> None:
        """A result that was paid has been amended: the difference in dollars."""
        self._flows += gained

    def _settlement(self, ticker: str, contracts: Decimal, value: Decimal, now: datetime) -> Settlement:
        fills = [fill for fill in self.fills if fill.ticker == ticker]
        return Settlement(
            ticker=ticker,
            result={ONE: "yes", ZERO: "no"}.get(value, "scalar"),
            revenue=contracts * value if contracts > 0 else -contracts * (ONE - value),
            fees=sum((fill.fee for fill in fills), ZERO),
            yes_count=max(contracts, ZERO),
            no_count=max(-contracts, ZERO),
            yes_cost=sum((fill.cost for fill in fills if fill.side is Side.BID), ZERO),
            no_cost=sum((fill.cost for fill in fills if fill.side is Side.ASK), ZERO),
            at=now,
            value=value,
        )

    @property
    def resting_tickers(self) -> list[str]:
        return list(dict.fromkeys(held.order.ticker for held in self._resting()))

    @property
    def positions(self) -> list[Position]:
        return [Position(Mode.DRY_RUN, ticker, contracts) for ticker, contracts in self._held.items()]

    @property
    def reports(self) -> list[OrderReport]:
        return [held.report() for held in self._orders.values()]

    def report(self, order_id: str) -> OrderReport:
        """Raises NotFound."""
        held = self._orders.get(order_id)
        if held is None:
            raise NotFound(f"{order_id}: no such order on paper")
        return held.report()

    @property
    def free_cash(self) -> Decimal:
        """Dollars that a new order may use: without collateral, and without what resting orders may cost."""
        shorts = sum((-contracts for contracts in self._held.values() if contracts < 0), ZERO)
        resting = (self._worst_case(held.order, held.open_count) for held in self._resting())
        return self._flows - shorts - sum(resting, ZERO)

    @property
    def worth(self) -> Decimal:
        """Dollars that all that is held would bring at the touch last seen; nothing where nobody bids."""
        return sum((self._worth(ticker, contracts) for ticker, contracts in self._held.items()), ZERO)

    def _worth(self, ticker: str, contracts: Decimal) -> Decimal:
        quote = self._seen.get(ticker)
        if quote is None:
            return ZERO
        if contracts > 0:
            return contracts * quote.bid.price if quote.bid else ZERO
        return -contracts * (ONE - quote.ask.price) if quote.ask else ZERO

    def _worst_case(self, order: Order, count: Decimal) -> Decimal:
        """Dollars that `count` contracts of this order can cost, fee included."""
        return order.own_price * count + order.fees.worst_fee(order.price, count)

    def _available(self, order: Order, quote: Quote) -> Decimal:
        """Contracts at the touch that this order may take: crossed, and not taken before."""
        level = opposite(order, quote)
        if level is None or not crosses(order, level):
            return ZERO
        return max(level.count - self._used(order, level), ZERO)

    def _used(self, order: Order, level: Level) -> Decimal:
        taken = self._taken.get((order.ticker, order.side))
        return taken.count if taken is not None and taken.price == level.price else ZERO

    def _use_up(self, order: Order, quote: Quote, count: Decimal) -> None:
        """Take from a touch that crosses the order; what filled without one took from nobody shown."""
        level = opposite(order, quote)
        if level is not None and crosses(order, level):
            self._taken[order.ticker, order.side] = Level(level.price, self._used(order, level) + count)

    def _fill(self, held: PaperOrder, price: Decimal, count: Decimal, now: datetime) -> None:
        order = held.order
        revenue = -order.side.sign * price * count
        model = order.fees.model_fee(price, count, is_taker=held.crossed)
        fee, held.carried = charge(revenue, model, held.carried)
        fill = Fill(
            fill_id=f"{held.order_id}-{held.filled.normalize():f}",
            order_id=held.order_id,
            ticker=order.ticker,
            side=order.side,
            price=price,
            count=count,
            fee=fee,
            is_taker=held.crossed,
            at=now,
            mode=Mode.DRY_RUN,
            client_order_id=order.client_order_id,
            strategy=order.strategy,
            exchange_index=order.exchange_index,
        )
        self.fills.append(fill)
        self._flows += revenue - fee
        held.filled_by(count, now)
        self._hold(fill)

    def _hold(self, fill: Fill) -> None:
        contracts = self._held.pop(fill.ticker, ZERO) + fill.signed
        if contracts:
            self._held[fill.ticker] = contracts

    def _forget(self, now: datetime) -> None:
        """Drop what ended long ago, and what was taken from markets without an order."""
        if self._forgot_at and now - self._forgot_at < FORGET_EVERY:
            return
        self._forgot_at, oldest = now, now - KEPT
        self._orders = {i: held for i, held in self._orders.items() if held.resting or held.touched_at >= oldest}
        self._client_ids = {i: at for i, at in self._client_ids.items() if at >= oldest}
        self.fills = [fill for fill in self.fills if fill.at >= oldest]
        self.settlements = [settlement for settlement in self.settlements if settlement.at >= oldest]
        known = {held.order.ticker for held in self._orders.values()}
        self._taken = {key: level for key, level in self._taken.items() if key[0] in known}
        self._seen = {ticker: quote for ticker, quote in self._seen.items() if ticker in known | set(self._held)}
