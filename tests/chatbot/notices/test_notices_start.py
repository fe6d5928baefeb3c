"""What people are told at a start and of a low balance, on a phone."""

from __future__ import annotations

from datetime import UTC, timedelta

from fakes_pages import NOW, ago, d

from chatbot.notices.words import NoticeWriter, Where
from chatbot.render import WIDTH_MAX, columns, of_notice, plain
from trading.domain import events as ev
from trading.domain.absence import Away, Settled
from trading.domain.ledger import apply
from trading.domain.order import Mode
from trading.domain.records import Notice, Severity
from trading.domain.state import State


def told(event: ev.Event) -> Notice:
    before = State()
    (row,) = NoticeWriter(Where("attic", "demo", UTC))(event, before, apply(before, event).state)
    text = plain(of_notice(row, repeat=False, late_seconds=0))
    assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
    return row


def started(away: Away | None, *recovered: str) -> Notice:
    return told(ev.Started(NOW, Mode.REAL, "demo", recovered, away))


def test_after_an_absence_one_notice_says_what_happened() -> None:
    settled = (Settled(Mode.DRY_RUN, 1, 0, d("-4.75")), Settled(Mode.REAL, 3, 2, d("4.2525")))
    row = started(Away(ago(11_580), settled, 2), "order KXBTC15M-26OCT031015-15 was unknown, is canceled")
    assert (row.kind, row.severity, row.title) == ("start", Severity.NOTICE, "Back after 3 h 13 min")
    assert row.fields == (
        ("Trading", "ACTIVE"),
        ("Away", "10:52 to 14:05"),
        ("Settled", "1 trade, 0 won (DRY RUN)"),
        ("P&L", "-$4.75 (DRY RUN)"),
        ("Settled", "3 trades, 2 won (REAL)"),
        ("P&L", "+$4.2525 (REAL)"),
        ("Expired", "2 orders"),
        ("Recovered", "order KXBTC15M-26OCT031015-15 was unknown, is canceled"),
    )


def test_an_absence_of_days_says_the_day() -> None:
    row = started(Away(NOW - timedelta(days=2)))
    assert row.fields[1:] == (("Away", "01 Oct 14:05 to 14:05"), ("Settled", "nothing"))


def test_a_start_without_one_is_a_start() -> None:
    assert started(None).title == "Started"
    assert started(None).fields == (("Trading", "ACTIVE"),)


def test_a_low_balance_says_what_is_left_and_what_is_enough() -> None:
    row = told(ev.BalanceLow(NOW, Mode.DRY_RUN, d("15.2525"), d("4.7475"), d("20.01")))
    assert (row.kind, row.severity, row.mood) == ("balance", Severity.ALERT, "alert")
    assert row.title == "Balance is low: $20.00"
    assert row.fields == (("Cash", "$15.2525"), ("In bets", "$4.7475"), ("Enough", "$20.01, by LOW_BALANCE_USD"))
    assert "DRY RUN" in row.note
