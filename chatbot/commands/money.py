"""What there is, what it is in, and what it bought: /balance /positions /orders /trades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Annotated

from chatbot.command import Context, Range, command
from chatbot.commands.exits import LINE_BYTES_MAX
from chatbot.formats import count, countdown, exact_money, gain, labelled, mode_word, money, number, price, span
from chatbot.message import Button, Reply, Role, Table
from chatbot.notices.said import mood_of
from chatbot.render import fits
from trading.domain.money import ZERO
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.trade import Trade, TradeOutcome
from trading.engine.pages import BalancePage
from trading.engine.pages_figures import HeldPosition, TradesPage

TRADES_SHOWN_MAX = 50
OFFSET_MAX = 1_000_000  # trades
FOREIGN_SHOWN_MAX = 5
ORDER_CHARACTERS_SHOWN = 8  # of an order's id, in a button
_RESULTS = {TradeOutcome.OPEN: "open", TradeOutcome.CORRECTED: "CORR.", TradeOutcome.UNFILLED: "none"}


# --- cash -----------------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("bal",))
async def balance(ctx: Context) -> Reply:
    """Cash, risk and equity.

    Equity is the cash and what all that is held would bring now at the best bids, before fees.
    """
    page = await ctx.desk.balance()
    return Reply(
        "Balance",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_cash(page)),
        note="Paper money, against real quotes." if page.label.mode is Mode.DRY_RUN else "",
        buttons=(Button("Refresh", "/balance"), Button("Positions", "/positions")),
        mood=mood_of(page.day_profit),
    )


def _cash(page: BalancePage) -> Iterator[tuple[str, str]]:
    shards = sorted(page.balance.shards.items()) if len(page.balance.shards) > 1 else []
    yield "Cash", exact_money(page.balance.total)
    for index, cash in shards:
        yield f"Shard {index}", exact_money(cash)
    if page.worth is None:
        yield "Positions", "worth unknown: no bid"
        yield "Equity", f"{exact_money(page.balance.total)} and what is held"
    else:
        yield "Positions", f"worth {money(page.worth)} at the bids"
        yield "Equity", exact_money(page.balance.total + page.worth)
    yield "At risk", money(page.at_risk)
    yield "Today", gain(page.day_profit)


# --- what is open ---------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("pos", "position"))
async def positions(ctx: Context) -> Reply:
    """What is held, its worth.

    Worth is what selling at the best bid would bring now, before fees. Who may sell finds a choice for each: it shows
    the price first.
    """
    page = await ctx.desk.positions()
    ours = [held.position.ticker for held in page.held if held.trade]
    return Reply(
        "Positions",
        label=labelled(page.label, ctx.zone),
        fields=tuple((held.position.ticker, _held(held, page.label.now)) for held in page.held),
        note="" if page.held else "Nothing is held.",
        buttons=(Button("Refresh", "/positions"),),
        choices=choices(ctx, ((f"Flatten {ticker}", f"/flatten {ticker}") for ticker in ours)),
        mood=mood_of(sum((_change(held) or ZERO for held in page.held), ZERO)),
    )


def choices(ctx: Context, acts: Iterable[tuple[str, str]]) -> tuple[Button, ...]:
    """What lowers risk, by label and line, for who may do it; a line too long for a button has to be typed."""
    able = ctx.role >= Role.OPERATOR
    return tuple(Button(label, line, "danger") for label, line in acts if able and len(line.encode()) <= LINE_BYTES_MAX)


def _held(held: HeldPosition, now: datetime) -> str:
    paid = f" at {price(held.trade.price)}" if held.trade else ", not this bot's"
    left = f"\ncloses in {countdown(held.close_time, now)}" if held.close_time else ""
    whose = f"\nof {held.position.strategy}, on paper" if held.position.book else ""
    size = f"{held.side.upper()} {number(abs(held.position.contracts))}{paid}"
    return f"{size}{whose}\n{_worth(held, now)}{left}"


def _worth(held: HeldPosition, now: datetime) -> str:
    """What selling at the touch would bring, before fees."""
    if held.quote is None or held.brings is None:
        return f"worth unknown: {'nobody bids' if held.quote else 'no quote'}"
    change = _change(held)
    gained = "" if change is None else f" ({gain(change)})"
    return f"worth {money(held.brings)}{gained}, quote {span(held.quote.age(now))} old"


def _change(held: HeldPosition) -> Decimal | None:
    """Dollars that it is worth more than was paid; None where either is not known."""
    if held.trade is None or held.brings is None:
        return None
    return held.brings - abs(held.position.contracts) * held.trade.price


@command(role=Role.VIEWER, aliases=("order", "ord"))
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
    named = [order for order in page.live if order.order_id]
    return Reply(
        "Orders",
        label=labelled(page.label, ctx.zone),
        fields=tuple(rows),
        note=page.note or ("" if rows else "No order is live."),
        buttons=(
            Button("Refresh", "/orders"),
            *(choices(ctx, [("Cancel all", "/cancel all")]) if len(page.live) > 1 else ()),
        ),
        choices=choices(ctx, ((_cancel(order), f"/cancel {order.order_id}") for order in named)),
    )


def _cancel(order: Order) -> str:
    """What a button to cancel it says: also in a long list it is clear which one."""
    what = f"{order.outcome.upper()} {number(order.count)} at {price(order.own_price)}"
    return f"Cancel {what} ({order.order_id[:ORDER_CHARACTERS_SHOWN]})"


def _order(order: Order, now: datetime) -> str:
    state = "outcome UNKNOWN" if order.status is OrderStatus.UNKNOWN else order.status.value
    size = f"{order.outcome.upper()} {number(order.count)} at {price(order.own_price)}"
    filled = f", {number(order.filled)} filled" if order.filled else ""
    age = span((now - order.created_at).total_seconds())
    name = order.order_id or order.client_order_id
    return f"{size}{filled}\n{mode_word(order.mode)}, {state}, {age} old\n{name}"


# --- what it made ---------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("trade", "history"))
async def trades(
    ctx: Context,
    n: Annotated[int, Range(1, TRADES_SHOWN_MAX)] = 10,
    offset: Annotated[int, Range(0, OFFSET_MAX)] = 0,
) -> Reply:
    """The newest trades.

    /trades shows ten, /trades 50 the most; /trades 10 20 leaves out the newest twenty. A trade is one bet on one
    market, from its order to the settlement.
    """
    page = await ctx.desk.trades(n, offset)
    kinds = {(trade.ticker.partition("-")[0], trade.strategy) for trade in page.trades}
    title = " ".join(("Trades", *(kinds.pop() if len(kinds) == 1 else ())))
    label, shown, turn = labelled(page.label, ctx.zone), _extent(page), tuple(_turns(page, n))
    table = _trade_table(page.trades, ctx.zone)
    if kinds or not fits(table):  # of several kinds, or too wide for one line each
        rows = tuple(_long(each, ctx.zone) for each in page.trades)
        return Reply(title, label=label, fields=rows, note=shown, buttons=turn)
    return Reply(title, label=label, table=table, note=shown, buttons=turn)


def _extent(page: TradesPage) -> str:
    """Which of how many are shown."""
    if not page.trades:
        return "No trades further back." if page.offset else "No trades yet."
    first, last = page.offset + 1, page.offset + len(page.trades)
    which = f"{first:,} to {last:,}" if page.offset else str(last)
    return f"{which} of {count(page.total, 'trade')}, newest first."


def _turns(page: TradesPage, n: int) -> Iterator[Button]:
    """The pages before and after this one."""
    if page.offset:
        yield Button("Newer", f"/trades {n} {max(page.offset - n, 0)}")
    if page.offset + len(page.trades) < page.total and page.trades:
        yield Button("Older", f"/trades {n} {page.offset + n}")


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
