"""docs/feeds.md is held against the code: its tables load, its message is let in, and its figures are the bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from trading.engine.arbitrage import ArbitrageBounds
from trading.feeds.fetching import FetchBounds
from trading.feeds.news import KEPT_SECONDS
from trading.feeds.news_table import EVERY_SECONDS, EVERY_SECONDS_MIN, news_of
from trading.feeds.news_webhook import BODY_BYTES_MAX, CONNECTION_SECONDS, CONNECTIONS_MAX, FRESH_SECONDS
from trading.feeds.news_xml import ITEMS_MAX
from trading.feeds.polymarket import BASE, HIGHEST_FEES, TOLD_SECONDS_MAX, polymarket_of

TEXT = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text()
TABLES = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)]
WORDS = " ".join(TEXT.split())


def test_its_tables_are_read_as_they_are() -> None:
    news, venue = TABLES
    table = news_of(news["feeds"]["news"])
    assert table.rules[0].about("fed", "Federal Reserve cuts rates")
    assert not table.rules[0].about("fed", "Federal Reserve cuts rates? Not now")
    assert table.every_seconds == EVERY_SECONDS
    assert polymarket_of(venue["feeds"]["polymarket"]) == (BASE, HIGHEST_FEES) == polymarket_of({})


def test_its_figures_are_the_bounds() -> None:
    bounds, fetched = ArbitrageBounds(), FetchBounds()
    for said in (
        f"{EVERY_SECONDS_MIN:g} at least",
        f"{fetched.bytes_max // 1024**2} MiB, take {fetched.total_seconds:g} s in all, and hold {ITEMS_MAX} items",
        f"within {FRESH_SECONDS:g} s of",
        f"more than {BODY_BYTES_MAX // 1024} KiB",
        f"A connection ends after {CONNECTION_SECONDS:g} s",
        f"and {CONNECTIONS_MAX} may be open",
        f"counts for {bounds.age_seconds_max:g} s from",
        f"more than {TOLD_SECONDS_MAX / 60:g} minutes old",
        f"after {bounds.again_seconds / 60:g} minutes at the earliest",
    ):
        assert said in WORDS, said
    assert KEPT_SECONDS == 3600
    assert "older than an hour" in WORDS
