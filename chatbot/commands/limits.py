"""/limits and /limit: what the gate lets through, and how people lower it, or raise it up to the configuration."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from chatbot.command import Context, Nature, Preview, Risk, command
from chatbot.commands.overview import one_contract
from chatbot.formats import labelled, money, number
from chatbot.message import Reply, Role, Table
from trading.engine.pages import LimitPreview

# The limits by the names that people type, as in trading/risk/limits.py.
Name = Literal["order", "position", "exposure", "day_loss", "week_loss", "open_orders", "order_rate"]
COUNTED = frozenset({"open_orders", "order_rate"})


@command(role=Role.VIEWER)
async def limits(ctx: Context) -> Reply:
    """What the gate allows.

    For each limit: what is used of it now at its worst, what is in force, and what the configuration allows at most.
    """
    page = ctx.desk.limits()
    rows = tuple(
        (line.name, *(_cell(line.name, v) for v in (line.used, line.now, line.ceiling))) for line in page.lines
    )
    until = page.one_contract_until
    return Reply(
        "Limits",
        label=labelled(page.label, ctx.zone),
        fields=(("Size", one_contract(until, ctx.zone, page.label.now)),) if until else (),
        table=Table(("Limit", "Used", "Now", "Most"), rows, ("left", "right", "right", "right")),
        note="Used counts all that is open as lost, fees included. /limit changes one.",
    )


def _cell(name: str, value: Decimal | int | None) -> str:
    return "" if value is None else shown(name, value)


def shown(name: str, value: Decimal | int) -> str:
    """A count as it is, dollars as money."""
    return number(Decimal(value)) if name in COUNTED else money(Decimal(value))


def _nature(ctx: Context, name: Name, value: Decimal) -> Nature:
    if ctx.desk.preview_limit(name, value).raises:
        return Nature(Role.OWNER, Risk.RAISES)
    return Nature(Role.OPERATOR, Risk.LOWERS)


async def _preview(ctx: Context, name: Name, value: Decimal) -> Preview:
    page = ctx.desk.preview_limit(name, value)
    label = labelled(page.label, ctx.zone)
    if page.refused:
        return Preview(Reply("The limit stays as it is", label=label, note=f"{page.refused}.", failed=True))
    return Preview(Reply(f"Raise {name}?", label=label, fields=_fields(page)), page.fingerprint)


def _fields(page: LimitPreview) -> tuple[tuple[str, str], ...]:
    figures = (("Now", page.now), ("Then", page.value), ("At most", page.ceiling))
    return tuple((word, shown(page.name, value)) for word, value in figures)


@command(role=Role.OPERATOR, risk=Risk.LOWERS, nature=_nature, preview=_preview)
async def limit(ctx: Context, name: Name, value: Decimal) -> Reply:
    """Change a limit.

    Lower at once; higher only by the owner, after a yes, and never above the configuration. It holds over a restart.
    """
    page = ctx.desk.preview_limit(name, value)
    if page.refused:
        label = labelled(page.label, ctx.zone)
        return Reply("The limit stays as it is", label=label, note=f"{page.refused}.", failed=True)
    page = ctx.desk.set_limit(name, value, ctx.person.by, ctx.fingerprint)
    label = labelled(page.label, ctx.zone)
    return Reply(f"{name} is {shown(name, value)}", label=label, fields=(("Was", shown(name, page.now)),))
