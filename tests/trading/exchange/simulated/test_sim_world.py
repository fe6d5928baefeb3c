"""The seeded world: pure, restartable, and shaped like the real one where that was measured."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from statistics import stdev

import pytest

from trading.domain.market import TAPERED_DECI_CENT, MarketStatus, on_grid
from trading.exchange.simulated.spot import SpotPath
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.windows import KNOWN_SERIES, close_of, event_ticker, status_at, window_closing
from trading.exchange.simulated.world import SeededWorld

BTC = KNOWN_SERIES["KXBTC15M"]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WINDOW = window_closing(BTC, NOON + timedelta(minutes=15))


@pytest.mark.parametrize(
    ("close", "event"),
    [
        (datetime(2026, 9, 19, 1, 30, tzinfo=UTC), "KXBTC15M-26SEP182130"),
        (datetime(2026, 8, 17, 5, 0, tzinfo=UTC), "KXBTC15M-26AUG170100"),
        (datetime(2026, 1, 6, 0, 45, tzinfo=UTC), "KXBTC15M-26JAN051945"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "KXBTC15M-26NOV010130"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "KXBTC15M-26NOV010130R"),
    ],
)
def test_tickers_tell_the_close_in_eastern_time(close: datetime, event: str) -> None:
    assert event_ticker("KXBTC15M", close) == event
    assert close_of(event) == close
    window = window_closing(BTC, close)
    assert window.ticker == f"{event}-{close:%M}"
    assert SeededWorld(1).window(window.ticker) == window


@pytest.mark.parametrize(
    "ticker",
    [
        "",
        "KXBTC15M",
        "KXBTC15M-26MAR05-T2045",
        "KXBTC15M-26MAR052046-46",
        "KXBTC15M-26MAR052045-30",
        "KXBTC15M-26FEB302045-45",
        "KXETH15M-26MAR052045-45",
        "KXBTC15M-26MAR080230-30",
    ],
)
def test_there_are_no_other_markets(ticker: str) -> None:
    assert SeededWorld(1).window(ticker) is None


def test_a_year_has_a_market_for_every_quarter_of_an_hour_and_no_name_twice() -> None:
    windows = list(SeededWorld(1).windows("KXBTC15M", NOON, NOON + timedelta(days=365)))
    assert len({w.ticker for w in windows}) == len(windows) == 365 * 96 + 1


def test_one_markets_settlement_is_the_next_ones_strike() -> None:
    world = SeededWorld(3)
    windows = list(world.windows("KXBTC15M", NOON, NOON + timedelta(hours=6)))
    for later, earlier in itertools.pairwise(windows):
        verdict, strike = world.verdict(earlier), world.strike(later, later.close_time)
        assert verdict is not None
        assert strike == verdict.expiration_value
        assert verdict.expiration_value is not None
        start = world.strike(earlier, earlier.close_time)
        assert start is not None
        assert verdict.result == ("yes" if verdict.expiration_value >= start else "no")


def test_the_settlement_value_is_the_mean_of_the_last_sixty_seconds() -> None:
    world = SeededWorld(1)
    values = [world.spot("BRTI", WINDOW.close_time - timedelta(seconds=s)) for s in range(60)]
    mean = sum(tick.price for tick in values if tick) / 60
    verdict = world.verdict(WINDOW)
    assert verdict is not None
    assert verdict.expiration_value is not None
    assert abs(verdict.expiration_value - mean) <= dollars(50)  # half a cent: rounded to two decimals


def test_asking_in_another_order_changes_nothing() -> None:
    first, second = SeededWorld(7), SeededWorld(7)
    times = [NOON + timedelta(seconds=s) for s in (1, 850, 300, 1000, 899)]
    ahead = [second.spot("BRTI", t + timedelta(days=30)) for t in times]
    assert [first.spot("BRTI", t) for t in times] == [second.spot("BRTI", t) for t in reversed(times)][::-1]
    assert ahead == [first.spot("BRTI", t + timedelta(days=30)) for t in times]
    for t in times:
        assert first.street(WINDOW, t) == second.street(WINDOW, t)
        assert first.takers(WINDOW, t) == second.takers(WINDOW, t)
    assert SeededWorld(8).spot("BRTI", NOON) != first.spot("BRTI", NOON)


def test_neighbours_settle_on_the_same_side_about_48_percent_of_the_time() -> None:
    same = pairs = ups = 0
    for seed in range(1, 5):
        path = SpotPath(seed, BTC)
        begin = int(NOON.timestamp())
        values = [path.mean_before(begin + 900 * n) for n in range(4001)]
        sides = [b >= a for a, b in itertools.pairwise(values)]
        same += sum(a == b for a, b in itertools.pairwise(sides))
        pairs += len(sides) - 1
        ups += sum(sides)
    assert abs(same / pairs - 0.48) < 0.012  # three standard errors of 16,000 pairs
    assert abs(ups / pairs - 0.5) < 0.015


def test_moves_have_the_size_of_the_real_ones() -> None:
    path = SpotPath(1, BTC)
    begin = int(NOON.timestamp())
    values = [path.mean_before(begin + 900 * n) for n in range(2001)]
    moves = [b / a - 1 for a, b in itertools.pairwise(values)]
    assert 0.0016 < stdev(moves) < 0.0020


def test_books_are_on_the_grid_uncrossed_and_shaped_like_the_live_ones() -> None:
    world = SeededWorld(1)
    spreads, sizes, last = [], [], []
    for n in range(40):
        window = window_closing(BTC, NOON + n * timedelta(minutes=15))
        for second in (30, 450, 700, 885):
            book = world.street(window, window.open_time + timedelta(seconds=second))
            prices = [dollars(p) for p, _ in (*book.bids, *book.asks)]
            assert all(on_grid(p, TAPERED_DECI_CENT) for p in prices)
            assert len(book.bids) <= 10
            assert len(book.asks) <= 10
            if book.bids and book.asks:
                assert book.bids[0][0] < book.asks[0][0]
                if 1500 < book.bids[0][0] < 8500:
                    spreads.append(book.asks[0][0] - book.bids[0][0])
            if book.bids:
                (last if second == 885 else sizes).append(book.bids[0][1] / 100)
    assert sorted(spreads)[len(spreads) // 2] == 100
    assert 300 < sorted(sizes)[len(sizes) // 2] < 3000
    assert sorted(last)[len(last) // 2] < 100


def test_the_street_knows_the_price_of_the_risk() -> None:
    """Its middle forecasts results without a large bias: buying at 50 cents wins about half of the time."""
    world = SeededWorld(2)
    expected = won = 0.0
    for n in range(400):
        window = window_closing(BTC, NOON + n * timedelta(minutes=15))
        book, verdict = world.street(window, window.open_time + timedelta(seconds=200)), world.verdict(window)
        assert verdict is not None
        if book.bids and book.asks:
            expected += (book.bids[0][0] + book.asks[0][0]) / 20_000
            won += verdict.result == "yes"
    assert abs(expected - won) < 3 * 400**0.5 / 2


def test_a_markets_life_follows_the_clock() -> None:
    verdict = SeededWorld(1).verdict(WINDOW)
    close = WINDOW.close_time
    life = [
        (WINDOW.open_time - timedelta(seconds=1), MarketStatus.INITIALIZED),
        (WINDOW.open_time, MarketStatus.ACTIVE),
        (close, MarketStatus.CLOSED),
        (close + timedelta(seconds=3), MarketStatus.DETERMINED),
        (close + timedelta(seconds=6), MarketStatus.FINALIZED),
    ]
    assert [status_at(WINDOW, verdict, at) for at, _ in life] == [status for _, status in life]
    assert SeededWorld(1).strike(WINDOW, WINDOW.open_time + timedelta(seconds=0.6)) is None
    assert SeededWorld(1).strike(WINDOW, WINDOW.open_time + timedelta(seconds=0.7)) is not None


def test_before_its_beginning_there_is_no_world() -> None:
    with pytest.raises(ValueError, match="begins on 2025-01-01"):
        SeededWorld(1).spot("BRTI", datetime(2024, 12, 31, tzinfo=UTC))


def test_other_series_have_their_own_path() -> None:
    world = SeededWorld(1, ("KXBTC15M", "KXETH15M"))
    btc, eth = world.spot("BRTI", NOON), world.spot("ETHUSD_RTI", NOON)
    assert btc is not None
    assert eth is not None
    assert 10 < btc.price / eth.price < 60
    assert world.spot("NONE", NOON) is None
