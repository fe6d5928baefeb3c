"""The gate as a table: one change of the world, one denial; and nothing passes a closed latch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, TICKER, fill, market, order, quote
from trading.domain import events as ev
from trading.domain.fees import FeeTerms
from trading.domain.intent import Intent
from trading.domain.ledger import apply
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus, Side, TimeInForce
from trading.domain.state import Reason, State, Totals
from trading.risk.checks import at_risk
from trading.risk.gate import Context, Denial, Identity, Ticket, judge
from trading.risk.limits import Limits

D = Decimal
NOW = OPEN + timedelta(seconds=90)
ME = Identity("k1234567", "simulated")
FREE = FeeTerms("quadratic", D(0))
WISH = Intent("consensus", TICKER, Outcome.YES, D("0.52"), D(9), "both say yes")
OTHER = "KXBTC15M-26JAN050730-30"


def context(state: State | None = None, **changes: Any) -> Context:
    return replace(Context(NOW, state or State(), Limits(), market(), quote(at=NOW)), **changes)


def working(**changes: Any) -> State:
    bet = order(**({"created_at": NOW - timedelta(minutes=5)} | changes))
    return apply(State(mode=bet.mode), ev.OrderIntended(bet.created_at, bet)).state


def executed(**changes: Any) -> State:
    """An order that filled at once, its fills not read yet."""
    state = working(**changes)
    (key,) = state.orders
    return apply(state, ev.OrderAcknowledged(NOW, key, "x1", OrderStatus.EXECUTED, D(10))).state


def halted(reason: Reason) -> State:
    return apply(State(), ev.HaltRaised(NOW, reason, "ann")).state


def lost(day: str, week: str = "0") -> State:
    today = NOW.date()
    monday = today - timedelta(days=today.weekday())
    return State(totals={Mode.REAL: Totals(day=today, day_profit=-D(day), week=monday, week_profit=-D(week))})


def denied(wish: Intent, at: Context) -> str:
    verdict = judge(wish, at, ME)
    return verdict.code if isinstance(verdict, Denial) else ""


@pytest.mark.parametrize(("post_only", "seconds"), [(False, 31), (True, 81)])
def test_what_passes_becomes_an_order_with_its_own_end(post_only: bool, seconds: int) -> None:
    at = context(now=NOW + timedelta(milliseconds=400), market=market(fees=FREE))
    verdict = judge(replace(WISH, post_only=post_only), at, ME)
    assert isinstance(verdict, Ticket)
    assert verdict.order == Order(
        client_order_id=ME.client_order_id(Mode.REAL, "consensus", TICKER, 1),
        mode=Mode.REAL,
        strategy="consensus",
        ticker=TICKER,
        side=Side.BID,
        price=D("0.52"),
        count=D(9),
        status=OrderStatus.PENDING,
        created_at=at.now,
        updated_at=at.now,
        expires_at=NOW + timedelta(seconds=seconds),  # the timeout and its margin, up to a whole second
        close_time=market().close_time,
        exchange_index=2,
        post_only=post_only,
        fees=FREE,
        why="both say yes",
    )


def test_what_is_not_to_rest_has_no_end_of_its_own() -> None:
    verdict = judge(replace(WISH, time_in_force=TimeInForce.IOC), context(), ME)
    assert isinstance(verdict, Ticket)
    assert (verdict.order.time_in_force, verdict.order.expires_at) == (TimeInForce.IOC, None)


def test_buying_no_is_an_ask_at_the_yes_price() -> None:
    verdict = judge(replace(WISH, side=Outcome.NO, price=D("0.48")), context(), ME)
    assert isinstance(verdict, Ticket)
    assert (verdict.order.side, verdict.order.price, verdict.order.own_price) == ("ask", D("0.52"), D("0.48"))


@pytest.mark.parametrize(
    ("wish", "state", "changes", "code"),
    [
        ({}, State(), {"latched": True}, "halted"),
        ({}, halted(Reason.MANUAL), {}, "halted"),
        ({"reduce_only": True}, halted(Reason.MANUAL), {}, "halted"),
        ({}, halted(Reason.PAUSED), {}, "reducing"),
        ({}, State(), {"not_before": NOW + timedelta(seconds=1)}, "cooling"),
        ({}, State(), {"market": None}, "market_closed"),
        ({}, State(), {"market": market(ticker=OTHER)}, "market_closed"),
        ({}, State(), {"now": OPEN + timedelta(minutes=15)}, "market_closed"),
        ({"price": D("0.525")}, State(), {}, "off_grid"),
        ({"price": D("1")}, State(), {}, "off_grid"),
        ({"count": D("1.5")}, State(), {}, "bad_count"),
        ({"count": D(0)}, State(), {}, "bad_count"),
        ({}, State(), {"quote": None}, "stale_quote"),
        ({}, State(), {"quote": quote(at=NOW - timedelta(seconds=16))}, "stale_quote"),
        (
            {},
            State(),
            {"now": OPEN + timedelta(seconds=891), "quote": quote(at=OPEN + timedelta(seconds=890))},
            "closing",
        ),
        ({}, State(), {"now": OPEN + timedelta(seconds=890), "quote": quote(at=OPEN + timedelta(seconds=890))}, ""),
        ({"price": D("0.58"), "count": D(1)}, State(), {}, "collar"),
        ({"price": D("0.57"), "count": D(1)}, State(), {}, ""),
        ({"price": D("0.56"), "count": D(1)}, State(), {"quote": quote(ask=None, at=NOW)}, "collar"),
        ({"price": D("0.55"), "count": D(1)}, State(), {"quote": quote(ask=None, at=NOW)}, ""),
        ({"price": D("0.06"), "count": D(1)}, State(), {"quote": quote(None, None, at=NOW)}, "collar"),
        ({"side": Outcome.NO, "price": D("0.56"), "count": D(1)}, State(), {}, "collar"),
        ({"side": Outcome.NO, "price": D("0.55"), "count": D(1)}, State(), {}, ""),
        ({}, State(), {"limits": Limits(budgets={"consensus": D("4.83")})}, "budget"),
        ({}, working(ticker=OTHER), {"limits": Limits(budgets={"consensus": D("10")})}, "budget"),
        ({}, working(ticker=OTHER, strategy="other"), {"limits": Limits(budgets={"consensus": D("10")})}, ""),
        ({}, working(strategy="other"), {}, "contested"),
        ({}, executed(strategy="other"), {}, "contested"),
        ({}, executed(strategy="other", ticker=OTHER), {}, ""),
        ({}, State(), {"foreign": {TICKER: D(3)}}, "contested"),
        ({}, State(), {"cash": D("4.83")}, "low_cash"),  # 9 at 0.52 and their fee are 4.8373
        ({}, State(), {"cash": D("4.84")}, ""),
        ({}, State(mode=Mode.DRY_RUN), {"cash": D(0)}, ""),
        ({"count": D(20)}, State(), {}, "max_order"),
        ({}, State(), {"limits": Limits(max_position_usd=D("4"))}, "max_position"),
        ({}, working(count=D(35)), {}, "max_position"),
        ({}, working(ticker=OTHER, count=D(95)), {}, "max_exposure"),
        ({}, working(ticker=OTHER), {"limits": Limits(max_open_orders=1)}, "max_open_orders"),
        ({}, working(ticker=OTHER, created_at=NOW), {"limits": Limits(max_orders_per_minute=1)}, "order_rate"),
        ({}, lost("20.20"), {}, "day_loss"),
        ({}, lost("0", "70.20"), {}, "week_loss"),
        ({}, lost("20.15"), {}, ""),
    ],
)
def test_the_first_failing_check_denies(wish: dict[str, Any], state: State, changes: dict[str, Any], code: str) -> None:
    assert denied(replace(WISH, **wish), context(state, **changes)) == code


def test_a_shard_without_cash_is_named_with_the_way_out() -> None:
    verdict = judge(WISH, context(cash=D("3.10")), ME)
    assert isinstance(verdict, Denial)
    assert verdict.text == (
        "shard 2 has $3.10, the order may cost $4.84: `kalshi-chatops fund --to 2` moves cash there"
    )


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.UNKNOWN, OrderStatus.RESTING])
def test_an_order_that_may_still_fill_counts_as_filled(status: OrderStatus) -> None:
    state = replace(State(), orders={"k1-a": order(status=status)})
    assert at_risk(state, Mode.REAL) == D("5.00") + D("0.175")


def test_dry_run_and_real_never_share_a_limit() -> None:
    state = working(mode=Mode.DRY_RUN, ticker=OTHER, count=D(95))
    assert denied(WISH, context(replace(state, mode=Mode.REAL))) == ""


def test_one_market_is_entered_once_per_strategy_also_across_a_crash() -> None:
    first = judge(WISH, context(), ME)
    assert isinstance(first, Ticket)
    state = apply(State(), ev.OrderIntended(NOW, first.order)).state
    state = apply(state, ev.OrderRejected(NOW, first.order.client_order_id, "no", "")).state
    assert denied(WISH, context(state)) == "already_entered"


def test_the_id_of_a_bet_is_the_same_in_every_version() -> None:
    """Another derivation would let a restart after an update enter the same market again."""
    assert ME.client_order_id(Mode.REAL, "consensus", TICKER, 1) == "k1234567-9ef19518ddb42893e0d6"
    assert ME.client_order_id(Mode.DRY_RUN, "consensus", TICKER, 1) == "DRY-RUN-k1234567-28a62e98b46ac25205d2"


def test_ids_tell_whose_order_it_is_and_keep_the_modes_apart() -> None:
    real = ME.client_order_id(Mode.REAL, "consensus", TICKER, 1)
    dry = ME.client_order_id(Mode.DRY_RUN, "consensus", TICKER, 1)
    assert dry.startswith("DRY-RUN-")
    assert real.removeprefix("k1234567-") != dry.removeprefix("DRY-RUN-k1234567-")
    assert ME.owns(real)
    assert ME.owns(dry)
    assert not ME.owns("k7654321-0123")
    assert set(real + dry) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(36, 64)), max_size=12), st.integers(0, 40))
def test_no_sequence_of_orders_can_lose_more_than_the_days_limit(wishes: list[tuple[int, int]], lost_usd: int) -> None:
    state, limits = lost(str(lost_usd)), Limits()
    for i, (count, cents) in enumerate(wishes):
        ticker = f"KXBTC15M-{i}"
        at = context(state, market=market(ticker=ticker), quote=replace(quote(at=NOW), ticker=ticker))
        verdict = judge(replace(WISH, ticker=ticker, count=D(count), price=D(cents) / 100), at, ME)
        if isinstance(verdict, Ticket):
            state = apply(state, ev.OrderIntended(NOW, verdict.order)).state
    worst = lost_usd + at_risk(state, Mode.REAL)
    assert worst <= limits.daily_loss_limit_usd or not state.orders


def test_a_filled_position_is_what_it_cost_and_its_fee() -> None:
    bet = order()
    state = apply(working(), ev.OrderFilled(NOW, fill(bet))).state
    assert at_risk(state, Mode.REAL) == D("5.175")
