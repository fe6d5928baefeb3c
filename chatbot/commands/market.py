"""/market: one market, open or past: what it is about, what it costs, and what this bot did and saw in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Annotated

from chatbot.command import Context, From, command
from chatbot.commands.exits import LINE_BYTES_MAX
from chatbot.commands.money import choices
from chatbot.commands.overview import quoted
from chatbot.commands.signals import sentence
from chatbot.formats import clock_time, countdown, exact_money, gain, labelled, moment, number, price, span
from chatbot.message import Button, Reply, Role
from chatbot.notices.said import mood_of
from trading.domain.market import Market, Outcome, Tick
from trading.domain.money import ZERO
from trading.domain.order import Fill, Order
from trading.domain.trade import Trade
from trading.engine.pages_figures import MarketPage, Opinion

ASKED_OPEN = "/market"  # without a ticker: the one open now, which is what /chart draws
SHOWN_MAX = 5  # orders, fills and trades of one market, the newest of each


@command(role=Role.VIEWER, aliases=("mkt",))
async def market(ctx: Context, ticker: Annotated[str, From("ticker")] = "") -> Reply:
    """One market, ours in it.

    /market shows the one open now; a ticker, as /trades and /positions show it, any other one, also a past one.
    """
    page = await ctx.desk.market(ticker)
    named = page.market.ticker
    again = f"{ASKED_OPEN} {named}" if ticker else ASKED_OPEN
    return Reply(
        f"Market {named}",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_fields(page, ctx.zone)),
        note="" if page.orders or page.trades else "Nothing of this bot's is in it.",
        buttons=tuple(_buttons(page, again)),
        choices=choices(ctx, [(f"Flatten {named}", f"/flatten {named}")] if page.position else []),
        mood=mood_of(sum((trade.profit for trade in page.trades if not trade.open), ZERO)),
    )


def _buttons(page: MarketPage, again: str) -> Iterator[Button]:
    if not page.market.settled and len(again.encode()) <= LINE_BYTES_MAX:
        yield Button("Refresh", again)
    if again == ASKED_OPEN:
        yield Button("Picture", "/chart market")


def _fields(page: MarketPage, zone: tzinfo) -> Iterator[tuple[str, str]]:
    about, now = page.market, page.label.now
    if about.title:
        yield "Question", about.title
    yield "State", _state(about, zone, now)
    yield "Strike", f"${number(about.strike)}" if about.strike else "not known yet"
    if page.tick:
        yield "Spot", _spot(page.tick, about, now)
    if about.open_at(now):
        yield "Quote", quoted(page.quote, now)
    if about.expiration_value is not None:
        yield "Ended at", f"${number(about.expiration_value)}"
    for opinion in page.opinions:
        yield "Signals", _opinion(opinion)
    yield from _ours(page, zone)


def _ours(page: MarketPage, zone: tzinfo) -> Iterator[tuple[str, str]]:
    yield from _newest("Order", [_order(order) for order in page.orders])
    yield from _newest("Fill", [_fill(fill, zone) for fill in page.fills])
    if page.position:
        side = Outcome.YES if page.position > 0 else Outcome.NO
        yield "Position", f"{side.upper()} {number(abs(page.position))}"
    yield from _newest("Trade", [_trade(trade) for trade in page.trades])


def _newest(name: str, said: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(said) > SHOWN_MAX:
        yield name, f"{len(said) - SHOWN_MAX} older ones"
    for text in said[-SHOWN_MAX:]:
        yield name, text


def _state(about: Market, zone: tzinfo, now: datetime) -> str:
    if about.open_at(now):
        return f"open, closes in {countdown(about.close_time, now)}"
    if now < about.open_time:
        return f"opens in {countdown(about.open_time, now)}"
    if not about.result:
        return f"closed {moment(about.close_time, zone, now)}, no result yet"
    paid = "" if about.settlement_value is None else f", a YES paid {exact_money(about.settlement_value)}"
    return f"closed {moment(about.close_time, zone, now)}: {about.result.upper()}{paid}"


def _spot(tick: Tick, about: Market, now: datetime) -> str:
    age = f"{span((now - tick.seen_at).total_seconds())} ago"
    if about.strike is None:
        return f"${number(tick.price)}, {age}"
    away = tick.price - about.strike
    where = f"{exact_money(abs(away))} {'below' if away < 0 else 'above'} the strike"
    return f"${number(tick.price)}, {age}\n{where}"


def _opinion(opinion: Opinion) -> str:
    """Each signal's side and what followed; of a window that is over, what came of it."""
    if opinion.passed:
        came = "ordered" if opinion.passed.ordered else sentence(opinion.passed.reason)
        return f"{opinion.strategy}: {came}"
    sides = [f"{signal.name} {signal.side.upper() if signal.side else '-'}" for signal in opinion.signals]
    said = sentence(opinion.skipped) if opinion.skipped else "Wants to trade."
    return "\n".join([f"{opinion.strategy}: {', '.join(sides) or 'no signal'}", said])


def _order(order: Order) -> str:
    filled = f", {number(order.filled)} filled" if order.filled else ""
    return f"{order.outcome.upper()} {number(order.count)} at {price(order.own_price)}, {order.status.value}{filled}"


def _fill(fill: Fill, zone: tzinfo) -> str:
    bought = f"{fill.side.outcome.upper()} {number(fill.count)} for {exact_money(fill.cost)}"
    return f"{clock_time(fill.at, zone)} {bought}\nfee {exact_money(fill.fee)}"


def _trade(trade: Trade) -> str:
    came = "open" if trade.open else f"{trade.outcome.value} {gain(trade.profit, exact_money)}"
    return f"{trade.strategy}: {came}"
