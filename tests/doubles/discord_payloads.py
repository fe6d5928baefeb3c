"""Discord's JSON as its gateway and API send it: users, servers, messages, interactions; ids tell the time."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

EPOCH_MS = 1_420_070_400_000
GUILD, CHANNEL, OTHER_GUILD = "900000000000000001", "900000000000000002", "900000000000000009"
LOG_CHANNEL = "900000000000000004"
APPLICATION, BOT = "900000000000000003", "900000000000000003"
TEXT_CHANNEL = 0
EPHEMERAL = 64
BUTTON, MENU = 2, 3

Json = dict[str, Any]
_counter = itertools.count()


def snowflake(ago: float = 0.0) -> str:
    """A new id, made `ago` seconds ago by Discord's clock."""
    return str(int((time.time() - ago) * 1000 - EPOCH_MS) << 22 | next(_counter) % 4096)


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands; `edits` has what it said before, `files` what is attached, by its name."""

    id: str
    channel_id: str
    body: Json
    ephemeral: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)
    edits: list[Json] = field(default_factory=list)

    @property
    def content(self) -> str:
        return self.body.get("content") or ""

    @property
    def embed(self) -> Json:
        """The only embed; empty where there is none."""
        return next(iter(self.body.get("embeds") or []), {})

    @property
    def text(self) -> str:
        """All that it says, in the order in which people see it; an embed's title in bold, as it looks."""
        title = self.embed.get("title")
        parts = (self.content, f"**{title}**" if title else "", self.embed.get("description", ""))
        return "\n".join(part for part in parts if part)

    @property
    def reply_to(self) -> str:
        return str((self.body.get("message_reference") or {}).get("message_id", ""))

    @property
    def components(self) -> list[Json]:
        return [each for row in self.body.get("components") or [] for each in row["components"]]

    @property
    def buttons(self) -> list[Json]:
        return [each for each in self.components if each["type"] == BUTTON]

    @property
    def menus(self) -> list[Json]:
        return [each for each in self.components if each["type"] == MENU]

    def edit(self, body: Json, files: dict[str, bytes]) -> None:
        """Only the files that an edit names stay: the bot names none of the old ones."""
        self.edits.append(self.body)
        self.body = self.body | body
        if "attachments" in body:
            self.files = files

    def button(self, which: str | int) -> Json:
        """By label or position."""
        if isinstance(which, int):
            return self.buttons[which]
        return next(each for each in self.buttons if each["label"] == which)

    def option(self, label: str) -> tuple[Json, Json]:
        """A menu and its option with this label."""
        return next((menu, each) for menu in self.menus for each in menu["options"] if each["label"] == label)

    def payload(self) -> Json:
        return {
            "id": self.id,
            "channel_id": self.channel_id,
            "type": 0,
            "content": self.content,
            "author": user(BOT, "bot", bot=True),
            "attachments": [attachment(name, data) for name, data in self.files.items()],
            "embeds": [each | {"type": "rich"} for each in self.body.get("embeds") or []],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "timestamp": "2026-10-03T14:05:09.000000+00:00",
            "edited_timestamp": None,
            "flags": EPHEMERAL if self.ephemeral else 0,
            "components": self.body.get("components") or [],
        }


@dataclass(slots=True, eq=False)
class Asked:
    """One interaction: what was sent to the bot, and everything that it answered."""

    id: str
    token: str
    user_id: str
    message: Message | None = None  # that was pressed
    at: float = field(default_factory=time.monotonic)
    callback: Json | None = None  # the one that Discord takes
    original: Message | None = None
    replies: list[Message] = field(default_factory=list)  # of its own, in order
    answered_at: float | None = None

    @property
    def silent(self) -> bool:
        """Nobody has reacted: Discord says "did not respond"."""
        return self.callback is None

    @property
    def text(self) -> str:
        """What the person sees as the answer."""
        shown = [*self.replies] if self.replies else [self.original] if self.original else []
        return "\n".join(each.text for each in shown)

    @property
    def offered(self) -> list[str]:
        """The words that were offered for what is typed."""
        return [each["value"] for each in ((self.callback or {}).get("data") or {}).get("choices") or []]


def attachment(name: str, data: bytes) -> Json:
    where = f"https://cdn.discordapp.com/attachments/{CHANNEL}/1/{name}"
    return {"id": snowflake(), "filename": name, "size": len(data), "url": where, "proxy_url": where}


def user(user_id: str, name: str, *, bot: bool = False) -> Json:
    return {"id": user_id, "username": name, "discriminator": "0", "avatar": None, "global_name": name, "bot": bot}


def member(user_id: str, roles: tuple[str, ...]) -> Json:
    return {
        "user": user(user_id, f"user{user_id}"),
        "roles": list(roles),
        "joined_at": "2026-01-01T00:00:00.000000+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "permissions": "2147483647",
        "avatar": None,
        "nick": None,
        "pending": False,
        "premium_since": None,
    }


def channel(channel_id: str) -> Json:
    return {
        "id": channel_id,
        "type": TEXT_CHANNEL,
        "name": "trading",
        "position": 0,
        "permission_overwrites": [],
        "nsfw": False,
        "parent_id": None,
        "topic": None,
    }


def guild() -> Json:
    return {
        "id": GUILD,
        "name": "attic",
        "owner_id": "1",
        "unavailable": False,
        "member_count": 2,
        "roles": [],
        "channels": [channel(CHANNEL)],
        "members": [],
        "threads": [],
        "features": [],
    }


def application() -> Json:
    return {
        "id": APPLICATION,
        "name": "bot",
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": user("1", "owner"),
        "verify_key": "0" * 64,
        "flags": 0,
        "team": None,
        "summary": "",
    }


def ready(session_id: str, gateway: str, *, home: bool) -> Json:
    """`home`: the bot is on our server."""
    return {
        "v": 10,
        "user": user(BOT, "bot", bot=True),
        "guilds": [{"id": GUILD, "unavailable": True}] if home else [],
        "session_id": session_id,
        "resume_gateway_url": gateway,
        "application": {"id": APPLICATION, "flags": 0},
    }


def interaction(asked: Asked, kind: int, data: Json, roles: tuple[str, ...], guild_id: str | None) -> Json:
    """kind 2: a slash command, 3: a press, 4: an option is being typed. Without a guild it is a direct message."""
    made: Json = {
        "id": asked.id,
        "application_id": APPLICATION,
        "type": kind,
        "token": asked.token,
        "version": 1,
        "data": data,
        "channel_id": CHANNEL,
        "channel": channel(CHANNEL),
        "attachment_size_limit": 10_485_760,
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0 if guild_id else 1,
        "locale": "en-US",
        "app_permissions": "2147483647",
    }
    if asked.message:
        made["message"] = asked.message.payload()
    if guild_id is None:
        return made | {"user": user(asked.user_id, f"user{asked.user_id}"), "channel": {"id": CHANNEL, "type": 1}}
    return made | {"guild_id": guild_id, "guild": {"id": guild_id}, "member": member(asked.user_id, roles)}
