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

from trading.domain.fees import charge
from trading.domain.money import CENTI_CENT, ZERO, ceil_to, floor_to
from trading.domain.order import OrderStatus, Side
from trading.exchange.simulated.fee_schedule import HasFeeTerms
from trading.exchange.simulated.journal import Journal
from trading.exchange.simulated.postings import after_fill, fill_fee, filled, payout, settled
from trading.exchange.simulated.records import (
    CashFlow,
    CashFlowKind,
    FillRecord,
    GroupEvent,
    HeldOrder,
    Holding,
    Line,
    OrderGroup,
    ResultChange,
    SettlementRecord,
    Transfer,
)
from trading.exchange.simulated.staging import Staged
from trading.exchange.simulated.units import contracts, money, own_price
from trading.exchange.simulated.windows import Verdict, Window

OPENING_CASH: Mapping[int, Decimal] = {0: Decimal(1000), 2: Decimal(1000)}  # dollars by shard


class Account:
    """One member's account. Nothing is durable before `commit`."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.orders: dict[str, HeldOrder] = {}
        self.fills: list[FillRecord] = []
        self.holdings: dict[str, Holding] = {}  # of unsettled markets, by ticker
        self.closed: dict[str, Holding] = {}  # of settled ones
        self.groups: dict[str, OrderGroup] = {}  # by id; a deleted one is gone
        self.groups_made = 0
        self.cash_flows: list[CashFlow] = []
        self.result_changes: dict[str, ResultChange] = {}  # by ticker
        self.settlements: list[SettlementRecord] = []
        self.transfers: list[Transfer] = []
        self.used_ids: set[str] = set()  # client ids: never free again
        self.cash: dict[int, Decimal] = {}
        self.resting: dict[str, dict[str, HeldOrder]] = {}  # by ticker, then by order id
        self.last_time: datetime | None = None
        self.watchers: list[Callable[[Line], None]] = []  # told of every line once it is written; they must not raise
        self._journal = journal
        self._staged = Staged()
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
        self._staged = Staged()
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
        self, order: HeldOrder, terms: HasFeeTerms, price: int, count: int, is_taker: bool, at: datetime, fill_id: str
    ) -> HeldOrder:
        """Book one execution: cash, holding, fill, and the order, which is returned as it now is."""
        held = self.holdings.get(order.ticker) or Holding(order.ticker, order.exchange_index, at)
        own = own_price(order.side is Side.BID, price)
        closing = min(count, max(-held.contracts * order.side.sign, 0))
        cost = money(own, count)
        revenue = contracts(closing) - cost
        fee, carried = charge(revenue, fill_fee(terms, price, count, is_taker), order.carried)
        self._add_cash(order.exchange_index, revenue - fee)
        held = after_fill(held, order.side.sign, own, count, closing, fee, at)
        self._put_holding(held)
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
        return self.put_order(filled(order, count, cost, fee, carried, is_taker, at))

    def settle(self, window: Window, verdict: Verdict) -> None:
        """Pay a market out and close the holding; one without contracts leaves no settlement."""
        held = self.holdings[window.ticker]
        yes, no = max(held.contracts, 0), max(-held.contracts, 0)
        revenue = payout(verdict, yes, no)
        self._put_holding(settled(held, revenue, verdict.settled_at))
        if not held.contracts:
            return
        shard = held.exchange_index
        self._add_cash(shard, floor_to(revenue, CENTI_CENT))
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
        self._put_settlement(record)

    def correct(self, record: SettlementRecord, verdict: Verdict) -> None:
        """Pay a settlement again by another verdict: what it changes is booked, also into the red (inferred)."""
        revenue = payout(verdict, record.yes_count, record.no_count)
        paid = floor_to(revenue, CENTI_CENT) - floor_to(record.revenue, CENTI_CENT)
        self._add_cash(record.exchange_index, paid)
        held, at = self.closed[record.ticker], verdict.settled_at
        self._put_holding(replace(held, realized=held.realized + revenue - record.revenue, updated_at=at))
        result, value = verdict.result, verdict.value
        self._put_settlement(replace(record, result=result, value=value, revenue=revenue, settled_at=at))

    def move(self, transfer: Transfer) -> None:
        """Book a transfer between shards; the caller has checked that the cash is there."""
        self._add_cash(transfer.source, -transfer.amount)
        self._add_cash(transfer.destination, transfer.amount)
        self.transfers.append(transfer)
        self._staged.transfers.append(transfer)

    def flow(self, shard: int, flow: CashFlow) -> None:
        """Book a deposit or a withdrawal; the caller has checked that the cash is there."""
        self._add_cash(shard, flow.amount if flow.kind is CashFlowKind.DEPOSIT else -flow.amount)
        self.cash_flows.append(flow)
        self._staged.cash_flows.append(flow)

    def put_group(self, group: OrderGroup) -> OrderGroup:
        """Keep a group as it now is; one whose last event is its deletion is forgotten."""
        self._keep_group(group)
        self._staged.groups.append(group)
        return group

    def change_result(self, change: ResultChange) -> None:
        self.result_changes[change.ticker] = change
        self._staged.result_changes.append(change)

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
        for record in line.settlements:
            self._keep_settlement(record)
        self.transfers.extend(line.transfers)
        self.used_ids.update(line.used_ids)
        self.cash.update(line.cash)
        for group in line.groups:
            self._keep_group(group)
        self.cash_flows.extend(line.cash_flows)
        self.result_changes.update({c.ticker: c for c in line.result_changes})
        self._lines, self.last_time = line.number + 1, line.at

    def _keep_order(self, order: HeldOrder) -> None:
        self.orders[order.order_id] = order
        if order.resting:
            self.resting.setdefault(order.ticker, {})[order.order_id] = order
        elif order.ticker in self.resting:
            self.resting[order.ticker].pop(order.order_id, None)
            if not self.resting[order.ticker]:
                del self.resting[order.ticker]

    def _add_cash(self, shard: int, amount: Decimal) -> None:
        self.set_cash(shard, self.cash.get(shard, ZERO) + amount)

    def _put_holding(self, held: Holding) -> None:
        self._keep_holding(held)
        self._staged.holdings[held.ticker] = held

    def _keep_holding(self, held: Holding) -> None:
        if held.settled:
            self.holdings.pop(held.ticker, None)
            self.closed[held.ticker] = held
        else:
            self.holdings[held.ticker] = held

    def _put_settlement(self, record: SettlementRecord) -> None:
        self._keep_settlement(record)
        self._staged.settlements.append(record)

    def _keep_settlement(self, record: SettlementRecord) -> None:
        """A new one, or another state of one that is known."""
        self.settlements[record.number : record.number + 1] = [record]

    def _keep_group(self, group: OrderGroup) -> None:
        self.groups_made = max(self.groups_made, group.number + 1)
        if group.event is GroupEvent.DELETED:
            self.groups.pop(group.group_id, None)
        else:
            self.groups[group.group_id] = group

    def _keep_fill(self, fill: FillRecord) -> None:
        self.fills.append(fill)
        self._staged.fills.append(fill)
