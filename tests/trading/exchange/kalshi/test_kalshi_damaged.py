"""Damaged answers: whatever stands in one place of an answer, it is read exactly or refused with a ValueError."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from described import EVENT, MARKET, SERIES, TRADE
from hypothesis import given
from hypothesis import strategies as st

from trading.exchange.kalshi import codec, codec_account, codec_reference, wire, wire_account, wire_changes
from trading.exchange.kalshi import wire_reference as w

Path = tuple[str | int, ...]
DAY = [{"open_time": "00:00", "close_time": "24:00"}]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z", **dict.fromkeys(DAYS, DAY)}
PRICES = {f"{name}_dollars": "0.5000" for name in ("open", "low", "high", "close")}
CANDLE = {"end_period_ts": 1785089355, "yes_bid": PRICES, "yes_ask": PRICES, "price": PRICES}
CHANGE = {"id": "x", "series_ticker": "S", "scheduled_ts": "2026-10-01T04:00:00Z"}
OVERRIDES = {"event_ticker": "E", "fee_type_override": "quadratic", "fee_multiplier_override": 0.5}
FLOW = {"id": "d", "status": "applied", "type": "ach", "amount_cents": 1, "fee_cents": 0, "created_ts": 1785089355}


def reading(struct: type[Any], translate: Callable[[Any], object]) -> Callable[[bytes], object]:
    read = wire.reader(struct)
    return lambda body: translate(read(body))


ANSWERS: list[tuple[dict[str, Any], Callable[[bytes], object]]] = [
    (SERIES, reading(w.SeriesWire, codec_reference.series)),
    ({"event": {**EVENT, "markets": [MARKET]}}, reading(w.OneEvent, codec_reference.one_event)),
    ({"market": MARKET}, reading(w.OneMarket, lambda answer: codec.market(answer.market))),
    (
        {**CHANGE, "fee_type": "flat", "fee_multiplier": 2},
        reading(w.SeriesFeeChangeWire, codec_reference.series_fee_change),
    ),
    ({**CHANGE, **OVERRIDES}, reading(w.EventFeeChangeWire, codec_reference.event_fee_change)),
    (TRADE, reading(w.TradeWire, codec_reference.public_trade)),
    ({**CANDLE, "volume_fp": "1.00", "open_interest_fp": "2.00"}, reading(w.CandleWire, codec_reference.candle)),
    ({"standard_hours": [WEEK], "maintenance_windows": []}, reading(w.ScheduleWire, codec_reference.trading_hours)),
    (
        FLOW,
        reading(
            wire_account.CashFlowWire, lambda flow: codec_account.cash_flow(flow, codec_account.CashDirection.DEPOSIT)
        ),
    ),
    (
        {"id": "g", "is_auto_cancel_enabled": True, "contracts_limit_fp": "5.00"},
        reading(wire_account.GroupWire, codec_account.listed_group),
    ),
    (
        {"order_id": "o", "ts_ms": 1785089355658, "fill_count": "1.00"},
        reading(wire_changes.AmendedWire, codec_account.amended),
    ),
]


def places(data: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in an answer, the whole left out."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, part in parts:
        yield (*path, name)
        yield from places(part, (*path, name))


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "NaN", "Infinity", "1e400", "0.5", "24:00", "9999-12-31T23:59:59-23:59", "2026-10-01T04:00:00"]
    )
    | st.text(max_size=5)
    | st.just([])
    | st.just({})
)


def test_the_answers_themselves_can_be_read() -> None:
    for answer, read in ANSWERS:
        assert read(json.dumps(answer).encode())


@given(st.sampled_from(ANSWERS), st.data(), junk, st.booleans())
def test_one_damaged_place_is_read_or_refused(
    chosen: tuple[dict[str, Any], Callable[[bytes], object]], data: st.DataObject, value: Any, gone: bool
) -> None:
    answer, read = copy.deepcopy(chosen[0]), chosen[1]
    *way, last = data.draw(st.sampled_from(list(places(answer))))
    inside: Any = answer
    for name in way:
        inside = inside[name]
    if gone:
        del inside[last]
    else:
        inside[last] = value
    try:
        read(json.dumps(answer).encode())
    except ValueError:
        return
