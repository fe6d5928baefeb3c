"""The exact translation of the exchange's wire structs into domain records, and of an order into a request's fields.

Dollars and contracts are strings on the wire and stay exact; times are RFC 3339 with trimmed fractions; what is absent
may be missing, null or "". Unknown words are read in the careful way: a market of unknown status does not trade, an
order of unknown status with contracts remaining still rests. What cannot be read exactly raises ValueError (msgspec's
own errors are ValueErrors too): nothing is guessed. Meanings: the exchange's spec 3.34.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from trading.domain.market import LINEAR_CENT, TAPERED_DECI_CENT, Level, Market, MarketStatus, PriceRange
from trading.domain.money import CENT, ONE, ZERO, exact
from trading.domain.order import (
    Balance,
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
from trading.exchange.kalshi import wire as w

TIMES_KEPT = 4096  # texts of times read before: a page of markets repeats a few close times a thousand times
GRIDS_KEPT = 64
YEAR_MIN = 1970  # the exchange's language writes "no time" as the year 1
_STATUSES = {status.value: status for status in MarketStatus}
_ORDER_STATUSES = {s.value: s for s in (OrderStatus.RESTING, OrderStatus.EXECUTED, OrderStatus.CANCELED)}
_SIDES = {"bid": Side.BID, "ask": Side.ASK}
_read_ranges = w.reader(w.Ranges)
_OUTCOME_SIDES = {"yes": Side.BID, "no": Side.ASK}


@lru_cache(maxsize=TIMES_KEPT)
def moment(text: str | None) -> datetime | None:
    """An aware UTC time, or None where the exchange says that there is none. Raises ValueError."""
    if not text:
        return None
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    if value.year < YEAR_MIN:
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"not a time: {text!r}") from None


def required_moment(text: str | None) -> datetime:
    """Like `moment`, for a time that must be there."""
    value = moment(text)
    if value is None:
        raise ValueError(f"a time is missing: {text!r}")
    return value


def timestamp(seconds: float) -> datetime:
    """An aware UTC time from unix seconds. Raises ValueError, also for what no calendar holds."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError):
        raise ValueError(f"not a time: {seconds!r}") from None


def _number(value: object) -> Decimal | None:
    """A strike or an index value; None where there is none, or where it is words (as in markets on names)."""
    if not isinstance(value, str | int | Decimal):
        return None
    try:
        return exact(value)
    except ValueError:
        return None


def side(book_side: str | None, outcome_side: str | None) -> Side:
    """From whichever of the two the exchange said; the legacy fields mean different things in different places."""
    found = _SIDES.get(book_side or "") or _OUTCOME_SIDES.get(outcome_side or "")
    if found is None:
        raise ValueError(f"neither bid nor ask: book_side {book_side!r}, outcome_side {outcome_side!r}")
    return found


def market(wire: w.MarketWire) -> Market:
    return Market(
        ticker=wire.ticker,
        event_ticker=wire.event_ticker,
        open_time=required_moment(wire.open_time),
        close_time=required_moment(wire.close_time),
        status=_STATUSES.get(wire.status, MarketStatus.INACTIVE),
        strike=_number(wire.floor_strike),
        result=wire.result or "",
        settlement_value=_number(wire.settlement_value_dollars),
        expiration_value=_number(wire.expiration_value),
        price_ranges=_ranges(wire),
        exchange_index=wire.exchange_index or 0,
        title=wire.title or "",
    )


def listed(wire: w.ListedWire) -> Market:
    """An open market, without what a listing for scanners leaves out: its strike."""
    ranges = _read_ranges(wire.price_ranges)
    return Market(
        ticker=wire.ticker,
        event_ticker=wire.event_ticker,
        open_time=required_moment(wire.open_time),
        close_time=required_moment(wire.close_time),
        status=_STATUSES.get(wire.status, MarketStatus.INACTIVE),
        price_ranges=grid(ranges) if ranges else LINEAR_CENT,  # whole cents are valid on every grid
        exchange_index=wire.exchange_index or 0,
        title=wire.title or "",
    )


def _ranges(wire: w.MarketWire) -> tuple[PriceRange, ...]:
    """`price_ranges` rules; without it (older answers) the label, and whole cents are valid on every grid."""
    if wire.price_ranges:
        return grid(wire.price_ranges)
    return TAPERED_DECI_CENT if wire.price_level_structure == "tapered_deci_cent" else LINEAR_CENT


def grid(ranges: Sequence[w.RangeWire]) -> tuple[PriceRange, ...]:
    """A market's price grid; few different ones stand for all markets."""
    return _grid(tuple((r.start, r.end, r.step) for r in ranges))


@lru_cache(maxsize=GRIDS_KEPT)
def _grid(ranges: tuple[tuple[str, str, str], ...]) -> tuple[PriceRange, ...]:
    return tuple(PriceRange(exact(start), exact(end), exact(step)) for start, end, step in ranges)


def touch(book: w.BookWire) -> tuple[Level | None, Level | None]:
    """Best YES bid and ask of a book of bids: the ask is what remains of a dollar after the best NO bid."""
    yes, no = _best(book.yes_dollars), _best(book.no_dollars)
    return yes, Level(ONE - no.price, no.count) if no else None


