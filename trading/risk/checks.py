"""The checks of the gate, in order: each looks at a proposed order and denies it with a code and figures, or not.

Working orders, and orders of unknown outcome, count as if they had filled. An order's worst case is its cost plus the
highest fee it can pay. Every limit holds in each book for itself: all real orders are in one, and in the dry run each
strategy has its own, as if it traded alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile

from trading.domain.market import on_grid
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, Order, Position, position_key
from trading.domain.state import State, TradingState
from trading.domain.trade import Trade
from trading.risk.context import Check, Context, Denial
from trading.risk.first_hours import in_one_trade, one_contract_until


def halted(order: Order, at: Context) -> Denial | None:
    if at.flattening and order.reduce_only:
        return None
    trading = TradingState.HALTED if at.latched else at.state.trading
    if trading is TradingState.HALTED:
        return Denial("halted", f"trading is halted ({_reasons(at.state) or 'just now'})")
    if trading is TradingState.REDUCING and not order.reduce_only:
        return Denial("reducing", f"no new risk while {_reasons(at.state)}")
    return None


def cooled(order: Order, at: Context) -> Denial | None:
    """The exchange's cancel-all may still take new orders for a minute."""
    if at.not_before and at.now < at.not_before:
        return Denial("cooling", f"{(at.not_before - at.now).total_seconds():.0f} s until a cancel-all is over")
    return None


def switched_on(order: Order, at: Context) -> Denial | None:
    if order.strategy in at.state.disabled:
        return Denial("disabled", f"{order.strategy} is switched off")
    return None


def one_contract(order: Order, at: Context) -> Denial | None:
    """In the first hours of real orders in production, whatever was wished."""
    until, contracts = one_contract_until(at.state, at.limits, at.now), in_one_trade(order, at.state)
    if not until or contracts <= ONE:
        return None
    hours = f"{at.limits.first_hours:g}"
    return Denial("first_hours", f"{contracts:f} contracts, one a trade in the first {hours} h of real orders")


def attempted(order: Order, at: Context) -> Denial | None:
    if order.client_order_id in at.state.attempts:
        return Denial("already_entered", f"{order.strategy} has already tried {order.ticker}")
    return None


def tradable(order: Order, at: Context) -> Denial | None:
    if at.market is None or at.market.ticker != order.ticker or not at.market.open_at(at.now):
        return Denial("market_closed", f"{order.ticker} is not open")
    if not on_grid(order.price, at.market.price_ranges):
        return Denial("off_grid", f"{order.price} is not on the price grid of {order.ticker}")
    if order.count <= 0 or order.count != int(order.count):
        return Denial("bad_count", f"{order.count} is no whole number of contracts above zero")
    return None


def _unread(order: Order, at: Context) -> list[Order]:
    """Orders in the same market and book that may still fill, or that filled and whose fills are not read yet."""
    same = (o for o in at.state.working_orders() if o.ticker == order.ticker and _beside(order, o))
    return [o for o in same if o.open_count > 0]


def _beside(order: Order, other: Order) -> bool:
    """Whether both are in one book: what is tried in the dry run is held against its own strategy's orders alone."""
    return (other.mode, other.book) == (order.mode, order.book)


def _held(order: Order, at: Context) -> Position | None:
    return at.state.positions.get(position_key(order.mode, order.ticker, order.strategy))


def reduces(order: Order, at: Context) -> Denial | None:
    """Less of what is held, counting what already reduces as filled: two ways out at once cannot turn a position."""
    held = _held(order, at)
    contracts = held.contracts if held else ZERO
    leaving = sum((o.open_count for o in _unread(order, at) if o.reduce_only), ZERO)
    if contracts * order.side.sign < 0 and order.count <= abs(contracts) - leaving:
        return None
    return Denial("not_reducing", f"{contracts} of {order.ticker} held, {leaving} already leaving")


def in_time(order: Order, at: Context) -> Denial | None:
    assert at.market is not None, "an order in no open market is denied before"
    left = (at.market.close_time - at.now).total_seconds()
    if left >= at.limits.seconds_to_close_min:
        return None
    return Denial("closing", f"{order.ticker} closes in {left:.0f} s, new risk ends {_seconds(at)} before the close")


def fresh(order: Order, at: Context) -> Denial | None:
    age_max = at.limits.quote_age_seconds_max
    if at.quote is None or at.quote.ticker != order.ticker or at.quote.age(at.now) > age_max:
        return Denial("stale_quote", f"no quote of {order.ticker} within {age_max:g} s")
    return None


def collared(order: Order, at: Context) -> Denial | None:
    """A price may not be much worse than the touch: what is bid where nobody offers is held against the own side."""
    assert at.quote is not None, "an order without a fresh quote is denied before"
    offered, own = at.quote.ask_for(order.outcome), at.quote.bid_for(order.outcome)
    touch = offered or own
    allowed = (touch.price if touch else ZERO) + at.limits.price_collar
    if order.own_price <= allowed:
        return None
    return Denial("collar", f"{order.own_price} for {order.ticker}, the touch allows {allowed} at most")


