"""What a person first asks: what this is, what there is, who they are to it, which version runs."""

from __future__ import annotations

from chatbot.command import Command, Context, Risk, command, find
from chatbot.message import Button, Reply, Role
from chatbot.render import labelled


@command(role=Role.VIEWER)
async def start(ctx: Context) -> Reply:
    """Say hello."""
    page = ctx.desk.status()
    return Reply(
        f"kalshi-chatops {ctx.beside.version}",
        label=labelled(page.label, ctx.zone),
        fields=(("You are", ctx.role.word), ("Trading", page.trading.value)),
        note="/status is the glance, /kill stops everything at once, /help lists the rest.",
        buttons=(Button("Status", "/status"), Button("Help", "/help")),
    )


@command(role=Role.VIEWER)
async def help_(ctx: Context, name: str = "") -> Reply:
    """List or explain commands.

    /help lists what your role may use; /help pnl explains /pnl.
    """
    if not name:
        return _listed(ctx)
    found = find(ctx.commands, name.lstrip("/").casefold())
    return _explained(found) if found else Reply(f"There is no /{name[:24]}", note="Send /help for what there is.")


def _listed(ctx: Context) -> Reply:
    mine = [each for each in ctx.commands.values() if each.role <= ctx.role]
    return Reply(
        "Commands",
        fields=tuple((each.usage, each.short) for each in mine),
        note="What raises risk asks back first; what lowers it acts at once.",
    )


def _explained(found: Command) -> Reply:
    aliases = ", ".join(f"/{alias}" for alias in found.aliases)
    raises = "yes, so it asks back first" if found.preview else "no"
    rows = (
        ("Use", found.usage),
        ("Example", found.example if found.parameters else ""),
        ("Also", aliases),
        ("Role", found.role.word),
        ("Lowers risk" if found.risk is Risk.LOWERS else "Raises risk", "yes" if found.risk is Risk.LOWERS else raises),
    )
    return Reply(f"/{found.name}", fields=tuple(row for row in rows if row[1]), note=" ".join(found.help.split()))


@command(role=Role.VIEWER)
async def whoami(ctx: Context) -> Reply:
    """Your account and role."""
    rows = (("Name", ctx.person.name), ("Channel", ctx.person.channel), ("Id", ctx.person.id), ("Role", ctx.role.word))
    return Reply("You", fields=tuple(row for row in rows if row[1]))


@command(role=Role.VIEWER)
async def version(ctx: Context) -> Reply:
    """Which version runs."""
    return Reply(f"kalshi-chatops {ctx.beside.version}", label=labelled(ctx.desk.status().label, ctx.zone))