def _best(levels: Sequence[tuple[str, str]] | None) -> Level | None:
    """The highest bid with contracts behind it, whatever order the levels come in."""
    found = [Level(exact(price), exact(count)) for price, count in levels or ()]
    return max((lv for lv in found if lv.count > 0 and ZERO < lv.price < ONE), key=lambda lv: lv.price, default=None)


def order_report(wire: w.OrderWire) -> OrderReport:
    filled, remaining = exact(wire.fill_count_fp), exact(wire.remaining_count_fp)
    return OrderReport(
        order_id=wire.order_id,
        client_order_id=wire.client_order_id or "",
        ticker=wire.ticker,
        side=side(wire.book_side, wire.outcome_side),
        price=exact(wire.yes_price_dollars),
        status=_ORDER_STATUSES.get(wire.status) or _inferred(filled, remaining),
        filled=filled,
        remaining=remaining,
        initial=exact(wire.initial_count_fp),
        created_at=moment(wire.created_time),
        exchange_index=wire.exchange_index or 0,
    )


def _inferred(filled: Decimal, remaining: Decimal) -> OrderStatus:
    if remaining > 0:
        return OrderStatus.RESTING
    return OrderStatus.EXECUTED if filled > 0 else OrderStatus.CANCELED


def fill(wire: w.FillWire) -> Fill:
    """Direction from book_side and outcome_side only: the legacy fields mean different things on fills."""
    fill_id = wire.fill_id or wire.trade_id
    ticker = wire.market_ticker or wire.ticker
    if not fill_id or not ticker:
        raise ValueError(f"a fill of order {wire.order_id} without an id or a market")
    return Fill(
        fill_id=fill_id,
        order_id=wire.order_id,
        ticker=ticker,
        side=side(wire.book_side, wire.outcome_side),
        price=exact(wire.yes_price_dollars),
        count=exact(wire.count_fp),
        fee=exact(wire.fee_cost),
        is_taker=wire.is_taker,
        at=required_moment(wire.created_time) if wire.ts is None else moment(wire.created_time) or timestamp(wire.ts),
        exchange_index=wire.exchange_index or 0,
    )


def position(wire: w.PositionWire) -> Position:
    return Position(Mode.REAL, wire.ticker, exact(wire.position_fp))


def settlement(wire: w.SettlementWire) -> Settlement:
    return Settlement(
        ticker=wire.ticker,
        result=wire.market_result,
        revenue=wire.revenue * CENT,
        fees=exact(wire.fee_cost),
        yes_count=exact(wire.yes_count_fp),
        no_count=exact(wire.no_count_fp),
        yes_cost=exact(wire.yes_total_cost_dollars),
        no_cost=exact(wire.no_total_cost_dollars),
        at=required_moment(wire.settled_time),
        value=None if wire.value is None else wire.value * CENT,
    )


def balance(wire: w.BalanceWire) -> Balance:
    """Exact dollars; the cents only where an older answer has nothing better."""
    return Balance(
        total=exact(wire.balance_dollars) if wire.balance_dollars else wire.balance * CENT,
        shards={s.exchange_index: exact(s.balance) for s in wire.balance_breakdown or ()},
        portfolio_value=wire.portfolio_value * CENT,
    )


def exchange_status(wire: w.StatusWire, exchange_index: int) -> ExchangeStatus:
    """One shard's own status; the top level speaks of shard 0, and for a shard that is not listed."""
    listed = [s for s in wire.exchange_index_statuses or () if s.exchange_index == exchange_index]
    active, trading = (
        (listed[0].exchange_active, listed[0].trading_active) if listed else (wire.exchange_active, wire.trading_active)
    )
    return ExchangeStatus(active, trading, moment(wire.exchange_estimated_resume_time))


def placed(wire: w.CreatedWire) -> Placed:
    if not wire.order_id:
        raise ValueError("a success without an order id")
    return Placed(wire.order_id, exact(wire.fill_count), exact(wire.remaining_count), timestamp(wire.ts_ms / 1000))


def new_order(order: Order, subaccount: int, group_id: str = "") -> w.OrderBody:
    """A new order, in the order group `group_id` or in none. A resting one dies by itself: at `expires_at`, and when a
    pause begins.

    Price with 4 decimals, count with 2. Raises ValueError where they do not fit, rather than rounding money.
    """
    resting = order.time_in_force is TimeInForce.GTC
    return w.OrderBody(
        ticker=order.ticker,
        client_order_id=order.client_order_id,
        side=order.side.value,
        count=count_text(order.count),
        price=price_text(order.price),
        time_in_force=order.time_in_force.value,
        self_trade_prevention_type="taker_at_cross",
        subaccount=subaccount,
        exchange_index=order.exchange_index,
        expiration_time=int(order.expires_at.timestamp()) if resting and order.expires_at else None,
        cancel_order_on_pause=True if resting else None,
        reduce_only=True if order.reduce_only else None,
        post_only=True if order.post_only else None,
        order_group_id=group_id or None,
    )


def count_text(count: Decimal) -> str:
    """Contracts with 2 decimals. Raises ValueError where they do not fit."""
    return _fixed(count, 2)


def price_text(price: Decimal) -> str:
    """Dollars with 4 decimals. Raises ValueError where they do not fit."""
    return _fixed(price, 4)


def _fixed(value: Decimal, places: int) -> str:
    text = f"{value:.{places}f}"
    if exact(text) != value:
        raise ValueError(f"{value} has more than {places} decimals")
    return text
