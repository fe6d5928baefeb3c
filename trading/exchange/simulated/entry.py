"""Order entry: what the exchange checks before it takes, changes or cancels an order, and what it then does.

The order of the checks is ours where the documentation is silent: form, duplicate, pause, market, money, book. A
refusal changes nothing, but for a killed fill-or-kill, whose client id stays used (seen live).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.money import CENTI_CENT, ZERO, ceil_to
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated import refusals
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.books import Books
from trading.exchange.simulated.chance import identity, root, unit
from trading.exchange.simulated.groups import OrderGroups
from trading.exchange.simulated.matching import Matched
from trading.exchange.simulated.order_form import (
    amended_expiry,
    client_id,
    counted,
    grid_price,
    same_order,
    well_formed,
)
from trading.exchange.simulated.pauses import Pauses
from trading.exchange.simulated.postings import fill_fee
from trading.exchange.simulated.records import Amendment, HeldOrder, NewOrder
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import World

CANCEL_ALL_SHADOW_SECONDS = 60  # orders placed that soon after a cancel-all may be cancelled with it (documented)


class OrderEntry:
    """The door for orders. Every method raises VenueError when the exchange refuses."""

    def __init__(
        self,
        world: World,
        account: Account,
        books: Books,
        groups: OrderGroups,
        pauses: Pauses,
        seed: int,
        shadow_share: float,
    ) -> None:
        self._world, self._account, self._books, self._pauses = world, account, books, pauses
        self._groups = groups
        self._seed, self._shadow_share = seed, shadow_share
        self._cancelled_all_at: datetime | None = None

    def create(self, wish: NewOrder, at: datetime) -> HeldOrder:
        """Take an order; what it has become when the answer is sent."""
        window = self._window(wish.ticker)
        price, count = well_formed(wish, window, self._world.grids.of(window, at), at)
        if wish.client_order_id and wish.client_order_id in self._account.used_ids:
            raise refusals.order_already_exists()
        self._groups.admit(wish.order_group_id, window.exchange_index)
        self._trading(window, at)
        self._money(wish, window, price, count, at)
        if wish.post_only:
            self._no_cross(wish.side, price, window, at)
        return self._accept(wish, window, price, count, at)

    def cancel(self, order_id: str, at: datetime, shard: int | None = None) -> tuple[HeldOrder, int]:
        """Cancel what rests; the order and the count taken off. `shard` None finds it wherever it is."""
        order = self._account.orders.get(order_id)
        if order is None or shard not in (None, order.exchange_index):
            raise refusals.not_found("order")
        self._pauses.check_exchange(at)
        if at >= self._window(order.ticker).close_time:
            raise refusals.market_inactive()
        if not order.resting:
            raise refusals.not_found("order")
        self._books.drop(order)
        return self._account.end_order(order, at, ""), order.remaining

    def cancel_all(self, at: datetime) -> None:
        """Cancel everything that rests."""
        self._pauses.check_exchange(at)
        for orders in list(self._account.resting.values()):
            for order in list(orders.values()):
                self._books.drop(order)
                self._account.end_order(order, at, "")
        self._cancelled_all_at = at

    def amend(self, order_id: str, wish: Amendment, at: datetime) -> tuple[HeldOrder, HeldOrder]:
        """Change price, count or expiry; the order before and after. It keeps its place only if it shrinks."""
        order = self._changeable(order_id, at)
        same_order(order, wish)
        window = self._window(order.ticker)
        price, total = grid_price(wish.price, self._world.grids.of(window, at)), counted(wish.count)
        remaining = total - order.filled
        if remaining <= 0:
            raise refusals.VenueError(400, "invalid_order_size", "count must be above what is already filled")
        self._renamed(order, wish)
        changed = replace(
            order,
            price=price,
            remaining=remaining,
            initial=total,
            client_order_id=wish.updated_client_order_id or order.client_order_id,
            expires_at=amended_expiry(order, wish, at),
            updated_at=at,
        )
        self._afford(changed, window, at)
        if order.post_only:  # that an amendment may not make it cross either is inferred
            self._no_cross(order.side, price, window, at)
        return order, self._replace(order, changed, window, at)

    def decrease(self, order_id: str, by: Decimal | None, to: Decimal | None, at: datetime) -> HeldOrder:
        """Lower what rests by or to so many contracts; to nothing cancels it. Exactly one of the two is given."""
        order = self._changeable(order_id, at, pausable=False)
        if (by is None) == (to is None):
            raise refusals.invalid_parameters("exactly one of reduce_by and reduce_to")
        left = order.remaining - counted(by) if by is not None else counted(to or ZERO, least=0)
        if left >= order.remaining or left < 0:
            raise refusals.VenueError(400, "invalid_order_size", "the order does not rest with that many contracts")
        if left == 0:
            self._books.drop(order)
            return self._account.end_order(order, at, "Decrease")
        self._books.shrink(order, left)
        initial = order.initial - (order.remaining - left)
        return self._account.put_order(replace(order, remaining=left, initial=initial, updated_at=at))

    def _window(self, ticker: str) -> Window:
        window = self._world.window(ticker)
        if window is None:
            raise refusals.market_not_found()
        return window

    def _trading(self, window: Window, at: datetime) -> None:
        """The exchange, the shard and the market take orders."""
        pause = self._pauses.at(at)
        if pause is not None:
            raise refusals.exchange_is_paused() if pause.whole else refusals.trading_is_paused()
        if not window.trades_at(at):
            raise refusals.market_inactive()

    def _money(self, wish: NewOrder, window: Window, price: int, count: int, at: datetime) -> None:
        """The shard can pay for the order at its limit, with the fee of what would trade at once."""
        if not wish.reduce_only:
            draft = self._draft(wish, window, price, count, at)
            self._afford(draft, window, at)

    def _afford(self, order: HeldOrder, window: Window, at: datetime) -> None:
        resting = dict(self._account.resting.get(order.ticker, {}))
        before = self._account.reserve_of(order.ticker, resting.values())
        resting[order.order_id] = order
        needed = self._account.reserve_of(order.ticker, resting.values()) - before
        if needed > 0:
            takes = self._books.would_cross(window, order.side, order.price, at)
            fee = fill_fee(self._world.fees.of(window, at), order.price, order.remaining, takes)
            needed += ceil_to(fee, CENTI_CENT)
        if needed > 0 and needed > self._account.available(order.exchange_index):
            raise refusals.insufficient_balance()

    def _no_cross(self, side: Side, price: int, window: Window, at: datetime) -> None:
        if self._books.would_cross(window, side, price, at):
            raise refusals.invalid_order("post only cross")

    def _draft(self, wish: NewOrder, window: Window, price: int, count: int, at: datetime) -> HeldOrder:
        number = len(self._account.orders)
        return HeldOrder(
            number,
            identity(self._seed, "order", number),
            wish.client_order_id,
            wish.ticker,
            window.exchange_index,
            wish.side,
            price,
            count,
            count,
            0,
            OrderStatus.RESTING,
            at,
            at,
            wish.self_trade,
            wish.expires_at,
            wish.cancel_on_pause,
            wish.order_group_id,
            post_only=wish.post_only,
        )

    def _accept(self, wish: NewOrder, window: Window, price: int, count: int, at: datetime) -> HeldOrder:
        order = self._draft(wish, window, price, count, at)
        able = min(count, self._closable(order)) if wish.reduce_only else count
        matched = self._books.place(window, order, able, wish.time_in_force, at) if able else Matched()
        if wish.client_order_id:
            self._account.use_id(wish.client_order_id)
        if matched.killed:
            raise refusals.fill_or_kill_killed()
        self._account.put_order(order)
        return self._finish(order, matched, window, at, "ReduceOnlyCancel" if able < count else "")

    def _finish(self, order: HeldOrder, matched: Matched, window: Window, at: datetime, why: str = "") -> HeldOrder:
        """Book what a match did, and end what neither filled nor rests: for `why`, if not for an own order it met."""
        for order_id in matched.self_cancelled:
            self._account.end_order(self._account.orders[order_id], at, "SelfTradeCancel")
        self._books.book_trades(window, matched.trades, at)
        order = self._account.orders[order.order_id]
        if order.remaining and not matched.rested:
            return self._account.end_order(order, at, "SelfTradeCancel" if matched.met_own else why)
        if order.resting and self._shadowed(order, at):
            self._books.drop(order)
            return self._account.end_order(order, at, "")
        return order

    def _closable(self, order: HeldOrder) -> int:
        """How much of the position an order on that side would close."""
        held = self._account.holdings.get(order.ticker)
        return max(-held.contracts * order.side.sign, 0) if held else 0

    def _shadowed(self, order: HeldOrder, at: datetime) -> bool:
        """Whether the tail of a cancel-all takes a new order with it (off unless `shadow_share` is set)."""
        since = self._cancelled_all_at
        if since is None or (at - since).total_seconds() >= CANCEL_ALL_SHADOW_SECONDS:
            return False
        return unit(root(self._seed, "shadow"), order.number) < self._shadow_share

    def _changeable(self, order_id: str, at: datetime, *, pausable: bool = True) -> HeldOrder:
        order = self._account.orders.get(order_id)
        if order is None:
            raise refusals.not_found("order")
        if pausable:
            self._trading(self._window(order.ticker), at)
        self._pauses.check_exchange(at)
        if at >= self._window(order.ticker).close_time:
            raise refusals.market_inactive()
        if not order.resting:
            raise refusals.not_found("order")
        return order

    def _renamed(self, order: HeldOrder, wish: Amendment) -> None:
        """A new client id is a fresh one; the order's own may be said again."""
        new = wish.updated_client_order_id
        if new != order.client_order_id and new in self._account.used_ids:
            raise refusals.order_already_exists()
        client_id(new, "updated_client_order_id")

    def _replace(self, order: HeldOrder, changed: HeldOrder, window: Window, at: datetime) -> HeldOrder:
        if changed.client_order_id != order.client_order_id:
            self._account.use_id(changed.client_order_id)
        self._books.forget_ends()
        self._account.put_order(changed)
        if changed.price == order.price and changed.remaining <= order.remaining:
            self._books.shrink(changed, changed.remaining)
            return changed
        self._books.drop(order)
        matched = self._books.place(window, changed, changed.remaining, TimeInForce.GTC, at)
        return self._finish(changed, matched, window, at)
