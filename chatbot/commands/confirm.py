"""/confirm: the one-time code that a question asks for, as a command that menus and slash commands can offer.

It is there only where the settings have a second factor.
"""

from __future__ import annotations

from chatbot.command import Context, command
from chatbot.confirming import NOTHING_WAITS
from chatbot.message import Reply, Role


@command(role=Role.OWNER)
async def confirm(ctx: Context, code: str) -> Reply:
    """Confirm with a one-time code.

    After a question that asks for one: /confirm 123456, with the six digits of your authenticator. Each works once.
    """
    return NOTHING_WAITS  # a line with an open question is the router's own and never gets here
