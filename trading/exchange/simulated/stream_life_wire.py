"""How the messages of `market_lifecycle_v2` look: the `msg` of each thing that happens to a market or to its event.

That a market opens and closes is not told: clients have its times (fact: the page on the market's life).
"""

from __future__ import annotations

from decimal import Decimal

from trading.exchange.simulated.about import about
from trading.exchange.simulated.fee_schedule import Terms
from trading.exchange.simulated.grids import Grid
from trading.exchange.simulated.windows import Verdict, Window
from trading.exchange.simulated.wire import Json, dollars4
from trading.exchange.simulated.wire_market import EXPECTED_AFTER, number, price_levels


def event_created(window: Window) -> Json:
    """The event of a market, told when it is listed."""
    said = about(window, None)
    quarter: Json = {} if window.about else {"strike_period": "15min"}
    return {
        "event_ticker": window.event_ticker,
        "exchange_index": window.exchange_index,
        "title": said.event_title,
        "subtitle": said.event_sub_title,
        "collateral_return_type": said.collateral,
        "series_ticker": window.series.ticker,
        "strike_date": int(window.close_time.timestamp()),
        **quarter,
    }


def fee_updated(window: Window, terms: Terms) -> Json:
    return {
        "event_ticker": window.event_ticker,
        "fee_type_override": terms.fee_type,
        "fee_multiplier_override": number(terms.fee_multiplier),
    }


def created(window: Window) -> Json:
    said = about(window, None)
    strikes = {"floor_strike": said.floor_strike, "cap_strike": said.cap_strike}
    return {
        "event_type": "created",
        "market_ticker": window.ticker,
        "exchange_index": window.exchange_index,
        "open_ts": int(window.open_time.timestamp()),
        "close_ts": int(window.close_time.timestamp()),
        **price_levels(window.grid),
        "additional_metadata": {
            "title": said.title,
            "yes_sub_title": said.yes_sub_title,
            "can_close_early": True,
            "event_ticker": window.event_ticker,
            "expected_expiration_ts": int((window.close_time + EXPECTED_AFTER).timestamp()),
            "strike_type": said.strike_type,
            **{name: number(strike) for name, strike in strikes.items() if strike is not None},
        },
    }


def regridded(window: Window, grid: Grid) -> Json:
    return {
        "event_type": "price_level_structure_updated",
        "market_ticker": window.ticker,
        **price_levels(grid),
    }


def metadata_updated(window: Window, strike: Decimal) -> Json:
    said = about(window, strike)
    return {
        "event_type": "metadata_updated",
        "market_ticker": window.ticker,
        "strike_type": said.strike_type,
        "floor_strike": float(strike),
        "custom_strike": {"round_digits": str(window.series.decimals)},
        "yes_sub_title": said.yes_sub_title,
    }


def determined(window: Window, verdict: Verdict) -> Json:
    return {
        "event_type": "determined",
        "market_ticker": window.ticker,
        "result": verdict.result,
        "determination_ts": int(verdict.determined_at.timestamp()),
        "settlement_value": dollars4(verdict.value),
    }


def settled(window: Window, verdict: Verdict) -> Json:
    settled_ts = int(verdict.settled_at.timestamp())
    return {"event_type": "settled", "market_ticker": window.ticker, "settled_ts": settled_ts}
