"""/chart: what people would rather look at than read."""

from __future__ import annotations

from typing import Literal

from chatbot.charts.data import Theme
from chatbot.charts.pages import Sketch, course, days, drawn, equity
from chatbot.command import Context, command
from chatbot.formats import labelled
from chatbot.message import Button, Reply, Role

What = Literal["equity", "days", "market"]
TITLES: dict[What, str] = {"equity": "Equity", "days": "Each day", "market": "Market"}


@command(role=Role.VIEWER)
async def chart(ctx: Context, what: What = "equity", theme: Theme = "dark") -> Reply:
    """Pictures of what it made.

    equity: the sum of all closed trades after fees. days: what each day of this month came to. market: the market that
    is open now, with spot, strike, quote and our fills.
    """
    sketch = await _sketched(ctx, what, theme)
    return Reply(
        TITLES[what],
        label=labelled(sketch.label, ctx.zone),
        picture=await drawn(ctx.beside.draw, sketch),
        buttons=tuple(_buttons(what, theme)),
    )


async def _sketched(ctx: Context, what: What, theme: Theme) -> Sketch:
    if what == "market":
        return course(await ctx.desk.market_history(""), ctx.zone, theme)
    if what == "days":
        return days(await ctx.desk.equity("month"), ctx.zone, theme)
    return equity(await ctx.desk.equity("all"), ctx.zone, theme)


def _buttons(what: What, theme: Theme) -> list[Button]:
    others = [Button(title, f"/chart {name} {theme}") for name, title in TITLES.items() if name != what]
    return [Button("Refresh", f"/chart {what} {theme}"), *others]
