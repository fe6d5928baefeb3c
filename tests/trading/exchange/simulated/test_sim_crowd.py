"""The crowd: as many markets as asked for, alike at every look and shaped like a real listing."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import SeededWorld

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BIG = SeededWorld(1, (), 3000)
MIDDLE = SeededWorld(2, (), 400)
SMALL = SeededWorld(1, ("KXBTC15M", "KXETH15M"), 400)
YEAR = timedelta(days=400)


def trading(world: SeededWorld, at: datetime) -> list[Window]:
    return [w for w in world.listed("", at, at + YEAR, at) if w.trades_at(at)]


@settings(max_examples=20)
@given(st.integers(0, 400 * 24 * 60), st.integers(1, 700))
def test_at_any_time_just_so_many_trade(minutes: int, markets: int) -> None:
    at = datetime(2025, 2, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = trading(SeededWorld(5, (), markets), at)
    assert len(found) == len({w.ticker for w in found}) == markets


@settings(max_examples=40)
@given(st.integers(0, 399), st.integers(0, 300 * 24 * 3600))
def test_a_market_is_found_by_its_name_and_looks_the_same_to_all(number: int, seconds: int) -> None:
    at = datetime(2025, 7, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    window = trading(MIDDLE, at)[number]
    other = SeededWorld(2, (), 400)
    assert other.window(window.ticker) == window
    assert window in other.event(window.event_ticker)
    moment = other.moment(window, at)
    assert window.open_time <= moment <= at
    assert other.street(window, moment) == MIDDLE.street(window, moment)
    assert other.verdict(window) == MIDDLE.verdict(window)
    assert other.activity(window, at) == MIDDLE.activity(window, at)


@settings(max_examples=40)
@given(st.integers(0, 399), st.integers(0, 300 * 24 * 3600))
def test_books_are_uncrossed_and_on_the_grid_of_their_market(number: int, seconds: int) -> None:
    at = datetime(2025, 7, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    window = trading(MIDDLE, at)[number]
    book = MIDDLE.street(window, MIDDLE.moment(window, at))
    grid = MIDDLE.grids.of(window, at)
    levels = [*book.bids, *book.asks]
    assert all(grid.takes(dollars(price)) and count > 0 for price, count in levels)
    assert [p for p, _ in book.bids] == sorted((p for p, _ in book.bids), reverse=True)
    assert [p for p, _ in book.asks] == sorted(p for p, _ in book.asks)
    if book.bids and book.asks:
        assert book.bids[0][0] < book.asks[0][0]
    touch = MIDDLE.touch(window, MIDDLE.moment(window, at))
    assert (touch.bids, touch.asks) == (book.bids[:1], book.asks[:1])


@pytest.mark.parametrize("ticker", ["", "KXNBAGAME", "KXNBAGAME-26JAN0512AAAA-N00", "KXNBAGAME-26FEB3112AAAA-N00"])
def test_there_are_no_other_markets(ticker: str) -> None:
    assert BIG.window(ticker) is None
    assert BIG.event(ticker) == ()


def test_the_street_changes_only_at_its_moments() -> None:
    for window in trading(BIG, NOON)[::300]:
        end = NOON + timedelta(hours=2)
        moments = list(BIG.moments(window, NOON, end))
        assert all(NOON < moment <= end for moment in moments)
        assert [BIG.moment(window, moment) for moment in moments] == moments
        found = set(BIG.stirring(NOON, end - timedelta(seconds=1)))
        assert (window in found) == any(m < end for m in moments)


def test_exactly_one_market_of_an_exclusive_event_pays() -> None:
    events: dict[str, list[Window]] = defaultdict(list)
    for window in trading(BIG, NOON):
        events[window.event_ticker].append(window)
    kinds = Counter()
    for windows in events.values():
        about = windows[0].about
        assert about is not None
        paid = [w for w in windows if BIG.verdict(w).result == "yes"]  # type: ignore[union-attr]
        kinds[about.collateral] += 1
        if about.collateral == "MECNET":
            assert len(paid) == 1
        elif about.collateral == "DIRECNET":  # above 10 implies above 5
            assert sorted(w.ticker for w in paid) == sorted(w.ticker for w in windows)[: len(paid)]
    assert min(kinds["MECNET"], kinds["DIRECNET"], kinds[""]) > 10


def test_prices_know_the_risk_over_the_whole_range() -> None:
    """Of what is quoted around p, about the share p pays: within four standard errors in each of ten bands."""
    won, seen, sums = Counter[int](), Counter[int](), Counter[int]()
    for days in range(0, 200, 40):
        at = NOON - timedelta(days=days)
        for window in trading(BIG, at):
            touch = BIG.touch(window, BIG.moment(window, at))
            if touch.bids and touch.asks and touch.asks[0][0] - touch.bids[0][0] <= 600:
                middle = (touch.bids[0][0] + touch.asks[0][0]) / 2
                verdict = BIG.verdict(window)
                assert verdict is not None
                band = int(middle // 1000)
                seen[band] += 1
                sums[band] += round(middle)
                won[band] += verdict.result == "yes"
    assert sorted(seen) == list(range(10))
    for band, count in seen.items():
        expected = sums[band] / 10_000
        # markets of one event are not independent: five to an effective one
        assert abs(won[band] - expected) < 4 * (5 * count * 0.25) ** 0.5, (band, count)


def test_the_listing_looks_like_a_real_one() -> None:
    """Half of the open markets were ever traded, a minority of them in the last day; liquid ones are a cent wide."""
    at, found = NOON, trading(BIG, NOON)
    activities = [BIG.activity(w, at) for w in found]
    assert 0.4 < sum(a.volume > 0 for a in activities) / len(found) < 0.55
    assert 0.15 < sum(a.volume_day > 0 for a in activities) / len(found) < 0.4
    assert all(a.volume >= a.volume_day >= 0 and a.volume >= a.open_interest for a in activities)
    daily = sorted(contracts(a.volume_day) for a in activities)
    assert daily[-1] > 100_000
    touches = [BIG.touch(w, BIG.moment(w, at)) for w in found]
    spreads = sorted(t.asks[0][0] - t.bids[0][0] for t in touches if t.bids and t.asks)
    assert spreads[len(spreads) // 10] <= 100
    assert 200 <= median(spreads) <= 800
    assert spreads[-1] > 1500
    assert 0.01 < sum(not t.bids or not t.asks for t in touches) / len(found) < 0.4
    categories = Counter(w.series.category for w in found)
    assert categories.most_common(1)[0][0] == "Sports"
    assert len(categories) >= 9
    assert {w.exchange_index for w in found} == {0, 1, 2, 3}
    assert {w.grid.name for w in found} == {"linear_cent", "deci_cent", "tapered_deci_cent"}
    assert {(w.series.fee_type, float(w.series.fee_multiplier)) for w in found} >= {
        ("quadratic", 0.0),
        ("quadratic", 0.5),
        ("quadratic", 1.0),
        ("quadratic_with_maker_fees", 1.0),
    }
    left = sorted(w.close_time - at for w in found)
    assert left[0] < timedelta(hours=6)
    assert left[-1] > timedelta(days=90)


def test_without_a_crowd_nothing_is_different() -> None:
    plain, with_crowd = SeededWorld(4), SeededWorld(4, crowd=50)
    window = plain.window("KXBTC15M-26JAN050715-15")
    assert window is not None
    for second in range(0, 900, 45):
        at = window.open_time + timedelta(seconds=second)
        assert plain.street(window, at) == with_crowd.street(window, at)
        assert plain.takers(window, at) == with_crowd.takers(window, at)
    assert [s.ticker for s in plain.series] == ["KXBTC15M"]
