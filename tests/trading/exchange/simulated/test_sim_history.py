"""The account over months: what moves out of the live listings into the historical ones, and cash in and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.history import Cutoffs, cutoffs
from trading.exchange.simulated.history_account import is_live, live_fills, old_fills, old_orders
from trading.exchange.simulated.records import HeldOrder, NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.venue import Venue, open_venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
DAY = timedelta(days=1)


def bought(venue: Venue, ticker: str = TICKER) -> HeldOrder:
    return venue.create(NewOrder(ticker, Side.BID, D("0.99"), D(1), TimeInForce.IOC))


def test_the_four_moments() -> None:
    assert cutoffs(datetime(2026, 4, 11, 7, 30, tzinfo=UTC)) == Cutoffs(
        market_settled=datetime(2026, 1, 11, tzinfo=UTC),
        trades_created=datetime(2026, 1, 11, tzinfo=UTC),
        orders_updated=datetime(2026, 3, 28, tzinfo=UTC),
        market_positions_last_updated=datetime(2026, 1, 11, tzinfo=UTC),
    )


@given(st.timedeltas(timedelta(0), timedelta(days=1500)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_the_moments_only_move_forward_and_stay_behind(since: timedelta, passed: timedelta) -> None:
    now = START + since
    first, then = cutoffs(now), cutoffs(now + passed)
    for name in Cutoffs.__slots__:
        assert getattr(first, name) <= getattr(then, name) < now + passed


async def ids(client: Any, path: str, key: str) -> list[str]:
    """What a list names, page by page."""
    name, found, cursor = path.rpartition("/")[2].partition("?")[0], [], ""
    while True:
        page = await client.get(f"{path}?limit=2&cursor={cursor}")
        found += [row[key] for row in page[name]]
        cursor = page["cursor"]
        if not cursor:
            return found


async def test_every_row_is_either_live_or_historical(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    first = bought(venue)
    clock.advance_to(START + 30 * DAY)
    ticker = next(w.ticker for w in venue.world.windows("KXBTC15M", clock.now(), clock.now() + DAY / 96))
    second = bought(venue, ticker)
    everything = [second.order_id, first.order_id]
    orders = [await ids(checked, path, "order_id") for path in ("/portfolio/orders", "/historical/orders")]
    assert orders == [everything[:1], everything[1:]]
    assert await ids(checked, "/portfolio/fills", "order_id") == everything
    assert await ids(checked, "/historical/fills", "order_id") == []
    assert (await checked.call("GET", f"/portfolio/orders/{first.order_id}"))[0] == 404
    assert (await checked.call("GET", f"/portfolio/orders/{second.order_id}"))[0] == 200

    told = await checked.call("GET", "/historical/cutoff", sign=False)
    assert told[1]["orders_updated_ts"] == "2026-01-21T00:00:00Z"
    clock.advance_to(START + 91 * DAY)
    assert await ids(checked, "/historical/fills", "order_id") == everything[1:]
    assert await ids(checked, "/portfolio/fills", "order_id") == everything[:1]
    [position] = (await checked.get("/historical/positions"))["market_positions"]
    assert (position["ticker"], position["position_fp"]) == (TICKER, "0.00")
    [settled] = [s for s in venue.account.settlements if s.ticker == TICKER]
    paid = venue.account.fills[0]
    assert D(position["realized_pnl_dollars"]) == settled.revenue - D(paid.price) / 10_000
    assert (await checked.get("/historical/positions?ticker=NOBODY"))["market_positions"] == []
    assert (await checked.get("/portfolio/positions"))["market_positions"] == []


@pytest.mark.parametrize(("late", "shown"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_a_row_moves_when_its_time_falls_behind_the_cutoff(venue: Venue, late: timedelta, shown: bool) -> None:
    order, resting = bought(venue), venue.create(NewOrder(TICKER, Side.BID, D("0.01"), D(1)))
    cut = Cutoffs(START + late, START + late, order.updated_at + late, START + late)
    assert is_live(order, cut) is shown
    assert is_live(resting, cut)
    assert list(old_orders(venue.account, cut)) == ([] if shown else [order])
    assert [bool(list(fills(venue.account, cut))) for fills in (live_fills, old_fills)] == [shown, not shown]


def test_cash_comes_in_and_goes_out_on_the_default_shard(clock: VirtualClock, tmp_path: Path) -> None:
    venue = open_venue(clock, folder=tmp_path, cash={0: D(10), 2: D(10)})
    venue.deposit(D("5.25"))
    venue.withdraw(D("15.00"))
    assert venue.account.cash == {0: D("0.25"), 2: D(10)}
    for refused in (lambda: venue.withdraw(D("0.26")), lambda: venue.deposit(D(0)), lambda: venue.deposit(D("0.001"))):
        with pytest.raises(VenueError, match="400"):
            refused()
    again = open_venue(clock, folder=tmp_path)
    assert (again.account.cash, again.account.cash_flows) == (venue.account.cash, venue.account.cash_flows)


async def test_deposits_and_withdrawals_are_listed(checked: Any, venue: Venue) -> None:
    for amount in ("1.00", "2.50", "3.00"):
        venue.deposit(D(amount))
    venue.withdraw(D("0.75"))
    page = await checked.get("/portfolio/deposits?limit=2")
    assert [row["amount_cents"] for row in page["deposits"]] == [300, 250]
    rest = await checked.get(f"/portfolio/deposits?limit=2&cursor={page['cursor']}")
    assert [row["amount_cents"] for row in rest["deposits"]] == [100]
    [out] = (await checked.get("/portfolio/withdrawals"))["withdrawals"]
    assert (out["amount_cents"], out["status"], out["created_ts"]) == (75, "applied", int(START.timestamp()))
