"""The parameters of `GET /markets` as a filter, and the combinations that the exchange refuses.

Bounds of one kind of time exclude those of the others, and each goes with certain states only; bounds of the update
time go with nothing but `mve_filter=exclude` and, with that, a series (the page of the operation, 3.34).
"""

from __future__ import annotations

from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.refusals import invalid_parameters

STATES_OF = {  # the states that go with bounds of that time
    "created": ("", "unopened", "open"),
    "close": ("", "closed"),
    "settled": ("", "settled"),
    "updated": ("",),
}
MVE_FILTERS = ("", "only", "exclude")


def market_filter(ask: Ask) -> MarketFilter:
    """What a request asks for. Raises VenueError 400."""
    _check(ask)
    return MarketFilter(
        series=ask.text("series_ticker"),
        event=ask.text("event_ticker"),
        tickers=ask.words("tickers"),
        status=ask.text("status"),
        closes_after=ask.time("min_close_ts"),
        closes_before=ask.time("max_close_ts"),
        settled_after=ask.time("min_settled_ts"),
        settled_before=ask.time("max_settled_ts"),
        created_after=ask.time("min_created_ts"),
        created_before=ask.time("max_created_ts"),
        updated_after=ask.time("min_updated_ts"),
        updated_before=ask.time("max_updated_ts"),
    )


def _check(ask: Ask) -> None:
    if ask.text("mve_filter") not in MVE_FILTERS:
        raise invalid_parameters("mve_filter must be only or exclude")
    bounded = [kind for kind in STATES_OF if ask.text(f"min_{kind}_ts") or ask.text(f"max_{kind}_ts")]
    if len(bounded) > 1:
        raise invalid_parameters(f"timestamp filters exclude each other: {', '.join(bounded)}")
    for kind in bounded:
        if ask.text("status") not in STATES_OF[kind]:
            raise invalid_parameters(f"{kind} filters do not go with status {ask.text('status')}")
    if "updated" in bounded:
        _check_updated(ask)


def _check_updated(ask: Ask) -> None:
    if ask.text("tickers") or ask.text("event_ticker"):
        raise invalid_parameters("updated filters go with no other filter")
    if ask.text("series_ticker") and ask.text("mve_filter") != "exclude":
        raise invalid_parameters("updated filters with a series_ticker need mve_filter=exclude")
