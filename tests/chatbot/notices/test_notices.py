"""What people are told about each event: driven through the real ledger, as the engine does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from fakes_outbox import notice
from fakes_pages import MARKET, NOW, TICKER, ago, d, order

from chatbot.notices.words import NoticeWriter, Where, bare, digest
from chatbot.render import WIDTH_MAX, columns, of_notice, plain
from trading.domain import events as ev
from trading.domain.error_counts import ERROR_CODES_MAX
from trading.domain.ledger import apply
from trading.domain.order import Fill, Mode, Order, OrderStatus, Side
from trading.domain.records import Notice, Severity
from trading.domain.state import Reason, State

PENDING = order(status=OrderStatus.PENDING, order_id="")


class Story:
    """A State moved by events, with the notices that each one gave."""

    def __init__(self, *before: ev.Event, mode: Mode = Mode.REAL) -> None:
        self.state = State(mode=mode)
        self.writer = NoticeWriter(Where("attic", "demo", UTC))
        for event in before:
            self.tell(event)

    def tell(self, event: ev.Event) -> Sequence[Notice]:
        before = self.state
        self.state = apply(before, event).state
        told = self.writer(event, before, self.state)
        for each in told:
            assert each.seq == 0
            assert each.at == event.at
            assert "REAL" in each.note or "DRY RUN" in each.note
            text = plain(of_notice(each, repeat=True, late_seconds=185))
            assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
        return told

    def one(self, event: ev.Event) -> Notice:
        (told,) = self.tell(event)
        return told


def intended(made: Order = PENDING) -> ev.OrderIntended:
    return ev.OrderIntended(NOW, made)


def acknowledged(status: OrderStatus = OrderStatus.RESTING, reported: str = "0", why: str = "") -> ev.OrderAcknowledged:
    return ev.OrderAcknowledged(NOW, "kc-0", "order-1", status, d(reported), why)


def filled(count: str = "9", n: int = 1, **changed: Any) -> ev.OrderFilled:
    made = Fill(f"f{n}", "order-1", TICKER, Side.BID, d("0.51"), d(count), d("0.1575"), True, NOW)
    made = replace(made, client_order_id="kc-0")
    return ev.OrderFilled(NOW, replace(made, **changed))


def settled(value: str = "1", mode: Mode = Mode.REAL) -> ev.MarketSettled:
    return ev.MarketSettled(NOW, TICKER, mode, "yes", d(value))


UNRESOLVED = ev.OrderUnresolved(NOW, "kc-0", "timeout after 5 s")


def test_an_order_is_told_when_the_exchange_has_it() -> None:
    story = Story()
    assert story.tell(intended()) == []
    told = story.one(acknowledged())
    assert (told.kind, told.severity, told.title, told.trade_id) == ("order", Severity.NOTICE, "Order placed", "kc-0")
    assert told.fields == (("Market", TICKER), ("Order", "YES 9 at 51¢"), ("Why", "both say yes"))
    assert told.note == "attic · REAL · demo\nat 14:05:09"
    assert story.tell(acknowledged(OrderStatus.EXECUTED, "9")) == []  # the fills tell that


def test_an_order_executed_at_once_is_told_as_well() -> None:
    assert Story(intended()).one(acknowledged(OrderStatus.EXECUTED, "9")).title == "Order placed"


def test_a_rejected_order_says_why() -> None:
    told = Story(intended()).one(ev.OrderRejected(NOW, "kc-0", "insufficient_balance", "not enough cash"))
    assert (told.title, told.kind, told.trade_id) == ("Order REJECTED", "order", "kc-0")
    assert told.fields[-1] == ("Why", "insufficient_balance not enough cash")


def test_an_unresolved_order_is_an_alert_and_its_end_is_told() -> None:
    story = Story(intended())
    told = story.one(UNRESOLVED)
    assert (told.severity, told.title) == (Severity.ALERT, "Order outcome UNKNOWN")
    told = story.one(acknowledged())
    assert (told.title, told.fields[-1]) == ("Order resolved", ("It is", "resting"))
    told = Story(intended(), UNRESOLVED).one(acknowledged(OrderStatus.CANCELED))
    assert (told.title, told.fields[-1]) == ("Order resolved", ("It is", "canceled"))
    told = Story(intended(), UNRESOLVED).one(ev.OrderRejected(NOW, "kc-0", "not_found", ""))
    assert told.title == "Order resolved: never taken"


def test_a_cancel_says_what_had_filled() -> None:
    story = Story(intended(), acknowledged())
    assert story.tell(ev.CancelRequested(NOW, "kc-0", "timer")) == []
    told = story.one(acknowledged(OrderStatus.CANCELED, "0", "not filled within 10 s"))
    assert (told.kind, told.title) == ("cancel", "Order cancelled")
    assert told.fields[2:] == (("Filled", "0 of 9"), ("Why", "not filled within 10 s"))
    assert told.trade_id == "kc-0"  # also when the trade has ended with it
    assert story.tell(acknowledged(OrderStatus.CANCELED)) == []


def test_an_order_that_filled_nothing_at_once_was_cancelled() -> None:
    told = Story(intended()).one(acknowledged(OrderStatus.CANCELED))
    assert told.kind == "cancel"


def test_each_fill_is_told_once() -> None:
    story = Story(intended(), acknowledged())
    told = story.one(filled("5"))
    assert (told.kind, told.severity, told.title) == ("fill", Severity.NOTICE, "FILLED YES 5 at 51¢")
    assert told.fields[1:] == (("Cost", "$2.55 + $0.1575 fee"), ("Order", "5 of 9 filled"))
    assert told.trade_id == "kc-0"
    assert story.tell(filled("5")) == []
    assert story.one(filled("4", 2)).fields[2] == ("Order", "9 of 9 filled")


def test_a_fill_of_no_contracts_shows_their_own_price() -> None:
    no = replace(PENDING, side=Side.ASK)
    assert Story(intended(no), acknowledged()).one(filled("9", side=Side.ASK)).title == "FILLED NO 9 at 49¢"


@pytest.mark.parametrize(
    ("value", "title", "today", "so_far"),
    [
        ("1", "WIN +$4.2525", "+$4.2525", "1 won, 0 lost"),
        ("0", "LOSS -$4.7475", "-$4.7475", "0 won, 1 lost"),
        ("0.5", "SETTLED in between -$0.2475", "-$0.2475", "0 won, 0 lost, 1 other"),
    ],
)
def test_a_settlement_says_what_it_made(value: str, title: str, today: str, so_far: str) -> None:
    told = Story(intended(), acknowledged(), filled()).one(settled(value))
    assert (told.kind, told.severity, told.title, told.trade_id) == ("settlement", Severity.NOTICE, title, "kc-0")
    fields = dict(told.fields)
    assert fields["Bet"] == "YES 9 at 51¢"
    assert fields["Paid"] == "$4.59 + $0.1575 fees"
    assert (fields["Today"], fields["So far"]) == (today, so_far)


def test_a_market_without_a_bet_of_that_mode_settles_in_silence() -> None:
    assert Story(intended(), acknowledged()).tell(settled()) == []
    assert Story(intended(), acknowledged(), filled()).tell(settled(mode=Mode.DRY_RUN)) == []


def test_selling_before_the_end_settles_the_trade() -> None:
    story = Story(intended(), acknowledged(), filled())
    sale = replace(PENDING, client_order_id="kc-1", side=Side.ASK, price=d("0.60"))
    story.tell(intended(sale))
    told = story.tell(filled("9", 2, client_order_id="kc-1", side=Side.ASK, price=d("0.60"), order_id="order-2"))
    assert [each.kind for each in told] == ["fill", "settlement"]
    assert told[1].title == "WIN +$0.495"
    assert {each.trade_id for each in told} == {"kc-0"}


def test_a_dry_run_says_so_even_after_the_mode_has_changed() -> None:
    paper = replace(PENDING, mode=Mode.DRY_RUN)
    story = Story(intended(paper), acknowledged(), mode=Mode.DRY_RUN)
    story.tell(ev.ModeChanged(NOW, Mode.REAL, "Ann"))
    assert story.one(filled("9", mode=Mode.DRY_RUN)).note.startswith("attic · DRY RUN · demo")


def test_halts_are_alerts_told_once_and_their_end_is_told() -> None:
    story = Story()
    raised = ev.HaltRaised(NOW, Reason.DAY_LOSS, "", "lost $25.10 of $25")
    told = story.one(raised)
    assert (told.kind, told.severity) == ("halt", Severity.ALERT)
    assert told.title == "HALTED: the daily loss limit is reached"
    assert told.fields == (("Reason", "day_loss"), ("Detail", "lost $25.10 of $25"))
    assert story.tell(raised) == []
    assert story.one(ev.HaltRaised(NOW, Reason.PAUSED, "Bo")).title == "PAUSED: by /pause"
    told = story.one(ev.HaltCleared(NOW, Reason.DAY_LOSS, "Ann"))
    assert (told.kind, told.title) == ("resume", "Cleared, still REDUCING")
    assert told.fields == (("Cleared", "day_loss"), ("By", "Ann"), ("Stays", "paused"))
    assert story.one(ev.HaltCleared(NOW, Reason.PAUSED, "Ann")).title == "Trading again"
    assert story.tell(ev.HaltCleared(NOW, Reason.PAUSED, "Ann")) == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_halt_has_words(reason: Reason) -> None:
    assert Story().one(ev.HaltRaised(NOW, reason, "")).title.split(": ")[1]


def test_mode_start_and_stop_are_told() -> None:
    story = Story()
    told = story.one(ev.ModeChanged(NOW, Mode.DRY_RUN, "Bo"))
    assert (told.kind, told.title, told.note[:15]) == ("mode", "Now DRY RUN", "attic · DRY RUN")
    assert story.tell(ev.ModeChanged(NOW, Mode.DRY_RUN, "Bo")) == []
    told = story.one(ev.Started(NOW, Mode.DRY_RUN, "demo", ("one order resolved",)))
    assert (told.title, told.fields) == ("Started", (("Trading", "ACTIVE"), ("Recovered", "one order resolved")))
    assert story.one(ev.Stopped(NOW, "SIGTERM")).fields == (
        *(("Why", "SIGTERM"), ("Orders", "none was open"), ("Positions", "none")),
    )


def error(seconds: float = 0, code: str = "feed", text: str = "no answer") -> ev.ErrorSeen:
    return ev.ErrorSeen(NOW + timedelta(seconds=seconds), code, text)


def counted(seconds: float) -> ev.ErrorsCounted:
    return ev.ErrorsCounted(NOW + timedelta(seconds=seconds))


def test_an_error_is_told_first_and_then_counted() -> None:
    story = Story()
    told = story.one(error())
    assert (told.severity, told.title, told.fields) == (Severity.ALERT, "ERROR feed", (("What", "no answer"),))
    assert story.tell(error(1)) == story.tell(error(299, text="still none")) == []
    assert story.one(error(2, "other")).title == "ERROR other"
    assert story.tell(counted(299)) == []
    (told,) = story.tell(counted(300))
    assert told.fields == (("What", "still none"), ("Again", "2 times since 14:05:09"))
    assert story.tell(error(301)) == []  # counted anew
    assert story.tell(counted(700))[0].fields[1][1] == "1 time since 14:10:09"
    assert story.tell(counted(1400)) == []
    assert story.one(error(1500)).fields == (("What", "no answer"),)  # first again


def test_a_restart_neither_tells_an_error_anew_nor_forgets_how_often_it_came() -> None:
    before = Story(error(), error(1))
    after = Story()
    after.state = before.state  # as the rows have it
    assert after.tell(error(2)) == []
    assert after.one(counted(300)).fields[1] == ("Again", "2 times since 14:05:09")


def test_the_count_of_a_code_that_gives_way_is_told() -> None:
    story = Story(*(error(n / 1000, f"code {n}") for n in range(ERROR_CODES_MAX)), error(1, "code 0"))
    told = story.tell(error(2, "one more"))
    assert [(each.title, len(each.fields)) for each in told] == [("ERROR code 0", 2), ("ERROR one more", 1)]


@pytest.mark.parametrize(("value", "mood"), [("1", "gain"), ("0", "loss")])
def test_a_settlement_is_like_what_it_made(value: str, mood: str) -> None:
    assert Story(intended(), acknowledged(), filled()).one(settled(value)).mood == mood


def test_an_alert_is_like_one_and_a_reply_of_a_notice_shows_it() -> None:
    told = Story().one(ev.HaltRaised(NOW, Reason.MANUAL, "Ann"))
    assert of_notice(told, repeat=False, late_seconds=0).mood == told.mood == "alert"
    assert Story(intended()).one(acknowledged()).mood == "plain"


def test_the_last_notice_of_a_trade_says_that_it_is_over() -> None:
    story = Story(intended())
    assert not story.one(acknowledged()).over
    assert not story.one(filled()).over
    assert story.one(settled()).over
    assert Story(intended(), acknowledged()).one(acknowledged(OrderStatus.CANCELED)).over
    assert not Story().one(error()).over


@pytest.mark.parametrize(
    "event",
    [
        ev.WindowPassed(NOW, "consensus", TICKER, MARKET.close_time, Mode.REAL, False, False, "disagree"),
        ev.CommandAnswered(NOW, "Ann", "telegram", "/kill", "KILLED"),
    ],
)
def test_some_events_concern_nobody(event: ev.Event) -> None:
    assert Story().tell(event) == []


def test_many_notices_become_one_line() -> None:
    owed = [notice(3, kind="order", at=ago(60)), notice(4), notice(5)]
    told = digest(owed, UTC)
    assert (told.seq, told.kind, told.title) == (5, "digest", "3 notices in one")
    assert told.fields == (("Were", "2 fill, 1 order"), ("From", "14:04:09 to 14:05:09"))


def test_what_breaks_a_channel_is_sent_bare() -> None:
    assert bare(notice(5)) == notice(5, title="Notice 5 (fill) cannot be shown here", fields=(), note="")


@pytest.mark.parametrize("several", [True, False])
def test_beside_other_strategies_orders_fills_and_ends_say_whose_they_are(several: bool) -> None:
    story = Story()
    story.writer = NoticeWriter(Where("attic", "demo", UTC, several=several))
    events = (intended(), acknowledged(), filled(), settled())
    told = [each for event in events for each in story.tell(event)]
    assert [each.kind for each in told] == ["order", "fill", "settlement"]
    assert [("Strategy", "consensus") in each.fields for each in told] == [several] * 3


QUOTE_ORDER = replace(PENDING, post_only=True)
CROSSED = ev.OrderRejected(NOW, "kc-0", "invalid_order", "post only cross")


def test_quotes_come_and_go_quietly_and_their_fills_are_told() -> None:
    story = Story(intended(QUOTE_ORDER))
    assert story.tell(acknowledged()) == []
    assert story.one(filled("4")).kind == "fill"
    assert story.tell(acknowledged(OrderStatus.CANCELED, reported="4")) == []
    assert Story(intended(QUOTE_ORDER)).tell(CROSSED) == []


def test_a_quote_of_unknown_outcome_or_refused_for_another_reason_is_told() -> None:
    story = Story(intended(QUOTE_ORDER))
    assert story.one(UNRESOLVED).severity is Severity.ALERT
    assert story.one(acknowledged()).title == "Order resolved"
    refused = ev.OrderRejected(NOW, "kc-0", "insufficient_balance", "")
    assert Story(intended(QUOTE_ORDER)).one(refused).title == "Order REJECTED"
    assert Story(intended()).one(CROSSED).title == "Order REJECTED"
