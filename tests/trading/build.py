"""Small makers of domain values for tests: every field has a sensible value, name only what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.domain.market import TAPERED_DECI_CENT, Level, Market, MarketStatus, Quote, Tick
from trading.domain.order import Fill, Mode, Order, OrderStatus, Side

OPEN = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"


def market(**changes: Any) -> Market:
    close = changes.pop("close_time", OPEN + timedelta(minutes=15))
    base = Market(
        ticker=TICKER,
        event_ticker=TICKER[:-3],
        open_time=close - timedelta(minutes=15),
        close_time=close,
        status=MarketStatus.ACTIVE,
        strike=Decimal("90010.00"),
        price_ranges=TAPERED_DECI_CENT,
        exchange_index=2,
    )
    return replace(base, **changes)


def before(**changes: Any) -> Market:
    given = {
        "ticker": "KXBTC15M-26JAN050700-00",
        "close_time": OPEN,
        "strike": Decimal("90000.00"),
        "result": "yes",
        "status": MarketStatus.FINALIZED,
    }
    return market(**(given | changes))


def quote(bid: str | None = "0.50", ask: str | None = "0.52", at: datetime = OPEN, size: str = "100") -> Quote:
    def level(price: str | None) -> Level | None:
        return Level(Decimal(price), Decimal(size)) if price else None

    return Quote(TICKER, at, level(bid), level(ask))


def ticks(now: datetime, old: str = "90000", new: str = "90100", seconds: float = 60) -> tuple[Tick, ...]:
    return (
        Tick("BRTI", Decimal(old), now - timedelta(seconds=seconds)),
        Tick("BRTI", Decimal(new), now),
    )


def order(**changes: Any) -> Order:
    base = Order(
        client_order_id="k1-a",
        mode=Mode.REAL,
        strategy="consensus",
        ticker=TICKER,
        side=Side.BID,
        price=Decimal("0.50"),
        count=Decimal(10),
        status=OrderStatus.PENDING,
        created_at=OPEN,
        updated_at=OPEN,
        close_time=OPEN + timedelta(minutes=15),
    )
    return replace(base, **changes)


def fill(of: Order, count: str = "10", price: str | None = None, fee: str = "0.175", key: str = "f1") -> Fill:
    return Fill(
        fill_id=key,
        order_id=of.order_id or "x1",
        ticker=of.ticker,
        side=of.side,
        price=Decimal(price) if price else of.price,
        count=Decimal(count),
        fee=Decimal(fee),
        is_taker=True,
        at=OPEN,
        mode=of.mode,
        client_order_id=of.client_order_id,
        strategy=of.strategy,
    )
