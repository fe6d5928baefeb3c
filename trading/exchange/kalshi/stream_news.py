"""From the stream's messages to news in the words of the domain; what does not concern this bot is None.

The life of markets is told for the whole exchange, without a choice: only the followed markets' is kept, and new ones
of their series. Where a message names a subaccount, it must be ours. What cannot be read exactly raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import msgspec

from trading.domain.market import Level, PriceRange, PublicTrade, Quote
from trading.domain.money import ONE, ZERO, exact
from trading.domain.news import FillNews, GroupNews, MarketNews, News, OrderNews, PositionNews, QuoteNews, TradeNews
from trading.exchange.kalshi import stream_wire as w
from trading.exchange.kalshi.codec import fill, order_report, side, timestamp
from trading.exchange.kalshi.stream_wish import Wish

CREATED = "created"
ENDS = {  # why an order has ended, for people; the exchange's other reasons are no ends
    "CloseCancel": "the market has closed",
    "ExpiryCancel": "its time is over",
    "HaltCancel": "the exchange has halted the market",
    "MarginCancel": "the account no longer covers it",
    "PostOnlyCrossCancel": "it would have taken a price, which it must not",
    "ReduceOnlyCancel": "nothing is left that it could reduce",
    "SelfTradeCancel": "it would have met another order of this account",
}


class NewsReader:
    """Reads one account's news. `wish` says which markets concern us, `subaccount` whose orders."""

    def __init__(self, wish: Wish, subaccount: int) -> None:
        self._wish, self._subaccount = wish, subaccount
        self._readers: dict[str, Callable[[msgspec.Raw], News | None]] = {
            "fill": self._fill,
            "user_order": self._order,
            "market_position": self._position,
            "market_lifecycle_v2": self._life,
            "ticker": lambda msg: _quoted(w.read_ticker(msg)),
            "trade": lambda msg: _traded(w.read_trade(msg)),
            "order_group_updates": lambda msg: _grouped(w.read_group(msg)),
        }

    def reads(self, kind: str) -> bool:
        """Whether frames of this type carry news."""
        return kind in self._readers

    def read(self, kind: str, msg: msgspec.Raw) -> News | None:
        """The news in the `msg` of a frame of this type; None where it is not for us. Raises ValueError."""
        return self._readers[kind](msg)

    def _ours(self, subaccount: int | None) -> bool:
        return subaccount is None or subaccount == self._subaccount

    def _fill(self, msg: msgspec.Raw) -> News | None:
        wire = w.read_fill(msg)
        if not self._ours(wire.subaccount):
            return None
        if wire.ts_ms is None:
            return FillNews(fill(wire), wire.client_order_id or "")
        wire.ts = wire.ts_ms // 1000  # the older field may be missing
        return FillNews(replace(fill(wire), at=timestamp(wire.ts_ms / 1000)), wire.client_order_id or "")

    def _order(self, msg: msgspec.Raw) -> News | None:
        wire = w.read_order(msg)
        if not self._ours(wire.subaccount_number):
            return None
        report = order_report(wire)
        if wire.created_ts_ms is not None:
            report = replace(report, created_at=timestamp(wire.created_ts_ms / 1000))
        reason = wire.last_update_reason or ""
        return OrderNews(report, ENDS.get(reason, reason))

    def _position(self, msg: msgspec.Raw) -> News | None:
        wire = w.read_position(msg)
        return PositionNews(wire.market_ticker, exact(wire.position_fp)) if self._ours(wire.subaccount) else None

    def _life(self, msg: msgspec.Raw) -> News | None:
        head = w.read_life_head(msg)
        concerns = head.market_ticker in self._wish.tickers
        if not concerns and not (head.event_type == CREATED and self._wish.akin(head.market_ticker)):
            return None
        return _lived(w.read_life(msg))


def _lived(wire: w.LifeMsg) -> MarketNews:
    details = wire.additional_metadata
    strike = wire.floor_strike if wire.floor_strike is not None or details is None else details.floor_strike
    ranges = tuple(PriceRange(exact(r.start), exact(r.end), exact(r.step)) for r in wire.price_ranges or ())
    return MarketNews(
        ticker=wire.market_ticker,
        step=wire.event_type,
        close_time=timestamp(wire.close_ts) if wire.close_ts else None,
        strike=None if strike is None else exact(strike),
        price_ranges=ranges or None,
        result=wire.result or None,
        settlement_value=exact(wire.settlement_value) if wire.settlement_value else None,
    )


def _quoted(wire: w.TickerMsg) -> QuoteNews:
    bid = _level(exact(wire.yes_bid_dollars), exact(wire.yes_bid_size_fp))
    ask = _level(exact(wire.yes_ask_dollars), exact(wire.yes_ask_size_fp))
    return QuoteNews(Quote(wire.market_ticker, timestamp(wire.ts_ms / 1000), bid, ask))


def _level(price: Decimal, count: Decimal) -> Level | None:
    """An empty side is told as a price at the end of the scale, or as nothing waiting there."""
    return Level(price, count) if ZERO < price < ONE and count > 0 else None


def _traded(wire: w.TradeMsg) -> TradeNews:
    return TradeNews(
        PublicTrade(
            trade_id=wire.trade_id,
            ticker=wire.market_ticker,
            price=exact(wire.yes_price_dollars),
            count=exact(wire.count_fp),
            taker=side(wire.taker_book_side, wire.taker_outcome_side).outcome,
            at=timestamp(wire.ts_ms / 1000),
            is_block=bool(wire.is_block_trade),
        )
    )


def _grouped(wire: w.GroupMsg) -> GroupNews:
    limit = exact(wire.contracts_limit_fp) if wire.contracts_limit_fp else None
    return GroupNews(wire.order_group_id, wire.event_type, limit)
