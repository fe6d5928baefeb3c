"""What the State lets go of: what is over for so long that nothing comes of it any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from trading.domain.order import Mode, Order
from trading.domain.state import State

PAPER_KEPT = timedelta(hours=1)  # after its market's close, an ended order of the dry run stays that long
KEPT = timedelta(days=2)  # how long ids of past orders and fills stay in memory, beyond any replay of the exchange's


def pruned(state: State, now: datetime) -> State:
    """Without what is older than KEPT and over: ids, and ended orders of ended trades; on paper, where no fill comes
    late, without ended orders soon after their market's close: a market maker has thousands."""
    if not _some_old(state, now):
        return state
    horizon = now - KEPT
    trades = {(t.mode, t.strategy, t.ticker) for t in state.trades.values()}
    orders = {
        key: o
        for key, o in state.orders.items()
        if o.live
        or (o.created_at >= horizon and not _over_on_paper(o, now))
        or (o.mode, o.strategy, o.ticker) in trades
    }
    return replace(
        state,
        orders=orders,
        attempts={key: at for key, at in state.attempts.items() if at >= horizon or key in orders},
        fill_ids={key: at for key, at in state.fill_ids.items() if at >= horizon},
    )


def _some_old(state: State, now: datetime) -> bool:
    """Whether there may be anything to let go of: every order asks, and hardly ever is there. Orders and ids stand in
    the order of their times, so that the first one tells of all; where a clock was set back they go later."""
    horizon = now - KEPT
    firsts = [times[key] for times in (state.attempts, state.fill_ids) for key in islice(times, 1)]
    firsts += [state.orders[key].created_at for key in islice(state.orders, 1)]
    return min(firsts, default=now) < horizon or any(_over_on_paper(order, now) for order in state.paper_orders())


def _over_on_paper(order: Order, now: datetime) -> bool:
    ended = order.mode is Mode.DRY_RUN and not order.open_count and not order.headline
    return ended and order.close_time is not None and order.close_time + PAPER_KEPT <= now
