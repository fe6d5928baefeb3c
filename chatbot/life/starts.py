"""What a start means: three of them in ten minutes, or a data folder without a past, halt until somebody has looked;
and after an absence people are told what happened meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from trading.clock import real_now
from trading.domain.absence import Away, Settled
from trading.domain.events import HaltRaised, WindowPassed
from trading.domain.order import Fill, Mode, Order, OrderStatus
from trading.domain.records import Control, Put
from trading.domain.state import Reason, State, Totals
from trading.engine.book import NOTICES
from trading.engine.broker import Broker
from trading.engine.cash_check import ROW as CHECKED
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
    kept = [cast(Control | None, store.get("control", name)) for name in (NOTICES, CHECKED)]  # a clean stop is told too
    moments = [o.updated_at for o in orders] + [row.at for row in (*dated, *kept) if row]
    return max(moments, default=None)


def away(before: State, after: State, last: datetime | None, now: datetime) -> Away | None:
    """What happened while we were gone; None after a short absence."""
    if last is None or now - last < AWAY_MIN:
        return None
    changed = [Settled(mode, *_since(before.totals_of(mode), after.totals_of(mode))) for mode in Mode]
    ended = (after.orders.get(order.client_order_id) for order in before.live_orders())
    expired = sum(order is not None and order.status is OrderStatus.CANCELED for order in ended)
    return Away(last, tuple(settled for settled in changed if settled.trades), expired)


def _since(was: Totals, is_: Totals) -> tuple[int, int, Decimal]:
    return is_.trades - was.trades, is_.wins - was.wins, is_.profit - was.profit
