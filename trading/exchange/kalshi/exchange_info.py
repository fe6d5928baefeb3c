"""What the exchange says of itself and of our key: its timetable, what calls cost, and what the key may do.

Source: the exchange's spec 3.34.
"""

from __future__ import annotations

from trading.domain.account_records import KeyScopes
from trading.domain.errors import NotFound
from trading.domain.hours import TradingHours
from trading.exchange.kalshi import codec_account, codec_reference, wire
from trading.exchange.kalshi import wire_account as w
from trading.exchange.kalshi import wire_reference as r
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.costs import Costs

API_PREFIX = "/trade-api/v2"  # the exchange's list of costs names paths from the host's root

_read_schedule = wire.reader(r.ScheduleAnswer)
_read_keys = wire.reader(w.KeyList)
_read_costs = wire.reader(w.CostsWire)


def _costs(body: bytes) -> Costs:
    answer = _read_costs(body)
    stated = {(row.method.upper(), row.path.removeprefix(API_PREFIX)): row.cost for row in answer.endpoint_costs}
    if answer.default_cost <= 0 or any(cost < 0 for cost in stated.values()):
        raise ValueError("a cost that is none")
    return Costs(answer.default_cost, stated)


class ExchangeInfo:
    """Over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def hours(self) -> TradingHours:
        return await self._calls.read(
            "/exchange/schedule", lambda body: codec_reference.trading_hours(_read_schedule(body).schedule)
        )

    async def endpoint_costs(self) -> Costs:
        """What each call costs; our own budgets follow it from now on."""
        costs = await self._calls.read("/account/endpoint_costs", _costs)
        self._calls.limits.costs = costs
        return costs

    async def scopes(self) -> KeyScopes:
        """What our own key may do. Raises NotFound too, where the exchange does not list it."""
        self._calls.require_key("the scopes of the key")
        keys = await self._calls.read(
            "/api_keys", lambda body: list(map(codec_account.key_scopes, _read_keys(body).api_keys))
        )
        own = [key for key in keys if key.key_id == self._calls.key_id]
        if not own:
            raise NotFound("GET /api_keys: the exchange does not list KALSHI_API_KEY_ID")
        return own[0]
