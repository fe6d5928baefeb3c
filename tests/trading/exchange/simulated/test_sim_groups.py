"""Order groups: their limit over fifteen seconds, what a trigger does, and how the wire and the stream tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.records import HeldOrder, NewOrder, OrderGroup
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.world import SeededWorld

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
OTHER = "KXETH15M-26JAN050715-15"
BID, ASK, IOC = Side.BID, Side.ASK, TimeInForce.IOC
RICH = D(1_000_000)  # dollars
GROUPS, ORDERS = "/portfolio/order_groups", "/portfolio/events/orders"


def later(clock: VirtualClock, seconds: float) -> None:
    clock.advance_to(clock.now() + timedelta(seconds=seconds))


def new_group(venue: Venue, limit: int, shard: int = 2) -> OrderGroup:
    """With a limit in whole contracts."""
    return venue.act(lambda: venue.groups.create(limit * 100, shard, venue.now))


def taken(venue: Venue, group: OrderGroup, count: str) -> HeldOrder:
    """So many contracts bought at once for a group."""
    return venue.create(NewOrder(TICKER, BID, D("0.99"), D(count), IOC, order_group_id=group.group_id))


def resting(venue: Venue, group: OrderGroup, ticker: str = TICKER) -> HeldOrder:
    return venue.create(NewOrder(ticker, BID, D("0.01"), D(1), order_group_id=group.group_id))


def triggered(venue: Venue, group: OrderGroup) -> bool:
    venue.sync()
    return venue.account.groups[group.group_id].triggered


def test_a_group_triggers_above_its_limit_and_not_at_it(venue: Venue) -> None:
    group = new_group(venue, 5)
    rests, free = resting(venue, group), venue.create(NewOrder(TICKER, BID, D("0.01"), D(1)))
    taken(venue, group, "5")
    assert not triggered(venue, group)
    taken(venue, group, "0.01")
    assert triggered(venue, group)
    assert (venue.order(rests.order_id).status, venue.order(rests.order_id).why) == (OrderStatus.CANCELED, "")
    assert venue.order(free.order_id).resting
    for wish in (lambda: resting(venue, group), lambda: taken(venue, group, "1")):
        with pytest.raises(VenueError, match="400 invalid_order"):
            wish()


def test_the_order_that_breaks_the_limit_keeps_its_fills_and_rests_no_more(clock: VirtualClock) -> None:
    venue = open_venue(clock, cash={2: RICH})
    group = new_group(venue, 1)
    price, count = venue.shown(TICKER).asks[0]
    wish = NewOrder(TICKER, BID, dollars(price), D(count) / 100 + 7, order_group_id=group.group_id)
    order = venue.create(wish)
    assert (order.filled, order.remaining, order.status) == (count, 0, OrderStatus.CANCELED)
    assert venue.shown(TICKER).bids[0][0] < price


@pytest.mark.parametrize(("passed", "expected"), [(14.9, True), (15.0, False)])
def test_only_the_last_fifteen_seconds_count(venue: Venue, clock: VirtualClock, passed: float, expected: bool) -> None:
    group = new_group(venue, 5)
    taken(venue, group, "4")
    later(clock, passed)
    taken(venue, group, "4")
    assert triggered(venue, group) is expected


def test_fills_outside_the_group_do_not_count(venue: Venue) -> None:
    group, other = new_group(venue, 5), new_group(venue, 5)
    taken(venue, group, "3")
    taken(venue, other, "3")
    venue.create(NewOrder(TICKER, BID, D("0.99"), D(9), IOC))
    assert not triggered(venue, group)


def test_a_reset_takes_orders_again_and_counts_from_nothing(venue: Venue) -> None:
    group = new_group(venue, 5)
    taken(venue, group, "6")
    venue.act(lambda: venue.groups.reset(group.group_id, 2, venue.now))
    taken(venue, group, "5")
    assert not triggered(venue, group)
    taken(venue, group, "1")
    assert triggered(venue, group)


def test_a_limit_below_what_has_filled_triggers_at_once(venue: Venue) -> None:
    group = new_group(venue, 5)
    rests = resting(venue, group)
    taken(venue, group, "4")
    venue.act(lambda: venue.groups.set_limit(group.group_id, 2, 400, venue.now))
    assert not triggered(venue, group)
    venue.act(lambda: venue.groups.set_limit(group.group_id, 2, 399, venue.now))
    assert triggered(venue, group)
    assert not venue.order(rests.order_id).resting


@pytest.mark.parametrize("step", [1, 7, 500])
def test_resting_fills_count_and_stop_the_group_in_every_market(step: int) -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock, world=SeededWorld(1, ("KXBTC15M", "KXETH15M")), cash={2: RICH})
    group = new_group(venue, 2000)
    price = venue.shown(TICKER).asks[0][0]
    joined = venue.create(NewOrder(TICKER, ASK, dollars(price), D(20_000), order_group_id=group.group_id))
    elsewhere = resting(venue, group, OTHER)
    for _ in range(0, 500, step):
        later(clock, step)
        venue.sync()
    fills = [f for f in venue.account.fills if f.order_id == joined.order_id]
    assert triggered(venue, group)
    assert not any(f.is_taker for f in fills)
    recent = sum(f.count for f in fills if f.at > fills[-1].at - timedelta(seconds=15))
    assert recent > group.limit >= recent - fills[-1].count
    ended = [venue.order(order.order_id) for order in (joined, elsewhere)]
    assert {order.status for order in ended} == {OrderStatus.CANCELED}
    assert {order.updated_at for order in ended} == {fills[-1].at}


@pytest.mark.parametrize("act", ["trigger", "delete"])
def test_a_trigger_by_hand_and_a_deletion_cancel_what_rests(venue: Venue, act: str) -> None:
    group = new_group(venue, 5)
    order = resting(venue, group)
    change = getattr(venue.groups, act)
    venue.act(lambda: change(group.group_id, 2, venue.now))
    assert not venue.order(order.order_id).resting
    refused = "invalid_order" if act == "trigger" else "not_found"
    with pytest.raises(VenueError, match=refused):
        resting(venue, group)


def test_groups_do_not_span_shards(venue: Venue) -> None:
    elsewhere = new_group(venue, 5, shard=0)
    with pytest.raises(VenueError, match="order group not found"):
        resting(venue, elsewhere)
    with pytest.raises(VenueError, match="order group not found"):
        venue.act(lambda: venue.groups.trigger(elsewhere.group_id, 2, venue.now))


def test_a_restart_keeps_groups_their_state_and_what_they_have_filled(tmp_path: Path, clock: VirtualClock) -> None:
    venue = open_venue(clock, folder=tmp_path)
    counting, stopped, gone = (new_group(venue, 5) for _ in range(3))
    taken(venue, counting, "4")
    venue.act(lambda: venue.groups.trigger(stopped.group_id, 2, venue.now))
    venue.act(lambda: venue.groups.delete(gone.group_id, 2, venue.now))
    again = open_venue(clock, folder=tmp_path)
    assert again.account.groups == venue.account.groups
    assert triggered(again, stopped)
    taken(again, counting, "2")
    assert triggered(again, counting)
    assert new_group(again, 5).group_id not in {g.group_id for g in (counting, stopped, gone)}


def test_the_stream_tells_what_happens_to_a_group(stream: Stream, listener: Any, venue: Venue) -> None:
    listener.say("subscribe", channels=["order_group_updates", "user_orders"])
    group = new_group(venue, 5)
    resting(venue, group)
    taken(venue, group, "4")
    acts = (
        lambda: venue.groups.set_limit(group.group_id, 2, 300, venue.now),
        lambda: venue.groups.reset(group.group_id, 2, venue.now),
        lambda: venue.groups.delete(group.group_id, 2, venue.now),
    )
    for act in acts:
        venue.act(act)
    listener.tick()
    told = listener.of("order_group_updates")
    assert [(m["event_type"], m.get("contracts_limit_fp")) for m in told] == [
        ("created", "5.00"),
        ("limit_updated", "3.00"),
        ("triggered", None),
        ("reset", None),
        ("deleted", None),
    ]
    assert {m["order_group_id"] for m in told} == {group.group_id}
    orders = [m for m in listener.of("user_order") if m.get("order_group_id") == group.group_id]
    assert [m["status"] for m in orders] == ["resting", "executed", "canceled"]
    assert "last_update_reason" not in orders[-1]


def wish(group_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "ticker": TICKER,
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "order_group_id": group_id,
        "exchange_index": 2,
        **changes,
    }


async def test_a_group_over_http(checked: Any) -> None:
    status, made = await checked.call("POST", f"{GROUPS}/create", {"contracts_limit": 5, "exchange_index": 2})
    group_id = made["order_group_id"]
    assert (status, made) == (201, {"order_group_id": group_id, "subaccount": 0, "exchange_index": 2})
    _, placed = await checked.call("POST", ORDERS, wish(group_id))
    shown = {"contracts_limit_fp": "5.00", "is_auto_cancel_enabled": False, "exchange_index": 2}
    assert await checked.get(f"{GROUPS}/{group_id}") == shown | {"orders": [placed["order_id"]]}
    assert await checked.get(GROUPS) == {"order_groups": [shown | {"id": group_id}]}
    assert (await checked.get(f"/portfolio/orders/{placed['order_id']}"))["order"]["order_group_id"] == group_id

    assert (await checked.call("PUT", f"{GROUPS}/{group_id}/trigger", {}))[0] == 404
    assert await checked.call("PUT", f"{GROUPS}/{group_id}/trigger?exchange_index=2", {}) == (200, {})
    after = await checked.get(f"{GROUPS}/{group_id}")
    assert (after["is_auto_cancel_enabled"], after["orders"]) == (True, [])
    assert (await checked.get(f"/portfolio/orders/{placed['order_id']}"))["order"]["status"] == "canceled"
    status, refused = await checked.call("POST", ORDERS, wish(group_id))
    assert (status, refused["error"]["details"]) == (400, "order group is triggered")

    assert await checked.call("PUT", f"{GROUPS}/{group_id}/reset?exchange_index=2", {}) == (200, {})
    limit = {"contracts_limit": 7, "contracts_limit_fp": "7.00"}
    assert await checked.call("PUT", f"{GROUPS}/{group_id}/limit?exchange_index=2", limit) == (200, {})
    assert (await checked.get(f"{GROUPS}/{group_id}"))["contracts_limit_fp"] == "7.00"
    assert await checked.call("DELETE", f"{GROUPS}/{group_id}?exchange_index=2") == (200, {})
    assert (await checked.call("GET", f"{GROUPS}/{group_id}"))[0] == 404
    assert await checked.get(GROUPS) == {"order_groups": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contracts_limit": 0},
        {"contracts_limit": 1_000_001},
        {"contracts_limit_fp": "0.99"},
        {"contracts_limit_fp": "many"},
        {"contracts_limit": 5, "contracts_limit_fp": "6.00"},
        {"contracts_limit": 5, "exchange_index": 9},
        {"contracts_limit": 5, "subaccount": 1},
        {"limit": 5},
    ],
    ids=str,
)
async def test_a_group_that_is_badly_asked_for_is_refused(checked: Any, body: dict[str, Any]) -> None:
    status, answer = await checked.call("POST", f"{GROUPS}/create", body)
    assert (status, answer["error"]["code"]) == (400, "invalid_parameters")


async def test_group_acts_are_billed_on_the_shard_that_they_name(checked: Any, clock: VirtualClock) -> None:
    body = {"contracts_limit": 5, "exchange_index": 2}
    statuses = [(await checked.call("POST", f"{GROUPS}/create", body))[0] for _ in range(11)]
    assert statuses == [201] * 10 + [429]
    assert (await checked.call("PUT", f"{GROUPS}/none/reset?exchange_index=2", {}))[0] == 429
    assert (await checked.call("PUT", f"{GROUPS}/none/reset", {}))[0] == 404
