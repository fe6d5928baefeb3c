"""What the member may read of its account: balance, orders, fills, positions, settlements; and moving cash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar

import msgspec

from trading.domain.money import ZERO
from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Answer, Ask, page
from trading.exchange.simulated.records import HeldOrder, Holding
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
    """Cash that is free to use: what rests has its cash taken off (seen live)."""
    _primary(ask)
    now, shard, account = venue.sync(), ask.number("exchange_index"), venue.account
    free = {index: account.available(index) for index in sorted(account.cash) if shard in (None, index)}
    total = sum(free.values(), ZERO)
    return Answer(
        {
            "balance": wire.cents(total),
            "balance_dollars": wire.dollars4(total),
            "portfolio_value": wire.cents(venue.portfolio_value(shard)),
            "updated_ts": int(now.timestamp()),
            "balance_breakdown": [{"exchange_index": i, "balance": wire.dollars4(a)} for i, a in free.items()],
        }
    )


def positions(venue: Venue, ask: Ask) -> Answer:
    """Unsettled markets only."""
    _primary(ask)
    venue.sync()
    wanted = frozenset(ask.words("count_filter"))
    held = [
        h for h in venue.account.holdings.values() if _held(venue, ask, h) and (h.contracts or "position" not in wanted)
    ]
    shown, cursor = page(ask, ((h.ticker, h) for h in sorted(held, key=lambda h: h.ticker, reverse=True)))
    return Answer(
        {
            "market_positions": [wire.market_position(h) for h in shown],
            "event_positions": [wire.event_position(_event_of(venue, h.ticker), h) for h in shown],
            "cursor": cursor,
        }
    )


def orders(venue: Venue, ask: Ask) -> Answer:
    _primary(ask)
    venue.sync()
    status = ask.text("status")
    if status not in STATUSES:
        raise invalid_parameters("status must be resting, canceled or executed")
    found = _resting(venue) if status == RESTING else reversed(venue.account.orders.values())
    matching = (o for o in _matching(venue, ask, found, lambda o: o.created_at) if status in ("", o.status))
    shown, cursor = page(ask, _numbered(matching))
    return Answer({"orders": [wire.order(o) for o in shown], "cursor": cursor})


def order(venue: Venue, ask: Ask) -> Answer:
    return Answer({"order": wire.order(venue.order(ask.path["order_id"]))})


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
    _primary(ask)
    venue.sync()
    wanted = ask.text("order_id")
    found = _matching(venue, ask, reversed(venue.account.fills), lambda f: f.at)
    shown, cursor = page(ask, _numbered(f for f in found if wanted in ("", f.order_id)))
    return Answer({"fills": [wire.fill(f) for f in shown], "cursor": cursor})


def settlements(venue: Venue, ask: Ask) -> Answer:
    _primary(ask)
    venue.sync()
    found = _matching(venue, ask, reversed(venue.account.settlements), lambda s: s.settled_at)
    shown, cursor = page(ask, _numbered(found))
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


def _primary(ask: Ask) -> None:
    if ask.number("subaccount"):
        raise invalid_parameters("this exchange has no subaccounts but the primary, 0")


def _resting(venue: Venue) -> list[HeldOrder]:
    """Newest first."""
    found = [o for orders in venue.account.resting.values() for o in orders.values()]
    return sorted(found, key=lambda o: o.number, reverse=True)


def _matching(venue: Venue, ask: Ask, found: Iterable[_K], at: Callable[[_K], datetime]) -> Iterator[_K]:
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


def _held(venue: Venue, ask: Ask, held: Holding) -> bool:
    events, shard = ask.words("event_ticker"), ask.number("exchange_index")
    return (
        ask.text("ticker") in ("", held.ticker)
        and (not events or _event_of(venue, held.ticker) in events)
        and shard in (None, held.exchange_index)
    )


def _numbered(found: Iterable[_K]) -> Iterator[tuple[str, _K]]:
    return ((f"{item.number:012d}", item) for item in found)


def _event_of(venue: Venue, ticker: str) -> str:
    window = venue.world.window(ticker)
    return window.event_ticker if window else ""
