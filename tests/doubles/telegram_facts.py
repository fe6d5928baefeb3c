"""What the Bot API tells of a bot and its chats to those who ask: webhook, chats, members, menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .telegram_rules import Json, Refused, bad


@dataclass
class Facts:
    """How things are. `unknown` chats never met the bot, `blocked` ones shut it out, of `left` ones it is no member;
    in `muted` groups members may not write."""

    webhook: str = ""
    hears_all: bool = False
    unknown: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    muted: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Teller:
    """Answers from the facts; `chat` makes a chat's JSON, `where` checks a chat's id. Each method raises Refused."""

    facts: Facts
    bot: Json
    chat: Callable[[int], Json]
    where: Callable[[Json], int]
    topics_gone: set[int]
    menus: Mapping[str, list[str]]

    def methods(self) -> dict[str, Callable[[Json], object]]:
        return {
            "getMe": lambda given: self.bot | {"can_read_all_group_messages": self.facts.hears_all},
            "getWebhookInfo": lambda given: {"url": self.facts.webhook, "pending_update_count": 0},
            "deleteWebhook": self._no_webhook,
            "getChat": self._chat,
            "getChatMember": self._member,
            "sendChatAction": self._typing,
            "getMyCommands": self._menu,
        }

    def _no_webhook(self, given: Json) -> bool:
        self.facts.webhook = ""
        return True

    def _chat(self, given: Json) -> Json:
        chat_id = self.where(given)
        if chat_id in self.facts.unknown:
            raise bad("chat not found")
        name = {"first_name": f"User {chat_id}"} if chat_id > 0 else {}
        return self.chat(chat_id) | name | {"permissions": {"can_send_messages": chat_id not in self.facts.muted}}

    def _member(self, given: Json) -> Json:
        status = "left" if self.where(given) in self.facts.left else "member"
        return {"status": status, "user": self.bot}

    def _typing(self, given: Json) -> bool:
        if self.where(given) in self.facts.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if given.get("message_thread_id") in self.topics_gone:
            raise bad("message thread not found")
        return True

    def _menu(self, given: Json) -> list[Json]:
        scope = given.get("scope") or {"type": "default"}
        key = ":".join(str(scope[name]) for name in ("type", "chat_id", "user_id") if name in scope)
        return [{"command": name, "description": name} for name in self.menus.get(key, [])]
