"""A result that is changed later: what the market, the account and the stream say, before and after the correction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.market import MarketStatus
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.venue import Venue, open_venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
CLOSE = datetime(2026, 1, 5, 12, 15, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
HOUR = timedelta(hours=1)
TIMER = timedelta(seconds=3)  # from the determination to the payment


def hold(venue: Venue, count: str = "5") -> D:
    """Buys YES, and gives the shard's cash after it."""
    venue.create(NewOrder(TICKER, Side.BID, D("0.99"), D(count), TimeInForce.IOC))
    return venue.account.cash[2]


def other(venue: Venue) -> str:
    """The result that the market did not have."""
    verdict = venue.world.verdict(venue.window(TICKER))
    assert verdict
    return "no" if verdict.result == "yes" else "yes"


def paid(result: str) -> D:
    return D(5) if result == "yes" else D(0)


@pytest.mark.parametrize("late", [timedelta(seconds=10), HOUR, timedelta(days=40)])
def test_a_settled_market_is_paid_again_by_its_new_result(venue: Venue, clock: VirtualClock, late: timedelta) -> None:
    before, new = hold(venue), other(venue)
    old = "no" if new == "yes" else "yes"
    clock.advance_to(CLOSE + late)
    venue.sync()
    assert venue.account.cash[2] == before + paid(old)
    [row] = venue.account.settlements
    realized = venue.account.closed[TICKER].realized
    venue.amend_result(TICKER, new)
    assert venue.status_of(venue.window(TICKER)) is MarketStatus.AMENDED
    assert venue.account.settlements == [row]
    clock.advance_to(CLOSE + late + TIMER)
    assert venue.status_of(venue.window(TICKER)) is MarketStatus.FINALIZED
    [corrected] = venue.account.settlements
    assert (corrected.result, corrected.revenue, corrected.number) == (new, paid(new), row.number)
    assert (corrected.yes_count, corrected.yes_cost, corrected.fees) == (row.yes_count, row.yes_cost, row.fees)
    assert corrected.settled_at == clock.now()
    assert venue.account.cash[2] == before + paid(new)
    assert venue.account.closed[TICKER].realized == realized + paid(new) - paid(old)


def test_a_result_that_is_changed_before_the_payment_is_paid_once(venue: Venue, clock: VirtualClock) -> None:
    before, new = hold(venue), other(venue)
    clock.advance_to(CLOSE + timedelta(seconds=4))
    assert venue.status_of(venue.window(TICKER)) is MarketStatus.DETERMINED
    venue.amend_result(TICKER, new)
    assert venue.status_of(venue.window(TICKER)) is MarketStatus.AMENDED
    clock.advance_to(CLOSE + timedelta(seconds=6))
    venue.sync()
    assert venue.account.settlements == []
    clock.advance_to(CLOSE + timedelta(seconds=7))
    venue.sync()
    [row] = venue.account.settlements
    assert (row.result, row.settled_at, venue.account.cash[2]) == (new, clock.now(), before + paid(new))


def test_one_jump_over_everything_pays_both_times(venue: Venue, clock: VirtualClock) -> None:
    before, new = hold(venue), other(venue)
    venue.amend_result(TICKER, new, CLOSE + HOUR)
    clock.advance_to(CLOSE + 2 * HOUR)
    venue.sync()
    [row] = venue.account.settlements
    assert (row.result, row.settled_at) == (new, CLOSE + HOUR + TIMER)
    assert venue.account.cash[2] == before + paid(new)


def test_a_change_back_restores_everything(venue: Venue, clock: VirtualClock) -> None:
    hold(venue)
    new = other(venue)
    clock.advance_to(CLOSE + HOUR)
    venue.sync()
    cash, [row] = venue.account.cash[2], venue.account.settlements
    for result in (new, row.result):
        venue.amend_result(TICKER, result)
        clock.advance_to(clock.now() + HOUR)
        venue.sync()
    assert venue.account.cash[2] == cash
    assert (venue.account.settlements[0].result, venue.account.settlements[0].revenue) == (row.result, row.revenue)


def test_what_was_spent_meanwhile_is_missing(clock: VirtualClock) -> None:
    venue = open_venue(clock, cash={2: D(10)})
    hold(venue)
    clock.advance_to(CLOSE + HOUR)
    winner = "no" if other(venue) == "yes" else "yes"
    if winner == "no":
        venue.amend_result(TICKER, "yes")
        clock.advance_to(CLOSE + 2 * HOUR)
        venue.sync()
    venue.transfer(2, 0, venue.account.cash[2])
    venue.amend_result(TICKER, "no")
    clock.advance_to(CLOSE + 3 * HOUR)
    venue.sync()
    assert venue.account.cash[2] == -5
    with pytest.raises(VenueError, match="insufficient_balance"):
        venue.transfer(2, 0, D("0.01"))


