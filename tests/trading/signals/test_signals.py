"""The two signals as tables, and PREVIOUS studied on real results."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading.build import OPEN, before, market, ticks
from trading.domain.market import Market, MarketStatus, Outcome
from trading.signals.momentum import MomentumLimits, momentum
from trading.signals.previous import previous

D = Decimal
NOW = OPEN + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("this", "last", "side", "reason"),
    [
        ({}, {}, "yes", ""),
        ({"strike": D("89990")}, {"result": "no"}, "no", ""),
        ({"strike": D("90000.00")}, {}, "yes", ""),  # a tie settles YES
        ({}, {"result": ""}, "yes", ""),  # the strikes alone, before the result is out
        ({"strike": None}, {}, "yes", ""),  # the result alone
        ({"strike": None}, {"result": ""}, None, "no_strike"),
        ({"strike": None}, {"result": "scalar"}, None, "no_strike"),
        ({}, {"result": "no"}, None, "previous_contradicted"),
        ({}, {"close_time": OPEN - timedelta(minutes=15)}, None, "no_adjacent_window"),
    ],
)
def test_previous(this: dict[str, Any], last: dict[str, Any], side: str | None, reason: str) -> None:
    signal = previous(market(**this), before(**last), NOW)
    assert (signal.side, signal.reason) == (side and Outcome(side), reason)


def test_previous_without_an_earlier_market_has_no_opinion() -> None:
    assert previous(market(), None, NOW).reason == "no_adjacent_window"


@pytest.mark.parametrize(
    ("old", "new", "side", "reason"),
    [
        ("90000", "90100", "yes", ""),
        ("90000", "89900", "no", ""),
        ("90000", "90009", "yes", ""),  # exactly one basis point is a move
        ("90000", "90008.9", None, "flat"),
        ("90000", "90000", None, "flat"),
    ],
)
def test_momentum(old: str, new: str, side: str | None, reason: str) -> None:
    signal = momentum(ticks(NOW, old, new), NOW, MomentumLimits())
    assert (signal.side, signal.reason) == (side and Outcome(side), reason)


@pytest.mark.parametrize(
    ("given", "now", "reason"),
    [
        ((), NOW, "no_spot"),
        (ticks(NOW), NOW + timedelta(seconds=16), "stale_spot"),
        (ticks(NOW, seconds=76), NOW, "no_history"),
        (ticks(NOW, seconds=30), NOW, "no_history"),
        (ticks(NOW, seconds=75), NOW, ""),
        (ticks(NOW), NOW + timedelta(seconds=15), ""),
    ],
)
def test_momentum_takes_only_fresh_samples(given: Any, now: datetime, reason: str) -> None:
    assert momentum(given, now, MomentumLimits()).reason == reason


def test_a_dead_zone_of_nothing_still_needs_a_move() -> None:
    assert momentum(ticks(NOW, "1", "1"), NOW, MomentumLimits(dead_zone_bp=0)).reason == "flat"


def recorded(path: Path) -> list[Market]:
    def parsed(row: dict[str, str]) -> Market:
        return Market(
            ticker=row["event_ticker"],
            event_ticker=row["event_ticker"],
            open_time=datetime.fromisoformat(row["open_time_utc"]),
            close_time=datetime.fromisoformat(row["close_time_utc"]),
            status=MarketStatus.FINALIZED,
            strike=D(row["floor_strike"]) if row["floor_strike"] else None,
            result=row["result"],
        )

    with path.open() as file:
        return sorted((parsed(row) for row in csv.DictReader(file)), key=lambda m: m.open_time)


def test_previous_on_fifteen_thousand_real_markets(reference: Path, record_property: Any) -> None:
    markets = recorded(reference / "data" / "kxbtc15m_results_2025-12_2026-05.csv")
    by_close = {m.close_time: m for m in markets}
    told = contradicted = right = 0
    for this in markets:
        signal = previous(this, by_close.get(this.open_time), this.open_time)
        contradicted += signal.reason == "previous_contradicted"
        if signal.side and this.result in ("yes", "no"):
            told += 1
            right += signal.side == this.result
    share = f"{right / told:.2%} of {told} adjacent real KXBTC15M markets settled on the same side"
    record_property("PREVIOUS", share)
    assert len(markets) == 15_890
    assert told > 15_500
    assert contradicted <= 2  # one known typo of the venue touches two pairs
    assert 0.47 < right / told < 0.49
