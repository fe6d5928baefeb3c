"""Answers for the scripted exchange, held against the exchange's machine-readable spec where it is on this machine."""

from __future__ import annotations

from functools import cache
from typing import Any

from loopback_exchange import SPEC_FILE, Loopback, Reply

from tests.schemas import Schemas

MARKET: dict[str, Any] = {
    "ticker": "KXBTC15M-26SEP182130-30",
    "event_ticker": "KXBTC15M-26SEP182130",
    "market_type": "binary",
    "yes_sub_title": "Target Price: $81,263.65",
    "no_sub_title": "Target price: TBD",
    "created_time": "2026-09-17T20:01:10.807314Z",
    "updated_time": "2026-09-19T01:15:00.583627Z",
    "open_time": "2026-09-19T01:15:00Z",
    "close_time": "2026-09-19T01:30:00Z",
    "latest_expiration_time": "2026-09-26T01:30:00Z",
    "settlement_timer_seconds": 1,
    "status": "active",
    "yes_bid_dollars": "0.8600",
    "yes_bid_size_fp": "2760.70",
    "yes_ask_dollars": "0.8700",
    "yes_ask_size_fp": "4499.65",
    "no_bid_dollars": "0.1300",
    "no_ask_dollars": "0.1400",
    "last_price_dollars": "0.8600",
    "volume_fp": "2184245.00",
    "volume_24h_fp": "821996.21",
    "result": "",
    "can_close_early": True,
    "open_interest_fp": "359884.97",
    "notional_value_dollars": "1.0000",
    "previous_yes_bid_dollars": "0.0000",
    "previous_yes_ask_dollars": "0.0000",
    "previous_price_dollars": "0.0000",
    "settlement_bounds_type": "default",
    "expiration_value": "",
    "floor_strike": 81263.65,
    "rules_primary": "",
    "rules_secondary": "",
    "price_level_structure": "linear_cent",
    "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
    "exchange_index": 2,
}
SERIES: dict[str, Any] = {
    "ticker": "KXBTC15M",
    "frequency": "fifteen_min",
    "title": "Bitcoin price up down",
    "category": "Crypto",
    "categories": ["Crypto"],
    "tags": ["BTC", "15 min"],
    "settlement_sources": [{"name": "CF Benchmarks", "url": "https://www.cfbenchmarks.com/"}],
    "contract_url": "https://example.invalid/contract",
    "contract_terms_url": "https://example.invalid/terms",
    "fee_type": "quadratic",
    "fee_multiplier": 1,
    "additional_prohibitions": None,
    "last_updated_ts": "2026-09-18T15:20:18.321673Z",
    "exchange_index": 2,
}
EVENT: dict[str, Any] = {
    "event_ticker": "KXBTC15M-26SEP182130",
    "series_ticker": "KXBTC15M",
    "title": "BTC price up in next 15 mins?",
    "sub_title": "Sep 18 at 9:30 PM EDT",
    "collateral_return_type": "none",
    "mutually_exclusive": False,
    "settlement_sources": None,
    "category": "Crypto",
    "strike_date": "2026-09-19T01:30:00Z",
    "exchange_index": 2,
}
ORDER: dict[str, Any] = {
    "order_id": "o-1",
    "user_id": "u-1",
    "client_order_id": "c-1",
    "ticker": MARKET["ticker"],
    "outcome_side": "no",
    "book_side": "ask",
    "side": "no",
    "action": "buy",
    "type": "limit",
    "status": "executed",
    "yes_price_dollars": "0.5700",
    "no_price_dollars": "0.4300",
    "fill_count_fp": "5.00",
    "remaining_count_fp": "0.00",
    "initial_count_fp": "5.00",
    "taker_fill_cost_dollars": "2.150000",
    "maker_fill_cost_dollars": "0.000000",
    "taker_fees_dollars": "0.085800",
    "maker_fees_dollars": "0.000000",
    "created_time": "2026-08-24T13:50:01.5Z",
    "exchange_index": 2,
}
FILL: dict[str, Any] = {
    "fill_id": "f-1",
    "trade_id": "f-1",
    "order_id": "o-1",
    "ticker": MARKET["ticker"],
    "market_ticker": MARKET["ticker"],
    "exchange_index": 2,
    "side": "no",
    "action": "buy",
    "outcome_side": "no",
    "book_side": "ask",
    "count_fp": "5.00",
    "yes_price_dollars": "0.5700",
    "no_price_dollars": "0.4300",
    "is_taker": True,
    "fee_cost": "0.085800",
    "created_time": "2026-08-24T13:50:01.5Z",
}
TRADE: dict[str, Any] = {
    "trade_id": "t-1",
    "ticker": MARKET["ticker"],
    "count_fp": "22.56",
    "yes_price_dollars": "0.2100",
    "no_price_dollars": "0.7900",
    "taker_outcome_side": "yes",
    "taker_book_side": "bid",
    "created_time": "2026-09-19T01:20:00.25Z",
    "is_block_trade": False,
}


@cache
def _schemas() -> Schemas | None:
    return Schemas(SPEC_FILE.parent) if SPEC_FILE.exists() else None


def described(method: str, path: str, body: Any, status: int = 200) -> Reply:
    """A reply that the exchange could give."""
    schemas = _schemas()
    wrong = schemas.answer(method, path, status, body) if schemas else []
    assert wrong == []
    return Reply(status, body)


def answer(loopback: Loopback, method: str, path: str, *bodies: Any, status: int = 200) -> None:
    """Script these answers in turn; the last one stays."""
    loopback.on(method, path, *(described(method, path, body, status) for body in bodies))


def refusal(code: str, details: str = "") -> dict[str, Any]:
    """The wire's form of a refusal."""
    return {"error": {"code": code, "message": code.replace("_", " "), "details": details}}
