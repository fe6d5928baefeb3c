"""Whether another program answers with the same token: Discord brings every interaction to both, and takes one answer.

That is all that can be seen: Discord lets any number of programs listen with one token, and says nothing of them.
"""

from __future__ import annotations

import discord

from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits
from trading.clock import monotonic

ACKNOWLEDGED = 40060  # an answer was given already
RIVAL = "rival"  # what may be wrong
RIVAL_FIX = (
    "another program answers with the same Discord bot token: stop it; if it is not yours, make a new token in the "
    "developer portal (Bot, Reset Token), set DISCORD_BOT_TOKEN and restart"
)


class Rival:
    """Tells when two interactions within `waits.rival` were answered by somebody else; one may be our own request, sent
    twice by the SDK after an answer of Discord's that got lost."""

    def __init__(self, troubles: Troubles, waits: Waits) -> None:
        self._troubles, self._seconds = troubles, waits.rival
        self._last: tuple[int, float] | None = None  # the interaction, and when

    def look(self, interaction_id: int, error: Exception) -> None:
        """Judge what sending an answer to this interaction has come to."""
        if not isinstance(error, discord.HTTPException) or error.code != ACKNOWLEDGED:
            return
        now = monotonic()
        recent = self._last is not None and now - self._last[1] < self._seconds
        if not recent:
            self._troubles.over(RIVAL)
        elif self._last and self._last[0] != interaction_id:
            self._troubles.tell(RIVAL, RIVAL_FIX)
        self._last = (interaction_id, now)
