"""The first hours of real orders: one contract a trade, cut down beforehand and held by the gate whatever comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, TICKER, fill, market, order, quote
from trading.domain import events as ev
from trading.domain.intent import Intent
from trading.domain.ledger import apply
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.state import State
from trading.risk.first_hours import cut_down, one_contract_until
from trading.risk.gate import Context, Denial, Identity, Ticket, judge
from trading.risk.limits import Limits

D = Decimal
NOW = OPEN + timedelta(seconds=90)
ME = Identity("k1234567", "production")
WISH = Intent("consensus", TICKER, Outcome.YES, D("0.52"), D(9), "both say yes")
LIVE = State(real_since=NOW - timedelta(hours=1))
END = NOW + timedelta(hours=47)


def verdict(count: int, state: State = LIVE, **changes: Any) -> str:
    """The code of the denial of so many contracts, empty where they pass."""
    context = replace(Context(NOW, state, Limits(), market(), quote(at=NOW)), **changes)
    judged = judge(replace(WISH, count=D(count)), context, ME)
    return judged.code if isinstance(judged, Denial) else ""


@pytest.mark.parametrize(
    ("state", "hours", "now", "until"),
    [
        (LIVE, 48, NOW, END),
        (LIVE, 48, END - timedelta(microseconds=1), END),
        (LIVE, 48, END, None),
        (LIVE, 0, NOW, None),
        (LIVE, 2, NOW, NOW + timedelta(hours=1)),
        (State(), 48, NOW, None),
        (replace(LIVE, mode=Mode.DRY_RUN), 48, NOW, None),
    ],
)
def test_how_long_they_hold(state: State, hours: float, now: datetime, until: datetime | None) -> None:
    assert one_contract_until(state, Limits(first_hours=hours), now) == until


def test_a_wish_is_cut_down_to_one_contract_and_says_why() -> None:
    cut = cut_down(WISH, LIVE, Limits(), NOW)
    assert cut == replace(WISH, count=D(1), why="both say yes; 1 contract, not 9: the first 48 h of real orders")
    assert cut_down(WISH, LIVE, Limits(), END) is WISH
    assert cut_down(replace(WISH, count=D(1)), LIVE, Limits(), NOW).why == WISH.why
    out = replace(WISH, reduce_only=True)
    assert cut_down(out, LIVE, Limits(), NOW) is out, "a way out is never cut"


@pytest.mark.parametrize(
    ("count", "state", "changes", "code"),
    [
        (1, LIVE, {}, ""),
        (2, LIVE, {}, "first_hours"),
        (2, LIVE, {"now": END, "market": market(close_time=END + timedelta(minutes=5)), "quote": quote(at=END)}, ""),
        (2, LIVE, {"limits": Limits(first_hours=0)}, ""),
        (2, State(), {}, ""),
        (2, replace(LIVE, mode=Mode.DRY_RUN), {}, ""),
    ],
)
def test_the_gate_lets_one_contract_through(count: int, state: State, changes: dict[str, Any], code: str) -> None:
    assert verdict(count, state, **changes) == code


def test_one_a_trade_and_not_one_an_order() -> None:
    bet = order(count=D(1))
    working = apply(LIVE, ev.OrderIntended(NOW, bet)).state
    assert verdict(1, working) == "first_hours"
    unknown = apply(working, ev.OrderUnresolved(NOW, bet.client_order_id, "timeout")).state
    assert verdict(1, unknown) == "first_hours", "what may have filled counts as filled"
    bought = apply(working, ev.OrderFilled(NOW, fill(bet, "1", fee="0.0175"))).state
    assert verdict(1, bought) == "first_hours"
    gone = apply(working, ev.OrderRejected(NOW, bet.client_order_id, "post_only_cross", "")).state
    assert verdict(1, gone) == ""


def test_another_strategys_trade_and_paper_trades_do_not_count() -> None:
    paper = apply(LIVE, ev.OrderIntended(NOW, order(mode=Mode.DRY_RUN))).state
    elsewhere = apply(paper, ev.OrderIntended(NOW, order(client_order_id="k2", ticker="KXBTC15M-X"))).state
    assert verdict(1, elsewhere) == ""


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=8))
def test_no_sequence_of_wishes_makes_a_trade_of_more_than_one_contract(wishes: list[tuple[int, bool]]) -> None:
    state = LIVE
    for attempt, (count, cut) in enumerate(wishes, 1):
        wish = replace(WISH, count=D(count), attempt=attempt)
        if cut:
            wish = cut_down(wish, state, Limits(), NOW)
        judged = judge(wish, Context(NOW, state, Limits(), market(), quote(at=NOW)), ME)
        if isinstance(judged, Ticket):
            state = apply(state, ev.OrderIntended(NOW, judged.order)).state
    assert sum(o.open_count for o in state.orders.values() if o.status is OrderStatus.PENDING) <= 1
