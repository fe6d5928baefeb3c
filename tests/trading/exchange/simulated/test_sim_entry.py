"""The fine print of order entry: places in the queue, expiries, flags, self-trades, and requests for somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.matching import SelfTrade
from trading.exchange.simulated.records import Amendment, HeldOrder, NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
BID, ASK = Side.BID, Side.ASK
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
ORDERS = "/portfolio/events/orders"


def inside(venue: Venue) -> D:
    """A price between the touches, where only we are."""
    book = venue.shown(TICKER)
    between = range(book.bids[0][0] + 10, book.asks[0][0], 10)
    return next(D(p) / 10_000 for p in between if p % 100 == 0 or not 1000 < p < 9000)


def rest(venue: Venue, price: str | D = "0.01", count: str = "5", side: Side = BID, **more: Any) -> HeldOrder:
    order = venue.create(NewOrder(TICKER, side, D(price), D(count), **more))
    assert order.resting
    return order


def amend(venue: Venue, order: HeldOrder, **changes: Any) -> HeldOrder:
    """The order after an amendment that names only what it changes."""
    same = {"price": dollars(order.price), "count": D(order.initial) / 100}
    return venue.amend(order.order_id, Amendment(TICKER, order.side, **{**same, **changes}))[1]


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [
        ({"count": D(3)}, True),
        ({"expires_at": int(START.timestamp()) + 60}, True),
        ({"updated_client_order_id": "other"}, True),
        ({}, True),
        ({"count": D(6)}, False),
        ({"count": D("5.01"), "expires_at": int(START.timestamp()) + 60}, False),
    ],
    ids=str,
)
def test_a_place_in_the_queue_is_lost_by_growing_alone(venue: Venue, changes: dict[str, Any], keeps: bool) -> None:
    first, second = rest(venue), rest(venue)
    before = venue.books.ahead_of(first)
    changed = amend(venue, first, **changes)
    behind = second.remaining if not keeps else 0
    assert venue.books.ahead_of(changed) == before + behind


def test_a_new_price_is_a_new_place_also_on_the_way_back(venue: Venue) -> None:
    first, second = rest(venue), rest(venue)
    before = venue.books.ahead_of(first)
    there = amend(venue, first, price=D("0.02"))
    back = amend(venue, there, price=D("0.01"))
    assert venue.books.ahead_of(back) == before + second.remaining


def test_a_decrease_keeps_its_place(venue: Venue) -> None:
    first, _ = rest(venue), rest(venue)
    before = venue.books.ahead_of(first)
    assert venue.books.ahead_of(venue.decrease(first.order_id, by=D(2))) == before
    assert venue.books.ahead_of(venue.decrease(first.order_id, to=D("0.01"))) == before


def test_an_amendment_that_crosses_takes_what_is_there(venue: Venue) -> None:
    order = rest(venue)
    taken = amend(venue, order, price=D("0.99"))
    assert (taken.filled, taken.status) == (500, OrderStatus.EXECUTED)
    assert all(f.is_taker and f.price < 9900 for f in venue.account.fills)


def test_an_amendment_counts_what_has_filled(venue: Venue) -> None:
    price, count = venue.shown(TICKER).asks[0]
    venue.deposit(D(10_000))
    venue.transfer(0, 2, D(10_000))
    order = venue.create(NewOrder(TICKER, BID, dollars(price), D(count + 500) / 100))
    assert (order.filled, order.remaining) == (count, 500)
    for too_low in (D(count) / 100, D(count - 1) / 100):
        with pytest.raises(VenueError, match="invalid_order_size"):
            amend(venue, order, count=too_low)
    assert amend(venue, order, count=D(count + 100) / 100).remaining == 100


@pytest.mark.parametrize(("said", "ends"), [(None, True), (0, False), (int(START.timestamp()) + 600, False)])
def test_an_amendment_keeps_moves_or_removes_the_expiry(
    venue: Venue, clock: VirtualClock, said: int | None, ends: bool
) -> None:
    order = rest(venue, expires_at=int(START.timestamp()) + 30)
    amend(venue, order, expires_at=said)
    clock.advance_to(START + timedelta(seconds=60))
    assert venue.order(order.order_id).resting is not ends


@pytest.mark.parametrize("second", [-1, 0])
def test_an_expiry_lies_ahead(venue: Venue, second: int) -> None:
    order, at = rest(venue), int(START.timestamp()) + second
    with pytest.raises(VenueError, match="must be in the future"):
        amend(venue, order, expires_at=at or 1)
    with pytest.raises(VenueError, match="must be in the future"):
        rest(venue, expires_at=at)


def test_an_amendment_may_say_the_orders_own_id_again(venue: Venue) -> None:
    order = rest(venue, client_order_id="mine")
    assert amend(venue, order, updated_client_order_id="mine").client_order_id == "mine"
    rest(venue, client_order_id="taken")
    with pytest.raises(VenueError, match="order_already_exists"):
        amend(venue, order, updated_client_order_id="taken")
    with pytest.raises(VenueError, match="invalid_parameters"):
        amend(venue, order, updated_client_order_id="a.b")


def test_post_only_holds_through_an_amendment(venue: Venue) -> None:
    order = rest(venue, post_only=True)
    with pytest.raises(VenueError, match="invalid_order"):
        amend(venue, order, price=D("0.99"))
    assert venue.order(order.order_id) == order
    assert amend(venue, order, price=D("0.02")).resting


def test_post_only_does_not_cross_the_members_own_order_either(venue: Venue) -> None:
    price = inside(venue)
    rest(venue, price, side=ASK)
    with pytest.raises(VenueError, match="invalid_order"):
        rest(venue, price, post_only=True)


@pytest.mark.parametrize("tif", [GTC, FOK])
def test_reduce_only_is_for_immediate_orders(venue: Venue, tif: TimeInForce) -> None:
    with pytest.raises(VenueError, match="invalid_order"):
        venue.create(NewOrder(TICKER, ASK, D("0.01"), D(1), tif, reduce_only=True))


@pytest.mark.parametrize("tif", [IOC, FOK])
@pytest.mark.parametrize("more", [{"expires_at": int(START.timestamp()) + 60}, {"post_only": True}], ids=str)
def test_what_only_a_resting_order_can_have(venue: Venue, tif: TimeInForce, more: dict[str, Any]) -> None:
    with pytest.raises(VenueError, match="invalid_parameters"):
        venue.create(NewOrder(TICKER, BID, D("0.01"), D(1), tif, **more))


def reasons(listener: Any) -> list[tuple[str, str | None]]:
    """Status and reason of every order told, in order."""
    listener.tick()
    return [(m["status"], m.get("last_update_reason")) for m in listener.of("user_order")]


def test_the_stream_says_that_reduce_only_ended_an_order(stream: Stream, listener: Any, venue: Venue) -> None:
    venue.create(NewOrder(TICKER, BID, D("0.99"), D(5), IOC))
    listener.say("subscribe", channels=["user_orders"])
    close = NewOrder(TICKER, ASK, D("0.01"), D(9), IOC, reduce_only=True)
    assert [venue.create(close).filled for _ in range(2)] == [500, 0]
    assert reasons(listener) == [("canceled", "ReduceOnlyCancel")] * 2


@pytest.mark.parametrize("tif", [GTC, IOC, FOK])
def test_the_taker_ends_at_its_own_order(stream: Stream, listener: Any, venue: Venue, tif: TimeInForce) -> None:
    price = inside(venue)
    own = rest(venue, price, side=ASK)
    listener.say("subscribe", channels=["user_orders"])
    taker = venue.create(NewOrder(TICKER, BID, price, D(1), tif))
    assert (taker.status, taker.filled, venue.order(own.order_id)) == (OrderStatus.CANCELED, 0, own)
    assert reasons(listener) == [("canceled", "SelfTradeCancel")]


def test_the_maker_gives_way_to_its_owners_taker(stream: Stream, listener: Any, venue: Venue) -> None:
    price = inside(venue)
    rest(venue, price, side=ASK)
    listener.say("subscribe", channels=["user_orders"])
    taker = venue.create(NewOrder(TICKER, BID, price, D(1), self_trade=SelfTrade.MAKER))
    assert taker.resting
    assert sorted(reasons(listener), key=str) == [("canceled", "SelfTradeCancel"), ("resting", None)]
    assert venue.account.fills == []


def test_an_immediate_order_that_finds_nothing_ends_without_a_reason(
    stream: Stream, listener: Any, venue: Venue
) -> None:
    listener.say("subscribe", channels=["user_orders"])
    venue.create(NewOrder(TICKER, BID, D("0.01"), D(1), IOC))
    assert reasons(listener) == [("canceled", None)]


def test_no_cash_moves_while_the_exchange_stands_still(venue: Venue, clock: VirtualClock) -> None:
    venue.pause(START, START + timedelta(seconds=10), whole=False)
    venue.transfer(0, 2, D(1))
    venue.pause(START, START + timedelta(seconds=10), whole=True)
    with pytest.raises(VenueError, match="exchange_is_paused"):
        venue.transfer(0, 2, D(1))
    clock.advance_to(START + timedelta(seconds=10))
    venue.transfer(0, 2, D(1))
    assert venue.account.cash[2] == 1002


def wire_order(**changes: Any) -> dict[str, Any]:
    return {
        "ticker": TICKER,
        "side": "bid",
        "count": "5.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": 2,
        **changes,
    }


async def test_what_is_meant_for_another_subaccount_or_shard_changes_nothing(checked: Any, venue: Venue) -> None:
    _, placed = await checked.call("POST", ORDERS, wire_order())
    path = f"{ORDERS}/{placed['order_id']}"
    change = {"ticker": TICKER, "side": "bid", "price": "0.0200", "count": "8.00"}
    less = {"reduce_by": "1.00", "exchange_index": 2}
    batch = {"orders": [{"order_id": placed["order_id"], "exchange_index": 2, "subaccount": 3}]}
    before = venue.order(placed["order_id"])
    assert (await checked.call("DELETE", f"{path}?exchange_index=2&subaccount=3"))[0] == 400
    assert (await checked.call("DELETE", f"{ORDERS}?subaccount=3"))[0] == 400
    assert (await checked.call("POST", f"{path}/amend?subaccount=3", change))[0] == 400
    assert (await checked.call("POST", f"{path}/amend", change | {"exchange_index": 1}))[0] == 404
    assert (await checked.call("POST", f"{path}/decrease?subaccount=3", less))[0] == 400
    _, answer = await checked.call("DELETE", f"{ORDERS}/batched", batch)
    assert answer["orders"][0]["error"]["code"] == "not_found"
    assert venue.order(placed["order_id"]) == before
