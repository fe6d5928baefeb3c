"""The halts that nobody has to ask for: the day's loss, and prices that have gone silent; and the warnings before.

The day's loss is the owner's to clear, and a new day alone clears nothing. It is that of all real trades together; in
the dry run, where each strategy has a book of its own, that of the one which lost most. What a strategy loses on paper
beside real trades halts nothing. Silent prices are over when they are back.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from trading.domain.events import HaltCleared, HaltRaised, LossReached
from trading.domain.intent import View
from trading.domain.state import LossTold, Reason, State
from trading.engine.broker import Broker

LOSS_LEVELS = (50, 80, 100)  # per cent of the daily limit that are told; the last one halts
STALE_SECONDS = 60.0  # without a spot price or a quote while a market is open


class Watch:
    """Looks once a beat, before anything is decided."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._book, self._clock = broker, broker.book, broker.clock
        self._seen: dict[str, datetime] = {}  # part -> when it was fresh last
        self._added: tuple[State, date, Decimal] | None = None  # what `_lost` came to last, and of what

    def look(self, view: View, began: datetime) -> None:
        """Raise and clear what this view, which was begun to be read then, and the day's figures say: how long the
        reading took makes no price older. Raises StoreFailed."""
        self._loss()
        self._prices(view, began)

    def _loss(self) -> None:
        state, now = self._book.state, self._clock.now()
        day = now.astimezone(self._book.zone).date()
        loss = self._lost(state, day)
        if loss <= 0:
            return
        limit = self._broker.in_force.daily_loss_limit_usd
        told = state.loss_told.get(state.mode)
        reached = max((level for level in LOSS_LEVELS if loss * 100 >= limit * level), default=0)
        if reached <= (told.level if told and told.day == day else 0):
            return
        self._book.record(LossReached(now, state.mode, LossTold(day, reached), loss, limit))
        if reached == LOSS_LEVELS[-1]:
            detail = f"lost ${loss:.2f} today, the limit is ${limit:.2f}"
            self._book.record(HaltRaised(now, Reason.DAY_LOSS, "engine", detail))

    def _lost(self, state: State, day: date) -> Decimal:
        """The day's loss, added up only where it can be another: a State never changes."""
        if self._added is None or self._added[0] is not state or self._added[1] != day:
            names = state.book_names(state.mode)
            loss = max(-state.totals_of(state.mode, name).on(day).day_profit for name in names)
            self._added = state, day, loss
        return self._added[2]

    def _prices(self, view: View, began: datetime) -> None:
        stale = self._stale(view, began)
        halts, now = self._book.state.halts, self._clock.now()
        if stale and not {Reason.STALE_FEED, Reason.EXCHANGE_PAUSED} & halts.keys():
            self._book.record(HaltRaised(now, Reason.STALE_FEED, "engine", f"no {stale} for {STALE_SECONDS:g} s"))
        elif not stale and Reason.STALE_FEED in halts:
            self._book.record(HaltCleared(now, Reason.STALE_FEED, "engine"))

    def _stale(self, view: View, began: datetime) -> str:
        """What has not been fresh for too long; nothing while no market is open to trade on."""
        if view.market is None:
            self._seen.clear()
            return ""
        newest = {"spot price": view.ticks[-1].seen_at if view.ticks else None}
        newest["quote"] = view.quote.seen_at if view.quote else None
        for part, seen_at in newest.items():
            before = self._seen.setdefault(part, began)
            self._seen[part] = max(before, seen_at) if seen_at else before
        old = [part for part, seen_at in self._seen.items() if (began - seen_at).total_seconds() > STALE_SECONDS]
        return " and no ".join(old)
