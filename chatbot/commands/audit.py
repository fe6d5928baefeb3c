"""/audit: who changed what, and whether anybody has changed the record of it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Annotated

from chatbot.command import Context, Range, command
from chatbot.formats import labelled, moment
from chatbot.message import Reply, Role
from trading.domain.records import AuditEntry

ENTRIES_SHOWN_MAX = 50


@command(role=Role.OPERATOR)
async def audit(ctx: Context, n: Annotated[int, Range(1, ENTRIES_SHOWN_MAX)] = 10) -> Reply:
    """Who changed what.

    /audit shows the newest ten, /audit 50 the most. Each entry is chained to the one before it, so that a change of the
    record shows.
    """
    page = await ctx.desk.audit_page(n)
    return Reply(
        "Audit: BROKEN" if page.broken else "Audit",
        label=labelled(page.label, ctx.zone),
        fields=(
            ("Chain", page.broken or f"whole, newest is {page.total}"),
            *(_shown(entry, ctx.zone, page.label.now) for entry in page.entries),
        ),
    )


def _shown(entry: AuditEntry, zone: tzinfo, now: datetime) -> tuple[str, str]:
    who = f"{entry.person}, {entry.channel}" if entry.channel not in entry.person else entry.person
    result = f"\n{entry.result}" if entry.result else ""
    return f"{entry.seq} at {moment(entry.at, zone, now)}", f"{entry.command}\n{who}{result}"
