"""The simulated exchange on loopback: the venue behind HTTP and WebSocket, as any Kalshi client expects to find it.

One table says which path is whose, who may ask and how it is billed; the shell only carries bytes. Requests are served
one after the other on the event loop that the bot may share: each takes well under a millisecond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from trading.clock import real_now
from trading.exchange.simulated import routes_market, routes_orders, routes_portfolio
from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.auth import KEY_HEADER, check_signature
from trading.exchange.simulated.buckets import COST_DEFAULT, COST_PASSTHROUGH
from trading.exchange.simulated.faults import HANG_SECONDS, LATE_SECONDS, SLOW_SECONDS, Fault, Faults
from trading.exchange.simulated.keys import Credentials, member_keys
from trading.exchange.simulated.refusals import VenueError, not_found, too_many_requests, unavailable
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.stream_faults import StreamFaults
from trading.exchange.simulated.stream_socket import STREAM_PATH, StreamSockets
from trading.exchange.simulated.venue import Venue

HOST = "127.0.0.1"
ROOT = "/trade-api/v2"
BODY_BYTES_MAX = 1 << 20
SHUTDOWN_SECONDS = 0.5  # for requests that are being answered when the server stops

Handler = Callable[[Venue, Ask], Answer]
Bill = Callable[[Venue, Ask], None]


@dataclass(frozen=True, slots=True)
class Route:
    """`bill` None: a read of `cost` tokens, from the public bucket where nobody signed."""

    method: str
    path: str
    handler: Handler
    public: bool = False
    cost: int = COST_DEFAULT
    bill: Bill | None = None


_ORDERS, _EVENT_ORDERS = "/portfolio/orders", "/portfolio/events/orders"
_MOVES = "/portfolio/intra_exchange_instance_transfer"
ROUTES = (
    Route("GET", "/markets", routes_market.markets, public=True),
    Route("GET", "/markets/trades", routes_market.trades, public=True),
    Route("GET", "/markets/orderbooks", routes_market.orderbooks, public=True),
    Route("GET", "/markets/{ticker}", routes_market.market, public=True),
    Route("GET", "/markets/{ticker}/orderbook", routes_market.orderbook, public=True),
    Route("GET", "/events", routes_market.events, public=True),
    Route("GET", "/events/{event_ticker}", routes_market.event, public=True),
    Route("GET", "/series", routes_market.all_series, public=True),
    Route("GET", "/series/fee_changes", routes_market.fee_changes, public=True),
    Route("GET", "/series/{series_ticker}", routes_market.series, public=True),
    Route("GET", "/exchange/status", routes_market.exchange_status, public=True),
    Route("GET", "/exchange/schedule", routes_market.exchange_schedule, public=True),
    Route("GET", "/exchange/user_data_timestamp", routes_market.user_data_timestamp, public=True),
    Route("GET", "/account/endpoint_costs", routes_market.endpoint_costs, public=True),
    Route("GET", "/simulated/clock", routes_market.clock, public=True, cost=0),
    Route("GET", "/account/limits", routes_market.account_limits),
    Route("GET", "/cfbenchmarks/values", routes_market.index_values, cost=COST_PASSTHROUGH),
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


class SimulatedServer:
    """A venue on a loopback port; `keys` may sign besides those that the venue knows. Faults may be ordered anytime.

    `faults` are those of REST, `stream_faults` those of the WebSocket.
    """

    def __init__(
        self,
        venue: Venue,
        faults: Faults | None = None,
        keys: Iterable[Credentials] = (),
        stream_faults: StreamFaults | None = None,
    ) -> None:
        self.venue = venue
        for credentials in keys:
            venue.keys.update(member_keys(credentials))
        self.faults, self.stream_faults = faults or Faults(), stream_faults or StreamFaults()
        self.stream = Stream(venue, self.stream_faults)
        self._sockets = StreamSockets(venue, self.stream)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._port}{ROOT}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self._port}{STREAM_PATH}"

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        for route in ROUTES:
            app.router.add_route(route.method, ROOT + route.path, self._serving(route))
        app.router.add_get(STREAM_PATH, self._streaming)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        app.on_shutdown.append(self._closing)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection; the venue stays as it is."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def tick(self) -> None:
        """Let the stream tell what has happened up to the clock's time; for clocks that are moved by hand."""
        self.stream.tick()
        await self._sockets.drained()

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            path = request.path[len(ROOT) :]
            ask = Ask(request.match_info, tuple(request.query.items()), await request.read())
            fault = self.faults.choose(route.method, path, route.path)
            if fault is None:
                return _sent(self._answer(route, request, ask))
            return await self._spoilt(fault, route, request, ask)

        return serve

    def _answer(self, route: Route, request: web.Request, ask: Ask) -> Answer:
        """The treatment of a request; the stream is told of the time before it and of what it has changed."""
        self.stream.tick()
        answer = self._treated(route, request, ask)
        self.stream.tick()
        return answer

    def _treated(self, route: Route, request: web.Request, ask: Ask) -> Answer:
        """By the exchange, refusals and all."""
        try:
            self._admit(route, request, ask)
        except VenueError as refusal:
            return _refused(refusal)
        return self._handle(route, ask)

    def _handle(self, route: Route, ask: Ask) -> Answer:
        try:
            return route.handler(self.venue, ask)
        except VenueError as refusal:
            return _refused(refusal)

    def _admit(self, route: Route, request: web.Request, ask: Ask) -> None:
        """Check the signature and bill the tokens. Raises VenueError 401 and 429."""
        if not route.public:
            check_signature(self.venue.keys, request.headers, request.method, request.path, real_now())
        if route.bill:
            route.bill(self.venue, ask)
        elif route.cost and route.public and request.headers.get(KEY_HEADER) not in self.venue.keys:
            self.venue.meter.public(route.cost, self.venue.sync())
        elif route.cost:
            self.venue.meter.read(route.cost, self.venue.sync())

    async def _spoilt(self, fault: Fault, route: Route, request: web.Request, ask: Ask) -> web.StreamResponse:
        if fault is Fault.REFUSED:
            return _sent(_refused(unavailable()))
        if fault is Fault.LIMITED:
            return _sent(_refused(too_many_requests()))
        if fault is Fault.LOST_BEFORE:
            return _dropped(request)
        if fault is Fault.LOST_LATE:
            return self._postponed(route, request, ask)
        answer = self._answer(route, request, ask)
        if fault is Fault.FAILED:
            return _sent(_refused(unavailable()))
        if fault is Fault.TWICE:
            return _sent(self._answer(route, request, ask))
        if fault is Fault.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
            return _sent(answer)
        if fault is Fault.HANGING:
            await asyncio.sleep(HANG_SECONDS)
        return _dropped(request)

    def _postponed(self, route: Route, request: web.Request, ask: Ask) -> web.StreamResponse:
        """Signed and billed now, done later, answered never."""
        try:
            self._admit(route, request, ask)
        except VenueError as refusal:
            return _sent(_refused(refusal))
        self.venue.later(LATE_SECONDS, lambda: self._handle(route, ask))
        return _dropped(request)

    async def _streaming(self, request: web.Request) -> web.StreamResponse:
        try:
            self._sockets.admit(request.headers)
        except VenueError as refusal:
            return _sent(_refused(refusal))
        return await self._sockets.serve(request)

    async def _closing(self, app: web.Application) -> None:
        await self._sockets.close()

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return _sent(_refused(not_found("page")))


def _sent(answer: Answer) -> web.Response:
    body = None if answer.payload is None else msgspec.json.encode(answer.payload)
    return web.Response(body=body, status=answer.status, content_type="application/json")


def _dropped(request: web.Request) -> web.Response:
    """Break the connection off; what is returned goes nowhere."""
    if request.transport:
        request.transport.abort()
    return web.Response()


def _refused(refusal: VenueError) -> Answer:
    """The nested error body that the live exchange sends."""
    error = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    return Answer({"error": error}, refusal.http_status)
