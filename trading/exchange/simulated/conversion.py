"""The venue's records as the engine's domain objects, and the engine's order as the venue's wish."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from trading.domain.fees import FeeTerms
from trading.domain.market import Level, Market, MarketStatus
from trading.domain.order import Fill, Order, OrderReport, Settlement, TimeInForce
from trading.exchange.simulated.about import title_of
from trading.exchange.simulated.grids import Grid
from trading.exchange.simulated.records import FillRecord, HeldOrder, NewOrder, SettlementRecord
from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.windows import Verdict, Window

MARKETS_KEPT = 4096


def to_wish(order: Order) -> NewOrder:
    rests = order.time_in_force is TimeInForce.GTC
    return NewOrder(
        ticker=order.ticker,
        side=order.side,
        price=order.price,
        count=order.count,
        time_in_force=order.time_in_force,
        client_order_id=order.client_order_id,
        expires_at=int(order.expires_at.timestamp()) if rests and order.expires_at else None,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
        cancel_on_pause=rests,
        exchange_index=order.exchange_index,
    )


@lru_cache(maxsize=MARKETS_KEPT)
def to_market(
    window: Window,
    status: MarketStatus,
    strike: Decimal | None,
    verdict: Verdict | None,
    grid: Grid,
    fee_type: str,
    fee_multiplier: Decimal,
) -> Market:
    return Market(
        ticker=window.ticker,
        event_ticker=window.event_ticker,
        open_time=window.open_time,
        close_time=window.close_time,
        status=status,
        strike=strike,
        result=verdict.result if verdict else "",
        settlement_value=verdict.value if verdict else None,
        expiration_value=verdict.expiration_value if verdict else None,
        price_ranges=grid.ranges,
        fees=FeeTerms(fee_type, fee_multiplier),
        exchange_index=window.exchange_index,
        title=title_of(window),
    )


def to_level(level: tuple[int, int]) -> Level:
    return Level(dollars(level[0]), contracts(level[1]))


def to_report(order: HeldOrder) -> OrderReport:
    return OrderReport(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        ticker=order.ticker,
        side=order.side,
        price=dollars(order.price),
        status=order.status,
        filled=contracts(order.filled),
        remaining=contracts(order.remaining),
        initial=contracts(order.initial),
        created_at=order.created_at,
        exchange_index=order.exchange_index,
    )


def to_fill(fill: FillRecord) -> Fill:
    return Fill(
        fill_id=fill.fill_id,
        order_id=fill.order_id,
        ticker=fill.ticker,
        side=fill.side,
        price=dollars(fill.price),
        count=contracts(fill.count),
        fee=fill.fee,
        is_taker=fill.is_taker,
        at=fill.at,
        exchange_index=fill.exchange_index,
    )


def to_settlement(record: SettlementRecord) -> Settlement:
    return Settlement(
        ticker=record.ticker,
        result=record.result,
        revenue=record.revenue,
        fees=record.fees,
        yes_count=contracts(record.yes_count),
        no_count=contracts(record.no_count),
        yes_cost=record.yes_cost,
        no_cost=record.no_cost,
        at=record.settled_at,
        value=record.value,
    )
