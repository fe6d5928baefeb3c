"""Order groups on the wire: create, list, look up, trigger, reset, change the limit, delete.

A shard that is not named is 0, as everywhere in these operations: a crypto group has to be named with its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Answer, Ask, primary
from trading.exchange.simulated.buckets import COST_DEFAULT
from trading.exchange.simulated.groups import group_limit
from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.units import count_units, parsed
from trading.exchange.simulated.venue import SHARDS, Venue


class LimitBody(msgspec.Struct, forbid_unknown_fields=True):
    contracts_limit: int | None = None
    contracts_limit_fp: str | None = None


class GroupBody(LimitBody, forbid_unknown_fields=True):
    subaccount: int | None = None
    exchange_index: int | None = None


def create(venue: Venue, ask: Ask) -> Answer:
    body = ask.decoded(GroupBody)
    shard = body.exchange_index or 0
    if body.subaccount or shard not in SHARDS:
        raise invalid_parameters("this exchange has no such subaccount or shard")
    limit = _limit(body)
    group = venue.act(lambda: venue.groups.create(limit, shard, venue.now))
    return Answer({"order_group_id": group.group_id, "subaccount": 0, "exchange_index": shard}, 201)


def groups(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.sync()
    return Answer({"order_groups": [wire.order_group(g) for g in venue.account.groups.values()]})


def group(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.sync()
    found = venue.groups.find(ask.path["order_group_id"])
    shown = wire.order_group(found)
    del shown["id"]
    return Answer({**shown, "orders": [o.order_id for o in venue.groups.resting(found.group_id)]})


def trigger(venue: Venue, ask: Ask) -> Answer:
    return _changed(venue, ask, venue.groups.trigger)


def reset(venue: Venue, ask: Ask) -> Answer:
    return _changed(venue, ask, venue.groups.reset)


def delete(venue: Venue, ask: Ask) -> Answer:
    return _changed(venue, ask, venue.groups.delete)


def set_limit(venue: Venue, ask: Ask) -> Answer:
    limit = _limit(ask.decoded(LimitBody))
    return _changed(venue, ask, lambda group_id, shard, at: venue.groups.set_limit(group_id, shard, limit, at))


def bill(venue: Venue, ask: Ask) -> None:
    """A write on the bucket of the shard that the query names."""
    venue.meter.write(COST_DEFAULT, venue.sync(), ask.number("exchange_index") or 0)


def _changed(venue: Venue, ask: Ask, change: Callable[[str, int, datetime], None]) -> Answer:
    """Do it to the group that is named; the answer is an empty object."""
    primary(ask)
    shard = ask.number("exchange_index") or 0
    venue.act(lambda: change(ask.path["order_group_id"], shard, venue.now))
    return Answer({})


def _limit(body: LimitBody) -> int:
    try:
        units = None if body.contracts_limit_fp is None else count_units(parsed(body.contracts_limit_fp))
    except ValueError as problem:
        raise invalid_parameters(str(problem)) from problem
    return group_limit(body.contracts_limit, units)
