"""SCANNER as a table and by its promises: what each layer keeps, why it drops, and what is never exceeded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, market
from trading.domain.market import LINEAR_CENT, Level, MarketStatus, Outcome, Quote
from trading.domain.money import ZERO
from trading.strategies.scanner import LAYERS, Funnel, Listed, Scanner

D = Decimal
NOW = OPEN + timedelta(seconds=90)
FAR = NOW + timedelta(days=2)


def listed(bid: str | None = "0.76", ask: str | None = "0.78", size: str = "100", **changes: Any) -> Listed:
    """A sound one, where nothing is said: YES is the favourite."""
    ticker, volume = changes.pop("ticker", "KX-A"), changes.pop("volume", "20000")
    category = changes.pop("category", "Economics")
    given = {"ticker": ticker, "open_time": OPEN, "close_time": FAR, "price_ranges": LINEAR_CENT} | changes
    sides = (Level(D(price), D(size)) if price else None for price in (bid, ask))
    return Listed(replace(market(), **given), Quote(ticker, NOW, *sides), D(volume), category)


def sifted(*rows: Listed, spent: str = "0", held: frozenset[str] = frozenset(), **parameters: Any) -> Funnel:
    return Scanner(**parameters).sift(rows, NOW, D(spent), held)


@pytest.mark.parametrize(
    ("row", "side", "price", "count"),
    [
        (listed(), "yes", "0.78", "6"),  # int(5 / 0.78)
        (listed("0.69", "0.70"), "yes", "0.70", "7"),
        (listed("0.85", "0.87"), "yes", "0.87", "5"),
        (listed("0.22", "0.24"), "no", "0.78", "6"),
        (listed("0.30", "0.32"), "no", "0.70", "7"),
        (listed("0.13", "0.15"), "no", "0.87", "5"),
        (listed(size="2"), "yes", "0.78", "2"),
        (listed(volume="6411"), "yes", "0.78", "6"),  # 6,411 x 0.78 is just above $5,000
        (listed("0.74", "0.78"), "yes", "0.78", "6"),
        (listed(close_time=NOW + timedelta(minutes=5)), "yes", "0.78", "6"),
        (listed(close_time=NOW + timedelta(days=7)), "yes", "0.78", "6"),
    ],
)
def test_a_sound_favourite_becomes_a_candidate(row: Listed, side: str, price: str, count: str) -> None:
    funnel = sifted(row)
    (found,) = funnel.candidates
    assert (found.side.value, str(found.price), str(found.count)) == (side, price, count)
    assert funnel.kept == dict.fromkeys(LAYERS, 1)
    assert not funnel.dropped
    assert found.why
    intent = Scanner().intent(found)
    assert (intent.ticker, intent.side, intent.price, intent.count) == ("KX-A", found.side, found.price, found.count)


@pytest.mark.parametrize(
    ("row", "layer", "reason"),
    [
        (listed(None, "0.78"), "band", "one_sided"),
        (listed("0.76", None), "band", "one_sided"),
        (listed("0.68", "0.69"), "band", "price"),
        (listed("0.86", "0.88"), "band", "price"),
        (listed("0.49", "0.51"), "band", "price"),
        (listed("0.31", "0.33"), "band", "price"),
        (listed("0.12", "0.14"), "band", "price"),
        (listed("0.73", "0.78"), "validation", "spread"),
        (listed(volume="6410"), "validation", "volume"),
        (listed(volume="0"), "validation", "volume"),
        (listed(close_time=NOW + timedelta(seconds=299)), "validation", "closing"),
        (listed(close_time=NOW), "validation", "closing"),
        (listed(status=MarketStatus.INACTIVE), "validation", "closing"),
        (listed(close_time=NOW + timedelta(days=7, seconds=1)), "validation", "far"),
        (listed(size="0.5"), "risk", "cap"),
        (listed("0.765", "0.775"), "risk", "off_grid"),
    ],
)
def test_what_is_dropped_is_dropped_by_one_layer_with_one_reason(row: Listed, layer: str, reason: str) -> None:
    funnel = sifted(row)
    assert funnel.candidates == []
    assert dict(funnel.dropped) == {(layer, reason): 1}
    assert [name for name in LAYERS if not funnel.kept[name]] == list(LAYERS[LAYERS.index(layer) :])


def test_categories_and_what_is_held_are_left_out() -> None:
    assert dict(sifted(listed(category="Sports"), excluded=frozenset({"sports"})).dropped) == {
        ("validation", "category"): 1
    }
    assert dict(sifted(listed(), held=frozenset({"KX-A"})).dropped) == {("validation", "held"): 1}


def test_the_days_risk_is_a_cap_for_all_of_them_together() -> None:
    rows = [listed(ticker=f"KX-{n:02}") for n in range(30)]
    funnel = sifted(*rows, daily_risk_usd=D(20))
    assert funnel.risked == sum((c.cost for c in funnel.candidates), ZERO) <= 20
    assert len(funnel.candidates) == 5  # four of six contracts, and what is left of the day for the last
    assert [c.count for c in funnel.candidates] == [6, 6, 6, 6, 1]
    assert funnel.dropped["risk", "cap"] == 25
    assert sifted(*rows, daily_risk_usd=D(20), spent="20").candidates == []


def test_the_narrowest_and_then_the_most_traded_come_first() -> None:
    rows = [
        listed("0.74", "0.77", ticker="KX-WIDE"),
        listed("0.76", "0.77", ticker="KX-QUIET", volume="9000"),
        listed("0.76", "0.77", ticker="KX-BUSY", volume="90000"),
    ]
    assert [c.listed.market.ticker for c in sifted(*rows).candidates] == ["KX-BUSY", "KX-QUIET", "KX-WIDE"]


def test_a_market_takes_so_many_contracts_at_most() -> None:
    (found,) = sifted(listed(size="5000"), stake_usd=D(4000), daily_risk_usd=D(9000)).candidates
    assert found.count == 700


cents = st.integers(1, 99)
rows = st.builds(
    lambda n, bid, gap, size, volume, hours: listed(
        str(D(bid) / 100),
        str(D(min(bid + gap, 99)) / 100),
        str(size),
        ticker=f"KX-{n}",
        volume=str(volume),
        close_time=NOW + timedelta(hours=hours),
    ),
    st.integers(0, 10_000),
    cents,
    st.integers(1, 10),
    st.integers(0, 900),
    st.integers(0, 100_000),
    st.integers(-2, 300),
)


@given(st.lists(rows, max_size=40), st.integers(0, 60), st.integers(1, 100))
def test_every_market_is_accounted_for_and_the_cap_holds(given_rows: list[Listed], spent: int, cap: int) -> None:
    funnel = sifted(*given_rows, spent=str(spent), daily_risk_usd=D(cap))
    kept = [funnel.kept[layer] for layer in LAYERS]
    dropped = [sum(n for (layer, _), n in funnel.dropped.items() if layer == name) for name in LAYERS]
    assert kept[0] == len(given_rows)
    assert all(before - now == gone for before, now, gone in zip(kept, kept[1:], dropped[1:], strict=False))
    assert len(funnel.candidates) == kept[-1]
    assert funnel.risked <= max(cap, spent)
    for each in funnel.candidates:
        assert D("0.70") <= each.price <= D("0.87")
        assert each.cost <= D(5) + D("0.2")
        ask = each.listed.quote.ask_for(each.side)
        assert ask is not None
        assert each.count <= ask.count


@given(st.lists(rows, max_size=15, unique_by=lambda row: row.market.ticker), st.randoms())
def test_the_order_of_the_listing_changes_nothing(given_rows: list[Listed], random: Any) -> None:
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    key = [
        (row.quote.ask.price - row.quote.bid.price, row.volume_24h)
        for row in given_rows
        if row.quote.ask and row.quote.bid
    ]
    if len(set(key)) == len(key):  # else two are equally good, and the first listed wins
        assert sifted(*shuffled).candidates == sifted(*given_rows).candidates


def test_both_sides_are_never_favourites() -> None:
    sides = {
        c.side for bid in range(1, 99) for c in sifted(listed(str(D(bid) / 100), str(D(bid + 1) / 100))).candidates
    }
    assert sides == {Outcome.YES, Outcome.NO}
