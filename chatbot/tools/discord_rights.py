"""What a bot may do in a channel of Discord, and the address that invites it with what it needs.

Computed as Discord does it, from the server's roles and the channel's exceptions:
https://docs.discord.com/developers/topics/permissions#permission-overwrites
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

Json = Mapping[str, Any]
ADMINISTRATOR = 1 << 3
VIEW = 1 << 10
# What the bot needs in its channel, by the names that people see in Discord.
NEEDED: Mapping[str, int] = MappingProxyType(
    {
        "View Channel": VIEW,
        "Send Messages": 1 << 11,
        "Embed Links": 1 << 14,
        "Attach Files": 1 << 15,
        "Read Message History": 1 << 16,
    }
)
INVITE = sum(NEEDED.values())
ALL = (1 << 64) - 1
TEXT_KINDS = (0, 5)  # a text channel, an announcement channel


def invite(application_id: str) -> str:
    """The address that a person opens to bring the bot into a server."""
    scope = quote("bot applications.commands")
    return f"https://discord.com/oauth2/authorize?client_id={application_id}&scope={scope}&permissions={INVITE}"


def missing(guild: Json, member: Json, channel: Json) -> list[str]:
    """The names of what `member` (the bot) needs in `channel` and has not; without View Channel it has nothing."""
    has = rights(guild, member, channel)
    return [name for name, bit in NEEDED.items() if not has & bit or not has & VIEW]


def rights(guild: Json, member: Json, channel: Json) -> int:
    """A member's permissions in a channel, as bits."""
    mine, everyone = {str(each) for each in member["roles"]}, str(guild["id"])
    base = _bits(each["permissions"] for each in guild["roles"] if str(each["id"]) in {everyone, *mine})
    if base & ADMINISTRATOR:
        return ALL
    exceptions = channel.get("permission_overwrites") or []
    me = str(member["user"]["id"])
    for whose in ({everyone}, mine - {everyone}, {me}):
        some = [each for each in exceptions if str(each["id"]) in whose]
        base = base & ~_bits(each["deny"] for each in some) | _bits(each["allow"] for each in some)
    return base


def _bits(numbers: Iterable[Any]) -> int:
    bits = 0
    for number in numbers:
        bits |= int(number)
    return bits
