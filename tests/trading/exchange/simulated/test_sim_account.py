"""Money: fees as observed on the live exchange, netting, reservation, and conservation under any sequence of acts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.market import TAPERED_DECI_CENT, on_grid
from trading.domain.money import ZERO
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.matching import SelfTrade
from trading.exchange.simulated.records import Amendment, HeldOrder, NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.units import contracts, count_units, dollars, price_units
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import KNOWN_SERIES, Verdict, Window, window_closing

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
SERIES = KNOWN_SERIES["KXBTC15M"]
WINDOW = window_closing(SERIES, datetime(2026, 1, 5, 12, 15, tzinfo=UTC))
BID, ASK = Side.BID, Side.ASK


def account(cash: str = "1000") -> Account:
    made = Account()
    made.set_cash(2, D(cash))
    return made


def order(held: Account, side: Side, price: str, count: str) -> HeldOrder:
    number, units = len(held.orders), count_units(D(count))
    return held.put_order(
        HeldOrder(
            number,
            f"o{number}",
            f"c{number}",
            WINDOW.ticker,
            2,
            side,
            price_units(D(price)),
            units,
            units,
            0,
            OrderStatus.RESTING,
            START,
            START,
            SelfTrade.TAKER_AT_CROSS,
        )
    )


def fill(held: Account, side: Side, price: str, count: str, *, taker: bool = True) -> HeldOrder:
    made = order(held, side, price, count)
    return held.fill(made, SERIES, made.price, made.remaining, taker, START, f"f{len(held.fills)}")


def verdict(value: str) -> Verdict:
    result = "yes" if value == "1" else "no"
    return Verdict(result, D(value), None, WINDOW.close_time, WINDOW.close_time + timedelta(seconds=6))


def settle(held: Account, value: str, window: Window = WINDOW) -> None:
    held.settle(window, verdict(value))


def test_five_no_at_43_cents_as_the_live_exchange_booked_them() -> None:
    held = account()
    fill(held, ASK, "0.57", "5")
    stake = held.holdings[WINDOW.ticker]
    assert (contracts(stake.contracts), stake.cost, stake.fees) == (D(-5), D("2.15"), D("0.0858"))
    assert held.cash[2] == D("1000") - D("2.15") - D("0.0858")


@pytest.mark.parametrize(
    ("price", "fee"), [("0.7100", "0.0145"), ("0.9290", "0.0047"), ("0.2700", "0.0138"), ("0.0700", "0.0046")]
)
def test_takers_pay_what_was_observed_for_one_contract(price: str, fee: str) -> None:
    held = account()
    fill(held, BID, price, "1")
    assert held.fills[0].fee == D(fee)


@pytest.mark.parametrize("price", ["0.3900", "0.3700", "0.4100", "0.9800"])
def test_makers_pay_nothing(price: str) -> None:
    held = account()
    fill(held, BID, price, "1", taker=False)
    assert held.fills[0].fee == 0


def test_the_fee_of_an_order_in_pieces_is_that_of_its_whole_within_a_step() -> None:
    whole, pieces = account(), account()
    fill(whole, BID, "0.50", "10")
    one = order(pieces, BID, "0.50", "10")
    for _ in range(1000):
        one = pieces.fill(one, SERIES, one.price, 1, True, START, "f")
    assert one.status is OrderStatus.EXECUTED
    assert 0 <= one.taker_fees - whole.fills[0].fee <= D("0.01")
    assert all(f.fee >= 0 for f in pieces.fills)
    assert pieces.cash[2] == D(1000) - 5 - one.taker_fees


def test_what_closes_a_position_pays_its_dollar_at_once() -> None:
    held = account()
    fill(held, BID, "0.40", "10", taker=False)
    fill(held, ASK, "0.70", "4", taker=False)
    stake = held.holdings[WINDOW.ticker]
    assert (contracts(stake.contracts), stake.cost, stake.realized) == (D(6), D("2.4"), D("1.2"))
    assert held.cash[2] == D(1000) - 4 + D("2.8")
    fill(held, ASK, "0.70", "10", taker=False)
    stake = held.holdings[WINDOW.ticker]
    assert (contracts(stake.contracts), stake.cost, stake.realized) == (D(-4), D("1.2"), D("3.0"))


@pytest.mark.parametrize(("value", "paid"), [("1", "0"), ("0", "5")])
def test_a_settlement_pays_the_winning_side(value: str, paid: str) -> None:
    held = account()
    fill(held, ASK, "0.60", "5", taker=False)
    settle(held, value)
    [record] = held.settlements
    assert (record.revenue, record.no_count, record.yes_count, record.no_cost) == (D(paid), 500, 0, D("2.0"))
    assert held.cash[2] == 1000 - 2 + D(paid)
    assert held.holdings == {}


def test_a_market_left_without_contracts_has_no_settlement() -> None:
    held = account()
    fill(held, BID, "0.40", "5", taker=False)
    fill(held, ASK, "0.60", "5", taker=False)
    settle(held, "1")
    assert (held.settlements, held.holdings, held.cash[2]) == ([], {}, D(1001))


def test_resting_orders_reserve_their_cost_unless_they_close() -> None:
    held = account()
    fill(held, BID, "0.40", "10", taker=False)
    order(held, ASK, "0.70", "4")
    assert held.reserved(2) == 0
    order(held, ASK, "0.80", "10")
    assert held.reserved(2) == D("0.20") * 4
    order(held, BID, "0.30", "10")
    assert held.reserved(2) == D("0.8") + 3
    assert held.reserved(0) == 0
    assert held.available(2) == D(1000) - 4 - D("3.8")


grid = st.integers(1, 999).map(lambda n: D(n) / 1000).filter(lambda p: on_grid(p, TAPERED_DECI_CENT))
acts = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "cancel", "amend", "decrease", "wait"]),
        st.sampled_from([BID, ASK]),
        grid,
        st.integers(1, 60_000).map(lambda n: D(n) / 100),
        st.sampled_from(list(TimeInForce)),
        st.integers(0, 40),
    ),
    max_size=14,
)


def play(venue: Venue, clock: VirtualClock, played: list[tuple[str, Side, D, D, TimeInForce, int]]) -> None:
    for kind, side, price, count, tif, number in played:
        held = list(venue.account.orders.values())
        chosen = held[number % len(held)] if held else None
        try:
            if kind == "create":
                venue.create(NewOrder(WINDOW.ticker, side, price, count, tif, SelfTrade.MAKER))
            elif kind == "cancel" and chosen:
                venue.cancel(chosen.order_id)
            elif kind == "amend" and chosen:
                venue.amend(chosen.order_id, Amendment(WINDOW.ticker, chosen.side, price, count))
            elif kind == "decrease" and chosen:
                venue.decrease(chosen.order_id, to=count)
        except VenueError:
            pass
        clock.advance_to(clock.now() + timedelta(seconds=number))
        conserved(venue)


def conserved(venue: Venue) -> None:
    """Cash, what is held at cost, and fees are the opening cash and what was realised; positions are the fills."""
    held = venue.account
    stake = held.holdings.get(WINDOW.ticker)
    fees = sum((f.fee for f in held.fills), ZERO)
    paid = sum((-f.side.sign * dollars(f.price) * contracts(f.count) for f in held.fills), ZERO)
    signed = sum(f.side.sign * f.count for f in held.fills)
    if stake:
        assert stake.contracts == signed
        assert held.cash[2] + stake.cost + fees - stake.realized == 1000
        assert stake.fees == fees
    ones = contracts(max(-signed, 0)) if stake else ZERO
    assert held.cash[2] == 1000 + paid - fees - ones or stake is None
    assert held.available(2) >= -D("0.0001") * len(held.orders)
    for order_ in held.orders.values():
        own = [f for f in held.fills if f.order_id == order_.order_id]
        assert order_.filled == sum(f.count for f in own)
        assert order_.taker_fees + order_.maker_fees == sum((f.fee for f in own), ZERO)
        assert order_.resting == (order_.remaining > 0)
    book = venue.shown(WINDOW.ticker)
    assert not (book.bids and book.asks) or book.bids[0][0] < book.asks[0][0]


@settings(max_examples=40)
@given(acts, st.integers(1, 5))
def test_money_and_contracts_are_conserved(played: list[tuple[str, Side, D, D, TimeInForce, int]], seed: int) -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock, seed=seed)
    play(venue, clock, played)
    before = venue.account.cash[2]
    position = sum(f.side.sign * f.count for f in venue.account.fills)
    clock.advance_to(WINDOW.close_time + timedelta(seconds=7))
    venue.sync()
    result = venue.world.verdict(WINDOW)
    assert result is not None
    late = [f for f in venue.account.fills if f.at > clock.now()]
    assert not late
    assert venue.account.resting == {}
    if sum(f.side.sign * f.count for f in venue.account.fills) == position:
        worth = contracts(max(position, 0)) if result.result == "yes" else contracts(max(-position, 0))
        assert venue.account.cash[2] == before + worth
