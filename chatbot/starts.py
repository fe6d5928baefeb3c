"""What a start means: three of them in ten minutes, or a data folder without a past, halt until somebody has looked;
and after an absence people are told what happened meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import cast

from chatbot.render import count, gain, mode_word
from trading.clock import real_now
from trading.domain.events import HaltRaised, WindowPassed
from trading.domain.order import Fill, Mode, Order, OrderStatus
from trading.domain.records import Control, Put
from trading.domain.state import Reason, State
from trading.engine.broker import Broker
from trading.engine.reconcile import BASELINE
from trading.ports import Store

PLAY = "simulated"  # the environment where nothing is at stake
STARTS_MAX = 3  # within WITHIN of real time, this one included
WITHIN = timedelta(minutes=10)
AWAY_MIN = timedelta(minutes=2)  # a shorter absence is told by what was recovered alone
ROW = "starts"  # of the control table


def count_start(broker: Broker, environment: str) -> None:
    """Write this start down; the third one within ten minutes halts, but where the money is play money and people try
    things out. Raises StoreFailed."""
    store, now = broker.book.store, real_now()
    row = cast(Control | None, store.get("control", ROW))
    before = [datetime.fromisoformat(text) for text in row.value["times"].split()] if row else []
    times = [at for at in before if now - WITHIN < at <= now] + [now]
    store.commit([Put("control", ROW, Control(ROW, {"times": " ".join(at.isoformat() for at in times)}, now))])
    if len(times) >= STARTS_MAX and environment != PLAY:
        detail = f"{len(times)} starts within {WITHIN.total_seconds() / 60:.0f} minutes"
        broker.book.record(HaltRaised(broker.clock.now(), Reason.RESTARTS, "engine", detail))


def mind_history(broker: Broker, environment: str) -> None:
    """An empty data folder where money may be at stake: nobody knows here what was bet before. Raises StoreFailed."""
    if environment == PLAY or Mode.REAL not in broker.exchanges:
        return
    if broker.book.store.get("control", BASELINE) is None:
        detail = "a data folder without a past: look at /positions and /orders before /resume"
        broker.book.record(HaltRaised(broker.clock.now(), Reason.HISTORY, "engine", detail))


def last_moment(store: Store) -> datetime | None:
    """The latest moment that the store knows of: a simulated clock must not run backwards over a restart."""
    orders = cast(list[Order], store.tail("orders", 1))
    dated = cast(list[Fill | WindowPassed], [*store.tail("fills", 1), *store.tail("windows", 1)])
    moments = [o.updated_at for o in orders] + [r.at for r in dated]
    return max(moments, default=None)


def away(before: State, after: State, last: datetime | None, now: datetime, zone: tzinfo) -> list[str]:
    """What closed while we were gone, in words; nothing after a short absence."""
    if last is None or now - last < AWAY_MIN:
        return []
    said = [f"away from {last.astimezone(zone):%d %b %H:%M} to {now.astimezone(zone):%d %b %H:%M}"]
    for mode in Mode:
        was, is_ = before.totals_of(mode), after.totals_of(mode)
        if is_.trades != was.trades:
            trades = count(is_.trades - was.trades, "trade")
            said.append(f"{trades} settled meanwhile ({mode_word(mode)}): {gain(is_.profit - was.profit)}")
    expired = sum(after.orders[o.client_order_id].status is OrderStatus.CANCELED for o in before.live_orders())
    return said + [f"{count(expired, 'order')} expired meanwhile"] * bool(expired)
