"""The fee terms of the watched market: read with its series and event, announced changes at their time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from tests.fakes import GivenFeed, ScriptedExchange
from tests.trading.build import OPEN, TICKER, market, quote
from trading.clock import VirtualClock
from trading.domain.errors import NotFound, Unavailable
from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.intent import Intent
from trading.domain.market import Outcome
from trading.domain.reference import Event, FeeChange, Series
from trading.domain.state import State
from trading.engine.fee_watch import FEES_SECONDS, FeeWatch
from trading.engine.observer import Observer
from trading.risk.checks import worst_case
from trading.risk.gate import Context, Identity, Ticket, judge
from trading.risk.limits import Limits

START = OPEN + timedelta(seconds=90)
EVENT = market().event_ticker
DOUBLE = FeeTerms("quadratic", Decimal(2))


def event(**overrides: object) -> Event:
    return Event(EVENT, "KXBTC15M", "Bitcoin", "", True, **overrides)  # type: ignore[arg-type]


@dataclass
class GivenListings:
    """ports.FeeListings of one series."""

    multiplier: Decimal = Decimal(1)
    listed: Event | None = field(default_factory=event)
    changes: list[FeeChange] = field(default_factory=list)
    down: Exception | None = None
    asked: int = 0

    async def series(self, ticker: str) -> Series:
        self.asked += 1
        if self.down:
            raise self.down
        return Series(ticker, "Bitcoin", "Crypto", "fifteen_min", "quadratic", self.multiplier)

    async def event(self, ticker: str) -> Event:
        if self.listed is None:
            raise NotFound(ticker)
        return self.listed

    async def series_fee_changes(self, series: str = "") -> list[FeeChange]:
        return [c for c in self.changes if not c.event_ticker]

    async def event_fee_changes(self, event: str = "") -> list[FeeChange]:
        return [c for c in self.changes if c.event_ticker == event]


def watching(listings: GivenListings) -> tuple[Observer, VirtualClock]:
    clock = VirtualClock(START)
    exchange = ScriptedExchange(clock)
    exchange.known, exchange.quotes = {TICKER: market()}, {TICKER: quote(at=START)}
    fees = FeeWatch(listings, clock, "KXBTC15M")
    return Observer(exchange, GivenFeed(clock, Decimal(90000)), clock, "KXBTC15M", fees=fees), clock


async def terms(observer: Observer) -> FeeTerms:
    view = await observer.look()
    assert view.market
    return view.market.fees


async def test_the_series_terms_reach_the_market() -> None:
    observer, _ = watching(GivenListings(multiplier=Decimal("0.5")))
    assert await terms(observer) == FeeTerms("quadratic", Decimal("0.5"))


async def test_an_events_own_terms_come_first() -> None:
    listings = GivenListings(listed=event(fee_multiplier_override=Decimal(2)))
    observer, _ = watching(listings)
    assert await terms(observer) == DOUBLE


async def test_an_announced_change_holds_from_its_time_on_without_asking_again() -> None:
    listings = GivenListings()
    listings.changes = [FeeChange("c1", "KXBTC15M", "quadratic", Decimal(2), START + timedelta(seconds=30))]
    observer, clock = watching(listings)
    assert await terms(observer) == QUADRATIC
    clock.advance_to(START + timedelta(seconds=30))
    assert await terms(observer) == DOUBLE
    assert listings.asked == 1


async def test_a_change_that_nobody_announced_is_seen_after_a_while() -> None:
    listings = GivenListings()
    observer, clock = watching(listings)
    await observer.look()
    listings.multiplier = Decimal(2)
    assert await terms(observer) == QUADRATIC
    clock.advance_to(START + timedelta(seconds=FEES_SECONDS))
    assert await terms(observer) == DOUBLE


async def test_terms_that_cannot_be_read_stay_and_are_a_problem() -> None:
    listings = GivenListings(multiplier=Decimal(2))
    observer, clock = watching(listings)
    await observer.look()
    listings.down = Unavailable("gone")
    clock.advance_to(START + timedelta(seconds=FEES_SECONDS))
    assert await terms(observer) == DOUBLE
    assert observer.problems["fees"] == "gone"
    listings.down = None
    await observer.look()
    assert "fees" not in observer.problems


async def test_an_event_that_is_not_listed_has_its_series_terms() -> None:
    listings = GivenListings(multiplier=Decimal(2), listed=None)
    observer, _ = watching(listings)
    assert [await terms(observer), await terms(observer)] == [DOUBLE, DOUBLE]
    assert listings.asked == 1


def test_the_gate_counts_by_the_markets_own_terms() -> None:
    wish = Intent("consensus", TICKER, Outcome.YES, Decimal("0.50"), Decimal(10), "both say yes")
    costs = []
    for fees in (QUADRATIC, DOUBLE, FeeTerms("quadratic", Decimal(0))):
        context = Context(START, State(), Limits(), market(fees=fees), quote(at=START))
        verdict = judge(wish, context, Identity("k1234567", "simulated"))
        assert isinstance(verdict, Ticket)
        costs.append(worst_case(verdict.order))
    assert costs == [Decimal("5.175"), Decimal("5.35"), Decimal("5")]
