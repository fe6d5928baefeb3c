"""Which fee terms an event has at a time, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trading.domain.fee_schedule import fee_terms
from trading.domain.fees import FeeTerms, charge
from trading.domain.reference import Event, FeeChange, Series

NOW = datetime(2026, 10, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
ONE = Decimal(1)
SERIES = Series("S", "", "Crypto", "fifteen_min", "quadratic", ONE)
WITH_MAKERS = "quadratic_with_maker_fees"


def event(fee_type: str | None = None, multiplier: str | None = None) -> Event:
    return Event("E", "S", "", "", False, fee_type, None if multiplier is None else Decimal(multiplier))


def of_series(at: datetime, fee_type: str, multiplier: str, series: str = "S") -> FeeChange:
    return FeeChange(f"{at}", series, fee_type, Decimal(multiplier), at)


def of_event(at: datetime, fee_type: str | None, multiplier: str | None, ticker: str = "E") -> FeeChange:
    return FeeChange(f"{at}", "S", fee_type, None if multiplier is None else Decimal(multiplier), at, ticker)


@pytest.mark.parametrize(
    ("wanted", "changes", "terms"),
    [
        (None, [], ("quadratic", "1")),
        (event(), [], ("quadratic", "1")),
        (event(WITH_MAKERS, "0.5"), [], (WITH_MAKERS, "0.5")),
        (event(None, "0"), [], ("quadratic", "0")),
        (event(WITH_MAKERS), [], (WITH_MAKERS, "1")),
        (event(), [of_series(NOW, WITH_MAKERS, "2")], (WITH_MAKERS, "2")),
        (event(), [of_series(NOW + timedelta(microseconds=1), WITH_MAKERS, "2")], ("quadratic", "1")),
        (event(), [of_series(NOW, "quadratic", "3"), of_series(NOW - DAY, WITH_MAKERS, "2")], ("quadratic", "3")),
        (event(), [of_series(NOW, WITH_MAKERS, "2", series="OTHER")], ("quadratic", "1")),
        (event(None, "0.5"), [of_series(NOW, WITH_MAKERS, "2")], (WITH_MAKERS, "0.5")),
        (event(), [of_event(NOW, WITH_MAKERS, "0")], (WITH_MAKERS, "0")),
        (event(), [of_event(NOW + DAY, WITH_MAKERS, "0")], ("quadratic", "1")),
        (event(), [of_event(NOW, WITH_MAKERS, "0", ticker="OTHER")], ("quadratic", "1")),
        (event(WITH_MAKERS, "0.5"), [of_event(NOW, None, None)], ("quadratic", "1")),
        (event("hyperbolic", "2"), [], ("hyperbolic", "2")),
        (None, [of_event(NOW, WITH_MAKERS, "0")], ("quadratic", "1")),
    ],
)
def test_an_event_has_its_own_terms_or_its_series(
    wanted: Event | None, changes: list[FeeChange], terms: tuple[str, str]
) -> None:
    assert fee_terms(SERIES, wanted, changes, NOW) == FeeTerms(terms[0], Decimal(terms[1]))


@pytest.mark.parametrize(
    ("fee_type", "multiplier", "is_taker", "paid"),
    [
        ("quadratic", "1", True, "0.0858"),  # 5 NO at 0.43, as the live exchange charged on 2026-08-24
        ("quadratic", "1", False, "0"),
        ("quadratic", "0", True, "0"),
        (WITH_MAKERS, "1", False, "0.0215"),
        ("quadratic_with_combo_maker_fees", "1", False, "0.0429"),
        ("hyperbolic", "1", True, "0.0858"),
        ("hyperbolic", "1", False, "0.0858"),  # unknown: a maker pays like a taker
        ("flat", "2", False, "0.1716"),
    ],
)
def test_what_five_contracts_at_43_cents_cost(fee_type: str, multiplier: str, is_taker: bool, paid: str) -> None:
    terms = FeeTerms(fee_type, Decimal(multiplier))
    price, count = Decimal("0.43"), Decimal(5)
    fee, _ = charge(-price * count, terms.model_fee(price, count, is_taker=is_taker))
    assert fee == Decimal(paid)
    assert terms.known is fee_type.startswith("quadratic")
