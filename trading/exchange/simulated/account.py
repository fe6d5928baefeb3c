"""The member's account: cash by shard, orders, fills, holdings, settlements; and the arithmetic of each change.

Every change is staged and committed as one journal line; reading the lines back gives the same account. Fees and
rounding are the exchange's (`trading.domain.fees`), per fill, with the accumulator of the order. The exchange nets per
market: what a fill closes pays its dollar at once. Cash is reserved while an order rests, on the market's shard only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.fees import MAKER_SHARE, charge, model_fee
from trading.domain.money import CENTI_CENT, MICRO, ONE, ZERO, ceil_to, floor_to
from trading.domain.order import OrderStatus, Side
from trading.exchange.simulated.journal import Journal
from trading.exchange.simulated.records import (
    FillRecord,
    HeldOrder,
    Holding,
    Line,
    SettlementRecord,
    Transfer,
)
from trading.exchange.simulated.units import contracts, dollars, money, own_price
from trading.exchange.simulated.windows import Series, Verdict, Window

OPENING_CASH: Mapping[int, Decimal] = {0: Decimal(1000), 2: Decimal(1000)}  # dollars by shard


class Account:
    """One member's account. Nothing is durable before `commit`."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.orders: dict[str, HeldOrder] = {}
        self.fills: list[FillRecord] = []
        self.holdings: dict[str, Holding] = {}  # of unsettled markets, by ticker
        self.settlements: list[SettlementRecord] = []
        self.transfers: list[Transfer] = []
        self.used_ids: set[str] = set()  # client ids: never free again
        self.cash: dict[int, Decimal] = {}
        self.resting: dict[str, dict[str, HeldOrder]] = {}  # by ticker, then by order id
        self.last_time: datetime | None = None
        self.watchers: list[Callable[[Line], None]] = []  # told of every line once it is written; they must not raise
        self._journal = journal
        self._staged = _Staged()
        self._lines = 0
        for line in journal.lines if journal else ():
            self._replay(line)

    @property
    def opened(self) -> bool:
        return bool(self.cash)

    def commit(self, at: datetime, *, mark: bool = False) -> None:
        """Write what is staged as one line; with `mark` also when that is nothing but the time. Raises StoreFailed."""
        if not (mark or self._staged.any()):
            return
        line = self._staged.line(self._lines, at)
        if self._journal:
            self._journal.write(line)
        self._lines += 1
        self.last_time = at
        self._staged = _Staged()
        for watch in self.watchers:
            watch(line)

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def set_cash(self, shard: int, amount: Decimal) -> None:
        self.cash[shard] = amount
        self._staged.cash[shard] = amount

    def put_order(self, order: HeldOrder) -> HeldOrder:
        self._keep_order(order)
        self._staged.orders[order.order_id] = order
        return order

    def use_id(self, client_order_id: str) -> None:
        self.used_ids.add(client_order_id)
        self._staged.used_ids.append(client_order_id)

    def end_order(self, order: HeldOrder, at: datetime, why: str) -> HeldOrder:
        """Cancel what remains."""
        return self.put_order(replace(order, status=OrderStatus.CANCELED, remaining=0, updated_at=at, why=why))

    def fill(
        self, order: HeldOrder, series: Series, price: int, count: int, is_taker: bool, at: datetime, fill_id: str
    ) -> HeldOrder:
        """Book one execution: cash, holding, fill, and the order, which is returned as it now is."""
        held = self.holdings.get(order.ticker) or Holding(order.ticker, order.exchange_index, at)
        own = own_price(order.side is Side.BID, price)
        closing = min(count, max(-held.contracts * order.side.sign, 0))
        cost = money(own, count)
        revenue = contracts(closing) - cost
        fee, carried = charge(revenue, fill_fee(series, price, count, is_taker), order.carried)
        self.set_cash(order.exchange_index, self.cash.get(order.exchange_index, ZERO) + revenue - fee)
        held = _after_fill(held, order.side.sign, own, count, closing, fee, at)
        self._keep_holding(held)
        self._staged.holdings[held.ticker] = held
        self._keep_fill(
            FillRecord(
                len(self.fills),
                fill_id,
                order.order_id,
                order.client_order_id,
                order.ticker,
                order.exchange_index,
                order.side,
                price,
                count,
                fee,
                is_taker,
                at,
                held.contracts,
            )
        )
        return self.put_order(_filled(order, count, cost, fee, carried, is_taker, at))

    def settle(self, window: Window, verdict: Verdict) -> None:
        """Pay a market out and forget the holding; one without contracts leaves no settlement."""
        held = self.holdings[window.ticker]
        yes, no = max(held.contracts, 0), max(-held.contracts, 0)
        revenue = verdict.value * contracts(yes) + (ONE - verdict.value) * contracts(no)
        done = replace(held, settled=True)
        self._keep_holding(done)
        self._staged.holdings[held.ticker] = done
        if not held.contracts:
            return
        shard = held.exchange_index
        self.set_cash(shard, self.cash.get(shard, ZERO) + floor_to(revenue, CENTI_CENT))
        record = SettlementRecord(
            len(self.settlements),
            held.ticker,
            window.event_ticker,
            shard,
            verdict.result,
            verdict.value,
            yes,
            no,
            held.cost if yes else ZERO,
            held.cost if no else ZERO,
            revenue,
            held.fees,
            verdict.settled_at,
        )
        self.settlements.append(record)
        self._staged.settlements.append(record)

    def move(self, transfer: Transfer) -> None:
        """Book a transfer between shards; the caller has checked that the cash is there."""
        self.set_cash(transfer.source, self.cash.get(transfer.source, ZERO) - transfer.amount)
        self.set_cash(transfer.destination, self.cash.get(transfer.destination, ZERO) + transfer.amount)
        self.transfers.append(transfer)
        self._staged.transfers.append(transfer)

    def reserved(self, shard: int) -> Decimal:
        """Dollars held back for what rests on that shard."""
        tickers = (t for t, orders in self.resting.items() if next(iter(orders.values())).exchange_index == shard)
        return sum((self.reserve_of(t, self.resting[t].values()) for t in tickers), ZERO)

    def reserve_of(self, ticker: str, orders: Iterable[HeldOrder]) -> Decimal:
        """Dollars to hold back if these rested in that market. What only closes the position needs none."""
        held = self.holdings.get(ticker)
        position = held.contracts if held else 0
        resting = list(orders)
        total = ZERO
        for side in Side:
            covered = max(-position * side.sign, 0)
            for order in sorted((o for o in resting if o.side is side), key=lambda o: (o.own_price * -1, o.number)):
                free = min(covered, order.remaining)
                covered -= free
                total += ceil_to(money(order.own_price, order.remaining - free), CENTI_CENT)
        return total

    def available(self, shard: int) -> Decimal:
        """Dollars that a new order on that shard may use."""
        return self.cash.get(shard, ZERO) - self.reserved(shard)

    def _replay(self, line: Line) -> None:
        for order in line.orders:
            self._keep_order(order)
        self.fills.extend(line.fills)
        for held in line.holdings:
            self._keep_holding(held)
        self.settlements.extend(line.settlements)
        self.transfers.extend(line.transfers)
        self.used_ids.update(line.used_ids)
        self.cash.update(line.cash)
        self._lines, self.last_time = line.number + 1, line.at

    def _keep_order(self, order: HeldOrder) -> None:
        self.orders[order.order_id] = order
        if order.resting:
            self.resting.setdefault(order.ticker, {})[order.order_id] = order
        elif order.ticker in self.resting:
            self.resting[order.ticker].pop(order.order_id, None)
            if not self.resting[order.ticker]:
                del self.resting[order.ticker]

    def _keep_holding(self, held: Holding) -> None:
        if held.settled:
            self.holdings.pop(held.ticker, None)
        else:
            self.holdings[held.ticker] = held

    def _keep_fill(self, fill: FillRecord) -> None:
        self.fills.append(fill)
        self._staged.fills.append(fill)


