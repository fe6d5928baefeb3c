"""The watch looked at directly: what it says, to whom the day belongs, and the edges of its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

from tests.trading.build import market
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.events import Event, HaltCleared, HaltRaised, LossReached
from trading.domain.intent import View
from trading.domain.order import Mode
from trading.domain.records import Notice
from trading.domain.state import LossTold, Reason, State, Totals
from trading.engine.watch import STALE_SECONDS, Watch

D = Decimal
TODAY = START.date()
SHUT = View(START, None, None, None)
SILENT = View(START, market(), None, None)
GONE = START + timedelta(seconds=STALE_SECONDS + 1)


def watched(loss: str = "0", limit: str = "25") -> tuple[Rig, Watch, list[Event]]:
    """A watch over a day's loss; all that has happened."""
    heard: list[Event] = []

    def hear(event: Event, *_: object) -> Sequence[Notice]:
        heard.append(event)
        return ()

    r = rig(state=State(totals={Mode.REAL: Totals(day=TODAY, day_profit=-D(loss))}), notices=hear)
    r.broker.limits = replace(r.broker.limits, daily_loss_limit_usd=D(limit))
    return r, Watch(r.broker), heard


def looked(loss: str, limit: str = "25") -> list[Event]:
    _, watch, heard = watched(loss, limit)
    watch.look(SHUT, START)
    return heard


def test_the_loss_is_told_with_its_figures_and_at_the_limit_it_halts() -> None:
    assert looked("1") == []
    assert looked("20") == [LossReached(START, Mode.REAL, LossTold(TODAY, 80), D(20), D(25))]
    halt = HaltRaised(START, Reason.DAY_LOSS, "engine", "lost $25.50 today, the limit is $25.00")
    assert looked("25.50") == [LossReached(START, Mode.REAL, LossTold(TODAY, 100), D("25.50"), D(25)), halt]


def test_a_limit_of_nothing_is_reached_by_a_cent_and_by_no_gain() -> None:
    assert looked("0", "0") == []
    assert looked("-1", "0") == []
    assert [type(event) for event in looked("0.01", "0")] == [LossReached, HaltRaised]


def test_the_day_is_the_owners() -> None:
    r, watch, heard = watched("20")
    r.book.zone = timezone(timedelta(hours=12))
    watch.look(SHUT, START)
    assert heard == [], "there the day of that loss is over"


def test_silence_is_told_by_its_parts_and_its_end_once() -> None:
    r, watch, heard = watched()
    watch.look(SILENT, START)
    watch.look(SILENT, GONE)
    r.clock.advance_to(GONE)
    watch.look(SHUT, GONE)
    watch.look(SHUT, GONE)
    said = f"no spot price and no quote for {STALE_SECONDS:g} s"
    assert heard == [
        HaltRaised(START, Reason.STALE_FEED, "engine", said),
        HaltCleared(GONE, Reason.STALE_FEED, "engine"),
    ]
