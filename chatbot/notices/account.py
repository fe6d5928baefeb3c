"""What people are told of the account beside the course of trading: amended results, deposits and withdrawals, a low
balance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from chatbot.formats import exact_money, gain, money, number, price
from chatbot.notices.said import Said, mood_of
from trading.domain import events as ev
from trading.domain.account_records import CashDirection
from trading.domain.corrections import corrected
from trading.domain.order import Mode
from trading.domain.records import Severity
from trading.domain.state import State


def amended(event: ev.ResultAmended, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """A closed trade whose result the exchange has changed: what it was, and what it is."""
    was, now = event.trade, corrected(event.trade, event.value)
    fields = (
        ("Market", now.ticker),
        ("Bet", f"{now.side.upper()} {number(now.contracts)} at {price(now.price)}"),
        ("Was", f"{was.outcome} {gain(was.profit, exact_money)}"),
        ("Received", f"{money(now.payout)} in place of {money(was.payout)}"),
        ("In all", gain(after.totals_of(now.mode).profit, exact_money)),
    )
    title = f"{now.outcome} to {gain(now.profit, exact_money)}"
    yield Said("settlement", Severity.NOTICE, title, now.mode, fields, now.trade_id, mood_of(now.profit))


def cash_moved(event: ev.CashMoved, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """Cash that came from outside or went there."""
    flow = event.flow
    word = "Deposit" if flow.direction is CashDirection.DEPOSIT else "Withdrawal"
    fee = (("Fee", exact_money(flow.fee)),) if flow.fee else ()
    fields = (("How", f"{flow.method}, {flow.status}"), *fee, ("P&L", "not part of it"))
    yield Said("cash", Severity.NOTICE, f"{word} {gain(event.amount)}", Mode.REAL, fields)


def balance_low(event: ev.BalanceLow, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """What is left, and what is enough."""
    fields = (
        ("Cash", exact_money(event.cash)),
        ("In bets", exact_money(event.staked)),
        ("Enough", f"{money(event.enough)}, by LOW_BALANCE_USD"),
    )
    yield Said("balance", Severity.ALERT, f"Balance is low: {money(event.cash + event.staked)}", event.mode, fields)
