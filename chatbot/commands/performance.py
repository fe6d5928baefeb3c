"""What it made, and whether that differs from luck: /pnl and /performance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from chatbot.command import Context, command
from chatbot.formats import count, exact_money, gain, labelled, mode_word, money, percent
from chatbot.message import Button, Reply, Role, Table
from chatbot.notices.said import mood_of
from trading.domain.order import Mode
from trading.domain.state import Totals
from trading.domain.statistics import Verdict, share
from trading.engine.pages import PnlPage
from trading.engine.pages_figures import Groups, PerformancePage

Period = Literal["day", "week", "month", "all"]
_TITLES = {"day": "today", "week": "this week", "month": "this month", "all": "in all"}
_BUTTONS = {"day": "Today", "week": "Week", "month": "Month", "all": "All"}


def _periods(command: str, shown: str) -> tuple[Button, ...]:
    """A button for each of the other periods."""
    return tuple(Button(label, f"/{command} {name}") for name, label in _BUTTONS.items() if name != shown)


@command(role=Role.VIEWER, aliases=("pl", "profit"))
async def pnl(ctx: Context, period: Period = "day") -> Reply:
    """Profit and loss, after fees.

    Dry run and real are never added up: the other one stands apart.
    """
    page = await ctx.desk.pnl(period)
    return Reply(
        f"P&L {_TITLES.get(page.period, page.period)}",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_pnl_fields(page)),
        note="After fees. Trades count when they are settled.",
        buttons=(*_periods("pnl", page.period), Button("Picture", "/chart days")),
        mood=mood_of(page.totals.profit),
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
    if not totals.trades:
        return "no trades"
    made = f"{gain(totals.profit, exact_money)} in {count(totals.trades, 'trade')}"
    return f"{made}, fees {exact_money(totals.fees)}"


# --- does it win ----------------------------------------------------------------------------------------------------

VERDICTS = {
    Verdict.NONE: "no trades yet",
    Verdict.FEW: "too few trades",
    Verdict.BELOW: "it loses",
    Verdict.UNCLEAR: "no edge shown",
    Verdict.ABOVE: "ahead so far",
}

# What is known of strategies beyond the bot's own trades, which are always few beside it.
KNOWN = {
    "consensus": "Known of CONSENSUS: over 23,336 settled KXBTC15M markets the next one settles on the same side "
    "48.0% of the time; at 50¢ the taker fee makes break-even 51.75%.",
}


@command(role=Role.VIEWER, aliases=("perf", "stats"))
async def performance(ctx: Context, period: Period = "all", by: Literal["signals", "hours"] = "signals") -> Reply:
    """Does it win more than it must?

    The win rate with its 95% interval beside the rate at which the prices paid and the fees leave nothing, what the
    fees took, and the same by strategy, signals and price (or, with hours, by the hour of the day). Only bets that won
    or lost count in the rate.
    """
    page = await ctx.desk.performance(period)
    known = [KNOWN[name] for name in page.strategies if name in KNOWN]
    other = "hours" if by == "signals" else "signals"
    turn = Button(f"By {other}", f"/performance {page.period} {other}")
    return Reply(
        f"Performance {_TITLES.get(page.period, page.period)}: {VERDICTS[page.tally.verdict]}",
        label=labelled(page.label, ctx.zone),
        fields=tuple(_tally_fields(page)),
        table=_groups(("", page.hours)) if by == "hours" else _groups(*_said(page)),
        note="\n".join((page.sentence, *known)),
        buttons=(turn, *_periods("performance", page.period), Button("Picture", "/chart equity")),
        mood=mood_of(page.tally.profit),
    )


def _said(page: PerformancePage) -> Iterator[tuple[str, Groups]]:
    """Where several strategies traded, each of them comes first."""
    if len(page.makers) > 1:
        yield "Strategy", page.makers
    yield "Signals", page.signals
    yield "Paid", page.prices


def _tally_fields(page: PerformancePage) -> Iterator[tuple[str, str]]:
    tally = page.tally
    if page.start:
        yield "Since", f"{page.start:%d %b %Y}"
    low, high = tally.interval
    if tally.rate is not None:
        yield "Won", f"{tally.wins:,} of {tally.trades:,} ({share(tally.rate)})"
        yield "95%", f"{share(low)} to {share(high)}"
    if tally.needed is not None:
        yield "Break-even", share(tally.needed)
    if tally.others:
        yield "Others", f"{tally.others:,}, sold or scalar"
    yield "Profit", gain(tally.profit, exact_money)
    if tally.fees_of_stake is not None:
        yield "Fees", f"{exact_money(tally.fees)}, {share(tally.fees_of_stake)} of the {money(tally.staked)} staked"
        yield "Fee drag", _drag(tally.fees_of_gross)


def _drag(part: Decimal | None) -> str:
    return "no profit before fees either" if part is None else f"{share(part)} of the profit before fees"


def _groups(*groups: tuple[str, Groups]) -> Table | None:
    """One table of several groupings, each under its name."""
    rows = [row for name, listed in groups if listed for row in _group(name, listed)]
    headers = ("", "N", "Won", "Need", "Profit")
    return Table(headers, tuple(rows), ("left", "right", "right", "right", "right")) if rows else None


def _group(name: str, listed: Groups) -> Iterator[tuple[str, ...]]:
    if name:
        yield (name, "", "", "", "")
    for label, tally in listed:
        yield label, str(tally.trades), _share(tally.rate), _share(tally.needed), gain(tally.profit)


def _share(part: Decimal | None) -> str:
    return "-" if part is None else share(part, 0)
