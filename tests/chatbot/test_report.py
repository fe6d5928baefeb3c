"""The daily and the weekly report: their words, their picture, and that a picture never holds up the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from fakes_charts import PNG, FakeCharts
from fakes_chat import OPERATOR, VIEWER, FakeDesk, chat
from fakes_outbox import notice
from fakes_pages import NOW, d, equity_page, report_of

from chatbot.charts.data import Bars, Curve
from chatbot.charts.drawing import Undrawn
from chatbot.notices.words import NoticeWriter, Where
from chatbot.render import WIDTH_MAX, columns, of_notice, plain
from chatbot.report import Illustrator
from trading.domain import events as ev
from trading.domain.errors import StoreRefused
from trading.domain.ledger import apply
from trading.domain.records import Notice, Severity
from trading.domain.report import Report
from trading.domain.state import State
from trading.domain.statistics import Tally

WRITER = NoticeWriter(Where("attic", "demo", UTC))


def told(report: Report | None, before: State | None = None) -> list[Notice]:
    before = before or State()
    event = ev.ReportDue(NOW, report.period if report else "day", NOW.date(), report)
    return list(WRITER(event, before, apply(before, event).state))


def on_a_phone(row: Notice) -> str:
    text = plain(of_notice(row, repeat=False, late_seconds=0))
    assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
    return text


# --- the notice -----------------------------------------------------------------------------------------------------


def test_a_days_report_says_it_all() -> None:
    (row,) = told(report_of("day"))
    assert (row.kind, row.severity, row.mood) == ("report", Severity.NOTICE, "loss")
    assert row.title == "Daily report: -$1,000.34"
    said = dict(row.fields)
    assert said["From"] == "Fri 02 Oct 14:05"
    assert said["To"] == "Sat 03 Oct 14:05"
    assert said["Profit"] == "-$1,000.345"
    assert said["Today"] == "+$12.4037"
    assert said["Open"] == "1 trade, $4.75 at risk"
    assert said["Halted"] == "stale_feed 2 times, manual"
    assert said["Halted now"] == "manual"
    assert said["Strategy"] == "consensus on, momentum OFF"
    assert said["Audit"] == "entry 12, 3fa8c1d2e4b5"
    assert "are needed" in said["Edge"]
    assert "attic · REAL · demo" in on_a_phone(row)


def test_a_quiet_week_is_told_as_quiet() -> None:
    quiet = report_of("week", tally=Tally(), halts=(), stands=(), strategies=(), audit=(0, ""), open_trades=0)
    (row,) = told(quiet)
    said = dict(row.fields)
    assert (row.title, row.mood) == ("Weekly report: $0.00", "plain")
    assert said["Wins"] == "0 of 0 trades (-)"
    assert said["Edge"] == "No trade has won or lost yet: nothing can be said."
    assert (said["Halted"], said["Strategy"], said["Audit"]) == ("never", "none", "no entry yet")
    assert "Halted now" not in said
    assert "Others" not in said
    on_a_phone(row)


def test_what_was_told_is_not_told_again_and_the_first_hour_has_nothing_to_tell() -> None:
    assert told(None) == []
    assert told(report_of("day"), State(reported={"day": NOW.date()})) == []
    assert len(told(report_of("week"), State(reported={"day": NOW.date()}))) == 1


# --- its picture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "kind", "title"), [("day", Curve, "this week"), ("week", Bars, "this month")])
async def test_a_report_goes_with_a_picture_of_its_time(period: str, kind: type, title: str) -> None:
    charts = FakeCharts()
    (row,) = told(report_of(period))
    picture = await Illustrator(FakeDesk(), charts.draw, UTC)(row)
    assert picture is not None
    assert picture.png == PNG
    assert isinstance(charts.asked[0], kind)
    assert charts.asked[0].head.title.endswith(title)


@pytest.mark.parametrize("broken", [Undrawn("no paper left"), StoreRefused("an archive cannot be read")])
async def test_without_its_picture_it_still_goes(broken: Exception) -> None:
    charts = FakeCharts()
    charts.broken = broken
    (row,) = told(report_of("day"))
    assert await Illustrator(FakeDesk(), charts.draw, UTC)(row) is None


async def test_nothing_is_drawn_for_other_notices_nor_of_nothing() -> None:
    charts, desk = FakeCharts(), FakeDesk()
    assert await Illustrator(desk, charts.draw, UTC)(notice(1)) is None
    desk.equity_page = equity_page([])
    (row,) = told(report_of("day"))
    assert await Illustrator(desk, charts.draw, UTC)(row) is None
    assert charts.asked == []


# --- /report --------------------------------------------------------------------------------------------------------


async def test_report_is_the_same_when_asked_for() -> None:
    c = chat()
    reply = await c.answer("/report", OPERATOR)
    (row,) = told(report_of("day"))
    assert (reply.title, reply.fields, reply.mood) == (row.title, row.fields, row.mood)
    assert reply.picture is not None
    assert [button.line for button in reply.buttons] == ["/report day", "/report week"]
    assert (await c.answer("/report week", OPERATOR)).title.startswith("Weekly report")


async def test_it_is_the_operators() -> None:
    reply = await chat().answer("/report", VIEWER)
    assert reply.failed
    assert "operator" in reply.note


async def test_its_words_come_without_a_picture_too() -> None:
    c = chat()
    c.charts.broken = Undrawn("the picture took longer than 20 s: try again")
    reply = await c.answer("/report", OPERATOR)
    assert (reply.picture, reply.failed) == (None, False)
    assert reply.note == "No picture: the picture took longer than 20 s: try again."
    c.desk.equity_page = equity_page([])
    assert (await c.answer("/report", OPERATOR)).note == ""


async def test_a_gain_is_one() -> None:
    c = chat()
    c.desk.report_page = replace(c.desk.report_page, report=report_of("day", tally=Tally(profit=d("3.5"))))
    reply = await c.answer("/report", OPERATOR)
    assert (reply.mood, reply.title) == ("gain", "Daily report: +$3.50")
