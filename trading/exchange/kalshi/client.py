"""The live exchange: `trading.ports.Exchange` over Kalshi's REST API.

The parts stand in files of their own: `market_data` (public reads), `account` (signed reads), `trading_ops` and
`batches` (orders and cancels), `transfers` (cash between shards), on top of `writes` (what is sent once), `calls`
(budget and retries) and `http` (one request, one answer). This class puts them together for one base address, one key
and one subaccount. What the port does not speak of stands in attributes: `listings` (series, events, fee changes),
`open_markets`, `history`, `candles`, `info` (timetable, costs, scopes), `cash_flows` and `groups` (order groups).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from trading.domain.account_records import Amended, QueuePosition
from trading.domain.errors import ChatopsError
from trading.domain.market import Market, Quote, Tick
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.exchange.kalshi.account import AccountReads
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.batches import Batches, Ending
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.candles import Candles
from trading.exchange.kalshi.cash_flows import CashFlows
from trading.exchange.kalshi.exchange_info import ExchangeInfo
from trading.exchange.kalshi.groups import OrderGroups
from trading.exchange.kalshi.history import History
from trading.exchange.kalshi.http import Timeouts
from trading.exchange.kalshi.listings import Listings
from trading.exchange.kalshi.market_data import MarketFilter, MarketReads
from trading.exchange.kalshi.open_markets import OpenMarkets
from trading.exchange.kalshi.queue import QueueReads
from trading.exchange.kalshi.ratelimit import Limits
from trading.exchange.kalshi.trading_ops import TradingOps
from trading.exchange.kalshi.traffic import Traffic
from trading.exchange.kalshi.transfers import Transfers
from trading.exchange.kalshi.writes import Writes
from trading.ports import Clock
from trading.risk.gate import Ticket

PRODUCTION_URL = "https://external-api.kalshi.com/trade-api/v2"


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
        self._calls = calls = Calls(base_url, signer, clock, timeouts or Timeouts(), seed)
        writes = Writes(calls)
        self._market_data = MarketReads(calls)
        self._account = AccountReads(calls, subaccount)
        self._trading = TradingOps(calls, writes, subaccount)
        self._batches = Batches(calls, writes, self._trading, subaccount)
        self._queue = QueueReads(calls, subaccount)
        self._transfers = Transfers(calls, subaccount)
        self.listings = Listings(calls)
        self.open_markets = OpenMarkets(calls)
        self.history = History(calls, subaccount)
        self.candles = Candles(calls)
        self.info = ExchangeInfo(calls)
        self.cash_flows = CashFlows(calls)
        self.groups = OrderGroups(calls, writes, subaccount)

    def __repr__(self) -> str:
        return f"KalshiExchange({self.base_url!r}, signed={self._calls.signed})"

    @property
    def skew_seconds(self) -> float | None:
        """The exchange's clock less ours, from its answers' dates; good to about half a second. None until known."""
        return self._calls.skew_seconds

    @property
    def traffic(self) -> Traffic:
        """How the answers went so far."""
        return self._calls.traffic

    def rate_tokens(self) -> dict[str, float]:
        """What of the request budgets is left now, by bucket."""
        return self._calls.limits.tokens()

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

    async def find_markets(self, wanted: MarketFilter, tickers: Sequence[str] = ()) -> list[Market]:
        """Like `markets`, with every filter that the exchange has."""
        return await self._market_data.markets(wanted, tickers)

    async def market(self, ticker: str) -> Market:
        """One market of the live tier. Raises NotFound too."""
        return await self._market_data.market(ticker)

    async def quote(self, ticker: str) -> Quote:
        return await self._market_data.quote(ticker)

    async def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Many at once, by ticker; an unknown ticker has an empty one."""
        return await self._market_data.quotes(tickers)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return await self._market_data.status(exchange_index)

    async def spot(self, index_id: str) -> Tick:
        """The newest value of an index such as BRTI. Raises Unauthorized where the key has no entitlement for it."""
        return await self._market_data.spot(index_id)

    async def place(self, ticket: Ticket) -> Placed:
        """Send the ticket's order once. Raises Rejected (proved: not taken) or Unresolved (nobody knows)."""
        return await self._trading.place(ticket.order)

    async def place_batch(self, tickets: Sequence[Ticket]) -> list[Ending]:
        """Send the tickets' orders once, many in one request; how each ended, in their order. Raises nothing."""
        return await self._batches.place([ticket.order for ticket in tickets])

    async def amend(self, order: Order, ticket: Ticket) -> Amended:
        """Turn a resting order into the ticket's: price, all its contracts (filled ones too), id. Sent once.

        Raises Rejected (proved: unchanged) or Unresolved (nobody knows).
        """
        return await self._trading.amend(order, ticket.order)

    async def decrease(self, order: Order, *, by: Decimal | None = None, to: Decimal | None = None) -> Decimal:
        """Take contracts off a resting order, which keeps its place in the queue; the contracts that remain. Sent once.

        Raises Rejected (proved: unchanged) or Unresolved (nobody knows).
        """
        return await self._trading.decrease(order, by, to)

    def use_group(self, exchange_index: int, group_id: str) -> None:
        """From now on new orders on this shard join that order group, "" for none.

        What only reduces joins none: a group that the exchange has stopped must not shut the way out.
        """
        self._trading.use_group(exchange_index, group_id)

    async def cancel(self, order: Order) -> Decimal:
        return await self._trading.cancel(order)

    async def cancel_batch(self, orders: Sequence[Order]) -> list[Decimal | ChatopsError]:
        """For each order, in their order, the contracts taken off, or what `cancel` would have raised."""
        return await self._batches.cancel(orders)

    async def cancel_all(self) -> None:
        await self._trading.cancel_all()

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        return await self._account.orders(status, ticker, since)

    async def order(self, order_id: str) -> OrderReport:
        return await self._account.order(order_id)

    async def queue_position(self, order_id: str) -> Decimal:
        """Contracts that stand before this order. Raises NotFound too."""
        return await self._queue.position(order_id)

    async def queue_positions(self, *, tickers: Sequence[str] = (), event: str = "") -> list[QueuePosition]:
        """Those of all resting orders in these markets, or in this event's."""
        return await self._queue.positions(tickers, event)

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
