"""What people are told about each event, in words, without any channel's markup.

The engine commits these notices together with the event that they tell of, so that none is ever lost. All of it is a
pure function of the event and the State before and after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from chatbot.formats import clock_time, count, exact_money, gain, mode_word, money, number, place, price
from chatbot.notices.account import amended, balance_low, cash_moved
from chatbot.notices.arbitrage import opportunity
from chatbot.notices.said import Said, mood_of
from chatbot.notices.start import settings_read, started, stopped
from chatbot.report import report_due
from trading.domain import events as ev
from trading.domain.error_counts import counts_ended
from trading.domain.ledger import CROSSED, apply, trade_of
from trading.domain.opportunity import OpportunitySeen
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.records import Mood, Notice, Severity
from trading.domain.state import REDUCING_REASONS, Reason, State
from trading.domain.trade import Trade, TradeOutcome

_CALLED = {TradeOutcome.SCALAR: "SETTLED in between"}


@dataclass(frozen=True, slots=True)
class Where:
    """What every notice says about itself beside its mode and time; with `several` strategies also whose it is."""

    instance: str
    environment: str
    zone: tzinfo
    address: str = ""
    several: bool = False

    def note(self, mode: Mode, at: datetime) -> str:
        return f"{place(self.instance, self.environment, mode, self.address)}\nat {clock_time(at, self.zone)}"


class NoticeWriter:
    """Implements ports.NoticeSource."""

    def __init__(self, where: Where) -> None:
        self._where = where

    def __call__(self, event: ev.Event, before: State, after: State) -> Sequence[Notice]:
        """Notices with seq 0, oldest first: counts of errors that have ended, then what this event tells."""
        said = [*_counted(before, after, self._where.zone), *self._told(event, before, after)]
        return [self._notice(each, event.at, after) for each in said]

    def _told(self, event: ev.Event, before: State, after: State) -> Iterator[Said]:
        if teller := _TELLERS.get(type(event)):
            yield from teller(event, before, after, self._where.zone)

    def _notice(self, said: Said, at: datetime, after: State) -> Notice:
        note = self._where.note(said.mode, at)
        mood: Mood = "alert" if said.severity is Severity.ALERT and said.mood == "plain" else said.mood
        over = bool(said.trade_id) and said.trade_id not in after.trades
        whose = (("Strategy", said.strategy),) if self._where.several and said.strategy else ()
        fields = (*whose, *said.fields)
        return Notice(0, said.kind, said.severity, at, said.title, fields, note, said.trade_id, mood=mood, over=over)


# --- errors: told once, then counted --------------------------------------------------------------------------------


def _error(event: ev.ErrorSeen, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    if not after.errors[event.code].again:
        yield _failed(event.code, event.text, after.mode)


def _counted(before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    for code, told in counts_ended(before, after):
        yield _failed(
            code, told.text, after.mode, f"{count(told.again, 'time')} since {clock_time(told.told_at, zone)}"
        )


def _failed(code: str, text: str, mode: Mode, again: str = "") -> Said:
    fields = (("What", text), *((("Again", again),) if again else ()))
    return Said("error", Severity.ALERT, f"ERROR {code.removesuffix(f': {text}')}", mode, fields)


# --- for channels that fell behind or broke -------------------------------------------------------------------------


def digest(owed: Sequence[Notice], zone: tzinfo) -> Notice:
    """One notice for many: what they were and when. It has the number of the last."""
    kinds = Counter(row.kind for row in owed)
    times = f"{clock_time(owed[0].at, zone)} to {clock_time(owed[-1].at, zone)}"
    fields = (("Were", ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())), ("From", times))
    return replace(
        owed[-1], kind="digest", title=f"{len(owed)} notices in one", fields=fields, trade_id="", mood="plain"
    )


def bare(notice: Notice) -> Notice:
    """What is sent when a channel breaks over the notice itself."""
    return replace(notice, title=f"Notice {notice.seq} ({notice.kind}) cannot be shown here", fields=(), note="")


# --- orders ---------------------------------------------------------------------------------------------------------

Teller = Callable[[Any, State, State, tzinfo], Iterator[Said]]


def _acknowledged(event: ev.OrderAcknowledged, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    was, order = before.orders[event.client_order_id].status, after.orders[event.client_order_id]
    if was is OrderStatus.UNKNOWN:
        yield _order(before, after, order, "Order resolved", Severity.NOTICE, ("It is", order.status.value))
    elif order.post_only:
        return  # quotes come and go by the hundred: their fills are told
    elif was is OrderStatus.PENDING and event.status is not OrderStatus.CANCELED:
        yield _order(before, after, order, "Order placed", Severity.NOTICE, ("Why", order.why))
    if event.status is OrderStatus.CANCELED and was not in (OrderStatus.CANCELED, OrderStatus.UNKNOWN):
        filled = f"{number(max(order.filled, event.reported))} of {number(order.count)}"
        rows = (("Filled", filled), ("Why", event.why))
        yield _order(before, after, order, "Order cancelled", Severity.NOTICE, *rows, kind="cancel")


def _rejected(event: ev.OrderRejected, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    order = after.orders[event.client_order_id]
    resolved = before.orders[event.client_order_id].status is OrderStatus.UNKNOWN
    if order.post_only and CROSSED in event.message.lower() and not resolved:
        return
    title = "Order resolved: never taken" if resolved else "Order REJECTED"
    yield _order(before, after, order, title, Severity.NOTICE, ("Why", f"{event.code} {event.message}".strip()))


def _unresolved(event: ev.OrderUnresolved, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    order = after.orders[event.client_order_id]
    rows = (("Why", event.why), ("Meanwhile", "it counts as filled until the exchange proves otherwise"))
    yield _order(before, after, order, "Order outcome UNKNOWN", Severity.ALERT, *rows)


def _order(
    before: State,
    after: State,
    order: Order,
    title: str,
    severity: Severity,
    *rows: tuple[str, str],
    kind: str = "order",
) -> Said:
    size = f"{order.outcome.upper()} {number(order.count)} at {price(order.own_price)}"
    fields = (("Market", order.ticker), ("Order", size), *(row for row in rows if row[1]))
    trade_id = _trade_id(before, after, order)
    return Said(kind, severity, title, order.mode, fields, trade_id, strategy=order.strategy)


def _trade_id(before: State, after: State, order: Order) -> str:
    trade = trade_of(after, order) or trade_of(before, order)
    return trade.trade_id if trade else order.client_order_id


# --- fills and settlements ------------------------------------------------------------------------------------------


def _filled(event: ev.OrderFilled, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    fill = event.fill
    if fill.fill_id in before.fill_ids:
        return
    order = after.orders[fill.client_order_id]
    size = f"{fill.side.outcome.upper()} {number(fill.count)} at {price(fill.cost / fill.count)}"
    fields = (
        ("Market", fill.ticker),
        ("Cost", f"{money(fill.cost)} + {exact_money(fill.fee)} fee"),
        ("Order", f"{number(order.filled)} of {number(order.count)} filled"),
    )
    title, trade_id = f"FILLED {size}", _trade_id(before, after, order)
    yield Said("fill", Severity.NOTICE, title, fill.mode, fields, trade_id, strategy=order.strategy)
    yield from _closed(event, before, after, zone)


def _closed(event: ev.OrderFilled | ev.MarketSettled, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """One notice for each bet that this event ended. The ledger says how it ended: it is asked once more."""
    for put in apply(before, event, zone).puts:
        trade = put.record
        if isinstance(trade, Trade) and not trade.open and trade.outcome is not TradeOutcome.UNFILLED:
            yield _settlement(trade, after)


def _settlement(trade: Trade, after: State) -> Said:
    totals = after.totals_of(trade.mode)
    called = _CALLED.get(trade.outcome, trade.outcome.value)
    bet = f"{trade.side.upper()} {number(trade.contracts)} at {price(trade.price)}"
    others = f", {totals.others} other" if totals.others else ""
    fields = (
        ("Market", trade.ticker),
        ("Bet", bet),
        ("Paid", f"{money(trade.cost)} + {exact_money(trade.fees)} fees"),
        ("Received", money(trade.payout)),
        ("Today", gain(totals.day_profit, exact_money)),
        ("So far", f"{totals.wins} won, {totals.losses} lost{others}"),
    )
    title = f"{called} {gain(trade.profit, exact_money)}"
    mood, strategy = mood_of(trade.profit), trade.strategy
    return Said("settlement", Severity.NOTICE, title, trade.mode, fields, trade.trade_id, mood, strategy)


# --- halts, modes, start and stop -----------------------------------------------------------------------------------

_HALTS: Mapping[Reason, str] = {
    Reason.MANUAL: "by /kill",
    Reason.PAUSED: "by /pause",
    Reason.REJECTIONS: "too many rejections in a row",
    Reason.ENGINE_ERROR: "the engine failed",
    Reason.RECONCILE_MISMATCH: "a position cannot be explained",
    Reason.HISTORY: "the exchange's history must be read first",
    Reason.RESTARTS: "too many restarts",
    Reason.DAY_LOSS: "the daily loss limit is reached",
    Reason.STALE_FEED: "the spot price is too old",
    Reason.EXCHANGE_PAUSED: "the exchange is paused",
    Reason.CONTROL_LOST: "no chat can be reached",
    Reason.STORAGE: "the store failed",
}


def _halt(event: ev.HaltRaised, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    if event.reason in before.halts:
        return
    verb = "PAUSED" if event.reason in REDUCING_REASONS else "HALTED"
    rows = (("Reason", event.reason.value), ("By", event.by), ("Detail", event.detail))
    fields = tuple(row for row in rows if row[1])
    yield Said("halt", Severity.ALERT, f"{verb}: {_HALTS[event.reason]}", after.mode, fields)


def _resumed(event: ev.HaltCleared, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    if event.reason not in before.halts:
        return
    title = "Trading again" if not after.halts else f"Cleared, still {after.trading}"
    rows = [("Cleared", event.reason.value), ("By", event.by), ("Stays", ", ".join(after.halts))]
    yield Said("resume", Severity.NOTICE, title, after.mode, tuple(row for row in rows if row[1]))


def _loss(event: ev.LossReached, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    if event.told.level >= 100:
        return  # the halt says it
    fields = (("Lost", exact_money(event.loss)), ("Limit", exact_money(event.limit)))
    yield Said("warning", Severity.ALERT, f"{event.told.level} % of the day's loss limit", event.mode, fields)


def _mode(event: ev.ModeChanged, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    if event.mode is not before.mode:
        yield Said("mode", Severity.NOTICE, f"Now {mode_word(event.mode)}", event.mode, (("By", event.by),))


_TELLERS: Mapping[type, Teller] = {
    ev.OrderAcknowledged: _acknowledged,
    ev.OrderRejected: _rejected,
    ev.OrderUnresolved: _unresolved,
    ev.OrderFilled: _filled,
    ev.MarketSettled: _closed,
    ev.ResultAmended: amended,
    ev.CashMoved: cash_moved,
    ev.HaltRaised: _halt,
    ev.HaltCleared: _resumed,
    ev.LossReached: _loss,
    ev.BalanceLow: balance_low,
    ev.ReportDue: report_due,
    ev.ModeChanged: _mode,
    ev.Started: started,
    ev.Stopped: stopped,
    ev.SettingsRead: settings_read,
    ev.ErrorSeen: _error,
    OpportunitySeen: opportunity,
}
