"""Our orders: a mapping like any other, which knows without a search those of them that still work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, order
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.orders import Orders
from trading.domain.pruning import KEPT, PAPER_KEPT, pruned
from trading.domain.state import State

KEYS = st.sampled_from(["a", "b", "c", "d"])
COUNTS = st.integers(0, 10).map(Decimal)


@st.composite
def some_orders(draw: st.DrawFn) -> list[Order]:
    """Orders as they come, one after the other, some of them again; a headline led to two of the four."""
    return [
        order(
            client_order_id=key,
            status=status,
            filled=min(filled, reported),
            reported=reported,
            mode=mode,
            headline=key if key in "ab" else "",
        )
        for key, status, filled, reported, mode in draw(
            st.lists(st.tuples(KEYS, st.sampled_from(OrderStatus), COUNTS, COUNTS, st.sampled_from(Mode)), max_size=20)
        )
    ]


@given(some_orders())
def test_it_is_the_dict_that_it_stands_for(puts: list[Order]) -> None:
    orders, plain = Orders({}), dict[str, Order]()
    for one in puts:
        before, known = orders, dict(orders)
        orders = orders.put(one)
        plain[one.client_order_id] = one
        assert dict(before) == known  # the one before has not changed
    assert orders == plain == Orders(plain)
    assert (list(orders), len(orders)) == (list(plain), len(plain))
    assert list(orders.values()) == list(plain.values())
    assert list(orders.items()) == list(plain.items())
    assert list(orders.keys()) == list(plain.keys())
    assert ("a" in orders, orders.get("z")) == ("a" in plain, None)


@given(some_orders())
def test_those_that_work_are_those_that_a_search_finds(puts: list[Order]) -> None:
    state = State()
    for one in puts:
        state = state.with_order(one)
    found = {key: one for key, one in state.orders.items() if one.live or one.open_count > 0}
    assert {one.client_order_id: one for one in state.working_orders()} == found
    assert sorted(o.client_order_id for o in state.live_orders()) == sorted(k for k, o in found.items() if o.live)
    assert state.paper_orders() == [one for one in state.orders.values() if one.mode is Mode.DRY_RUN]
    assert state.headline_orders() == [one for one in state.orders.values() if one.headline]
    again = State(orders=dict(state.orders))
    assert {one.client_order_id: one for one in again.working_orders()} == found
    assert again.headline_orders() == state.headline_orders()


def test_a_state_is_the_same_however_its_orders_were_given() -> None:
    one = order(client_order_id="a")
    assert State(orders={"a": one}) == State().with_order(one)
    assert replace(State(orders={"a": one}), orders={}).working_orders() == []
    assert str(State(orders={"a": one}).orders) == str({"a": one})


def test_orders_that_work_stand_as_they_were_put() -> None:
    state = State()
    for key in ("c", "a", "b"):
        state = state.with_order(order(client_order_id=key, status=OrderStatus.PENDING))
    state = state.with_order(order(client_order_id="a", status=OrderStatus.RESTING))
    assert [one.client_order_id for one in state.live_orders()] == ["c", "a", "b"]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("age", [timedelta(0), PAPER_KEPT * 2, KEPT + timedelta(minutes=16)])
def test_what_is_young_stays_beside_what_is_old(mode: Mode, age: timedelta) -> None:
    now, gone = OPEN + age, {"status": OrderStatus.CANCELED, "mode": mode, "order_id": "x"}
    old = order(client_order_id="old", **gone)
    young = order(client_order_id="young", **gone | {"created_at": now, "close_time": now + timedelta(minutes=15)})
    state = State(orders={"old": old, "young": young}, attempts={"old": OPEN, "young": now}, fill_ids={"f": OPEN})
    left = pruned(state, now)
    kept = PAPER_KEPT + timedelta(minutes=15) if mode is Mode.DRY_RUN else KEPT
    assert list(left.orders) == (["old", "young"] if age < kept else ["young"])
    assert list(left.attempts) == (["old", "young"] if age <= KEPT else ["young"])
    assert list(left.fill_ids) == (["f"] if age <= KEPT else [])
