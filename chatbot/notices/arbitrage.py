"""What people are told of an arbitrage: both prices, both fees, the gain, and what no price shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from chatbot.formats import exact_money, gain, number, price
from chatbot.notices.said import Said
from trading.domain.opportunity import OpportunitySeen
from trading.domain.records import Severity
from trading.domain.state import State


def opportunity(event: OpportunitySeen, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """Two legs that cost less than they pay; nothing was bought unless it says so."""
    legs = zip(event.legs, event.prices, event.fees, strict=True)
    fields = (
        *(
            (f"Leg {at}", f"{leg} at {price(cost)} + {exact_money(fee)} fee")
            for at, (leg, cost, fee) in enumerate(legs, 1)
        ),
        ("Count", f"{number(event.count)} of each"),
        ("Gain", f"{gain(event.gain, exact_money)} if both are bought so"),
        ("Done", event.done or "nothing bought: it reports"),
        ("Risk", event.risk),
    )
    yield Said("arbitrage", Severity.NOTICE, f"OPPORTUNITY {event.pair}", after.mode, fields)
