"""Discord as a channel: slash commands and buttons in, answers that only the asking person sees, notices out.

It stands on parts that do not wait for one another: the listener (a gateway connection that always comes back), the
answers (each interaction in a task of its own), the notices (one plain request each, retried by the outbox), and the
log lines (now and then, and lost where they cannot be sent). `import discord` elsewhere is the SDK: this module's own
name is longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from discord.http import Route

from chatbot.channels.discord_answers import NAME, Answers
from chatbot.channels.discord_gateway import Listener
from chatbot.channels.discord_log import LogLines
from chatbot.channels.discord_notices import Notices
from chatbot.channels.discord_post import Poster
from chatbot.channels.discord_registering import Registering
from chatbot.channels.discord_slash import definitions
from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits
from chatbot.command import Command
from chatbot.front import Complete, Handle
from chatbot.outbox.channel import How
from trading.clock import real_now
from trading.domain.records import Notice


class DiscordChannel:
    """outbox.Channel for one Discord server (`guild_id`) and one channel of it for notices (`channel_id`).

    `handle` and `complete` are the router's. `log_channel_id` is a channel for log lines, none where empty, and `clean`
    blots secrets out of those. `api_base` is another API address (`http://h:p/api/v10`), the gateway then being what
    its `GET /gateway/bot` names. `told` gets a sentence when something is wrong that people should know, once each
    time.
    """

    name = NAME

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        *,
        complete: Complete = lambda *asked: [],
        token: str,
        guild_id: str,
        channel_id: str,
        told: Callable[[str], None],
        log_channel_id: str = "",
        clean: Callable[[str], str] = str,
        api_base: str = "",
        waits: Waits | None = None,
    ) -> None:
        waits, base = waits or Waits(), api_base.rstrip("/")
        address, troubles = base or Route.BASE, Troubles(told)
        answers = Answers(handle, complete, commands, guild_id, troubles, waits)
        self._notices = Notices(Poster(token, channel_id, "DISCORD_CHANNEL_ID", address, waits), troubles)
        self._registering = Registering(definitions(commands.values()), guild_id, troubles, waits)
        self._listener = Listener(
            answers.answer,
            self._registering.logged_in,
            self._registering.at_home,
            troubles,
            token=token,
            guild_id=guild_id,
            api_base=base,
            waits=waits,
        )
        log_poster = Poster(token, log_channel_id, "DISCORD_LOG_CHANNEL_ID", address, waits)
        self._log = LogLines(log_poster, clean, troubles, waits) if log_channel_id else None

    @property
    def listening(self) -> bool:
        """Whether commands come through at this moment."""
        return self._listener.listening

    @property
    def heard_at(self) -> datetime | None:
        """When commands could last come through (real time): now, while they can."""
        return real_now() if self.listening else None

    async def run(self) -> None:
        """Listen until closed, whatever Discord does meanwhile."""
        if self._log:
            self._log.start()
        await self._listener.run()

    async def deliver(self, notice: Notice, how: How) -> str:
        """Send one notice as a new message, once. Raises DeliveryFailed; discord_post.Refused for one that Discord
        takes in no form."""
        return await self._notices.deliver(notice, how)

    async def close(self) -> None:
        """Hang up and let `run` end, in a few seconds at most."""
        self._registering.stop()
        await self._listener.close()
        await self._notices.close()
        if self._log:
            await self._log.close()
