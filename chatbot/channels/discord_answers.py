"""Interactions of Discord as lines for the router, and its replies as answers that only the asking person sees.

A slash command becomes the line that it would be if typed, and a press the line that its button carries: there is no
second way in, and no answer to whom the router answers nothing (Discord then says "did not respond"). A fast answer is
one request; a slow one is announced first, since Discord gives up after 3 seconds. The same call runs for every
interaction at once, each in its own task, so that a /kill waits for nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import aiohttp
import discord
from discord.app_commands import Choice

from chatbot.channels.discord_buttons import pressed
from chatbot.channels.discord_rival import Rival
from chatbot.channels.discord_showing import Interaction, shown
from chatbot.channels.discord_slash import offered, slash_line, typing
from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits
from chatbot.command import Command, find
from chatbot.confirming import CONFIRM, DECLINE
from chatbot.front import Complete, Handle
from chatbot.line import read_line
from chatbot.message import Incoming, Person, Reply
from chatbot.progress import Paced

NAME = "discord"
PROGRESS_SECONDS = 2.0  # between two edits of an answer that is still to come
SETTLED_MAX = 256  # messages whose question was answered

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One interaction read: what the router gets, and whether the answer replaces the message that was pressed."""

    incoming: Incoming
    word: str
    in_place: bool = False


class Answers:
    """Answers interactions by way of `handle`, and completes what is typed by way of `complete`. Roles of a guild other
    than `guild_id` count for nothing."""

    def __init__(
        self,
        handle: Handle,
        complete: Complete,
        commands: Mapping[str, Command],
        guild_id: str,
        troubles: Troubles,
        waits: Waits,
    ) -> None:
        self._handle, self._complete = handle, complete
        self._commands, self._guild_id, self._waits = commands, guild_id, waits
        self._rival = Rival(troubles, waits)
        self._running: set[asyncio.Future[Reply | None]] = set()
        self._settled: OrderedDict[int, None] = OrderedDict()

    async def answer(self, interaction: Interaction) -> None:
        """Bring one interaction to the router and its reply back; what Discord refuses is logged."""
        data = cast(Mapping[str, Any], interaction.data or {})
        person = self._person(interaction)
        if person is None:
            return
        if interaction.type is discord.InteractionType.autocomplete:
            await self._completed(interaction, person, data)
        elif asked := self._read(interaction, person, data):
            await self._answered(interaction, asked)

    async def _answered(self, interaction: Interaction, asked: Asked) -> None:
        paced = Paced(lambda text: self._shown_so_far(interaction, asked, text), PROGRESS_SECONDS)
        work = asyncio.ensure_future(self._handle(replace(asked.incoming, progress=paced.told)))
        self._running.add(work)  # whatever becomes of the answer, the command runs to its end
        work.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({work}, timeout=self._waits.defer)
        announced = not done and await self._announced(interaction, asked)
        if announced:
            paced.start()
        reply = await asyncio.shield(work)
        await paced.ended()
        if reply:
            sending = shown(interaction, reply, asked.word, announced=announced, in_place=asked.in_place)
            await self._brought(interaction, sending, asked.word)

    async def _completed(self, interaction: Interaction, person: Person, data: Mapping[str, Any]) -> None:
        """Offer words for the option that is being typed. They come from memory: nothing is waited for."""
        name, (option, text) = str(data.get("name", "")), typing(data.get("options", ()))
        words = offered(self._complete(person, name, option, text))
        choices = [Choice(name=word, value=word) for word in words]
        await self._brought(interaction, interaction.response.autocomplete(choices), name)

    # --- in ---

    def _read(self, interaction: Interaction, person: Person, data: Mapping[str, Any]) -> Asked | None:
        """What was asked; None for what is neither a slash command nor a press."""
        if interaction.type is discord.InteractionType.application_command:
            return self._slash(interaction, person, data)
        if interaction.type is discord.InteractionType.component:
            return self._press(interaction, person, data)
        return None

    def _slash(self, interaction: Interaction, person: Person, data: Mapping[str, Any]) -> Asked:
        name = str(data.get("name", ""))
        options = {str(each["name"]): each.get("value") for each in data.get("options", ())}
        line = slash_line(find(self._commands, name), name, options)
        return Asked(_incoming(interaction, person, line), name)

    def _press(self, interaction: Interaction, person: Person, data: Mapping[str, Any]) -> Asked | None:
        line, in_place = pressed(data)
        if not line:
            return None
        word = read_line(line).word
        in_place = in_place and self._first(interaction, word)
        return Asked(_incoming(interaction, person, line), word, in_place)

    def _first(self, interaction: Interaction, word: str) -> bool:
        """Of two taps on a question the second is answered apart, so that it cannot hide what the first one did."""
        if word not in (CONFIRM, DECLINE) or interaction.message is None:
            return True
        if interaction.message.id in self._settled:
            return False
        self._settled[interaction.message.id] = None
        if len(self._settled) > SETTLED_MAX:
            self._settled.popitem(last=False)
        return True

    def _person(self, interaction: Interaction) -> Person | None:
        """Who asks, with the roles of this moment: Discord sends them with each interaction."""
        user = interaction.user
        if not isinstance(user, discord.User | discord.Member):
            return None
        at_home = isinstance(user, discord.Member) and str(interaction.guild_id) == self._guild_id
        groups = tuple(str(role) for role in user._roles) if at_home and isinstance(user, discord.Member) else ()
        return Person(NAME, str(user.id), user.name, groups)

    # --- out ---

    async def _announced(self, interaction: Interaction, asked: Asked) -> bool:
        """Say that an answer will come; whether Discord took that, as far as we know."""
        response = interaction.response
        saying = response.defer() if asked.in_place else response.defer(ephemeral=True, thinking=True)
        return await self._brought(interaction, saying, asked.word)

    async def _shown_so_far(self, interaction: Interaction, asked: Asked, text: str) -> None:
        """Show how far the command is, where the answer will stand."""
        embed = discord.Embed(title=text)
        await self._brought(interaction, interaction.edit_original_response(content=None, embed=embed), asked.word)

    async def _brought(self, interaction: Interaction, sending: Awaitable[object], word: str) -> bool:
        """Whether Discord took it, or may have. The SDK tries again by itself, within our time; the command has run
        either way."""
        try:
            async with asyncio.timeout(self._waits.answer):
                await sending
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            log.warning("the answer to /%s did not reach Discord: %s", word, type(error).__name__)
            self._rival.look(interaction.id, error)
            return isinstance(error, TimeoutError)
        except (KeyError, TypeError) as error:  # taken, but confirmed in words that the SDK cannot read
            log.info("the answer to /%s was confirmed oddly: %s", word, type(error).__name__)
        return True


def _incoming(interaction: Interaction, person: Person, line: str) -> Incoming:
    """The moment is the interaction's own, as its id has it: when the person sent it, not when it came through."""
    return Incoming(person, str(interaction.channel_id or 0), line, interaction.created_at)