def test_a_market_without_a_stake_changes_no_money(venue: Venue, clock: VirtualClock) -> None:
    clock.advance_to(CLOSE + HOUR)
    cash = dict(venue.account.cash)
    venue.amend_result(TICKER, other(venue))
    clock.advance_to(CLOSE + 2 * HOUR)
    venue.sync()
    verdict = venue.verdict(venue.window(TICKER))
    assert verdict
    assert (verdict.result, verdict.amended) == (other(venue), True)
    assert (venue.account.cash, venue.account.settlements) == (cash, [])


@pytest.mark.parametrize(
    ("result", "at"), [("yes", START), ("no", CLOSE + timedelta(seconds=2)), ("maybe", CLOSE + HOUR)]
)
def test_there_must_be_a_result_to_change_and_one_to_change_it_to(venue: Venue, result: str, at: datetime) -> None:
    with pytest.raises(VenueError, match="invalid_parameters"):
        venue.amend_result(TICKER, result, at)


def test_a_change_to_the_same_result_leaves_the_settlement_as_it_was(venue: Venue, clock: VirtualClock) -> None:
    hold(venue)
    clock.advance_to(CLOSE + HOUR)
    venue.sync()
    cash, [row] = venue.account.cash[2], venue.account.settlements
    venue.amend_result(TICKER, row.result)
    clock.advance_to(CLOSE + 2 * HOUR)
    venue.sync()
    assert (venue.account.cash[2], venue.account.settlements) == (cash, [row])


def test_one_change_at_a_time(venue: Venue) -> None:
    venue.amend_result(TICKER, "yes", CLOSE + HOUR)
    with pytest.raises(VenueError, match="has not been paid yet"):
        venue.amend_result(TICKER, "no", CLOSE + 2 * HOUR)


@pytest.mark.parametrize("stopped", [CLOSE + HOUR, CLOSE + HOUR + TIMER])
def test_a_restart_in_between_pays_the_difference_once(tmp_path: Path, clock: VirtualClock, stopped: datetime) -> None:
    venue = open_venue(clock, folder=tmp_path)
    before, new = hold(venue), other(venue)
    venue.amend_result(TICKER, new, CLOSE + HOUR)
    clock.advance_to(stopped)
    venue.close()
    again = open_venue(clock, folder=tmp_path)
    clock.advance_to(CLOSE + 2 * HOUR)
    again.sync()
    assert again.account.cash[2] == before + paid(new)
    once_more = open_venue(clock, folder=tmp_path)
    once_more.sync()
    assert (once_more.account.cash, once_more.account.settlements) == (again.account.cash, again.account.settlements)
    assert once_more.account.closed == again.account.closed


async def test_rest_tells_it(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    hold(venue)
    new = other(venue)
    clock.advance_to(CLOSE + HOUR)
    path = f"/markets/{TICKER}"
    assert (await checked.get(path))["market"]["status"] == "finalized"
    venue.amend_result(TICKER, new)
    market = (await checked.get(path))["market"]
    assert (market["status"], market["result"]) == ("amended", new)
    assert market["settlement_value_dollars"] == ("1.0000" if new == "yes" else "0.0000")
    clock.advance_to(clock.now() + TIMER)
    market = (await checked.get(path))["market"]
    assert (market["status"], market["settlement_ts"]) == ("finalized", "2026-01-05T13:15:03Z")
    [row] = (await checked.get("/portfolio/settlements"))["settlements"]
    assert (row["market_result"], row["revenue"]) == (new, int(paid(new) * 100))


def test_the_stream_tells_it(stream: Stream, listener: Any, venue: Venue, clock: VirtualClock) -> None:
    hold(venue)
    new = other(venue)
    listener.say("subscribe", channels=["market_lifecycle_v2", "market_positions"])
    for at in (CLOSE + 10 * TIMER, CLOSE + HOUR):
        clock.advance_to(at)
        listener.tick()
    venue.amend_result(TICKER, new, clock.now() + timedelta(seconds=1))
    clock.advance_to(clock.now() + HOUR)
    listener.tick()
    told = [m for m in listener.of("market_lifecycle_v2") if m["market_ticker"] == TICKER]
    ends = [(m["event_type"], m.get("result"), m.get("settled_ts")) for m in told]
    close = int(CLOSE.timestamp())
    assert ends == [
        ("determined", "no" if new == "yes" else "yes", None),
        ("settled", None, close + 6),
        ("determined", new, None),
        ("settled", None, close + 3604),
    ]
    positions = [m for m in listener.of("market_position") if m["market_ticker"] == TICKER]
    assert {m["position_fp"] for m in positions} == {"0.00"}
    first, last = (D(m["realized_pnl_dollars"]) for m in positions)
    assert abs(last - first) == 5