class _Staged:
    """What the next journal line will hold."""

    def __init__(self) -> None:
        self.orders: dict[str, HeldOrder] = {}
        self.fills: list[FillRecord] = []
        self.holdings: dict[str, Holding] = {}
        self.settlements: list[SettlementRecord] = []
        self.transfers: list[Transfer] = []
        self.used_ids: list[str] = []
        self.cash: dict[int, Decimal] = {}

    def any(self) -> bool:
        return any((self.orders, self.holdings, self.transfers, self.used_ids, self.cash))

    def line(self, number: int, at: datetime) -> Line:
        return Line(
            number,
            at,
            tuple(self.orders.values()),
            tuple(self.fills),
            tuple(self.holdings.values()),
            tuple(self.settlements),
            tuple(self.transfers),
            tuple(self.used_ids),
            self.cash,
        )


def fill_fee(series: Series, price: int, count: int, is_taker: bool) -> Decimal:
    """The unrounded fee of an execution in that series, dollars."""
    share = ONE if is_taker else MAKER_SHARE[series.fee_type]
    return model_fee(dollars(price), contracts(count), Decimal(series.fee_multiplier), share)


def _after_fill(held: Holding, sign: int, own: int, count: int, closing: int, fee: Decimal, at: datetime) -> Holding:
    """The holding with `count` more on `sign`'s side, of which `closing` paid back their dollar."""
    basis = ZERO
    if closing:
        whole = closing == abs(held.contracts)
        basis = held.cost if whole else floor_to(held.cost * closing / abs(held.contracts), MICRO)
    return replace(
        held,
        updated_at=at,
        contracts=held.contracts + sign * count,
        cost=held.cost - basis + money(own, count - closing),
        traded=held.traded + money(own, count),
        realized=held.realized + contracts(closing) - money(own, closing) - basis,
        fees=held.fees + fee,
    )


def _filled(
    order: HeldOrder, count: int, cost: Decimal, fee: Decimal, carried: Decimal, is_taker: bool, at: datetime
) -> HeldOrder:
    remaining = order.remaining - count
    return replace(
        order,
        remaining=remaining,
        filled=order.filled + count,
        status=order.status if remaining else OrderStatus.EXECUTED,
        updated_at=at,
        taker_cost=order.taker_cost + (cost if is_taker else ZERO),
        maker_cost=order.maker_cost + (ZERO if is_taker else cost),
        taker_fees=order.taker_fees + (fee if is_taker else ZERO),
        maker_fees=order.maker_fees + (ZERO if is_taker else fee),
        carried=carried,
    )
