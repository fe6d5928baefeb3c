"""What changes what the bot does: /kill and /pause at once, /resume and going real only after a yes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Literal

from chatbot.command import Context, Nature, Preview, Risk, command
from chatbot.commands.going_live import going_live_fields
from chatbot.commands.overview import halted, one_contract
from chatbot.formats import count, labelled, mode_word, money
from chatbot.locking import UNLOCK
from chatbot.message import Reply, Role
from trading.domain.state import Halt
from trading.engine.pages import KillReport, Label, ModePreview, ResumePreview

LISTED_SHOWN_MAX = 5


# --- lowers risk ----------------------------------------------------------------------------------------------------


@command(role=Role.OPERATOR, risk=Risk.LOWERS, aliases=("stop", "halt"), timeout_seconds=None)
async def kill(ctx: Context) -> Reply:
    """Stop everything, now.

    It halts trading and cancels every order on the account. It asks nothing back, works while anything else hangs,
    survives a restart, and stands until the owner's /resume.
    """
    report = await ctx.desk.kill(ctx.person.by)
    done = report.cancel_sent and not report.still_listed and report.stored
    return Reply(
        "KILLED" if done else "KILLED, but look below",
        label=labelled(report.label, ctx.zone),
        fields=tuple(_kill_fields(report)),
        note="Only the owner's /resume starts trading again.",
        failed=not done,
    )


def _kill_fields(report: KillReport) -> Iterator[tuple[str, str]]:
    yield "Trading", "HALTED" if report.stored else "halted, NOT STORED"
    yield "Cancel", "sent for all orders" if report.cancel_sent else "NOT SENT"
    yield "Orders left", listed(report.still_listed)
    yield "Positions", f"{count(report.open_trades, 'trade')} open, {money(report.at_risk)} at risk"
    for problem in report.problems:
        yield "Problem", problem
    yield "Took", f"{report.seconds:.2f} s"


def listed(order_ids: tuple[str, ...]) -> str:
    more = len(order_ids) - LISTED_SHOWN_MAX
    names = ", ".join(order_ids[:LISTED_SHOWN_MAX])
    return f"{len(order_ids)}: {names}{f' and {more} more' if more > 0 else ''}" if order_ids else "none"


@command(role=Role.OPERATOR, risk=Risk.LOWERS)
async def pause(ctx: Context) -> Reply:
    """Take no new risk.

    What is open runs on to its end.
    """
    ctx.desk.pause(ctx.person.by)
    page = ctx.desk.status()
    return Reply(
        f"Paused: trading is {page.trading}",
        label=labelled(page.label, ctx.zone),
        note="No new trades. Only the owner's /resume starts them again.",
    )


@command(role=Role.OPERATOR, risk=Risk.LOWERS)
async def lock(ctx: Context) -> Reply:
    """Freeze what raises risk.

    Nobody can resume, go real or raise anything from a chat until somebody opens it on the host itself. What lowers
    risk still works.
    """
    ctx.beside.lock.close(ctx.person.by)
    label = labelled(ctx.desk.status().label, ctx.zone)
    return Reply("Locked", label=label, note=f"Only {UNLOCK} on the host opens it.")


# --- raises risk ----------------------------------------------------------------------------------------------------


async def _resume_preview(ctx: Context) -> Preview:
    page = ctx.desk.preview_resume()
    if not page.clears:
        return Preview(_nothing_to_clear(page, ctx.zone))
    rows = (*_halts("Clears", page.clears, page.label, ctx.zone), *_halts("Stays", page.stays, page.label, ctx.zone))
    trading = "Trading starts again." if not page.stays else "Trading stands still until the rest is over."
    return Preview(
        Reply("Resume trading?", label=labelled(page.label, ctx.zone), fields=rows, note=trading), page.fingerprint
    )


def _nothing_to_clear(page: ResumePreview, zone: tzinfo) -> Reply:
    return Reply(
        "Nothing to resume",
        label=labelled(page.label, zone),
        fields=_halts("Stays", page.stays, page.label, zone),
        note="This is over by itself, or after a restart." if page.stays else "Trading is ACTIVE.",
    )


def _halts(name: str, halts: tuple[Halt, ...], label: Label, zone: tzinfo) -> tuple[tuple[str, str], ...]:
    return tuple((name, halted(each, zone, label.now)) for each in halts)


@command(role=Role.OWNER, risk=Risk.RAISES, preview=_resume_preview)
async def resume(ctx: Context) -> Reply:
    """Start trading again.

    It clears exactly what its preview names; what only time or a restart clears stays.
    """
    page = ctx.desk.resume(ctx.person.by, ctx.fingerprint)
    now = ctx.desk.status()
    return Reply(
        f"Resumed: trading is {now.trading}",
        label=labelled(now.label, ctx.zone),
        fields=(
            *_halts("Cleared", page.clears, page.label, ctx.zone),
            *_halts("Stays", now.halts, now.label, ctx.zone),
        ),
    )


OnOff = Literal["on", "off"]


def _dryrun_nature(ctx: Context, switch: OnOff) -> Nature:
    return Nature(Role.OPERATOR, Risk.LOWERS) if switch == "on" else Nature(Role.OWNER, Risk.RAISES)


async def _dryrun_preview(ctx: Context, switch: OnOff) -> Preview:
    page = ctx.desk.preview_mode(switch == "on")
    label = labelled(page.label, ctx.zone)
    if page.refused:
        return Preview(Reply("Dry run stays as it is", label=label, note=page.refused))
    if page.to is page.label.mode:
        return Preview(Reply("The dry run is off already", label=label))
    live = page.label.environment == "production"
    fields = (
        ("Now", mode_word(page.label.mode)),
        ("Then", mode_word(page.to)),
        ("Orders", f"{page.live_orders} live"),
        ("Trades", f"{page.open_trades} open"),
        *(going_live_fields(await ctx.desk.going_live(), ctx.desk.limits()) if live else ()),
    )
    return Preview(Reply("Turn the dry run off?", label=label, fields=fields, note=_going_real(page)), page.fingerprint)


def _going_real(page: ModePreview) -> str:
    if page.label.environment == "simulated":
        return "New orders go to the simulated exchange. Paper positions run on to their settlement."
    return "New orders go to the exchange and cost REAL MONEY. Paper positions run on to their settlement."


@command(role=Role.OPERATOR, risk=Risk.LOWERS, nature=_dryrun_nature, preview=_dryrun_preview)
async def dryrun(ctx: Context, switch: OnOff) -> Reply:
    """Switch the dry run.

    On acts at once: new orders are filled on paper against real quotes, and our resting real orders are cancelled.
    Off is for the owner and asks back: new orders go to the exchange.
    """
    report = await ctx.desk.set_dry_run(switch == "on", ctx.person.by, ctx.fingerprint)
    until = ctx.desk.status().one_contract_until
    return Reply(
        f"Dry run is {switch}",
        label=labelled(report.label, ctx.zone),
        fields=(
            *((("Cancelled", count(report.canceled, "order")),) if report.canceled else ()),
            *((("Size", one_contract(until, ctx.zone, report.label.now)),) if until else ()),
        ),
        note=report.note,
    )
