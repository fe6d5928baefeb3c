"""/export: all trades as a file, with the columns of the CSV that the host can write."""

from __future__ import annotations

from chatbot.command import Context, command
from chatbot.formats import labelled
from chatbot.message import Reply, Role
from chatbot.program import Form


@command(role=Role.OPERATOR)
async def export(ctx: Context, form: Form = "csv") -> Reply:
    """All trades as a file.

    /export gives a CSV for a spreadsheet, /export json a list for a program; those of the current mode alone, dry run
    or real. What would be too long for a chat comes packed, as a ZIP.
    """
    label = labelled(ctx.desk.status().label, ctx.zone)
    made = await ctx.beside.program.trades_file(form)
    return Reply(f"Trades as {form.upper()}", label=label, fields=(("File", made.name),), file=made)
