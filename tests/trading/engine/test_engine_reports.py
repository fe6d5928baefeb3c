"""Reports: what a day or a week came to; told by themselves once a day, whatever restarts and absences do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import fill, order
from tests.trading.engine.rig import Rig, rig
from trading.domain.events import (
    CommandAnswered,
    Event,
    HaltCleared,
    HaltRaised,
    MarketSettled,
    OrderAcknowledged,
    OrderFilled,
    OrderIntended,
    ReportDue,
)
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import Notice
from trading.domain.state import Reason, State
from trading.engine.loading import load_state
from trading.engine.reports import Digests, Reports, moment

EVENING = time(20)
SUNDAY, MONDAY = date(2026, 1, 11), date(2026, 1, 12)
NEW_YORK = ZoneInfo("America/New_York")


class Told:
    """Takes what the book records about reports."""

    def __init__(self) -> None:
        self.reports: list[ReportDue] = []

    def __call__(self, event: Event, before: State, after: State) -> list[Notice]:
        if isinstance(event, ReportDue) and event.report and before.reported != after.reported:
            self.reports.append(event)
        return []

    @property
    def days(self) -> list[tuple[str, date]]:
        return [(each.period, each.day) for each in self.reports]


def wired(
    at: datetime, told: Told, of: Rig | None = None, zone: tzinfo = UTC, hour: time = EVENING
) -> tuple[Rig, Digests]:
    """A bot that starts then, on the store of another one."""
    state = load_state(of.store, at, Mode.REAL) if of else None
    r = rig(store=of.store if of else None, state=state, notices=told)
    r.clock.advance_to(at)
    r.book.zone = zone
    return r, Digests(r.desk.reports, r.cycle, hour)


def bet(r: Rig, name: str, closed: datetime, result: str) -> None:
    """Ten YES at 50 cents, with a fee of 17.5 cents."""
    placed = order(client_order_id=name, order_id=f"x{name}", ticker=f"T-{name}", created_at=closed)
    r.book.record(
        OrderIntended(closed, placed),
        OrderAcknowledged(closed, name, f"x{name}", OrderStatus.RESTING, Decimal(0)),
        OrderFilled(closed, fill(placed, key=f"f{name}")),
        MarketSettled(closed, placed.ticker, Mode.REAL, result, Decimal(int(result == "yes"))),
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


# --- when -----------------------------------------------------------------------------------------------------------


async def test_the_first_evening_of_all_has_nothing_to_tell() -> None:
    told = Told()
    _, digests = wired(at(SUNDAY, 21), told)
    await digests.look()
    await digests.look()
    assert told.days == []


async def test_each_day_is_told_once_at_its_hour_and_mondays_the_week_with_it() -> None:
    told = Told()
    r, digests = wired(at(SUNDAY, 12), told)
    for _ in range(4 * 24 * 9):
        await digests.look()
        r.clock.advance_to(r.clock.now() + timedelta(minutes=15))
    days = [day for period, day in told.days if period == "day"]
    assert days == [SUNDAY + timedelta(days=n) for n in range(9)]
    assert [day for period, day in told.days if period == "week"] == [MONDAY, MONDAY + timedelta(days=7)]
    assert all(each.at - moment(each.day, EVENING, UTC) < timedelta(minutes=15) for each in told.reports)


async def test_a_restart_tells_nothing_again_and_after_an_absence_only_the_last_one() -> None:
    told = Told()
    first, digests = wired(at(SUNDAY, 12), told)
    await digests.look()
    first.clock.advance_to(at(SUNDAY, 20))
    await digests.look()
    second, digests = wired(at(SUNDAY, 20, 1), told, first)
    await digests.look()
    assert told.days == [("day", SUNDAY)]
    _, digests = wired(at(SUNDAY + timedelta(days=12), 9), told, second)
    await digests.look()
    assert told.days[1:] == [("day", SUNDAY + timedelta(days=11)), ("week", MONDAY + timedelta(days=7))]


async def test_another_hour_or_time_zone_makes_no_second_one_on_the_same_day() -> None:
    told = Told()
    r, digests = wired(at(MONDAY, 12), told)
    await digests.look()
    r.clock.advance_to(at(MONDAY, 20))
    await digests.look()
    later, digests = wired(at(MONDAY, 20, 30), told, r, hour=time(20, 15))
    await digests.look()
    _, digests = wired(at(MONDAY, 20, 45), told, later, zone=NEW_YORK, hour=time(15))
    await digests.look()
    assert [day for period, day in told.days if period == "day"] == [MONDAY]


@given(
    st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=9)), max_size=12),
    st.sampled_from([UTC, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]),
    st.times(),
)
async def test_whatever_the_pauses_no_day_comes_twice_and_none_before_its_hour(
    pauses: list[timedelta], zone: tzinfo, hour: time
) -> None:
    told, before = Told(), cast(Rig | None, None)
    now = at(SUNDAY, 12)
    for pause in pauses:
        before, digests = wired(now, told, before, zone, hour)
        await digests.look()
        now += pause
    assert len(set(told.days)) == len(told.days)
    for each in told.reports:
        assert moment(each.day, hour, zone) <= each.at
        assert each.report is not None
        assert each.report.until == moment(each.day, hour, zone)
        assert (
            timedelta(0)
            <= each.at - each.report.until
            < (timedelta(hours=25) if each.period == "day" else timedelta(hours=169))
        )


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (MONDAY, 24)])
async def test_a_day_reaches_from_the_hour_to_the_same_hour_also_where_the_clock_leaps(day: date, hours: int) -> None:
    told = Told()
    r, digests = wired(moment(day - timedelta(days=1), EVENING, NEW_YORK), told, zone=NEW_YORK)
    await digests.look()
    r.clock.advance_to(moment(day, EVENING, NEW_YORK))
    await digests.look()
    report = told.reports[0].report
    assert report is not None
    assert report.until - report.since == timedelta(hours=hours)


# --- what -----------------------------------------------------------------------------------------------------------


async def test_it_holds_what_was_closed_between_its_hours_and_how_things_stand() -> None:
    told = Told()
    r, digests = wired(at(SUNDAY, 12), told)
    await digests.look()
    for name, closed, result in (
        ("early", at(SUNDAY, 20), "yes"),
        ("night", at(SUNDAY, 23), "no"),
        ("day", at(MONDAY, 19, 59), "yes"),
        ("late", at(MONDAY, 20, 1), "yes"),
    ):
        bet(r, name, closed, result)
    r.book.record(HaltRaised(at(SUNDAY, 19), Reason.PAUSED, "Ann"), HaltCleared(at(SUNDAY, 19), Reason.PAUSED, "Ann"))
    for minute in (1, 2):
        r.book.record(
            HaltRaised(at(MONDAY, 3, minute), Reason.STALE_FEED, "engine"),
            HaltCleared(at(MONDAY, 3, minute), Reason.STALE_FEED, "engine"),
        )
    r.book.record(
        HaltRaised(at(MONDAY, 4), Reason.MANUAL, "Ann"), CommandAnswered(at(MONDAY, 4), "Ann", "telegram", "halt", "")
    )
    r.clock.advance_to(at(MONDAY, 20, 2))
    await digests.look()
    report = told.reports[0].report
    assert report is not None
    assert (report.since, report.until) == (at(SUNDAY, 20), at(MONDAY, 20))
    assert (report.tally.wins, report.tally.trades, report.tally.fees) == (1, 2, Decimal("0.350"))
    assert report.tally.profit == Decimal("4.825") - Decimal("5.175")
    assert report.today == 2 * Decimal("4.825"), "of the calendar day, the late one too"
    assert report.halts == (("stale_feed", 2), ("manual", 1))
    assert report.stands == ("manual",)
    assert report.strategies == (("consensus", True),)
    newest = r.store.tail("audit", 1)[0]
    assert report.audit == (newest.seq, newest.digest)  # type: ignore[union-attr]
    assert told.reports[1].report is not None
    assert (told.reports[1].period, told.reports[1].report.tally.trades) == ("week", 3)


async def test_one_that_is_asked_for_ends_now() -> None:
    r, _ = wired(at(MONDAY, 21), Told())
    bet(r, "yesterday", at(SUNDAY, 20), "yes")
    bet(r, "late", at(MONDAY, 20, 30), "no")
    reports = Reports(r.cycle, r.desk.history)
    day, week = await reports.latest("day"), await reports.latest("week")
    assert (day.since, day.until, day.tally.trades) == (at(SUNDAY, 21), at(MONDAY, 21), 1)
    assert (week.tally.trades, week.audit) == (2, (0, ""))
    assert (await r.desk.report("week")).report == week
