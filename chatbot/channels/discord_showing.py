"""A reply as the answer to one interaction: embeds that only the asking person sees, menus, buttons, a picture, a file.

The first part is the answer itself, or replaces the message that was pressed; the others come after it. Under the last
stands what can be pressed, and with it goes what is attached.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import discord
from discord.utils import MISSING

from chatbot.channels.discord_buttons import view_of
from chatbot.channels.discord_text import PICTURE, Page, pages_of
from chatbot.message import Reply

CAPTION_LENGTH_MAX = 1_024
MEGABYTE = 1_048_576
NOBODY = discord.AllowedMentions.none()

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What one part of a reply is sent as."""

    embed: discord.Embed
    view: discord.ui.View | None
    files: list[discord.File]


async def shown(interaction: Interaction, reply: Reply, word: str, *, announced: bool, in_place: bool) -> None:
    """Answer with `reply` to the command `word`. `announced`: an answer was promised; `in_place`: it replaces the
    message that was pressed. Raises what the SDK raises."""
    fitting = _fitting(reply, interaction.filesize_limit)
    first, *rest = (_message(fitting, page, word) for page in pages_of(fitting))
    if announced or in_place:
        edit = interaction.edit_original_response if announced else interaction.response.edit_message
        await edit(content=None, embed=first.embed, view=first.view, attachments=first.files, allowed_mentions=NOBODY)
    else:
        await _sent(interaction.response.send_message, first)
    for message in rest:
        await _sent(interaction.followup.send, message)


async def _sent(send: Any, message: Message) -> None:
    view = message.view or MISSING
    await send(embed=message.embed, view=view, files=message.files, ephemeral=True, allowed_mentions=NOBODY)


def _message(reply: Reply, page: Page, word: str) -> Message:
    pictured = page.last and reply.picture is not None
    embed = discord.Embed.from_dict(page.answer(pictured=pictured))
    return Message(embed, view_of(reply, word) if page.last else None, _files(reply) if page.last else [])


def _files(reply: Reply) -> list[discord.File]:
    picture, file = reply.picture, reply.file
    files = [discord.File(io.BytesIO(file.data), file.name)] if file else []
    if picture:
        caption = picture.caption[:CAPTION_LENGTH_MAX]
        files.append(discord.File(io.BytesIO(picture.png), PICTURE, description=caption))
    return files


def _fitting(reply: Reply, limit: int) -> Reply:
    """Without the file where it is larger than Discord takes here (`limit` bytes), which then is said."""
    if reply.file is None or len(reply.file.data) <= limit:
        return reply
    said = f"{reply.file.name} has {len(reply.file.data) / MEGABYTE:.1f} MB; Discord takes {limit / MEGABYTE:.0f} here."
    return replace(reply, file=None, note=f"{reply.note} {said}".strip())
