"""What people are told of the account beside the course of trading: once, with the old figure and the new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pytest
from fakes_pages import NOW, d, trade

from chatbot.notices.words import NoticeWriter, Where
from chatbot.render import WIDTH_MAX, columns, of_notice, plain
from trading.domain import events as ev
from trading.domain.account_records import CashDirection, CashFlow
from trading.domain.ledger import apply
from trading.domain.records import Notice
from trading.domain.state import State
from trading.domain.trade import TradeOutcome

DEPOSIT = CashFlow("d1", CashDirection.DEPOSIT, "applied", "ach", d("120.55"), d("0"), NOW, NOW)
RETURNED = CashFlow("d1", CashDirection.DEPOSIT, "returned", "debit", d("120.55"), d("2.41"), NOW, NOW)
WITHDRAWAL = CashFlow("w1", CashDirection.WITHDRAWAL, "applied", "wire", d("1000"), d("0"), NOW, NOW)


def told(event: ev.Event) -> tuple[Notice, str]:
    """The one notice of an event, and how it reads on a phone."""
    before = State()
    notices: Sequence[Notice] = NoticeWriter(Where("attic", "demo", UTC))(event, before, apply(before, event).state)
    (notice,) = notices
    text = plain(of_notice(notice, repeat=False, late_seconds=0))
    assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
    return notice, text


def test_a_correction_says_what_was_and_what_is() -> None:
    closed = trade(1)
    assert closed.outcome is TradeOutcome.WIN
    notice, text = told(ev.ResultAmended(NOW, closed, d(0)))
    assert notice.title == "CORRECTED to -$4.7475"
    assert (notice.kind, notice.trade_id) == ("settlement", closed.trade_id)
    for part in ("WIN +$4.2525", "$0.00 in place of", "$9.00"):
        assert part in text


@pytest.mark.parametrize(
    ("flow", "amount", "title", "parts"),
    [
        (DEPOSIT, "120.55", "Deposit +$120.55", ("ach, applied", "not part of it")),
        (RETURNED, "-120.55", "Deposit -$120.55", ("debit, returned", "$2.41")),
        (WITHDRAWAL, "-1000", "Withdrawal -$1,000.00", ("wire, applied",)),
    ],
)
def test_cash_that_comes_and_goes_is_told_and_is_no_profit(
    flow: CashFlow, amount: str, title: str, parts: tuple[str, ...]
) -> None:
    event = ev.CashMoved(NOW, flow, d(amount))
    notice, text = told(event)
    assert (notice.title, notice.kind) == (title, "cash")
    assert all(part in text for part in parts)
    assert apply(State(), event).state == State()
