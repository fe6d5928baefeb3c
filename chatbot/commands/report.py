"""/report: what the last day or week came to, in words and as a picture."""

from __future__ import annotations

from typing import Literal

from chatbot.charts.drawing import Undrawn
from chatbot.charts.pages import Sketch, drawn
from chatbot.command import Context, command
from chatbot.formats import gain, labelled
from chatbot.message import Button, Picture, Reply, Role
from chatbot.notices.said import mood_of
from chatbot.report import TITLES, fields, sketched


@command(role=Role.OPERATOR, aliases=("digest",))
async def report(ctx: Context, period: Literal["day", "week"] = "day") -> Reply:
    """The last day or week.

    The same as the daily and the weekly report, up to now: 24 hours or seven days.
    """
    page = await ctx.desk.report(period)
    picture, problem = await _pictured(ctx, await sketched(ctx.desk, period, ctx.zone))
    other = "week" if period == "day" else "day"
    return Reply(
        f"{TITLES[period]}: {gain(page.report.tally.profit)}",
        label=labelled(page.label, ctx.zone),
        fields=tuple(fields(page.report, ctx.zone)),
        note=problem,
        picture=picture,
        buttons=(Button("Refresh", f"/report {period}"), Button(TITLES[other], f"/report {other}")),
        mood=mood_of(page.report.tally.profit),
    )


async def _pictured(ctx: Context, sketch: Sketch) -> tuple[Picture | None, str]:
    """The picture, or why there is none: the words are owed all the same."""
    if sketch.empty:
        return None, ""
    try:
        return await drawn(ctx.beside.draw, sketch), ""
    except Undrawn as error:
        return None, f"No picture: {error}."
