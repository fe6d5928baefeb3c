"""What anybody may read of the exchange itself: its state, times and costs, and the index passthrough."""

from __future__ import annotations

from datetime import timedelta

from trading.exchange.simulated import wire, wire_market
from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.buckets import (
    COST_CANCEL,
    COST_DEFAULT,
    COST_PASSTHROUGH,
    READ_CAPACITY,
    READ_REFILL,
    USAGE_TIER,
    WRITE_CAPACITY,
    WRITE_REFILL,
)
from trading.exchange.simulated.venue import Venue

INDEX_VALUES = 60  # newest seconds in one answer (the live passthrough sends about an hour)


def exchange_status(venue: Venue, ask: Ask) -> Answer:
    return Answer(wire_market.exchange_status(venue.exchange_status()))


def exchange_schedule(venue: Venue, ask: Ask) -> Answer:
    return Answer(wire_market.schedule(venue.sync()))


def user_data_timestamp(venue: Venue, ask: Ask) -> Answer:
    return Answer({"as_of_time": wire.rfc3339(venue.sync())})


def clock(venue: Venue, ask: Ask) -> Answer:
    """This exchange's own: its time and how fast that runs, for a client in another process."""
    return Answer({"now": wire.rfc3339(venue.sync()), "speed": float(getattr(venue.clock, "speed", 1.0))})


def endpoint_costs(venue: Venue, ask: Ask) -> Answer:
    orders = "/trade-api/v2/portfolio/events/orders"
    costs = [
        ("DELETE", orders, COST_CANCEL),
        ("DELETE", f"{orders}/{{order_id}}", COST_CANCEL),
        ("GET", "/trade-api/v2/cfbenchmarks/values", COST_PASSTHROUGH),
    ]
    listed = [{"method": method, "path": path, "cost": cost} for method, path, cost in costs]
    return Answer({"default_cost": COST_DEFAULT, "endpoint_costs": listed})


def account_limits(venue: Venue, ask: Ask) -> Answer:
    return Answer(
        {
            "usage_tier": USAGE_TIER,
            "read": {"refill_rate": READ_REFILL, "bucket_capacity": READ_CAPACITY},
            "write": {"refill_rate": WRITE_REFILL, "bucket_capacity": WRITE_CAPACITY},
            "grants": [],
        }
    )


def index_values(venue: Venue, ask: Ask) -> Answer:
    """The CF Benchmarks passthrough: the newest seconds of one index."""
    index_id, newest = ask.text("id"), venue.spot(ask.text("id"))
    found = {newest.seen_at: newest}
    for back in range(1, INDEX_VALUES):
        tick = venue.world.spot(index_id, newest.seen_at - timedelta(seconds=back))
        if tick:
            found[tick.seen_at] = tick
    values = [(wire.unix_ms(at), found[at].price) for at in sorted(found)]
    return Answer(wire_market.index_values(values, venue.now))
