"""Which coin and which index a fifteen-minute series is about.

Series are named `KX<COIN>15M`; KXBTC15M settles on BRTI, the others on `<COIN>USD_RTI` of CF Benchmarks. Source: the
exchange's rules of these series.
"""

from __future__ import annotations

import re

from trading.domain.errors import Misconfigured

_SERIES = re.compile(r"KX([A-Z0-9]+?)15M(?:-.*)?")


def coin_of(series: str) -> str:
    """`BTC` for `KXBTC15M` (or a ticker of it). Raises Misconfigured for a series of another kind."""
    match = _SERIES.fullmatch(series)
    if match is None:
        raise Misconfigured(f"KALSHI_EVENT_TICKER_PREFIX is {series!r}: a spot price needs a series such as KXBTC15M")
    return match.group(1)


def index_of(series: str) -> str:
    """`BRTI` for `KXBTC15M`, `ETHUSD_RTI` for `KXETH15M`. Raises Misconfigured."""
    coin = coin_of(series)
    return "BRTI" if coin == "BTC" else f"{coin}USD_RTI"
