"""Stale reads: each shows the account exactly as it was at the time that the exchange says."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.routes import ROUTES
from trading.exchange.simulated.routes_orders import create
from trading.exchange.simulated.spells import SPELL_SECONDS, Spells, spell_end, spell_start
from trading.exchange.simulated.stale import StaleReads
from trading.exchange.simulated.venue import Venue, open_venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
READS = (
    "/portfolio/orders",
    "/portfolio/fills",
    "/portfolio/positions",
    "/portfolio/balance",
    "/markets/{ticker}/orderbook",
)
AS_OF = "/exchange/user_data_timestamp"
HANDLERS = {route.path: route.handler for route in ROUTES if route.method == "GET"}


def body(number: int, side: str, price: str) -> bytes:
    return (
        f'{{"ticker":"{TICKER}","side":"{side}","count":"3.00","price":"{price}","exchange_index":2,'
        f'"time_in_force":"good_till_canceled","self_trade_prevention_type":"maker","client_order_id":"c{number}"}}'
    ).encode()


def shown(venue: Venue) -> list[Any]:
    """What the reads answer from that venue."""
    return [answer(venue, path) for path in READS]


def answer(venue: Venue, path: str) -> Any:
    """The payload of one read from that venue."""
    return HANDLERS[path](venue, Ask({"ticker": TICKER} if "{ticker}" in path else {})).payload


def seen(reads: StaleReads, path: str) -> Any:
    return answer(reads.seen("GET", path), path)


def as_of(reads: StaleReads) -> datetime:
    return datetime.fromisoformat(seen(reads, AS_OF)["as_of_time"])


ACTS = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=40),  # seconds that pass before it
        st.sampled_from([("bid", "0.9900"), ("ask", "0.0100"), ("bid", "0.0200"), ("ask", "0.9800"), None]),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(acts=ACTS, share=st.sampled_from([0.5, 1.0]))
def test_what_is_seen_is_what_was_at_the_time_that_is_told(
    acts: list[tuple[int, tuple[str, str] | None]], share: float
) -> None:
    """A second venue that lives the same life, and is looked at whenever a spell begins, is the witness."""
    clocks = VirtualClock(START), VirtualClock(START)
    lagging, witness = (open_venue(clock) for clock in clocks)
    reads, then = StaleReads(lagging, share, seed=5), {}
    told = START
    for number, (seconds, order) in enumerate(acts):
        until = clocks[0].now() + timedelta(seconds=seconds)
        while spell_end(clocks[1].now()) <= until:
            clocks[1].advance_to(spell_end(clocks[1].now()))
            then[clocks[1].now()] = shown(witness)
        for clock in clocks:
            clock.advance_to(until)
        for venue in (lagging, witness) if order else ():
            act(venue, number, *order)
        assert told <= as_of(reads) <= until
        told = as_of(reads)
        assert told in (until, spell_start(until))
        fitting = [then[told]] if told in then else []  # of a moment when a spell begins: before what is done in it
        fitting += [shown(witness)] if told == until else []
        assert [seen(reads, path) for path in READS] in fitting
    assert shown(lagging) == shown(witness)


def act(venue: Venue, number: int, side: str, price: str) -> None:
    with suppress(VenueError):  # no cash, or the market has closed: nothing changes then
        create(venue, Ask(body=body(number, side, price)))


def test_an_order_is_missing_until_the_next_spell_and_as_of_says_so() -> None:
    clock = VirtualClock(START + timedelta(seconds=1))
    venue = open_venue(clock)
    reads = StaleReads(venue, 1.0, seed=1)
    clock.advance_to(spell_end(clock.now()) + timedelta(seconds=2))
    placed = clock.now()
    create(venue, Ask(body=body(1, "bid", "0.9900")))
    assert seen(reads, "/portfolio/orders")["orders"] == []
    assert seen(reads, "/portfolio/fills")["fills"] == []
    assert as_of(reads) < placed
    clock.advance_to(spell_end(placed))
    assert [o["client_order_id"] for o in seen(reads, "/portfolio/orders")["orders"]] == ["c1"]
    assert seen(reads, "/portfolio/fills")["fills"] != []
    assert as_of(reads) > placed


def test_writes_and_other_reads_see_the_venue_itself() -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock)
    reads = StaleReads(venue, 1.0, seed=1)
    clock.advance_to(START + timedelta(seconds=SPELL_SECONDS))
    assert reads.seen("GET", "/portfolio/orders") is not venue
    for method, path in (("POST", "/portfolio/orders"), ("GET", "/markets"), ("GET", "/portfolio/settlements")):
        assert reads.seen(method, path) is venue


def test_a_jump_of_weeks_costs_one_turn() -> None:
    clock = VirtualClock(START)
    venue = open_venue(clock)
    reads, turns = StaleReads(venue, 1.0, seed=1), []
    reads._turn = lambda turn=reads._turn: (turns.append(venue.now), turn())  # type: ignore[method-assign,assignment,misc]
    clock.advance_to(START + timedelta(weeks=3))
    assert as_of(reads) == spell_start(clock.now())
    assert len(turns) <= 1


def test_spells_are_drawn_by_time_and_seed() -> None:
    moments = [START + timedelta(seconds=SPELL_SECONDS * n) for n in range(2000)]
    drawn = [Spells(0.3, 3, "floods").on(at) for at in moments]
    assert 0.25 < sum(drawn) / len(drawn) < 0.35
    assert drawn == [Spells(0.3, 3, "floods").on(at + timedelta(seconds=SPELL_SECONDS - 1)) for at in moments]
    assert drawn != [Spells(0.3, 4, "floods").on(at) for at in moments]
    assert drawn != [Spells(0.3, 3, "stale").on(at) for at in moments]
    assert not any(Spells(0.0, 3, "floods").on(at) for at in moments)
