"""What is told once: a report a day, a low balance until there was enough; over restarts too."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tests.fakes import MemoryStore, plain_notices
from tests.trading.build import OPEN
from trading.domain.events import BalanceEnough, BalanceLow, Event, ReportDue
from trading.domain.ledger import apply
from trading.domain.order import Mode
from trading.domain.state import State
from trading.engine.book import Book
from trading.engine.loading import load_state

MONDAY = date(2026, 1, 5)
LOW = BalanceLow(OPEN, Mode.REAL, Decimal("17.25"), Decimal("1.5"), Decimal(20))


def due(day: date = MONDAY, period: str = "day") -> ReportDue:
    return ReportDue(OPEN, period, day, None)


def test_a_days_report_is_news_once_and_an_earlier_days_never() -> None:
    state = apply(State(), due()).state
    assert state.reported == {"day": MONDAY}
    assert apply(state, due()).puts == ()
    assert apply(state, due(MONDAY - timedelta(days=1))).state is state
    assert apply(state, due(MONDAY + timedelta(days=1))).state.reported["day"] == MONDAY + timedelta(days=1)
    assert apply(state, due(period="week")).state.reported == {"day": MONDAY, "week": MONDAY}


def test_a_restart_knows_what_was_told() -> None:
    store = MemoryStore()
    book = Book(store, State(), plain_notices)
    steps: list[Event] = [due(), due(period="week"), LOW]
    book.record(*steps)
    assert load_state(store, OPEN, Mode.REAL) == book.state
    assert book.state.balance_low == {Mode.REAL}
    book.record(BalanceEnough(OPEN, Mode.REAL))
    assert load_state(store, OPEN, Mode.REAL) == book.state
    assert book.state.balance_low == frozenset()
