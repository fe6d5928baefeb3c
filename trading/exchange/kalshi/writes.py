"""Sending a change once, when it could do harm to send it twice.

Every end of it is one of three: what the exchange answered; `Rejected`, when it is proved that nothing was done;
`Unresolved`, for everything else. Only a 429, which proves that nothing was done, is followed by another try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from trading.domain.errors import Rejected, Unauthorized, Unavailable, Unresolved
from trading.exchange.kalshi.calls import ORDER_BACKOFF, Calls, Params, texts
from trading.exchange.kalshi.http import Answer, NoAnswer, NotSent, Request
from trading.exchange.kalshi.refusals import TOO_MANY_CODE, order_error, read_refusal

T = TypeVar("T")

UNREACHABLE_CODE = "unreachable"
CALLED_OFF_CODE = "called_off"


@dataclass(frozen=True, slots=True)
class Write(Generic[T]):
    """One change; `path` is below the API's root, `encode` makes the body and raises ValueError where it cannot be said
    exactly, `exchange_index` names the budget, `cost` is in tokens (None: what the call costs alone)."""

    method: str
    path: str
    encode: Callable[[], bytes]
    decode: Callable[[bytes], T]
    exchange_index: int
    params: Params = field(default_factory=dict)
    cost: int | None = None


class Writes:
    """All changes of one key that are sent once, over `calls`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.sweeps = 0  # so far: what still waits when one begins is not sent any more

    def call_off(self) -> None:
        """Drop every change that has not left yet."""
        self.sweeps += 1

    async def send(self, write: Write[T], sweeps: int | None = None) -> T:
        """What the exchange answered. `sweeps`: how many there were when this was wanted; None: as many as now.

        Raises Rejected or Unresolved, nothing else (but what a programmer did wrong).
        """
        sweeps = self.sweeps if sweeps is None else sweeps
        request = self._request(write, sweeps)
        for attempt in range(ORDER_BACKOFF.tries):
            if attempt:
                await self._calls.clock.sleep(ORDER_BACKOFF.pause(attempt - 1, self._calls.jitter))
            answered = await self._try(write, request, sweeps)
            if answered is not None:
                return answered
        raise Rejected(TOO_MANY_CODE, f"the exchange was too busy {ORDER_BACKOFF.tries} times in a row", 429)

    def _request(self, write: Write[T], sweeps: int) -> Request:
        try:
            self._calls.require_key(f"{write.method} {write.path}")
            body = write.encode()
        except Unauthorized as error:
            raise Rejected("unauthorized", str(error)) from None
        except ValueError as error:
            raise Rejected("invalid_order", str(error)) from None
        return Request(write.method, write.path, texts(write.params), body=body, wanted=lambda: self.sweeps == sweeps)

    async def _try(self, write: Write[T], request: Request, sweeps: int) -> T | None:
        """One sending: the answer, or None for "too many requests". Raises Rejected, Unresolved."""
        try:
            answer = await self._calls.order(request, write.decode, write.exchange_index, write.cost)
        except NoAnswer as error:
            raise Unresolved(str(error)) from error
        except NotSent as error:
            code = UNREACHABLE_CODE if self.sweeps == sweeps else CALLED_OFF_CODE
            raise Rejected(code, str(error)) from error
        except Unavailable as error:  # our own budget: it never left
            raise Rejected(TOO_MANY_CODE, str(error)) from error
        except ValueError as error:
            raise Unresolved(f"{request.name}: the acknowledgement cannot be read ({error})") from error
        if answer.value is None:
            self._refuse(request, answer, write.exchange_index)
        return answer.value

    def _refuse(self, request: Request, answer: Answer[T], exchange_index: int) -> None:
        """Raise what the refusal proves; after a 429 there is nothing to raise, it may be tried again."""
        refusal = read_refusal(answer.status, answer.body)
        if not refusal.proves_not_taken:
            raise Unresolved(f"{request.name}: HTTP {refusal.status} {refusal.text}")
        if refusal.status != 429:
            raise order_error(refusal, self._calls.skew_seconds, exchange_index)
