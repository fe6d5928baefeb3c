"""Figures, times and places as words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from fakes_pages import LABEL, NOW

from chatbot.formats import (
    clock_time,
    count,
    countdown,
    exact_money,
    gain,
    labelled,
    moment,
    money,
    number,
    percent,
    price,
    span,
)
from trading.domain.order import Mode


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (money(Decimal("1234.5")), "$1,234.50"),
        (money(Decimal("-0.25")), "-$0.25"),
        (money(Decimal("-0.001")), "$0.00"),
        (exact_money(Decimal("4.2537")), "$4.2537"),
        (exact_money(Decimal("4.2500")), "$4.25"),
        (exact_money(Decimal("100")), "$100.00"),
        (exact_money(Decimal("-1.00010")), "-$1.0001"),
        (gain(Decimal("4.25")), "+$4.25"),
        (gain(Decimal("-4.75")), "-$4.75"),
        (gain(Decimal(0)), "$0.00"),
        (gain(Decimal("0.0042")), "$0.00"),
        (gain(Decimal("0.0042"), exact_money), "+$0.0042"),
        (price(Decimal("0.51")), "51¢"),
        (price(Decimal("0.095")), "9.5¢"),
        (price(Decimal("0.43714285714")), "43.7¢"),
        (number(Decimal("9.00")), "9"),
        (number(Decimal("10.50")), "10.5"),
        (number(Decimal(100)), "100"),
        (number(Decimal("67123.45")), "67,123.45"),
        (percent(7, 11), "63.6%"),
        (percent(0, 0), "-"),
        (span(0.9), "0 s"),
        (span(45), "45 s"),
        (span(272), "4 min 32 s"),
        (span(240), "4 min"),
        (span(7500), "2 h 5 min"),
        (span(90061), "1 d 1 h"),
        (span(-5), "0 s"),
        (span(185, roughly=True), "3 min"),
        (countdown(NOW + timedelta(seconds=591), NOW), "9:51"),
        (countdown(NOW + timedelta(seconds=3723), NOW), "1:02:03"),
        (countdown(NOW - timedelta(seconds=5), NOW), "0:00"),
        (clock_time(NOW, ZoneInfo("America/New_York")), "10:05:09"),
        (moment(NOW, ZoneInfo("Asia/Tokyo"), NOW), "23:05"),
        (moment(NOW - timedelta(days=1), ZoneInfo("Asia/Tokyo"), NOW), "02 Oct 23:05"),
        (count(1, "trade"), "1 trade"),
        (count(0, "trade"), "0 trades"),
        (labelled(LABEL, ZoneInfo("UTC")), "attic · REAL · simulated (play money)\nas of 14:05:09"),
        (labelled(LABEL, ZoneInfo("UTC"), Mode.DRY_RUN).split("\n")[0], "attic · DRY RUN · simulated (play money)"),
    ],
)
def test_figures_read_well(shown: str, text: str) -> None:
    assert shown == text
