"""/backtest: what a strategy would have made of the past that is kept, in short."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Annotated

from chatbot.backtests import Short
from chatbot.charts.data import Curve, Head
from chatbot.command import Context, From, Range, command
from chatbot.formats import gain
from chatbot.message import Button, Picture, Reply, Role, Table
from chatbot.notices.said import mood_of
from chatbot.sparkline import spark

BACKTEST_SECONDS_MAX = 120.0  # longer than its process may take, and than its picture
SPARK_WIDTH = 38  # columns
LONGER_DAYS = 90


@command(role=Role.OPERATOR, timeout_seconds=BACKTEST_SECONDS_MAX)
async def backtest(
    ctx: Context, strategy: Annotated[str, From("strategy", "consensus")], days: Annotated[int, Range(1, 365)] = 30
) -> Reply:
    """What a strategy would have made.

    Plays it over the last days that are kept of this bot's series, with fees and the time an order takes, never seeing
    ahead; it orders nothing. On the host, kalshi-chatops backtest fetches days, and shows more.
    """
    await ctx.progress(f"Backtest: {strategy} over {days} days")
    short = await ctx.beside.backtest(strategy, days)
    return Reply(
        f"Backtest {strategy}",
        label=f"BACKTEST · {short.material}",
        fields=short.facts,
        table=Table(("", "N", "won", "need", "a trade"), short.rows, ("left", "right", "right", "right", "right")),
        note="\n".join((*short.sentences, *short.assumed)),
        picture=await _picture(ctx, strategy, short) if short.points else None,
        buttons=() if days >= LONGER_DAYS else (Button(f"{LONGER_DAYS} days", f"/backtest {strategy} {LONGER_DAYS}"),),
        mood=mood_of(short.profit),
    )


async def _picture(ctx: Context, strategy: str, short: Short) -> Picture:
    """The equity, stamped so that nobody takes it for money that was made."""
    sums = [total for _, total in short.points]
    head = Head(
        title=f"Backtest {strategy}",
        place=short.material,
        at=f"{short.first:%d %b %Y} to {short.last:%d %b %Y}, after fees",
        theme="dark",
        stamp="BACKTEST",
        figure=gain(short.profit),
        sign=(short.profit > 0) - (short.profit < 0),
    )
    curve = Curve(head, tuple((_local(at, ctx.zone), total) for at, total in short.points))
    made = f"{gain(short.profit)} over {short.material}"
    caption = f"Backtest of {strategy}, no money was made or lost: {made}"
    return Picture(await ctx.beside.draw(curve), caption, spark([0.0, *sums], SPARK_WIDTH))


def _local(at: datetime, zone: tzinfo) -> datetime:
    """By the owner's wall clock."""
    return at.astimezone(zone).replace(tzinfo=None)
