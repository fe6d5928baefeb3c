"""What the member may read of its account: balance, orders, fills, positions, settlements; and moving cash.

Orders and fills of the historical tier are not here but in `routes_history`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec

from trading.domain.money import ZERO
from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Answer, Ask, page, primary
from trading.exchange.simulated.history import cutoffs
from trading.exchange.simulated.history_account import is_live, live_fills, live_orders
from trading.exchange.simulated.records import CashFlowKind, HeldOrder, Holding
from trading.exchange.simulated.refusals import invalid_parameters, not_found
from trading.exchange.simulated.venue import Venue

RESTING = "resting"
STATUSES = ("", RESTING, "canceled", "executed")


class _Kept(Protocol):
    """What the account keeps in the order of its coming."""

    @property
    def number(self) -> int: ...
    @property
    def ticker(self) -> str: ...
    @property
    def exchange_index(self) -> int: ...


_K = TypeVar("_K", bound=_Kept)


class TransferBody(msgspec.Struct, forbid_unknown_fields=True):
    """`amount` is in whole units of $0.0001."""

    source: str
    destination: str
    amount: int
    client_transfer_id: str | None = None
    source_exchange_shard: int | None = None
    destination_exchange_shard: int | None = None
    source_subaccount: int | None = None
    destination_subaccount: int | None = None


def balance(venue: Venue, ask: Ask) -> Answer:
    """Cash that is free to use: what rests has its cash taken off (seen live). A locked key sees no breakdown."""
    primary(ask)
    now, shard, account = venue.sync(), ask.number("exchange_index"), venue.account
    free = {index: account.available(index) for index in sorted(account.cash) if shard in (None, index)}
    total = sum(free.values(), ZERO)
    breakdown = [{"exchange_index": index, "balance": wire.dollars4(amount)} for index, amount in free.items()]
    return Answer(
        {
            "balance": wire.cents(total),
            "balance_dollars": wire.dollars4(total),
            "portfolio_value": wire.cents(venue.portfolio_value(shard)),
            "updated_ts": int(now.timestamp()),
            **({} if ask.restricted else {"balance_breakdown": breakdown}),
        }
    )


def positions(venue: Venue, ask: Ask) -> Answer:
    """Unsettled markets only."""
    primary(ask)
    venue.sync()
    flat_too = "position" not in ask.words("count_filter")
    held = [h for h in venue.account.holdings.values() if is_asked(venue, ask, h)]
    return positions_page(venue, ask, [h for h in held if h.contracts or flat_too])


def orders(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.sync()
    status = ask.text("status")
    if status not in STATUSES:
        raise invalid_parameters("status must be resting, canceled or executed")
    live = live_orders(reversed(venue.account.orders.values()), cutoffs(venue.now))
    found = _resting(venue) if status == RESTING else live
    chosen = (o for o in matching(venue, ask, found, lambda o: o.created_at) if status in ("", o.status))
    shown, cursor = page(ask, numbered(chosen))
    return Answer({"orders": [wire.order(o) for o in shown], "cursor": cursor})


def order(venue: Venue, ask: Ask) -> Answer:
    """One of the live orders (that an old one is not found here either is inferred)."""
    held = venue.order(ask.path["order_id"])
    if not is_live(held, cutoffs(venue.now)):
        raise not_found("order")
    return Answer({"order": wire.order(held)})


def queue_position(venue: Venue, ask: Ask) -> Answer:
    held = venue.order(ask.path["order_id"])
    if not held.resting:
        raise not_found("order")
    return Answer({"queue_position_fp": wire.count(venue.books.ahead_of(held))})


def queue_positions(venue: Venue, ask: Ask) -> Answer:
    venue.sync()
    tickers, event = ask.words("market_tickers"), ask.text("event_ticker")
    found = [
        {
            "order_id": o.order_id,
            "market_ticker": o.ticker,
            "queue_position_fp": wire.count(venue.books.ahead_of(o)),
        }
        for o in _resting(venue)
        if (not tickers or o.ticker in tickers) and event in ("", _event_of(venue, o.ticker))
    ]
    return Answer({"queue_positions": found})


def fills(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.sync()
    wanted = ask.text("order_id")
    found = matching(venue, ask, live_fills(venue.account, cutoffs(venue.now)), lambda f: f.at)
    shown, cursor = page(ask, numbered(f for f in found if wanted in ("", f.order_id)))
    return Answer({"fills": [wire.fill(f) for f in shown], "cursor": cursor})


def settlements(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.sync()
    found = matching(venue, ask, reversed(venue.account.settlements), lambda s: s.settled_at)
    shown, cursor = page(ask, numbered(found))
    return Answer({"settlements": [wire.settlement(s) for s in shown], "cursor": cursor})


def move_cash(venue: Venue, ask: Ask) -> Answer:
    body = ask.decoded(TransferBody)
    if {body.source, body.destination} != {"event_contract"}:
        raise invalid_parameters("source and destination must be event_contract")
    done = venue.transfer(
        body.source_exchange_shard or 0,
        body.destination_exchange_shard or 0,
        Decimal(body.amount).scaleb(-4),
        body.client_transfer_id or "",
    )
    return Answer({"transfer_id": done.transfer_id})


def transfers(venue: Venue, ask: Ask) -> Answer:
    venue.sync()
    keyed = ((f"{t.number:012d}", t) for t in reversed(venue.account.transfers))
    shown, cursor = page(ask, keyed)
    return Answer({"transfers": [wire.transfer(t) for t in shown], "cursor": cursor})


def transfer(venue: Venue, ask: Ask) -> Answer:
    for done in venue.account.transfers:
        if done.transfer_id == ask.path["transfer_id"]:
            return Answer({"transfer": wire.transfer(done)})
    raise not_found("transfer")


def deposits(venue: Venue, ask: Ask) -> Answer:
    return _flows(venue, ask, CashFlowKind.DEPOSIT, "deposits")


def withdrawals(venue: Venue, ask: Ask) -> Answer:
    return _flows(venue, ask, CashFlowKind.WITHDRAWAL, "withdrawals")


def _flows(venue: Venue, ask: Ask, kind: CashFlowKind, name: str) -> Answer:
    venue.sync()
    keyed = ((f"{f.number:012d}", f) for f in reversed(venue.account.cash_flows) if f.kind is kind)
    shown, cursor = page(ask, keyed)
    return Answer({name: [wire.cash_flow(f) for f in shown], "cursor": cursor})


def _resting(venue: Venue) -> list[HeldOrder]:
    """Newest first."""
    found = [o for orders in venue.account.resting.values() for o in orders.values()]
    return sorted(found, key=lambda o: o.number, reverse=True)


def matching(venue: Venue, ask: Ask, found: Iterable[_K], at: Callable[[_K], datetime]) -> Iterator[_K]:
    """The filters that all lists share: ticker, events, shard, and time in unix seconds (both bounds included)."""
    ticker, events, shard = ask.text("ticker"), ask.words("event_ticker"), ask.number("exchange_index")
    first, last = ask.time("min_ts"), ask.time("max_ts")
    for item in found:
        if (
            ticker in ("", item.ticker)
            and shard in (None, item.exchange_index)
            and (not events or _event_of(venue, item.ticker) in events)
            and (first is None or at(item) >= first)
            and (last is None or at(item) <= last)
        ):
            yield item


def positions_page(venue: Venue, ask: Ask, found: Iterable[Holding]) -> Answer:
    """By ticker, with the same of their events."""
    shown, cursor = page(ask, ((h.ticker, h) for h in sorted(found, key=lambda h: h.ticker, reverse=True)))
    return Answer(
        {
            "market_positions": [wire.market_position(h) for h in shown],
            "event_positions": [wire.event_position(_event_of(venue, h.ticker), h) for h in shown],
            "cursor": cursor,
        }
    )


def is_asked(venue: Venue, ask: Ask, held: Holding) -> bool:
    """Whether a holding passes the filters of its list."""
    events, shard = ask.words("event_ticker"), ask.number("exchange_index")
    return (
        ask.text("ticker") in ("", held.ticker)
        and (not events or _event_of(venue, held.ticker) in events)
        and shard in (None, held.exchange_index)
    )


def numbered(found: Iterable[_K]) -> Iterator[tuple[str, _K]]:
    """With their keys for `page`."""
    return ((f"{item.number:012d}", item) for item in found)


def _event_of(venue: Venue, ticker: str) -> str:
    window = venue.world.window(ticker)
    return window.event_ticker if window else ""
