"""What a person first asks: what this is, what there is, who they are to it, which version runs."""

from __future__ import annotations

from chatbot.command import Command, Context, Risk, command, find
from chatbot.formats import labelled
from chatbot.message import Button, Reply, Role

ASKS, LOWERS, RAISES, KEEPS = "LOOK", "LOWER THE RISK, AT ONCE", "RAISE IT, AFTER A YES", "NOTICES AND RECORDS"
GROUPS = (ASKS, LOWERS, RAISES, KEEPS)
AT_YOUR_RISK = (
    "It can lose what you give it; nothing here is financial advice. Real orders need a Kalshi account of your own, "
    "which its member agreement must allow you, and pay fees."
)


@command(role=Role.VIEWER)
async def start(ctx: Context) -> Reply:
    """Say hello."""
    page = ctx.desk.status()
    return Reply(
        f"kalshi-chatops {ctx.beside.version}",
        label=labelled(page.label, ctx.zone),
        fields=(("You are", ctx.role.word), ("Trading", page.trading.value)),
        note=f"/status is the glance, /kill stops everything at once, /help lists the rest. {AT_YOUR_RISK}",
        buttons=(Button("Status", "/status"), Button("Help", "/help")),
    )


@command(role=Role.VIEWER)
async def help_(ctx: Context, name: str = "") -> Reply:
    """List or explain commands.

    /help lists what your role may use; /help pnl explains /pnl. Capitals, slashes and full stops do not matter, and
    the beginning of a choice is enough: "pnl w" is /pnl week.
    """
    if not name:
        return _listed(ctx)
    found = find(ctx.commands, name.lstrip("/").casefold())
    return _explained(found) if found else Reply(f"There is no /{name[:24]}", note="Send /help for what there is.")


def _listed(ctx: Context) -> Reply:
    mine = [each for each in ctx.commands.values() if each.role <= ctx.role]
    groups = {group: [each for each in mine if group_of(each) == group] for group in GROUPS}
    rows = [row for group, found in groups.items() if found for row in ((group, ""), *map(_row, found))]
    return Reply("Commands", fields=tuple(rows), note="/help pnl explains /pnl: what may stand behind it, and aliases.")


def group_of(listed: Command) -> str:
    """Under which heading a command stands."""
    if listed.risk is Risk.NONE:
        return ASKS if listed.role is Role.VIEWER else KEEPS
    return LOWERS if listed.risk is Risk.LOWERS else RAISES


def _row(listed: Command) -> tuple[str, str]:
    return f"/{listed.name}", listed.short


def _explained(found: Command) -> Reply:
    aliases = ", ".join(f"/{alias}" for alias in found.aliases)
    raises = "yes, so it asks back first" if found.preview else "no"
    rows = (
        ("Use", found.usage),
        *((each.name.capitalize(), ", ".join(each.choices)) for each in found.parameters if each.many),
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
