"""The stream's JSON as it is on the wire: one msgspec struct for the frame around every message and for each `msg`.

Only what this bot reads is named; unknown fields are passed over, an absent text may be missing, null or "". Dollars
and contracts are strings, `*_ts` unix seconds, `*_ts_ms` unix milliseconds. Of the two ways to say a direction only
`book_side` and `outcome_side` are read: the older fields mean different things in different places. Source: the
exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from trading.exchange.kalshi.wire import FillWire, OrderWire, RangeWire

S = TypeVar("S")
NOTHING = msgspec.Raw(b"null")
Pairs = list[tuple[str, str]]  # price and contracts


def msg_reader(struct: type[S]) -> Callable[[msgspec.Raw], S]:
    """A function from a frame's `msg` to this struct; numbers stay exact. It raises ValueError."""
    return msgspec.json.Decoder(struct, float_hook=Decimal).decode


class Frame(msgspec.Struct, gc=False):
    """Around everything that comes. `id` is that of the command it answers, `sid` the subscription's; 0: none."""

    type: str = ""
    id: int | None = 0
    sid: int | None = 0
    seq: int | None = 0
    msg: msgspec.Raw = NOTHING


class Subscribed(msgspec.Struct, gc=False):
    channel: str
    sid: int


class Refusal(msgspec.Struct, gc=False):
    code: int
    msg: str | None = ""
    market_ticker: str | None = ""
    market_tickers: list[str] | None = None

    @property
    def tickers(self) -> set[str]:
        """The markets at fault, where it names any."""
        return {ticker for ticker in (self.market_ticker, *(self.market_tickers or ())) if ticker}


class Snapshot(msgspec.Struct, gc=False):
    market_ticker: str
    yes_dollars_fp: Pairs | None = None
    no_dollars_fp: Pairs | None = None


class Delta(msgspec.Struct, gc=False):
    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str


class FillMsg(FillWire, gc=False):
    client_order_id: str | None = ""
    ts_ms: int | None = None
    subaccount: int | None = None


class OrderMsg(OrderWire, gc=False):
    created_ts_ms: int | None = None
    last_update_reason: str | None = ""
    subaccount_number: int | None = None


class PositionMsg(msgspec.Struct, gc=False):
    market_ticker: str
    position_fp: str
    subaccount: int | None = None


class LifeHead(msgspec.Struct, gc=False):
    """What tells whether a step in a market's life concerns us."""

    market_ticker: str
    event_type: str


class LifeDetails(msgspec.Struct, gc=False):
    floor_strike: Decimal | None = None


class LifeMsg(LifeHead, gc=False):
    close_ts: int | None = None
    floor_strike: Decimal | None = None
    price_ranges: list[RangeWire] | None = None
    result: str | None = ""
    settlement_value: str | None = ""
    additional_metadata: LifeDetails | None = None


class TickerMsg(msgspec.Struct, gc=False):
    market_ticker: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    yes_bid_size_fp: str
    yes_ask_size_fp: str
    ts_ms: int


class TradeMsg(msgspec.Struct, gc=False):
    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    ts_ms: int
    taker_outcome_side: str | None = ""
    taker_book_side: str | None = ""
    is_block_trade: bool | None = False


class GroupMsg(msgspec.Struct, gc=False):
    event_type: str
    order_group_id: str
    contracts_limit_fp: str | None = ""


class IndexMsg(msgspec.Struct, gc=False):
    """`data` is the index's own JSON as a text, with its time and value."""

    index_id: str
    data: str


read_frame: Callable[[str | bytes], Frame] = msgspec.json.Decoder(Frame).decode
read_subscribed = msg_reader(Subscribed)
read_subscriptions = msg_reader(list[Subscribed])
read_refusal = msg_reader(Refusal)
read_snapshot = msg_reader(Snapshot)
read_delta = msg_reader(Delta)
read_fill = msg_reader(FillMsg)
read_order = msg_reader(OrderMsg)
read_position = msg_reader(PositionMsg)
read_life_head = msg_reader(LifeHead)
read_life = msg_reader(LifeMsg)
read_ticker = msg_reader(TickerMsg)
read_trade = msg_reader(TradeMsg)
read_group = msg_reader(GroupMsg)
read_index = msg_reader(IndexMsg)
