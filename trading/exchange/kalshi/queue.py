"""How many contracts stand before our resting orders. Source: the exchange's spec 3.34."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote as quoted

from trading.domain.account_records import QueuePosition
from trading.domain.money import exact
from trading.exchange.kalshi import codec_account, wire
from trading.exchange.kalshi import wire_account as w
from trading.exchange.kalshi.calls import Calls, Params
from trading.exchange.kalshi.pages import given

_read_one = wire.reader(w.OneQueuePosition)
_read_all = wire.reader(w.QueuePositions)


class QueueReads:
    """The queue positions of one subaccount, over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount

    async def position(self, order_id: str) -> Decimal:
        """Contracts before this order. Raises NotFound too."""
        self._calls.require_key("a queue position")
        path = f"/portfolio/orders/{quoted(order_id, safe='')}/queue_position"
        return await self._calls.read(path, lambda body: exact(_read_one(body).queue_position_fp))

    async def positions(self, tickers: Sequence[str], event: str) -> list[QueuePosition]:
        """Those of all resting orders in these markets, or in this event's."""
        self._calls.require_key("the queue positions")
        named = given(market_tickers=",".join(tickers), event_ticker=event)
        params: Params = {"subaccount": self._subaccount, **named}

        def decode(body: bytes) -> list[QueuePosition]:
            return list(map(codec_account.queue_position, _read_all(body).queue_positions or ()))

        return await self._calls.read("/portfolio/orders/queue_positions", decode, params)
