"""The glance and the check-up: /status, /health, and the terminal's one-line toolbar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal

from chatbot.command import Context, command
from chatbot.formats import count, countdown, gain, labelled, mode_word, moment, money, number, price, span
from chatbot.locking import Lock
from chatbot.message import Button, Reply, Role
from chatbot.notices.said import mood_of
from trading.clock import real_now
from trading.domain.market import Level, Market, Outcome, Quote
from trading.domain.news import StreamHealth
from trading.domain.state import Halt
from trading.engine.pages import HealthPage, StatusPage

HINT_NO_MARKET = "The demo exchange lists almost no 15-minute crypto markets: try a dry run in production."


@command(role=Role.VIEWER, aliases=("stat", "state"))
async def status(ctx: Context) -> Reply:
    """Everything at a glance."""
    page = ctx.desk.status()
    empty_demo = page.label.environment == "demo" and page.market is None
    return Reply(
        "Status",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_status_fields(page, ctx.beside.lock, ctx.zone)),
        note=HINT_NO_MARKET if empty_demo else "",
        buttons=(Button("Refresh", "/status"),),
        mood="alert" if page.halts else mood_of(page.day_profit),
    )


def _status_fields(page: StatusPage, lock: Lock, zone: tzinfo) -> Iterator[tuple[str, str]]:
    now = page.label.now
    yield "Trading", page.trading.value
    for halt in page.halts:
        yield "", halted(halt, zone, now)
    if lock.since:
        yield "Locked", f"since {moment(lock.since, zone, real_now())} by {lock.by}"
    yield "Strategy", decide_now(page)
    if page.one_contract_until:
        yield "Size", one_contract(page.one_contract_until, zone, now)
    yield "Market", open_market(page.market, now)
    if page.coming and (page.market is None or page.coming.open_time > page.market.close_time):
        yield "Next", f"{page.coming.ticker}\nopens in {countdown(page.coming.open_time, now)}"
    yield "Strike", f"${number(page.market.strike)}" if page.market and page.market.strike else "not known yet"
    yield "Quote", quoted(page.quote, now)
    yield "Spot", f"${number(page.tick.price)}, {_ago(page.tick.seen_at, now)}" if page.tick else "none"
    yield "Today", gain(page.day_profit)
    yield "Open risk", f"{money(page.at_risk)} in {count(page.open_trades, 'trade')}"
    yield "Orders", _orders(page)
    yield "Last beat", f"{_ago(page.last_beat, now)}, due every {page.poll_seconds:g} s"
    yield "Notices", f"{page.notices_queued} queued" if page.notices_queued else "all delivered"


def decide_now(page: StatusPage) -> str:
    """Which strategies there are, and which of them are off."""
    return ", ".join((*page.strategies, *(f"{name} (off)" for name in page.switched_off))) or "none"


def one_contract(until: datetime, zone: tzinfo, now: datetime) -> str:
    """That the first hours of real orders hold, and how long."""
    return f"1 contract a trade until {moment(until, zone, now)}: real orders have just begun"


def halted(halt: Halt, zone: tzinfo, now: datetime) -> str:
    """One reason why trading stands still: what, since when, by whom, in words."""
    by = f" by {halt.by}" if halt.by else ""
    detail = f": {halt.detail}" if halt.detail else ""
    return f"{halt.reason} since {moment(halt.since, zone, now)}{by}{detail}"


def open_market(market: Market | None, now: datetime) -> str:
    """Its ticker and how long it still trades."""
    return f"{market.ticker}\ncloses in {countdown(market.close_time, now)}" if market else "none open now"


def quoted(quote: Quote | None, now: datetime) -> str:
    """What each side costs now, and how old that is."""
    if quote is None:
        return "none"
    sides = ", ".join(f"{side.upper()} {_ask(quote.ask_for(side))}" for side in Outcome)
    return f"{sides}, {_ago(quote.seen_at, now)}"


def _ask(level: Level | None) -> str:
    return price(level.price) if level else "-"


def _orders(page: StatusPage) -> str:
    unknown = f", {page.unknown_orders} of unknown outcome" if page.unknown_orders else ""
    return f"{page.live_orders} live{unknown}"


def _ago(at: datetime | None, now: datetime) -> str:
    return f"{span((now - at).total_seconds())} ago" if at else "never"


def glance(page: StatusPage) -> str:
    """The state in one line of at most 60 columns, for a toolbar."""
    left = countdown(page.market.close_time, page.label.now) if page.market else "no market"
    mode = mode_word(page.label.mode)
    return " | ".join((page.label.environment, mode, page.trading.value, left, f"today {gain(page.day_profit)}"))


@command(role=Role.VIEWER, aliases=("ping",))
async def health(ctx: Context) -> Reply:
    """Is the bot itself well?

    Its beats, feeds and exchange, and what is wrong.
    """
    page = ctx.desk.health()
    well = page.exchange_ok and not page.problems
    return Reply(
        "Healthy" if well else "Not well",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_health_fields(page)),
        buttons=(Button("Refresh", "/health"),),
        mood="plain" if well else "alert",
    )


def _stream(stream: StreamHealth, now: datetime) -> str:
    if not stream.connected:
        return f"not connected{': ' + stream.problem if stream.problem else ''}"
    parts = ["connected", f"heard {_ago(stream.heard_at, now)}"]
    if stream.connections > 1:
        parts.append(f"{stream.connections} connections so far")
    if stream.gaps:
        parts.append(f"{stream.gaps} gaps mended")
    return ", ".join(parts + [stream.problem] * bool(stream.problem))


def _health_fields(page: HealthPage) -> Iterator[tuple[str, str]]:
    now = page.label.now
    for problem in page.problems:
        yield "Problem", problem
    yield "Exchange", "answers" if page.exchange_ok else "DOES NOT ANSWER"
    yield "Prices", "live stream" if page.streaming else "polling"
    if page.stream:
        yield "Stream", _stream(page.stream, now)
    yield "Up for", span((now - page.started_at).total_seconds())
    yield "Beats", f"{page.beats:,}, the last {_ago(page.last_beat, now)} in {page.beat_seconds * 1000:.0f} ms"
    for name, age in page.feeds.items():
        yield "Feed", f"{name}, {'no sample' if age is None else f'{span(age)} old'}"
    yield "Rows", ", ".join(f"{table} {number(Decimal(rows))}" for table, rows in page.rows.items()) or "none"
    yield "Version", page.version
