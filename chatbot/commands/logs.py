"""/logs: the newest lines of the log, for who cannot look at it on the machine."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

from chatbot.command import Context, Range, command
from chatbot.formats import clock_time, labelled
from chatbot.message import Reply, Role
from chatbot.program import Level, LogLine

LINES_SHOWN_MAX = 50


@command(role=Role.OPERATOR)
async def logs(ctx: Context, n: Annotated[int, Range(1, LINES_SHOWN_MAX)] = 10, level: Level = "info") -> Reply:
    """The newest log lines.

    /logs shows ten; /logs 50 warning the last fifty warnings and errors. Secrets are blotted out.
    """
    lines = await ctx.beside.program.log_tail(n, level)
    return Reply(
        "Log" if level == "info" else f"Log: {level} and worse",
        label=labelled(ctx.desk.status().label, ctx.zone),
        fields=tuple(_shown(line, ctx.zone) for line in lines),
        note="" if lines else "There is no such line.",
    )


def _shown(line: LogLine, zone: tzinfo) -> tuple[str, str]:
    worth = "" if line.level == "info" else f"{line.level.upper()} "
    return clock_time(line.at, zone) if line.at else "-", f"{worth}{line.text}"
