"""The observe step: the stream's book and news come first, and what they lack is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.fakes import GivenFeed, GivenStream, ScriptedExchange
from tests.trading.build import OPEN, TICKER, before, market, quote
from trading.clock import VirtualClock
from trading.domain.errors import NotFound
from trading.domain.market import LINEAR_CENT, MarketStatus, Tick
from trading.domain.news import MarketNews
from trading.engine.informed import informed, merged
from trading.engine.observer import TICKS_MAX, Observer
from trading.feeds.streamed import StreamedFeed

START = OPEN + timedelta(seconds=90)
NEXT = market(ticker="KXBTC15M-26JAN050730-30", close_time=OPEN + timedelta(minutes=30), strike=None)


def watching(stream: GivenStream | None) -> tuple[Observer, ScriptedExchange, VirtualClock]:
    clock = VirtualClock(START)
    exchange = ScriptedExchange(clock)
    exchange.known = {m.ticker: m for m in (market(), before(), NEXT)}
    exchange.quotes = {TICKER: quote(at=START)}
    return Observer(exchange, GivenFeed(clock, Decimal(90000)), clock, "KXBTC15M", stream), exchange, clock


async def test_the_local_book_comes_before_the_question() -> None:
    stream = GivenStream()
    observer, exchange, _ = watching(stream)
    stream.quotes[TICKER] = quote("0.60", "0.61", START)
    view = await observer.look()
    assert view.quote == stream.quotes[TICKER]
    assert observer.streaming
    assert "quote" not in exchange.calls


async def test_the_market_that_closes_first_is_the_one_however_they_are_listed() -> None:
    observer, exchange, _ = watching(None)
    hourly = market(ticker="KXBTC15M-HOURLY", open_time=OPEN, close_time=OPEN + timedelta(hours=1))
    exchange.known = {m.ticker: m for m in (hourly, NEXT, market(), before())}
    view = await observer.look()
    assert view.market == market()
    assert view.previous == before()


async def test_the_newest_prices_are_kept_and_a_view_keeps_its_own() -> None:
    observer, _, clock = watching(None)
    first = await observer.look()
    for second in range(1, TICKS_MAX + 2):
        clock.advance_to(START + timedelta(seconds=second))
        last = await observer.look()
    again = await observer.look()
    assert [tick.seen_at for tick in first.ticks] == [START]
    assert len(last.ticks) == TICKS_MAX
    assert (last.ticks[0].seen_at, last.ticks[-1].seen_at) == (START + timedelta(seconds=2), clock.now())
    assert again.ticks == last.ticks  # the same price again is no sample


async def test_an_untrusted_book_is_asked_for_instead() -> None:
    stream = GivenStream()
    observer, exchange, _ = watching(stream)
    view = await observer.look()
    assert view.quote == exchange.quotes[TICKER]
    assert not observer.streaming


async def test_what_was_told_long_ago_is_asked_for_instead() -> None:
    stream = GivenStream()
    observer, exchange, clock = watching(stream)
    stream.quotes[TICKER] = quote("0.60", "0.61", START - timedelta(seconds=5))
    assert (await observer.look()).quote == stream.quotes[TICKER]
    clock.advance_to(START + timedelta(seconds=1))
    assert (await observer.look()).quote == exchange.quotes[TICKER]
    assert not observer.streaming
    stream.ticks["BRTI"] = Tick("BRTI", Decimal(90500), START - timedelta(seconds=5))
    feed = StreamedFeed(stream, "KXBTC15M", GivenFeed(clock, Decimal(90000)), clock)
    assert (await feed.read()).price == 90000
    stream.ticks["BRTI"] = Tick("BRTI", Decimal(90500), START - timedelta(seconds=4))
    assert (await feed.read()).price == 90500


async def test_the_open_market_and_the_next_are_followed() -> None:
    stream = GivenStream()
    observer, _, clock = watching(stream)
    await observer.look()
    assert stream.followed == (TICKER, NEXT.ticker)
    clock.advance_to(NEXT.open_time + timedelta(seconds=1))
    await observer.look()
    assert stream.followed == (NEXT.ticker,)


async def test_a_strike_that_was_told_is_known_before_the_listing_has_it() -> None:
    observer, _, clock = watching(GivenStream())
    await observer.look()
    clock.advance_to(NEXT.open_time + timedelta(seconds=1))
    assert (await observer.look()).market == NEXT
    observer.take(MarketNews(NEXT.ticker, "metadata_updated", strike=Decimal("90123.45")))
    view = await observer.look()  # lists again, and the listing still lacks it
    assert view.market == replace(NEXT, strike=Decimal("90123.45"))


async def test_a_result_that_was_told_is_known_before_the_listing_has_it() -> None:
    observer, exchange, clock = watching(GivenStream())
    await observer.look()
    observer.take(MarketNews(TICKER, "determined", result="no", settlement_value=Decimal(0)))
    clock.advance_to(NEXT.open_time + timedelta(seconds=20))
    view = await observer.look()
    assert exchange.known[TICKER].result == ""
    assert view.previous is not None
    assert (view.previous.result, view.previous.status) == ("no", MarketStatus.DETERMINED)


async def test_a_grid_that_changed_holds_from_the_next_look_on() -> None:
    observer, _, _ = watching(GivenStream())
    await observer.look()
    observer.take(MarketNews(TICKER, "price_level_structure_updated", price_ranges=LINEAR_CENT))
    view = await observer.look()
    assert view.market == market(price_ranges=LINEAR_CENT)


async def test_news_is_forgotten_where_more_may_have_been_missed() -> None:
    observer, exchange, _ = watching(GivenStream())
    await observer.look()
    observer.take(MarketNews(TICKER, "metadata_updated", strike=Decimal(1)))
    observer.forget_news()
    view = await observer.look()
    assert view.market == exchange.known[TICKER]


async def test_news_of_a_market_that_is_not_listed_lists_again() -> None:
    observer, exchange, _ = watching(GivenStream())
    await observer.look()
    asked = exchange.calls.count("markets")
    assert observer.take(MarketNews("KXBTC15M-NEW", "created")) is None
    await observer.look()
    assert exchange.calls.count("markets") == asked + 1


async def test_the_step_from_one_index_to_another_is_no_move_of_the_price() -> None:
    stream = GivenStream()
    clock = VirtualClock(START)
    exchange = ScriptedExchange(clock)
    feed = StreamedFeed(stream, "KXBTC15M", GivenFeed(clock, Decimal(90000)), clock)
    stream.ticks["BRTI"] = Tick("BRTI", Decimal(90500), START - timedelta(seconds=1))
    observer = Observer(exchange, feed, clock, "KXBTC15M", stream)
    assert [t.price for t in (await observer.look()).ticks] == [90500]
    del stream.ticks["BRTI"]
    assert [t.price for t in (await observer.look()).ticks] == [90500, 90000]  # the same index, asked for
    stream.ticks["BRTI"] = Tick("BTC", Decimal(91000), START + timedelta(seconds=1))
    assert [t.price for t in (await observer.look()).ticks] == [91000]
    del stream.ticks["BRTI"]
    clock.advance_to(START + timedelta(seconds=5))
    assert [t.price for t in (await observer.look()).ticks] == [90500, 90000, 90000], "back, with its history"


def test_news_only_moves_a_market_forward() -> None:
    paid = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    late = MarketNews(TICKER, "determined", result="yes", settlement_value=Decimal(1))
    assert informed(paid, late) == paid
    both = merged(late, MarketNews(TICKER, "settled"))
    assert informed(market(), both) == paid
    assert merged(both, MarketNews(TICKER, "metadata_updated", strike=Decimal(5))) == replace(both, strike=Decimal(5))


async def test_an_index_that_nobody_knows_is_a_problem_and_no_fault_of_ours() -> None:
    observer, _, clock = watching(None)

    class Unknown(GivenFeed):
        async def read(self) -> Tick:
            raise NotFound("GET /cfbenchmarks/values: index not found")

    observer._feed = Unknown(clock, Decimal(90000))
    view = await observer.look()
    assert (view.ticks, view.market is not None) == ((), True)
    assert observer.problems == {"spot": "GET /cfbenchmarks/values: index not found"}
