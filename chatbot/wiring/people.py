"""Who may do what, by the settings and by what was changed since."""

from __future__ import annotations

from collections.abc import Mapping

from chatbot.access import IDS, Access
from chatbot.config import Settings
from chatbot.message import Role
from trading.ports import Store


def access_of(settings: Settings, store: Store) -> Access:
    """The settings' people, and what was changed since."""
    return Access(roles_of(settings), store)


def roles_of(settings: Settings) -> dict[str, dict[str, Role]]:
    """The settings' people, by channel."""
    return {channel: roles(getattr(settings, f"{channel}_users")) for channel in IDS}


def roles(people: Mapping[str, str]) -> dict[str, Role]:
    """Account id -> role, from the words of the settings."""
    return {who: Role[word.upper()] for who, word in people.items()}
