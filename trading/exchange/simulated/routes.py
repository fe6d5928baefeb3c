"""Which path is whose on the simulated exchange: who may ask it, who answers, and how it is billed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trading.exchange.simulated import (
    routes_candles,
    routes_events,
    routes_exchange,
    routes_groups,
    routes_history,
    routes_keys,
    routes_market,
    routes_market_history,
    routes_orders,
    routes_portfolio,
)
from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.buckets import COST_DEFAULT, COST_PASSTHROUGH
from trading.exchange.simulated.cache import LISTING_SECONDS, STATE_SECONDS
from trading.exchange.simulated.venue import Venue

Handler = Callable[[Venue, Ask], Answer]
Bill = Callable[[Venue, Ask], None]


@dataclass(frozen=True, slots=True)
class Route:
    """`bill` None: a read of `cost` tokens, from the public bucket where nobody signed.

    `max_age` is how old a cached answer may be, seconds; 0 where none is kept.
    """

    method: str
    path: str
    handler: Handler
    public: bool = False
    cost: int = COST_DEFAULT
    bill: Bill | None = None
    max_age: int = 0


_ORDERS, _EVENT_ORDERS = "/portfolio/orders", "/portfolio/events/orders"
_MOVES, _GROUPS = "/portfolio/intra_exchange_instance_transfer", "/portfolio/order_groups"
_GROUP = f"{_GROUPS}/{{order_group_id}}"
_CANDLES = "/series/{series_ticker}/markets/{ticker}/candlesticks"
_EVENT_CANDLES = "/series/{series_ticker}/events/{ticker}/candlesticks"
ROUTES = (
    Route("GET", "/markets", routes_market.markets, public=True, max_age=LISTING_SECONDS),
    Route("GET", "/markets/trades", routes_market.trades, public=True),
    Route("GET", "/markets/orderbooks", routes_market.orderbooks, public=True),
    Route("GET", "/markets/candlesticks", routes_candles.batch_candlesticks, public=True),
    Route("GET", "/markets/{ticker}", routes_market.market, public=True, max_age=LISTING_SECONDS),
    Route("GET", "/markets/{ticker}/orderbook", routes_market.orderbook, public=True),
    Route("GET", "/events", routes_events.events, public=True),
    Route("GET", "/events/fee_changes", routes_events.event_fee_changes, public=True),
    Route("GET", "/events/{event_ticker}", routes_events.event, public=True),
    Route("GET", "/series", routes_events.all_series, public=True, max_age=LISTING_SECONDS),
    Route("GET", "/series/fee_changes", routes_events.series_fee_changes, public=True, max_age=LISTING_SECONDS),
    Route("GET", "/series/{series_ticker}", routes_events.series, public=True, max_age=LISTING_SECONDS),
    Route("GET", _CANDLES, routes_candles.candlesticks, public=True, max_age=LISTING_SECONDS),
    Route("GET", _EVENT_CANDLES, routes_candles.event_candlesticks, public=True, max_age=LISTING_SECONDS),
    Route("GET", "/historical/markets", routes_market_history.markets, public=True),
    Route("GET", "/historical/trades", routes_market_history.trades, public=True),
    Route("GET", "/historical/markets/{ticker}", routes_market_history.market, public=True),
    Route("GET", "/historical/markets/{ticker}/candlesticks", routes_candles.historical_candlesticks, public=True),
    Route("GET", "/exchange/status", routes_exchange.exchange_status, public=True, max_age=STATE_SECONDS),
    Route("GET", "/exchange/schedule", routes_exchange.exchange_schedule, public=True),
    Route("GET", "/exchange/user_data_timestamp", routes_exchange.user_data_timestamp, public=True),
    Route("GET", "/account/endpoint_costs", routes_exchange.endpoint_costs, public=True),
    Route("GET", "/simulated/clock", routes_exchange.clock, public=True, cost=0),
    Route("GET", "/account/limits", routes_exchange.account_limits),
    Route("GET", "/cfbenchmarks/values", routes_exchange.index_values, cost=COST_PASSTHROUGH),
    Route("GET", "/portfolio/balance", routes_portfolio.balance),
    Route("GET", "/portfolio/positions", routes_portfolio.positions),
    Route("GET", "/portfolio/fills", routes_portfolio.fills),
    Route("GET", "/portfolio/settlements", routes_portfolio.settlements),
    Route("GET", _ORDERS, routes_portfolio.orders),
    Route("GET", f"{_ORDERS}/queue_positions", routes_portfolio.queue_positions),
    Route("GET", f"{_ORDERS}/{{order_id}}", routes_portfolio.order),
    Route("GET", f"{_ORDERS}/{{order_id}}/queue_position", routes_portfolio.queue_position),
    Route("POST", _MOVES, routes_portfolio.move_cash, bill=routes_orders.bill_transfer),
    Route("GET", f"{_MOVES}s", routes_portfolio.transfers),
    Route("GET", f"{_MOVES}s/{{transfer_id}}", routes_portfolio.transfer),
    Route("GET", "/portfolio/deposits", routes_portfolio.deposits),
    Route("GET", "/portfolio/withdrawals", routes_portfolio.withdrawals),
    Route("GET", "/api_keys", routes_keys.api_keys),
    Route("GET", "/historical/cutoff", routes_history.cutoff, public=True, max_age=STATE_SECONDS),
    Route("GET", "/historical/fills", routes_history.fills),
    Route("GET", "/historical/orders", routes_history.orders),
    Route("GET", "/historical/positions", routes_history.positions),
    Route("GET", _GROUPS, routes_groups.groups),
    Route("POST", f"{_GROUPS}/create", routes_groups.create, bill=routes_orders.bill_by_body),
    Route("GET", _GROUP, routes_groups.group),
    Route("DELETE", _GROUP, routes_groups.delete, bill=routes_groups.bill),
    Route("PUT", f"{_GROUP}/trigger", routes_groups.trigger, bill=routes_groups.bill),
    Route("PUT", f"{_GROUP}/reset", routes_groups.reset, bill=routes_groups.bill),
    Route("PUT", f"{_GROUP}/limit", routes_groups.set_limit, bill=routes_groups.bill),
    Route("POST", _EVENT_ORDERS, routes_orders.create, bill=routes_orders.bill_by_body),
    Route("DELETE", _EVENT_ORDERS, routes_orders.cancel_all, bill=routes_orders.bill_cancel),
    Route("POST", f"{_EVENT_ORDERS}/batched", routes_orders.batch_create, bill=routes_orders.bill_create_batch),
    Route("DELETE", f"{_EVENT_ORDERS}/batched", routes_orders.batch_cancel, bill=routes_orders.bill_cancel_batch),
    Route("DELETE", f"{_EVENT_ORDERS}/{{order_id}}", routes_orders.cancel, bill=routes_orders.bill_cancel),
    Route("POST", f"{_EVENT_ORDERS}/{{order_id}}/amend", routes_orders.amend, bill=routes_orders.bill_by_body),
    Route("POST", f"{_EVENT_ORDERS}/{{order_id}}/decrease", routes_orders.decrease, bill=routes_orders.bill_by_body),
    Route("POST", _ORDERS, routes_orders.gone),
    Route("DELETE", f"{_ORDERS}/{{order_id}}", routes_orders.gone),
    Route("POST", f"{_ORDERS}/batched", routes_orders.gone),
    Route("POST", f"{_ORDERS}/{{order_id}}/amend", routes_orders.gone),
    Route("POST", f"{_ORDERS}/{{order_id}}/decrease", routes_orders.gone),
)
