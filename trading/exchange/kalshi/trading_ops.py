"""Changing something at the exchange: placing an order, cancelling one, cancelling all.

Placing is where an outcome can be unknown, so every end of it is one of three: `Placed`; `Rejected`, when it is proved
that the order is not in the book; `Unresolved`, for everything else. Cancels prove themselves by being repeated.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote as quoted

from trading.domain.errors import Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.money import exact
from trading.domain.order import Order, Placed
from trading.exchange.kalshi import codec, wire
from trading.exchange.kalshi.calls import ORDER_BACKOFF, Calls
from trading.exchange.kalshi.http import Answer, NoAnswer, NotSent, Request
from trading.exchange.kalshi.refusals import TOO_MANY_CODE, order_error, read_refusal

ORDERS_PATH = "/portfolio/events/orders"
UNREACHABLE_CODE = "unreachable"
CALLED_OFF_CODE = "called_off"

_read_created = wire.reader(wire.CreatedWire)
_read_canceled = wire.reader(wire.CanceledWire)


class TradingOps:
    """Orders and cancels of one subaccount, over `calls`."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount
        self._sweeps = 0  # cancel-alls so far: an order that still waits when one begins is not sent any more

    async def place(self, order: Order) -> Placed:
        """Send a new order; sent again only after a 429, which proves that it was not taken.

        Raises Rejected or Unresolved, nothing else (but what a programmer did wrong).
        """
        sweeps = self._sweeps
        request = self._request(order, sweeps)
        for attempt in range(ORDER_BACKOFF.tries):
            if attempt:
                await self._calls.clock.sleep(ORDER_BACKOFF.pause(attempt - 1, self._calls.jitter))
            placed = await self._try(order, request, sweeps)
            if placed is not None:
                return placed
        raise Rejected(TOO_MANY_CODE, f"the exchange was too busy {ORDER_BACKOFF.tries} times in a row", 429)

    def _request(self, order: Order, sweeps: int) -> Request:
        try:
            self._calls.require_key("an order")
            body = codec.order_body(order, self._subaccount)
        except Unauthorized as error:
            raise Rejected("unauthorized", str(error)) from None
        except ValueError as error:
            raise Rejected("invalid_order", str(error)) from None
        return Request("POST", ORDERS_PATH, body=body, wanted=lambda: self._sweeps == sweeps)

    async def _try(self, order: Order, request: Request, sweeps: int) -> Placed | None:
        """One sending: the acknowledgement, or None for "too many requests". Raises Rejected, Unresolved."""
        try:
            answer = await self._calls.order(request, _placed, order.exchange_index)
        except NoAnswer as error:
            raise Unresolved(str(error)) from error
        except NotSent as error:
            code = UNREACHABLE_CODE if self._sweeps == sweeps else CALLED_OFF_CODE
            raise Rejected(code, str(error)) from error
        except Unavailable as error:  # our own budget: it never left
            raise Rejected(TOO_MANY_CODE, str(error)) from error
        except ValueError as error:
            raise Unresolved(f"{request.name}: the acknowledgement cannot be read ({error})") from error
        if answer.value is None:
            self._refuse(request, answer)
        return answer.value

    def _refuse(self, request: Request, answer: Answer[Placed]) -> None:
        """Raise what the refusal proves; after a 429 there is nothing to raise, it may be tried again."""
        refusal = read_refusal(answer.status, answer.body)
        if not refusal.proves_not_taken:
            raise Unresolved(f"{request.name}: HTTP {refusal.status} {refusal.text}")
        if refusal.status != 429:
            raise order_error(refusal, self._calls.skew_seconds)

    async def cancel(self, order: Order) -> Decimal:
        """The contracts taken off. Raises NotFound (gone or filled), Unavailable, Paused, Unauthorized."""
        self._calls.require_key("a cancel")
        assert order.order_id, "an order without an id cannot be cancelled by id"
        return await self._calls.cancel(
            f"{ORDERS_PATH}/{quoted(order.order_id, safe='')}",
            lambda body: exact(_read_canceled(body).reduced_by),
            {
                "subaccount": self._subaccount,
                "exchange_index": order.exchange_index,
                "market_ticker": order.ticker,  # without a shard or a ticker it would look on shard 0
            },
            order.exchange_index,
        )

    async def cancel_all(self) -> None:
        """Everything on the subaccount, on all shards. Raises Unavailable, Paused, Unauthorized.

        The exchange may also cancel orders that arrive within the next minute.
        """
        self._calls.require_key("a cancel-all")
        self._sweeps += 1
        await self._calls.cancel(ORDERS_PATH, lambda body: True, {"subaccount": self._subaccount}, 0)


def _placed(body: bytes) -> Placed:
    return codec.placed(_read_created(body))
