"""/reload: read the settings again, and say first what would change."""

from __future__ import annotations

from collections.abc import Iterator

from chatbot.command import Context, Preview, Risk, command
from chatbot.formats import labelled
from chatbot.message import Reply, Role
from chatbot.program import ReloadPage
from trading.domain.errors import Stale

RESTART = "needs a restart"


async def _preview(ctx: Context) -> Preview:
    page = await ctx.beside.program.preview_reload()
    fields = tuple(_fields(page))
    if page.now:
        return Preview(Reply("Take these settings?", label=_label(ctx), fields=fields), _fingerprint(ctx, page))
    note = "Nothing that could be taken at once has changed." if page.restart else "The settings are as they were."
    return Preview(Reply("Nothing to reload", label=_label(ctx), fields=fields, note=note))


def _fields(page: ReloadPage) -> Iterator[tuple[str, str]]:
    yield from ((each.name, f"{each.before} -> {each.after}") for each in page.now)
    yield from ((name, RESTART) for name in page.restart)


def _fingerprint(ctx: Context, page: ReloadPage) -> str:
    """Of the settings, and of the state that they would act on: a kill or a mode switch in between voids the yes."""
    return f"{page.fingerprint}:{ctx.desk.preview_resume().fingerprint}"


def _label(ctx: Context) -> str:
    return labelled(ctx.desk.status().label, ctx.zone)


@command(role=Role.OWNER, risk=Risk.RAISES, preview=_preview)
async def reload(ctx: Context) -> Reply:
    """Read the settings again.

    Limits, people, NOTIFY, the stake, the hour of the report, LOG_LEVEL and LOW_BALANCE_USD hold at once; anything else
    is named and needs a restart. What was said in chat still wins. An error in .env changes nothing.
    """
    taken, _, state = ctx.fingerprint.partition(":")
    if ctx.desk.preview_resume().fingerprint != state:
        raise Stale("what was previewed has changed since: send /reload again")
    page = await ctx.beside.program.reload(taken)
    names = ", ".join(change.name for change in page.now)
    return Reply(f"Reloaded: {names}", label=_label(ctx), fields=tuple(_fields(page)))
