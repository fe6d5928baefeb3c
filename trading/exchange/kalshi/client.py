"""The live exchange: `trading.ports.Exchange` over Kalshi's REST API.

The parts stand in files of their own: `market_data` (public reads), `account` (signed reads), `trading_ops` (orders
and cancels), `transfers` (cash between shards), on top of `calls` (budget and retries) and `http` (one request, one
answer). This class puts them together for one base address, one key and one subaccount.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Market, Quote, Tick
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.exchange.kalshi.account import AccountReads
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.http import Timeouts
from trading.exchange.kalshi.market_data import MarketFilter, MarketReads
from trading.exchange.kalshi.ratelimit import Limits
from trading.exchange.kalshi.trading_ops import TradingOps
from trading.exchange.kalshi.transfers import Transfers
from trading.ports import Clock
from trading.risk.gate import Ticket

PRODUCTION_URL = "https://external-api.kalshi.com/trade-api/v2"
DEMO_URL = "https://external-api.demo.kalshi.co/trade-api/v2"


class KalshiExchange:
    """One account at one address. Without a signer only market data works; the rest raises Unauthorized (an order:
    Rejected). `base_url` ends in `/trade-api/v2`; `seed` is for the jitter of retries.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer | None,
        clock: Clock,
        *,
        subaccount: int = 0,
        timeouts: Timeouts | None = None,
        seed: int = 1,
    ) -> None:
        self.base_url = base_url
        self._calls = Calls(base_url, signer, clock, timeouts or Timeouts(), seed)
        self._market_data = MarketReads(self._calls)
        self._account = AccountReads(self._calls, subaccount)
        self._trading = TradingOps(self._calls, subaccount)
        self._transfers = Transfers(self._calls, subaccount)

    def __repr__(self) -> str:
        return f"KalshiExchange({self.base_url!r}, signed={self._calls.signed})"

    @property
    def skew_seconds(self) -> float | None:
        """The exchange's clock less ours, from its answers' dates; good to about half a second. None until known."""
        return self._calls.skew_seconds

    def close(self) -> None:
        """Drop what waits, close the connections; a request under way ends by its own timeout. Never waits."""
        self._calls.close()

    async def markets(
        self,
        *,
        series: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        closes_before: datetime | None = None,
        status: str = "",
    ) -> list[Market]:
        """All that match; `status` is a word of the API's filter: unopened, open, paused, closed or settled."""
        return await self._market_data.markets(MarketFilter(series, closes_after, closes_before, status), tickers)

    async def quote(self, ticker: str) -> Quote:
        return await self._market_data.quote(ticker)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return await self._market_data.status(exchange_index)

    async def spot(self, index_id: str) -> Tick:
        """The newest value of an index such as BRTI. Raises Unauthorized where the key has no entitlement for it."""
        return await self._market_data.spot(index_id)

    async def place(self, ticket: Ticket) -> Placed:
        """Send the ticket's order once. Raises Rejected (proved: not taken) or Unresolved (nobody knows)."""
        return await self._trading.place(ticket.order)

    async def cancel(self, order: Order) -> Decimal:
        return await self._trading.cancel(order)

    async def cancel_all(self) -> None:
        await self._trading.cancel_all()

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        return await self._account.orders(status, ticker, since)

    async def order(self, order_id: str) -> OrderReport:
        return await self._account.order(order_id)

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        return await self._account.fills(since, ticker, order_id)

    async def positions(self) -> list[Position]:
        return await self._account.positions()

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        return await self._account.settlements(since, ticker)

    async def balance(self) -> Balance:
        return await self._account.balance()

    async def as_of(self) -> datetime:
        return await self._account.as_of()

    async def limits(self) -> Limits:
        """What the key may spend a second; read once at start, the budgets follow it."""
        return await self._account.limits()

    async def move_cash(self, source: int, destination: int, amount: Decimal, client_transfer_id: str) -> str:
        """Ask once for dollars to be moved between shards; the transfer's id. It moves after the answer.

        Raises Rejected, Unavailable, Unauthorized (nothing moves), Unresolved (nobody knows).
        """
        return await self._transfers.move(source, destination, amount, client_transfer_id)