def uncontested(order: Order, at: Context) -> Denial | None:
    """The exchange nets per market: two owners in one market would undo each other. On paper each has its own book."""
    held = _held(order, at)
    others = {o.strategy for o in _unread(order, at)}
    others |= {held.strategy} if held else set()
    if others - {order.strategy}:
        return Denial("contested", f"{', '.join(sorted(others - {order.strategy}))} is already in {order.ticker}")
    if order.mode is Mode.REAL and at.foreign.get(order.ticker):
        return Denial("contested", f"the account holds {at.foreign[order.ticker]} of {order.ticker} that is not ours")
    return None


def affordable(order: Order, at: Context) -> Denial | None:
    """Real orders are paid from their market's own shard, whatever lies on the others."""
    cost, shard = worst_case(order), order.exchange_index
    if order.mode is not Mode.REAL or at.cash is None or cost <= at.cash:
        return None
    return Denial(
        "low_cash",
        f"shard {shard} has ${at.cash:.2f}, the order may cost ${cost:.2f}: "
        f"`kalshi-chatops fund --to {shard}` moves cash there",
    )


def order_size(order: Order, at: Context) -> Denial | None:
    return _above("max_order", "the order", worst_case(order), at.limits.max_order_usd)


def position_size(order: Order, at: Context) -> Denial | None:
    total = at_risk(at.state, order.mode, order.ticker, order.book) + worst_case(order)
    return _above("max_position", f"{order.ticker}", total, at.limits.max_position_usd)


def budget(order: Order, at: Context) -> Denial | None:
    """What one strategy may have at risk, where it has a budget of its own."""
    given = at.limits.budgets.get(order.strategy)
    if given is None:
        return None
    total = at_risk(at.state, order.mode, strategy=order.strategy) + worst_case(order)
    return _above("budget", f"{order.strategy}", total, given)


def exposure(order: Order, at: Context) -> Denial | None:
    total = at_risk(at.state, order.mode, strategy=order.book) + worst_case(order)
    return _above("max_exposure", "everything open", total, at.limits.max_exposure_usd)


def open_orders(order: Order, at: Context) -> Denial | None:
    working = sum(_beside(order, other) for other in at.state.live_orders(order.mode))
    if working >= at.limits.max_open_orders:
        return Denial("max_open_orders", f"{working} orders are open, the limit is {at.limits.max_open_orders}")
    return None


def order_rate(order: Order, at: Context) -> Denial | None:
    recent = rate(at.state, order.mode, order.book, at.now)
    if recent >= at.limits.max_orders_per_minute:
        return Denial("order_rate", f"{recent} orders in a minute, the limit is {at.limits.max_orders_per_minute}")
    return None


def losses(order: Order, at: Context) -> Denial | None:
    totals = at.state.totals_of(order.mode, order.book).on(at.now.astimezone(at.zone).date())
    open_risk = at_risk(at.state, order.mode, strategy=order.book) + worst_case(order)
    day, week = max(-totals.day_profit, ZERO) + open_risk, max(-totals.week_profit, ZERO) + open_risk
    return _above("day_loss", "the day's loss at worst", day, at.limits.daily_loss_limit_usd) or _above(
        "week_loss", "the week's loss at worst", week, at.limits.weekly_loss_limit_usd
    )


SHARED: tuple[Check, ...] = (halted, attempted, tradable, fresh, collared, uncontested)
REDUCING: tuple[Check, ...] = (*SHARED, reduces)  # what lowers risk is held up by no limit on risk
ADDING: tuple[Check, ...] = (
    *SHARED,
    switched_on,
    cooled,
    in_time,
    one_contract,
    affordable,
    order_size,
    position_size,
    budget,
    exposure,
    open_orders,
    order_rate,
    losses,
)


def checks_of(order: Order) -> tuple[Check, ...]:
    """The checks that an order must pass, in order."""
    return REDUCING if order.reduce_only else ADDING


def worst_case(order: Order) -> Decimal:
    """The most that what is still open of an order can cost, fee included (dollars); nothing when it only reduces."""
    if order.reduce_only:
        return ZERO
    left = order.open_count
    return order.own_price * left + order.fees.worst_fee(order.price, left)


def at_risk(state: State, mode: Mode, ticker: str = "", strategy: str = "") -> Decimal:
    """The most that everything open in a mode can still lose (dollars): in one market, of one strategy, or all."""

    def counts(bet: Trade | Order) -> bool:
        return bet.mode is mode and ticker in ("", bet.ticker) and strategy in ("", bet.strategy)

    held = (t.at_risk for t in state.trades.values() if counts(t))
    working = (worst_case(o) for o in state.working_orders() if counts(o))
    return sum(held, ZERO) + sum(working, ZERO)


def rate(state: State, mode: Mode, book: str, now: datetime) -> int:
    """Orders written down within the last minute in a mode, in one of its books where one is named."""
    since = now - timedelta(minutes=1)
    recent = takewhile(lambda attempt: attempt[1] > since, state.newest_attempts())
    orders = (order for key, _ in recent if (order := state.orders.get(key)))
    return sum(o.mode is mode and book in ("", o.book) for o in orders)


def _above(code: str, what: str, value: Decimal, limit: Decimal) -> Denial | None:
    return Denial(code, f"{what} would be ${value:.2f}, the limit is ${limit:.2f}") if value > limit else None


def _seconds(at: Context) -> str:
    return f"{at.limits.seconds_to_close_min:g} s"


def _reasons(state: State) -> str:
    return ", ".join(state.halts)
