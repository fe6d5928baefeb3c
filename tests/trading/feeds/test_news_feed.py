"""Headlines from feeds over real sockets: asked for what changed, mapped by rules, dropped and counted; and each
way in which a site can break or attack, which costs a sentence and a pause."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.news_site import NewsSite, news_site, rss
from trading.clock import VirtualClock, monotonic, real_now
from trading.domain.errors import Misconfigured
from trading.domain.market import Outcome
from trading.feeds.fetching import Backoff, FetchBounds
from trading.feeds.news import Headlines, NewsFeed
from trading.feeds.news_item import Item
from trading.feeds.news_table import Door, NewsTable, Rule, Source, news_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CUT = Rule(("rate cut",), "KXFED", Outcome.YES, 0.9, without=("no",))
HIKE = Rule(("fed", "hike"), "KXFED-26DEC", Outcome.NO, 0.6, sources=("wire",))
QUICK = FetchBounds(connect_seconds=2.0, read_seconds=1.0, total_seconds=2.0)


def item(title: str, at: datetime | None = NOW, source: str = "wire", own_id: str = "") -> Item:
    return Item(own_id or f"{source}:{title}", at, title, source)


def board(clock: VirtualClock | None = None) -> Headlines:
    return Headlines((CUT, HIKE), clock or VirtualClock(NOW), now=lambda: NOW)


# --- rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "source", "about"),
    [
        ("Fed: RATE CUT of 25 bp", "wire", CUT),
        ("fed rate  cut!", "blog", CUT),
        ("rate-cut", "blog", CUT),
        ("No rate cut this year", "wire", None),
        ("Rates cut", "wire", None),  # whole words only
        ("corporate cutlery", "wire", None),
        ("The Fed may hike", "wire", HIKE),
        ("hike, says FED", "wire", HIKE),
        ("The Fed may hike", "blog", None),  # a rule of one source
        ("Federal hikes", "wire", None),
        ("Fed hike after rate cut", "wire", CUT),  # the first rule that fits
        ("", "wire", None),
    ],
)
def test_the_first_rule_that_fits_says_what_a_headline_means(title: str, source: str, about: Rule | None) -> None:
    held = board()
    assert held.take([item(title, source=source)]) == (about is not None)
    found = held.about("KXFED-26DEC-T4.00")
    if about is None:
        assert (found, dict(held.dropped)) == ((), {"unknown": 1})
    else:
        (headline,) = found
        assert (headline.ticker, headline.side, headline.confidence) == (
            "KXFED-26DEC-T4.00",
            about.side,
            about.confidence,
        )
        assert (headline.title, headline.source, headline.at) == (title, source, NOW)


def test_a_headline_is_about_the_markets_whose_tickers_begin_so() -> None:
    held = board()
    held.take([item("fed hike")])
    assert held.about("KXFED-26DEC-T4.00")
    assert not held.about("KXFED-27JAN")
    assert not held.about("KXBTC15M-26NOV211215-15")


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        (item("rate cut", at=None), "undated"),
        (item("rate cut", at=NOW - timedelta(seconds=3601)), "old"),
        (item("rate cut", at=NOW + timedelta(seconds=61)), "from the future"),
    ],
)
def test_what_has_no_time_to_act_on_is_dropped_and_counted(given_: Item, why: str) -> None:
    held = board()
    assert held.take([given_]) == 0
    assert (held.about("KXFED"), dict(held.dropped)) == ((), {why: 1})


def test_the_same_headline_counts_once_and_oldest_comes_first() -> None:
    held = board()
    held.take([item("rate cut b", NOW - timedelta(seconds=5)), item("rate cut a", NOW - timedelta(seconds=50))])
    assert held.take([item("rate cut b")]) == 0
    assert [each.title for each in held.about("KXFED")] == ["rate cut a", "rate cut b"]
    assert dict(held.dropped) == {"repeated": 1}


def test_its_age_is_kept_on_a_clock_that_is_elsewhere() -> None:
    clock = VirtualClock(NOW - timedelta(days=100))
    held = board(clock)
    held.take([item("rate cut", NOW - timedelta(seconds=10)), item("a rate cut", NOW + timedelta(seconds=10))])
    assert [clock.now() - each.at for each in held.about("KXFED")] == [timedelta(seconds=10), timedelta(0)]
    clock.advance_to(clock.now() + timedelta(hours=2))
    held.take([])
    assert held.about("KXFED") == ()


ages = st.none() | st.integers(-7200, 7200)


@given(st.lists(st.tuples(st.sampled_from(["rate cut", "fed hike", "no rate cut", "x", ""]), ages), max_size=30))
def test_every_item_is_either_kept_or_counted(rows: list[tuple[str, int | None]]) -> None:
    held = board()
    items = [item(t, None if a is None else NOW - timedelta(seconds=a), own_id=f"{t}{a}") for t, a in rows]
    kept = held.take(items)
    assert kept + sum(held.dropped.values()) == len(rows)
    assert len(held.about("KXFED-26DEC-T1")) == kept
    assert all(each.at <= NOW for each in held.about("KXFED-26DEC-T1"))


# --- over sockets ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def site() -> AsyncIterator[NewsSite]:
    async with news_site() as made:
        yield made


@pytest.fixture
async def feed(site: NewsSite) -> AsyncIterator[NewsFeed]:
    made = NewsFeed(
        [Source("wire", f"{site.base}/feed")], Headlines((CUT, HIKE), VirtualClock(NOW), now=real_now), QUICK
    )
    yield made
    made.close()


async def test_a_feed_is_asked_only_for_what_has_changed(site: NewsSite, feed: NewsFeed) -> None:
    site.body = rss("Fed announces rate cut", "Weather")
    await feed.poll()
    await feed.poll()
    assert [each.title for each in feed.headlines.about("KXFED")] == ["Fed announces rate cut"]
    first, second = site.asked
    assert "if-none-match" not in first
    assert (second["if-none-match"], second["if-modified-since"]) == ('"1"', "Sat, 21 Nov 2026 12:00:00 GMT")
    assert dict(feed.headlines.dropped) == {"unknown": 1}
    site.body, site.etag = rss("Fed announces rate cut", "A second rate cut"), '"2"'
    await feed.poll()
    assert len(feed.headlines.about("KXFED")) == 2
    assert feed.problems == {}


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("hang", "ConnectionError|ReadTimeout|no answer"),
        ("drip", "takes longer than 2 s"),
        ("endless", "longer than 1024 KiB"),
        ("cut", "IncompleteRead|ProtocolError|ConnectionError|ChunkedEncodingError"),
        ("packed", "packed"),
        ("moved", "it has moved to .*/elsewhere"),
        ("404", "HTTP 404"),
        ("503", "HTTP 503"),
    ],
)
async def test_a_site_that_breaks_costs_a_sentence_and_a_pause(
    site: NewsSite, feed: NewsFeed, mode: str, why: str
) -> None:
    site.mode, site.body = mode, rss("rate cut")
    began = monotonic()
    await feed.poll()
    assert monotonic() - began < 5.0
    assert re.search(why, feed.problems["wire"]), feed.problems
    assert (site.elsewhere, feed.headlines.about("KXFED")) == (0, ())
    assert site.sent < 20 * 1024 * 1024  # of the 100 MB that it would send
    site.mode = "ok"
    await feed.poll()
    assert len(site.asked) == 1
    assert "asked again in" in feed.problems["wire"]


async def test_a_hostile_document_is_refused_and_asked_for_again(site: NewsSite, feed: NewsFeed) -> None:
    site.body = b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><rss><item><title>&x;</title></item></rss>"
    await feed.poll()
    assert "document type" in feed.problems["wire"]
    assert "accept-encoding" in site.asked[0]
    assert site.asked[0]["accept-encoding"] == "identity"


async def test_one_source_that_hangs_does_not_hold_up_another(site: NewsSite) -> None:
    site.body = rss("rate cut")
    dead = Source("dead", "http://127.0.0.1:1/feed")
    feed = NewsFeed([dead, Source("wire", f"{site.base}/feed")], Headlines((CUT,), VirtualClock(NOW)), QUICK)
    await feed.poll()
    assert (list(feed.problems), len(feed.headlines.about("KXFED"))) == (["dead"], 1)
    feed.close()


def test_a_source_that_fails_is_left_alone_for_longer_each_time() -> None:
    pause, now = Backoff(least_seconds=5, most_seconds=60), NOW
    waits = []
    for _ in range(6):
        pause.failed(now)
        waits.append(pause.wait(now))
        now += timedelta(seconds=waits[-1])
        assert pause.wait(now) == 0
    assert waits == [5, 10, 20, 40, 60, 60]
    pause.worked()
    pause.failed(now)
    assert pause.wait(now) == 5


# --- the table ------------------------------------------------------------------------------------------------------

RULE = {"words": ["rate cut"], "ticker": "KXFED", "side": "yes", "confidence": 0.9}


def test_the_table_of_the_strategies_file() -> None:
    table = {
        "every_seconds": 60,
        "sources": [{"name": "fed", "url": "https://www.federalreserve.gov/feeds/press_all.xml"}],
        "rules": [RULE | {"without": ["No!"], "sources": ["fed"]}],
        "webhook": {"port": 8077, "secret_file": "~/webhook.secret"},
    }
    assert news_of(table) == NewsTable(
        (Source("fed", "https://www.federalreserve.gov/feeds/press_all.xml"),),
        (Rule(("rate cut",), "KXFED", Outcome.YES, 0.9, ("no",), ("fed",)),),
        60.0,
        Door(8077, "~/webhook.secret"),
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({}, "no rules"),
        ({"rules": []}, "no rules"),
        ({"rules": RULE}, "give a list"),
        ({"rules": ["rate cut"]}, "no list of tables"),
        ({"rules": [RULE], "source": []}, "'source', which is unknown"),
        ({"rules": [RULE | {"words": []}]}, "without words"),
        ({"rules": [RULE | {"words": ["..."]}]}, "without a letter"),
        ({"rules": [RULE | {"words": "rate"}]}, "give a list"),
        ({"rules": [RULE | {"side": "up"}]}, "write yes or no"),
        ({"rules": [RULE | {"ticker": "kxfed"}]}, "beginning of a ticker"),
        ({"rules": [RULE | {"confidence": 90}]}, "from 0 to 1"),
        ({"rules": [RULE | {"confidence": True}]}, "from 0 to 1"),
        ({"rules": [RULE | {"confidence": float("nan")}]}, "from 0 to 1"),
        ({"rules": [RULE | {"sure": 1}]}, "'sure', which is unknown"),
        ({"rules": [RULE], "every_seconds": 1}, "from 5 to 3600"),
        ({"rules": [RULE], "sources": [{"name": "A", "url": "https://a"}]}, "lower-case"),
        ({"rules": [RULE], "sources": [{"name": "a", "url": "http://a"}]}, "begins with https"),
        ({"rules": [RULE], "sources": [{"name": "a", "url": "file:///etc/passwd"}]}, "begins with https"),
        ({"rules": [RULE], "sources": [{"name": "a", "url": "https://a"}] * 2}, "twice"),
        ({"rules": [RULE], "webhook": 8077}, "as a table"),
        ({"rules": [RULE], "webhook": {"port": "8077", "secret_file": "x"}}, "free port"),
        ({"rules": [RULE], "webhook": {"port": 8077}}, "secret_file"),
        ({"rules": [RULE], "webhook": {"port": 8077, "secret": "hunter2hunter2"}}, "'secret', which is unknown"),
    ],
)
def test_a_wrong_table_is_one_sentence(table: dict[str, Any], why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as caught:
        news_of(table)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
