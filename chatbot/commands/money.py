"""What there is, what it is in, and what it made: /balance /positions /orders /trades /pnl."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Literal

from chatbot.command import Context, Range, command
from chatbot.message import Reply, Role, Table
from chatbot.render import (
    count,
    countdown,
    exact_money,
    fits,
    gain,
    labelled,
    mode_word,
    money,
    number,
    percent,
    price,
    span,
)
from trading.domain.market import Outcome, Quote
from trading.domain.money import ONE
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import Totals
from trading.domain.trade import Trade, TradeOutcome
from trading.engine.pages import HeldPosition, PnlPage

TRADES_SHOWN_MAX = 50
FOREIGN_SHOWN_MAX = 5
_RESULTS = {TradeOutcome.OPEN: "open", TradeOutcome.CORRECTED: "CORR.", TradeOutcome.UNFILLED: "none"}


# --- cash -----------------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("bal",))
async def balance(ctx: Context) -> Reply:
    """Cash by shard, and risk."""
    page = await ctx.desk.balance()
    shards = sorted(page.balance.shards.items()) if len(page.balance.shards) > 1 else []
    return Reply(
        "Balance",
        label=labelled(page.label, ctx.zone),
        fields=(
            ("Cash", exact_money(page.balance.total)),
            *((f"Shard {index}", exact_money(cash)) for index, cash in shards),
            ("Positions", f"worth {money(page.balance.portfolio_value)}"),
            ("Open risk", money(page.at_risk)),
            ("Today", gain(page.day_profit)),
        ),
        note="Paper money, against real quotes." if page.label.mode is Mode.DRY_RUN else "",
    )


# --- what is open ---------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("pos",))
async def positions(ctx: Context) -> Reply:
    """What is held, its worth.

    Worth is what selling at the best bid would bring now, before fees.
    """
    page = await ctx.desk.positions()
    return Reply(
        "Positions",
        label=labelled(page.label, ctx.zone),
        fields=tuple((held.position.ticker, _held(held, page.label.now)) for held in page.held),
        note="" if page.held else "Nothing is held.",
    )


def _held(held: HeldPosition, now: datetime) -> str:
    contracts = held.position.contracts
    side, size = (Outcome.YES if contracts > 0 else Outcome.NO), abs(contracts)
    paid = f" at {price(held.trade.price)}" if held.trade else ", not this bot's"
    left = f"\ncloses in {countdown(held.close_time, now)}" if held.close_time else ""
    return f"{side.upper()} {number(size)}{paid}\n{_worth(held, side, size, now)}{left}"


def _worth(held: HeldPosition, side: Outcome, size: Decimal, now: datetime) -> str:
    """What selling at the touch would bring, before fees."""
    bid = _bid(held.quote, side)
    if held.quote is None or bid is None:
        return "worth unknown: no quote"
    change = f" ({gain(size * (bid - held.trade.price))})" if held.trade else ""
    return f"worth {money(size * bid)}{change}, quote {span(held.quote.age(now))} old"


def _bid(quote: Quote | None, side: Outcome) -> Decimal | None:
    if quote is None:
        return None
    if side is Outcome.YES:
        return quote.bid.price if quote.bid else None
    return ONE - quote.ask.price if quote.ask else None


@command(role=Role.VIEWER)
async def orders(ctx: Context) -> Reply:
    """Live orders, also foreign.

    Foreign ones were placed by hand or by another bot: they are only shown.
    """
    page = await ctx.desk.orders()
    foreign = ", ".join(page.foreign[:FOREIGN_SHOWN_MAX])
    more = len(page.foreign) - FOREIGN_SHOWN_MAX
    rows = [(order.ticker, _order(order, page.label.now)) for order in page.live]
    if page.foreign:
        rows.append((f"Not this bot's: {len(page.foreign)}", foreign + (f" and {more} more" if more > 0 else "")))
    note = page.note or ("" if rows else "No order is live.")
    return Reply("Orders", label=labelled(page.label, ctx.zone), fields=tuple(rows), note=note)


def _order(order: Order, now: datetime) -> str:
    state = "outcome UNKNOWN" if order.status is OrderStatus.UNKNOWN else order.status.value
    size = f"{order.outcome.upper()} {number(order.count)} at {price(order.own_price)}"
    filled = f", {number(order.filled)} filled" if order.filled else ""
    age = span((now - order.created_at).total_seconds())
    name = order.order_id or order.client_order_id
    return f"{size}{filled}\n{mode_word(order.mode)}, {state}, {age} old\n{name}"


# --- what it made ---------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER)
async def trades(ctx: Context, n: Annotated[int, Range(1, TRADES_SHOWN_MAX)] = 10) -> Reply:
    """The newest trades.

    /trades shows ten, /trades 50 the most. A trade is one bet on one market, from its order to the settlement.
    """
    page = ctx.desk.trades(n)
    kinds = {(trade.ticker.partition("-")[0], trade.strategy) for trade in page.trades}
    title = " ".join(("Trades", *(kinds.pop() if len(kinds) == 1 else ())))
    shown = f"{len(page.trades)} of {count(page.total, 'trade')}, newest first." if page.trades else "No trades yet."
    label = labelled(page.label, ctx.zone)
    table = _trade_table(page.trades, ctx.zone)
    if kinds or not fits(table):  # of several kinds, or too wide for one line each
        return Reply(title, label=label, fields=tuple(_long(each, ctx.zone) for each in page.trades), note=shown)
    return Reply(title, label=label, table=table, note=shown)


def _trade_table(listed: tuple[Trade, ...], zone: tzinfo) -> Table:
    rows = tuple((_day(each, zone), _bet(each), _result(each), _profit(each)) for each in listed)
    return Table(("Market", "Bet", "", "Profit"), rows, ("left", "left", "left", "right"))


def _long(trade: Trade, zone: tzinfo) -> tuple[str, str]:
    said = f"{_bet(trade)} {_result(trade)} {_profit(trade)}"
    return _day(trade, zone), f"{said}\n{trade.ticker.partition('-')[0]} {trade.strategy}"


def _day(trade: Trade, zone: tzinfo) -> str:
    return f"{trade.close_time.astimezone(zone):%d%b %H:%M}"


def _bet(trade: Trade) -> str:
    return f"{trade.side.upper()} {number(trade.contracts or trade.ordered)}@{price(trade.price)}"


def _result(trade: Trade) -> str:
    return _RESULTS.get(trade.outcome, trade.outcome.value)


def _profit(trade: Trade) -> str:
    return "-" if trade.outcome in (TradeOutcome.OPEN, TradeOutcome.UNFILLED) else gain(trade.profit)


Period = Literal["day", "week", "month", "all"]
_TITLES = {"day": "today", "week": "this week", "month": "this month", "all": "in all"}


@command(role=Role.VIEWER)
async def pnl(ctx: Context, period: Period = "day") -> Reply:
    """Profit and loss, after fees.

    Dry run and real are never added up: the other one stands apart.
    """
    page = ctx.desk.pnl(period)
    return Reply(
        f"P&L {_TITLES.get(page.period, page.period)}",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_pnl_fields(page)),
        note="After fees. Trades count when they are settled.",
    )


def _pnl_fields(page: PnlPage) -> Iterator[tuple[str, str]]:
    totals = page.totals
    if page.start:
        yield "Since", f"{page.start:%d %b %Y}"
    yield "Profit", gain(totals.profit, exact_money)
    yield "Fees", exact_money(totals.fees)
    yield "Wins", f"{totals.wins} of {totals.trades} ({percent(totals.wins, totals.trades)})"
    yield "Losses", str(totals.losses)
    if totals.others:
        yield "Others", f"{totals.others}, scalar or corrected"
    if page.unfilled:
        yield "Unfilled", count(page.unfilled, "order")
    yield "Still open", f"{count(page.open_trades, 'trade')}, {money(page.at_risk)} at risk"
    yield f"{mode_word(_other(page.label.mode))}, apart", _apart(page.other_mode)


def _other(mode: Mode) -> Mode:
    return Mode.REAL if mode is Mode.DRY_RUN else Mode.DRY_RUN


def _apart(totals: Totals) -> str:
    return f"{gain(totals.profit, exact_money)} in {count(totals.trades, 'trade')}" if totals.trades else "no trades"
