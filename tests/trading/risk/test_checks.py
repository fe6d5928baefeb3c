"""Each check at its edge, one step to either side; ways out; and the sentence that a denied order comes back with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, market, order, quote
from tests.trading.risk.test_gate import ME, NOW, OTHER, WISH, context, denied, halted, lost, working
from trading.domain import events as ev
from trading.domain.ledger import apply
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus, Position, Side, position_key
from trading.domain.state import Reason, State
from trading.risk.gate import Denial, Ticket, judge
from trading.risk.limits import Limits

D = Decimal
WORST = D("4.8373")  # of WISH: 9 at 0.52, and their fee
OUT = {"side": Outcome.NO, "price": D("0.50"), "reduce_only": True}  # selling YES at what is bid


def holding(contracts: str, *leaving: Order, strategy: str = "consensus", mode: Mode = Mode.REAL) -> State:
    held = {position_key(mode, TICKER, strategy): Position(mode, TICKER, D(contracts), strategy)}
    return State(positions=held, orders={o.client_order_id: o for o in leaving})


def tried(seconds_ago: float) -> State:
    """An order of long ago in another market, as far as the gate looks back."""
    sent = order(ticker="elsewhere", status=OrderStatus.CANCELED)
    return State(orders={"k1-a": sent}, attempts={"k1-a": NOW - timedelta(seconds=seconds_ago)})


@pytest.mark.parametrize(
    ("state", "changes", "code"),
    [
        (State(attempts={ME.client_order_id(Mode.REAL, "consensus", TICKER, 1): NOW}), {"latched": True}, "halted"),
        (State(), {"not_before": NOW}, ""),
        (State(), {"quote": quote(at=NOW - timedelta(seconds=15))}, ""),
        (State(), {"cash": WORST}, ""),
        (State(), {"cash": WORST - D("0.0001")}, "low_cash"),
        (State(), {"limits": Limits(max_order_usd=WORST)}, ""),
        (State(), {"limits": Limits(max_order_usd=WORST - D("0.0001"))}, "max_order"),
        (tried(59), {"limits": Limits(max_orders_per_minute=1)}, "order_rate"),
        (tried(60), {"limits": Limits(max_orders_per_minute=1)}, ""),
        (tried(90), {"limits": Limits(max_orders_per_minute=1)}, ""),
        (lost("24"), {}, "day_loss"),
        (lost("24"), {"zone": timezone(timedelta(hours=12))}, ""),  # there the day is over
        (working(strategy="other", count=D(1)), {}, "contested"),
        (working(strategy="other", status=OrderStatus.CANCELED), {}, ""),
        (working(strategy="other", status=OrderStatus.EXECUTED, reported=D(1)), {}, "contested"),
        (holding("3", strategy="other"), {}, "contested"),
        (holding("3", strategy="other", mode=Mode.DRY_RUN), {}, ""),
        (replace(working(strategy="other", mode=Mode.DRY_RUN), mode=Mode.REAL), {}, ""),
    ],
)
def test_a_check_holds_exactly_to_its_limit(state: State, changes: dict[str, Any], code: str) -> None:
    assert denied(WISH, context(state, **changes)) == code


LEAVING = order(side=Side.ASK, count=D(4), reduce_only=True, status=OrderStatus.RESTING)


@pytest.mark.parametrize(
    ("state", "wish", "code"),
    [
        (State(), OUT, "not_reducing"),
        (holding("9"), OUT, ""),
        (holding("8"), OUT, "not_reducing"),
        (holding("-9"), OUT, "not_reducing"),
        (holding("-9"), {"reduce_only": True}, ""),
        (holding("13", LEAVING), OUT, ""),
        (holding("12", LEAVING), OUT, "not_reducing"),
        (holding("12", replace(LEAVING, status=OrderStatus.EXECUTED, reported=D(4))), OUT, "not_reducing"),  # unread
        (holding("12", replace(LEAVING, status=OrderStatus.EXECUTED, reported=D(4), filled=D(4))), OUT, ""),
        (holding("9", replace(LEAVING, reduce_only=False)), OUT, ""),
        (holding("9", replace(LEAVING, ticker=OTHER)), OUT, ""),
        (holding("9", replace(LEAVING, mode=Mode.DRY_RUN)), OUT, ""),
    ],
)
def test_a_way_out_is_at_most_what_is_held_and_not_yet_leaving(state: State, wish: dict[str, Any], code: str) -> None:
    assert denied(replace(WISH, **wish), context(state)) == code


def test_a_way_out_is_held_up_by_no_limit_on_risk() -> None:
    nothing = Limits(D(0), D(0), D(0), D(0), D(0), 0, 0, budgets={"consensus": D(0)})
    tight = context(holding("9"), limits=nothing, cash=D(0), not_before=NOW + timedelta(seconds=9))
    assert denied(replace(WISH, **OUT), tight) == ""
    assert denied(replace(WISH, **OUT), context(replace(holding("9"), halts=halted(Reason.PAUSED).halts))) == ""


@pytest.mark.parametrize(
    ("wish", "state", "changes", "text"),
    [
        ({}, State(), {"latched": True}, "trading is halted (just now)"),
        ({}, halted(Reason.MANUAL), {}, "trading is halted (manual)"),
        (
            {},
            apply(halted(Reason.MANUAL), ev.HaltRaised(NOW, Reason.PAUSED, "ann")).state,
            {},
            "trading is halted (manual, paused)",
        ),
        ({}, halted(Reason.PAUSED), {}, "no new risk while paused"),
        ({}, State(), {"not_before": NOW + timedelta(seconds=7)}, "7 s until a cancel-all is over"),
        ({}, State(disabled=frozenset({"consensus"})), {}, "consensus is switched off"),
        ({"count": D(2)}, State(real_since=NOW), {}, "2 contracts, one a trade in the first 48 h of real orders"),
        ({}, State(), {"market": None}, f"{TICKER} is not open"),
        ({}, State(), {"market": market(ticker=OTHER)}, f"{TICKER} is not open"),
        ({"price": D("0.525")}, State(), {}, f"0.525 is not on the price grid of {TICKER}"),
        ({"count": D("1.5")}, State(), {}, "1.5 is no whole number of contracts above zero"),
        ({}, State(), {"quote": None}, f"no quote of {TICKER} within 15 s"),
        ({"price": D("0.58")}, State(), {}, f"0.58 for {TICKER}, the touch allows 0.57 at most"),
        (OUT, holding("9", LEAVING), {}, f"9 of {TICKER} held, 4 already leaving"),
        ({}, working(strategy="other"), {}, f"other is already in {TICKER}"),
        (
            {},
            replace(working(strategy="other"), positions=holding("3", strategy="another").positions),
            {},
            f"another, other is already in {TICKER}",
        ),
        ({}, State(), {"foreign": {TICKER: D(3)}}, f"the account holds 3 of {TICKER} that is not ours"),
        ({"count": D(20)}, State(), {}, "the order would be $10.75, the limit is $10.00"),
        (
            {},
            State(),
            {"limits": Limits(max_position_usd=D(4))},
            f"{TICKER} would be $4.84, the limit is $4.00",
        ),
        ({}, State(), {"limits": Limits(budgets={"consensus": D(4)})}, "consensus would be $4.84, the limit is $4.00"),
        (
            {},
            State(),
            {"limits": Limits(max_exposure_usd=D(4))},
            "everything open would be $4.84, the limit is $4.00",
        ),
        ({}, State(), {"limits": Limits(max_open_orders=0)}, "0 orders are open, the limit is 0"),
        ({}, State(), {"limits": Limits(max_orders_per_minute=0)}, "0 orders in a minute, the limit is 0"),
        ({}, lost("20.20"), {}, "the day's loss at worst would be $25.04, the limit is $25.00"),
        ({}, lost("0", "70.20"), {}, "the week's loss at worst would be $75.04, the limit is $75.00"),
    ],
)
def test_a_denial_says_why_with_the_figures(
    wish: dict[str, Any], state: State, changes: dict[str, Any], text: str
) -> None:
    verdict = judge(replace(WISH, **wish), context(state, **changes), ME)
    assert isinstance(verdict, Denial)
    assert verdict.text == text


def test_a_denial_near_the_close_and_of_a_second_try_says_so() -> None:
    late = OPEN + timedelta(seconds=891)
    closing = judge(WISH, context(now=late, quote=quote(at=late)), ME)
    assert isinstance(closing, Denial)
    assert closing.text == f"{TICKER} closes in 9 s, new risk ends 10 s before the close"
    first = judge(WISH, context(), ME)
    assert isinstance(first, Ticket)
    again = judge(WISH, context(apply(State(), ev.OrderIntended(NOW, first.order)).state), ME)
    assert isinstance(again, Denial)
    assert again.text == f"consensus has already tried {TICKER}"


ANOTHER = {"strategy": "other", "mode": Mode.DRY_RUN, "client_order_id": "k1-other"}


@pytest.mark.parametrize(
    "limit",
    [
        {"max_exposure_usd": WORST},
        {"max_position_usd": WORST},
        {"max_open_orders": 1},
        {"daily_loss_limit_usd": WORST},
        {"weekly_loss_limit_usd": WORST},
    ],
)
@pytest.mark.parametrize(("strategy", "denied_there"), [("other", False), ("consensus", True)])
def test_on_paper_every_limit_holds_for_each_strategy_as_if_it_were_alone(
    limit: dict[str, Any], strategy: str, denied_there: bool
) -> None:
    state = replace(working(**(ANOTHER | {"strategy": strategy, "count": D(1)})), mode=Mode.DRY_RUN)
    assert bool(denied(WISH, context(state, limits=Limits(**limit)))) is denied_there


@pytest.mark.parametrize(("strategy", "code"), [("other", ""), ("consensus", "order_rate")])
@pytest.mark.parametrize("mode", Mode)
def test_orders_on_paper_take_nothing_of_the_rate_of_others(strategy: str, code: str, mode: Mode) -> None:
    sent = order(strategy=strategy, mode=Mode.DRY_RUN, ticker="elsewhere", status=OrderStatus.CANCELED)
    state = State(mode=mode, orders={"k1-a": sent}, attempts={"k1-a": NOW})
    wanted = code if mode is Mode.DRY_RUN else ""
    assert denied(WISH, context(state, limits=Limits(max_orders_per_minute=1))) == wanted


@pytest.mark.parametrize(("strategy", "code"), [("other", ""), ("consensus", "day_loss")])
def test_on_paper_each_has_its_own_loss(strategy: str, code: str) -> None:
    sums = lost("24").totals[Mode.REAL]
    state = State(mode=Mode.DRY_RUN, totals={Mode.DRY_RUN: sums}, books={f"dry_run:{strategy}": sums})
    assert denied(WISH, context(state)) == code
