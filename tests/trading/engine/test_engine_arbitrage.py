"""The watch over pairs: what it tells and when, and what it never tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.polymarket import book, polymarket
from tests.trading.build import TICKER, quote
from tests.trading.engine.arbitrage_rig import CROSS, HERE, D, for_longer, watched
from tests.trading.engine.rig import START
from trading.domain.errors import NotFound, Unavailable
from trading.domain.events import ParameterChanged
from trading.domain.fees import FeeTerms
from trading.domain.market import Outcome
from trading.engine.arbitrage import Elsewhere
from trading.feeds.polymarket import HIGHEST_FEES, Polymarket
from trading.strategies.arbitrage import BASIS_RISK, Leg, Pair


async def test_it_tells_both_prices_both_fees_the_gain_and_the_risk() -> None:
    found = watched()
    assert await found.look() == 1
    (seen,) = found.told
    assert seen.legs == (f"kalshi YES {TICKER}", "polymarket NO 77")
    assert (seen.prices, seen.count) == ((D("0.52"), D("0.40")), 10)
    assert seen.fees == (D("0.1748"), D(0))  # 0.07 x 10 x 0.52 x 0.48 rounded up, and nothing there
    assert seen.gain == 10 - D("5.20") - D("4.00") - D("0.1748")
    assert (seen.risk, seen.done) == (BASIS_RISK, "")
    assert found.rig.real.calls.count("place") == 0


async def test_a_long_token_id_is_told_by_its_ends() -> None:
    found = watched(Pair("rain", (HERE, Leg("polymarket", "1" * 8 + "2" * 65 + "3" * 4, Outcome.NO))))
    await found.look()
    assert found.told[0].legs[1] == "polymarket NO 11111111..3333"


async def test_fees_of_the_other_venue_count() -> None:
    found = watched(ask="0.54")
    assert await found.look() == 1
    dear = watched(ask="0.54")
    dear.watch.elsewhere = Elsewhere(dear.books, HIGHEST_FEES)  # 0.0168 for one at 40 cents
    assert await dear.look() == 1
    assert dear.told[0].fees[1] == D("0.168")
    dear = watched(ask="0.56")
    assert await dear.look() == 1
    dear.watch.elsewhere = Elsewhere(dear.books, HIGHEST_FEES)
    assert await dear.look(1000) == 0


async def test_the_same_pair_is_told_again_only_after_a_while() -> None:
    found = watched()
    assert [await found.look(seconds) for seconds in (0, 5, 60, 300)] == [1, 0, 0, 0]
    for_longer(found)
    assert [await found.look(seconds) for seconds in (600, 899, 1)] == [1, 0, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"ask": "0.47"},  # 0.52 + 0.47 and a fee
        {"ask": None},
        {"size": "0.9"},
        {"size": "4"},  # less than the venue's smallest order
        {"least": "11"},
        {"late": 5.1},
    ],
)
async def test_what_is_no_opportunity_elsewhere_is_not_told(change: dict[str, Any]) -> None:
    found = watched()
    for name, value in change.items():
        setattr(found.books, name, value)
    assert await found.look() == 0
    assert (found.told, found.watch.problems) == ([], {})


async def test_no_opportunity_here_is_not_told() -> None:
    assert await watched(ask=None).look() == 0
    old = watched()
    old.rig.clock.advance_to(START + timedelta(seconds=5.1))
    await old.watch.look()  # with the quote of before
    assert old.told == []
    closed = watched()
    assert await closed.look(15 * 60) == 0


async def test_an_old_price_at_the_bound_still_counts() -> None:
    found = watched()
    found.books.late = 5.0
    assert await found.look() == 1


@pytest.mark.parametrize("error", [Unavailable("polymarket: HTTP 503"), NotFound("polymarket has no book of token 77")])
async def test_a_leg_that_cannot_be_read_is_a_problem_told_once(error: Exception) -> None:
    found = watched()
    found.books.fails = error
    for _ in range(3):
        assert await found.look(5) == 0
    assert found.watch.problems == {"rain": str(error)}
    assert list(found.rig.book.state.errors) == ["arbitrage:rain"]
    assert found.rig.book.state.errors["arbitrage:rain"].again == 0
    found.books.fails = None
    assert await found.look(5) == 1
    assert found.watch.problems == {}


async def test_one_pair_that_fails_does_not_hold_up_another() -> None:
    found = watched()
    found.watch.pairs = [Pair("gone", (Leg("kalshi", "KX-NONE", Outcome.YES), CROSS.legs[1])), CROSS]
    assert await found.look() == 1
    assert found.watch.problems == {"gone": "kalshi lists no market KX-NONE: mend the pair"}


async def test_without_the_other_venue_its_pairs_are_a_problem() -> None:
    found = watched()
    found.watch.elsewhere = None
    assert await found.look() == 0
    assert "leave the pair out" in found.watch.problems["rain"]


async def test_what_people_have_changed_holds_from_the_next_look_on() -> None:
    found = watched()
    found.rig.book.record(ParameterChanged(START, "arbitrage", "count_max", D(6), "somebody"))
    await found.look()
    assert found.told[0].count == 6
    dear = watched()
    dear.rig.book.record(ParameterChanged(START, "arbitrage", "cost_max", D("0.90"), "somebody"))
    assert await dear.look() == 0


async def test_the_series_own_fees_are_read() -> None:
    found = watched()
    asked: list[str] = []

    class Dear:
        async def read(self, markets: Any) -> None:
            asked.extend(each.ticker for each in markets)

        def priced(self, known: Any) -> Any:
            return replace(known, fees=FeeTerms("quadratic", D(4)))

    found.watch.fees = lambda series: Dear()  # type: ignore[assignment, return-value]
    assert await found.look() == 0  # four times the usual fee makes it too dear
    assert asked == [TICKER]


async def test_over_a_real_socket() -> None:
    async with polymarket() as double:
        double.says["77"] = book("77", [("0.38", "50")], [("0.40", "60"), ("0.41", "500")])
        found = watched()
        venue = Polymarket(found.rig.clock, double.base)
        found.watch.elsewhere = Elsewhere(venue, HIGHEST_FEES)
        assert await found.look() == 1
        assert found.told[0].prices == (D("0.52"), D("0.40"))
        venue.close()


cents = st.integers(1, 99)


@given(cents, cents, st.integers(0, 40), st.integers(0, 10))
def test_what_is_told_would_gain_after_all_fees(here: int, there: int, size: int, late: int) -> None:
    async def story() -> None:
        found = watched(ask=str(D(here) / 100))
        found.rig.real.quotes[TICKER] = quote(None, str(D(here) / 100), START)
        found.books.ask, found.books.size, found.books.late = str(D(there) / 100), str(size), float(late)
        found.watch.elsewhere = Elsewhere(found.books, HIGHEST_FEES)
        if await found.look():
            (seen,) = found.told
            paid = sum(seen.prices) * seen.count + sum(seen.fees)
            assert seen.gain == seen.count - paid > D("0.02") * seen.count
            assert late <= 5
            assert 5 <= seen.count <= size

    asyncio.run(story())
