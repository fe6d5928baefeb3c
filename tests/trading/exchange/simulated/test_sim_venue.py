"""The venue over time: laziness, ends of orders, pauses, late answers, determinism, restarts from any cut."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from trading.clock import VirtualClock
from trading.domain.errors import StoreFailed, StoreRefused
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.journal import JOURNAL_NAME, Journal
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.records import Amendment, Line, NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import SeededWorld

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
BID, ASK = Side.BID, Side.ASK


def trading(venue: Venue) -> Window:
    return next(venue.windows(MarketFilter(status="open")))


def low(venue: Venue, name: str = "", **more: object) -> NewOrder:
    return NewOrder(trading(venue).ticker, BID, D("0.01"), D(1), client_order_id=name, **more)  # type: ignore[arg-type]


def at_the_touch(venue: Venue, side: Side, count: str, name: str = "") -> NewOrder:
    book = venue.shown(trading(venue).ticker)
    price = book.bids[0][0] if side is BID else book.asks[0][0]
    return NewOrder(trading(venue).ticker, side, dollars(price), D(count), client_order_id=name)


def later(clock: VirtualClock, seconds: float) -> None:
    clock.advance_to(clock.now() + timedelta(seconds=seconds))


def test_what_we_take_is_gone_until_the_street_refills(venue: Venue, clock: VirtualClock) -> None:
    ticker = trading(venue).ticker
    before = venue.shown(ticker)
    price, count = before.asks[0]
    order = venue.create(NewOrder(ticker, BID, dollars(price), D(3)))
    assert order.filled == 300
    assert venue.shown(ticker).asks[0] == (price, count - 300)
    later(clock, 1)
    assert venue.shown(ticker) == venue.world.street(trading(venue), clock.now())


def test_our_resting_order_shows_and_fills_at_its_own_price(venue: Venue, clock: VirtualClock) -> None:
    wish = at_the_touch(venue, BID, "7.50")
    order = venue.create(wish)
    assert order.resting
    later(clock, 590)
    venue.sync()
    held = venue.account.orders[order.order_id]
    fills = venue.account.fills
    assert held.status is OrderStatus.EXECUTED
    assert {f.price for f in fills} == {order.price}
    assert not any(f.is_taker or f.fee for f in fills)
    assert all(clock.now() >= f.at > START for f in fills)


def test_looking_more_often_changes_no_fill() -> None:
    found = []
    for step in (1, 37, 600):
        clock = VirtualClock(START)
        venue = open_venue(clock)
        venue.create(at_the_touch(venue, ASK, "900"))
        for _ in range(0, 600, step):
            later(clock, step)
            venue.sync()
        clock.advance_to(START + timedelta(seconds=600))
        venue.sync()
        found.append([f for f in venue.account.fills if f.at <= START + timedelta(seconds=600)])
    assert found[0] == found[1] == found[2]
    assert found[0]


def test_an_expired_order_goes_within_the_sweeps_lag(venue: Venue, clock: VirtualClock) -> None:
    expiry = int(START.timestamp()) + 30
    order = venue.create(low(venue, expires_at=expiry))
    later(clock, 32.9)
    assert venue.order(order.order_id).resting
    later(clock, 0.1)
    held = venue.order(order.order_id)
    assert (held.status, held.why, held.updated_at) == (OrderStatus.CANCELED, "ExpiryCancel", clock.now())


def test_at_the_close_everything_ends_and_nothing_begins(venue: Venue, clock: VirtualClock) -> None:
    wish, order = low(venue), venue.create(low(venue))
    clock.advance_to(trading(venue).close_time)
    assert venue.order(order.order_id).why == "CloseCancel"
    for act in (lambda: venue.create(wish), lambda: venue.cancel(order.order_id)):
        with pytest.raises(VenueError, match="MARKET_INACTIVE"):
            act()


def test_a_jump_of_weeks_is_cheap_and_settles(venue: Venue, clock: VirtualClock) -> None:
    bought = venue.create(NewOrder(trading(venue).ticker, BID, D("0.99"), D(1), TimeInForce.IOC))
    venue.create(low(venue))
    later(clock, 60 * 86_400)
    began = perf_counter()
    venue.sync()
    assert perf_counter() - began < 0.5
    [settled] = venue.account.settlements
    assert settled.ticker == bought.ticker
    assert settled.settled_at == datetime(2026, 1, 5, 12, 15, 6, tzinfo=UTC)


def test_the_thursday_pause() -> None:
    clock = VirtualClock(datetime(2026, 1, 8, 7, 59, tzinfo=UTC))  # 02:59 in New York
    venue = open_venue(clock)
    assert venue.exchange_status().trading_active
    later(clock, 60)
    status = venue.exchange_status()
    assert (status.exchange_active, status.trading_active) == (True, False)
    assert status.resumes_at == datetime(2026, 1, 8, 10, 0, tzinfo=UTC)
    with pytest.raises(VenueError, match="trading_is_paused"):
        venue.create(low(venue))
    clock.advance_to(status.resumes_at)
    assert venue.create(low(venue)).resting


def test_a_pause_of_trading_stops_new_orders_and_takes_those_that_asked_for_it(
    venue: Venue, clock: VirtualClock
) -> None:
    stays, goes = venue.create(low(venue)), venue.create(low(venue, cancel_on_pause=True))
    venue.pause(START + timedelta(seconds=10), START + timedelta(seconds=300), whole=False)
    later(clock, 200)
    assert venue.order(goes.order_id).why == "HaltCancel"
    assert venue.order(goes.order_id).updated_at == START + timedelta(seconds=10)
    assert venue.order(stays.order_id).resting
    with pytest.raises(VenueError, match="trading_is_paused"):
        venue.create(low(venue))
    with pytest.raises(VenueError, match="trading_is_paused"):
        venue.amend(stays.order_id, Amendment(stays.ticker, BID, D("0.02"), D(1)))
    assert venue.cancel(stays.order_id)[1] == 1


def test_while_the_whole_exchange_is_paused_cancels_are_refused_too(venue: Venue, clock: VirtualClock) -> None:
    order = venue.create(low(venue))
    venue.pause(START + timedelta(seconds=10), START + timedelta(seconds=40), whole=True)
    later(clock, 10)
    assert not venue.exchange_status().exchange_active
    for act in (lambda: venue.cancel(order.order_id), venue.cancel_all, lambda: venue.create(low(venue))):
        with pytest.raises(VenueError, match="exchange_is_paused"):
            act()
    later(clock, 30)
    venue.cancel_all()
    assert not venue.account.resting


def test_reduce_only_never_turns_a_position_round(venue: Venue) -> None:
    ticker = trading(venue).ticker
    venue.create(NewOrder(ticker, BID, D("0.99"), D(5), TimeInForce.IOC))
    close = NewOrder(ticker, ASK, D("0.01"), D(50), TimeInForce.IOC, reduce_only=True)
    first, second = venue.create(close), venue.create(close)
    assert (first.filled, second.filled) == (500, 0)
    assert (first.status, second.status) == (OrderStatus.CANCELED, OrderStatus.CANCELED)
    assert venue.account.holdings[ticker].contracts == 0


def test_an_amendment_keeps_its_place_only_when_it_shrinks(venue: Venue) -> None:
    wish = at_the_touch(venue, BID, "5")
    first, second = venue.create(wish), venue.create(wish)
    ahead = venue.books.ahead_of(first)
    smaller = Amendment(wish.ticker, BID, wish.price, D(3))
    venue.amend(first.order_id, smaller)
    assert venue.books.ahead_of(venue.order(first.order_id)) == ahead
    venue.amend(first.order_id, Amendment(wish.ticker, BID, wish.price, D(9), updated_client_order_id="new"))
    assert venue.books.ahead_of(venue.order(first.order_id)) == ahead + second.remaining
    with pytest.raises(VenueError, match="order_already_exists"):
        venue.create(low(venue, "new"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Amendment("KXBTC15M-26JAN050730-30", BID, D("0.02"), D(1)), "order_ticker_mismatch"),
        (Amendment("KXBTC15M-26JAN050715-15", ASK, D("0.02"), D(1)), "order_side_mismatch"),
        (
            Amendment("KXBTC15M-26JAN050715-15", BID, D("0.02"), D(1), client_order_id="other"),
            "order_id_and_client_order_id_mismatch",
        ),
        (Amendment("KXBTC15M-26JAN050715-15", BID, D("0.02"), D(200_000)), "insufficient_balance"),
    ],
)
def test_what_an_amendment_may_not_do(venue: Venue, change: Amendment, code: str) -> None:
    order = venue.create(low(venue, "mine"))
    with pytest.raises(VenueError, match=code):
        venue.amend(order.order_id, change)
    assert venue.order(order.order_id) == order


def test_a_late_order_lands_at_its_own_time(venue: Venue, clock: VirtualClock) -> None:
    wish = low(venue, "late")
    venue.later(20, lambda: venue.create(wish))
    later(clock, 19)
    venue.sync()
    assert not venue.account.orders
    later(clock, 30)
    venue.sync()
    [order] = venue.account.orders.values()
    assert order.created_at == START + timedelta(seconds=20)


def test_the_minute_after_a_cancel_all_may_be_cancelled_with_it(clock: VirtualClock) -> None:
    venue = open_venue(clock, shadow_share=1.0)
    venue.cancel_all()
    assert venue.create(low(venue)).status is OrderStatus.CANCELED
    later(clock, 60)
    assert venue.create(low(venue)).resting


def script(venue: Venue, clock: VirtualClock, seed: int, steps: int = 25) -> None:
    """A seeded sequence of everything that an account can do."""
    draw = Random(seed)
    for number in range(steps):
        later(clock, draw.choice([0.5, 3, 45, 200]))
        ticker = trading(venue).ticker
        held = list(venue.account.resting.get(ticker, {}).values())
        try:
            kind = draw.randrange(6)
            if kind == 0 and held:
                venue.cancel(draw.choice(held).order_id)
            elif kind == 1 and held:
                chosen = draw.choice(held)
                venue.amend(
                    chosen.order_id, Amendment(ticker, chosen.side, dollars(chosen.price), D(draw.randint(1, 9)))
                )
            elif kind == 2:
                venue.transfer(0, 2, D(draw.randint(1, 5)), f"t{number}")
            else:
                tif = draw.choice(list(TimeInForce))
                price = D(draw.randint(1, 99)) / 100
                venue.create(NewOrder(ticker, draw.choice([BID, ASK]), price, D(draw.randint(1, 40)), tif))
        except VenueError:
            continue


def figures(venue: Venue) -> tuple[object, ...]:
    return figures_of(venue.account)


def figures_of(held: Account) -> tuple[object, ...]:
    return held.orders, held.fills, held.holdings, held.settlements, held.transfers, held.cash, held.used_ids


def test_the_same_seed_and_times_give_the_same_figures() -> None:
    def run() -> tuple[object, ...]:
        clock = VirtualClock(START)
        venue = open_venue(clock, seed=5)
        script(venue, clock, 5, 60)
        return figures(venue)

    assert run() == run()


@pytest.mark.parametrize("seed", range(4))
def test_a_restart_finds_everything_as_it_was_answered(tmp_path: Path, seed: int) -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock, folder=tmp_path, seed=seed)
    script(venue, clock, seed)
    again = open_venue(clock, folder=tmp_path, seed=seed)
    assert figures(again) == figures(venue)
    assert again.last_time == venue.last_time
    assert {t: set(o) for t, o in again.account.resting.items()} == {
        t: set(o) for t, o in venue.account.resting.items()
    }
    script(again, clock, seed + 100)
    later(clock, 86_400)
    again.sync()
    assert again.account.resting == {}
    assert again.account.holdings == {}


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_anywhere_leaves_what_had_been_committed_before_it(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: dict[int, tuple[object, ...]] = {}
    write = Journal.write

    def watched(journal: Journal, line: Line) -> None:
        write(journal, line)
        committed[line.number + 1] = deepcopy(figures(venue)) if line.number else ()

    monkeypatch.setattr(Journal, "write", watched)
    clock = VirtualClock(START)
    venue = open_venue(clock, folder=tmp_path, seed=seed)
    script(venue, clock, seed)
    path = tmp_path / JOURNAL_NAME
    whole = path.read_bytes()
    draw = Random(seed)
    for _ in range(8):
        cut = draw.randrange(whole.index(b"\n") + 1, len(whole))
        path.write_bytes(whole[:cut])
        again = Account(Journal(tmp_path))
        lines = whole[:cut].count(b"\n")
        assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:lines])
        if lines > 1:
            assert figures_of(again) == committed[lines]
        again.close()


def test_damage_in_the_middle_is_refused(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock, folder=tmp_path)
    script(venue, clock, 1)
    path = tmp_path / JOURNAL_NAME
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreRefused, match="is damaged at byte"):
        open_venue(clock, folder=tmp_path)


def test_a_journal_that_cannot_be_written_stops_the_venue(tmp_path: Path, clock: VirtualClock) -> None:
    venue = open_venue(clock, folder=tmp_path)
    venue.close()
    for _ in range(2):
        with pytest.raises(StoreFailed):
            venue.create(low(venue))


def test_an_account_in_another_worlds_market_is_refused(tmp_path: Path, clock: VirtualClock) -> None:
    venue = open_venue(clock, folder=tmp_path)
    venue.create(low(venue))
    with pytest.raises(StoreRefused, match="which this world does not have"):
        open_venue(clock, folder=tmp_path, world=SeededWorld(1, ("KXETH15M",)))


def test_time_marks_keep_a_restarted_clock_from_running_backwards(tmp_path: Path, clock: VirtualClock) -> None:
    venue = open_venue(clock, folder=tmp_path)
    later(clock, 3600)
    venue.sync()
    again = open_venue(VirtualClock(START), folder=tmp_path)
    assert again.last_time == START + timedelta(hours=1)
    assert again.sync() == START + timedelta(hours=1)


def test_opening_cash_is_of_the_first_opening_only(tmp_path: Path, clock: VirtualClock) -> None:
    open_venue(clock, folder=tmp_path, cash={2: D(50)}).close()
    again = open_venue(clock, folder=tmp_path, cash={2: D(99)})
    assert again.account.cash == {2: D(50)}


def test_a_book_is_read_quickly(venue: Venue, clock: VirtualClock) -> None:
    ticker = trading(venue).ticker
    venue.shown(ticker)
    began = perf_counter()
    for _ in range(300):
        later(clock, 1)
        venue.shown(ticker)
    assert (perf_counter() - began) / 300 < 0.003  # ten times what it takes on an idle machine


def test_filters_find_the_market_that_closed_at_ones_open(venue: Venue) -> None:
    window = trading(venue)
    found = list(venue.windows(MarketFilter(closes_after=window.open_time, closes_before=window.open_time)))
    assert [w.close_time for w in found] == [window.open_time]
    assert list(venue.windows(MarketFilter(event=window.event_ticker))) == [window]
    assert list(venue.windows(MarketFilter(tickers=(window.ticker, "NOBODY")))) == [window]
    assert list(venue.windows(MarketFilter(series="KXETH15M"))) == []
    assert contracts(0) == 0
    with pytest.raises(VenueError, match="status must be one of"):
        list(venue.windows(MarketFilter(status="settling")))
