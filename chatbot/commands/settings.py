"""/settings: every variable as it holds now, and what gave it its value; of secrets only whether there is one."""

from __future__ import annotations

from typing import Literal

from chatbot.command import Context, command
from chatbot.formats import count, labelled
from chatbot.message import Button, Reply, Role
from chatbot.program import Setting

Group = Literal["changed", "exchange", "safety", "consensus", "telegram", "discord", "service", "all"]
GROUPS: tuple[Group, ...] = ("exchange", "safety", "consensus", "telegram", "discord", "service", "all")


@command(role=Role.VIEWER)
async def settings(ctx: Context, group: Group = "changed") -> Reply:
    """How the bot is set up.

    /settings shows what is not at its default; /settings safety one group of variables; /settings all every one. Behind
    each value stands what gave it: the default, .env, the environment of the process, or the chat.
    """
    known = ctx.beside.program.settings()
    shown = [each for each in known if _wanted(each, group)]
    left = len(known) - len(shown)
    return Reply(
        "Settings" if group == "changed" else f"Settings: {group}",
        label=labelled(ctx.desk.status().label, ctx.zone),
        fields=tuple((each.name, f"{each.value} ({each.source})") for each in shown),
        note=f"{count(left, 'other variable')} {_is(left)} at the default." if group == "changed" else "",
        choices=tuple(Button(each, f"/settings {each}") for each in GROUPS if each != group),
    )


def _wanted(setting: Setting, group: Group) -> bool:
    if group == "changed":
        return setting.source != "default"
    return group in ("all", setting.group)


def _is(things: int) -> str:
    return "is" if things == 1 else "are"
