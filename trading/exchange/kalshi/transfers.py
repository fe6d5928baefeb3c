"""Moving cash between the shards of one account: an order only sees the cash on its own market's shard.

The exchange moves it after answering, so that a success says "accepted", and only the balance says "moved". A transfer
is sent once: its `client_transfer_id` is there for the exchange to tell a repetition by, not for us to repeat.
Source: the exchange's page on transfers between exchange instances, spec 3.34.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trading.domain.errors import ChatopsError, Rejected, Unauthorized, Unavailable, Unresolved
from trading.exchange.kalshi import wire
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.http import NoAnswer, Request
from trading.exchange.kalshi.refusals import Refusal, read_error, read_refusal

TRANSFER_PATH = "/portfolio/intra_exchange_instance_transfer"
UNITS_PER_DOLLAR = 10_000  # amounts are whole units of $0.0001
COMMON_BUCKET = 0  # a transfer belongs to no shard, and draws on the common write budget

_read_transfer = wire.reader(wire.TransferWire)


class Transfers:
    """Transfers of one subaccount, over `calls`."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount

    async def move(self, source: int, destination: int, amount: Decimal, client_transfer_id: str) -> str:
        """Ask once for `amount` dollars to be moved between two shards; the exchange's id of the transfer.

        Raises ValueError for a fraction of $0.0001, Unauthorized, Rejected or Unavailable where nothing was taken, and
        Unresolved where nobody knows.
        """
        self._calls.require_key("a transfer")
        request = Request("POST", TRANSFER_PATH, body=self._body(source, destination, amount, client_transfer_id))
        try:
            answer = await self._calls.order(request, lambda body: _read_transfer(body).transfer_id, COMMON_BUCKET)
        except NoAnswer as error:
            raise Unresolved(str(error)) from error
        except ValueError as error:
            raise Unresolved(f"{request.name}: the answer cannot be read ({error})") from error
        if answer.value is None:
            raise _refused(read_refusal(answer.status, answer.body), request.name, self._calls.skew_seconds)
        return answer.value

    def _body(self, source: int, destination: int, amount: Decimal, client_transfer_id: str) -> bytes:
        body = wire.TransferBody(
            source="event_contract",
            destination="event_contract",
            amount=_units(amount),
            source_exchange_shard=source,
            destination_exchange_shard=destination,
            client_transfer_id=client_transfer_id,
            source_subaccount=self._subaccount or None,
            destination_subaccount=self._subaccount or None,
        )
        return msgspec.json.encode(body)


def _units(amount: Decimal) -> int:
    units = amount * UNITS_PER_DOLLAR
    if amount <= 0 or units != int(units):
        raise ValueError(f"${amount} is no positive whole number of $0.0001")
    return int(units)


def _refused(refusal: Refusal, what: str, skew_seconds: float | None) -> ChatopsError:
    """What to raise: a refusal proves that nothing moves, but for those that a proxy may have made up."""
    if not refusal.proves_not_taken:
        return Unresolved(f"{what}: HTTP {refusal.status} {refusal.text}")
    if refusal.status == 403:
        return Unauthorized(f"{what}: the key may not move cash: it needs the scope write::transfer ({refusal.text})")
    error = read_error(refusal, what, skew_seconds)
    plain = type(error) is Unavailable and refusal.status != 429
    return Rejected(refusal.code, refusal.message or refusal.details, refusal.status) if plain else error
