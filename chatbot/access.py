"""Who may do what, and the confirmations that what raises risk needs.

Roles belong to people, by their account id on a channel; a room gives nothing, and an empty list lets nobody in. What
was granted or revoked while running is stored and wins over the settings. A confirmation is a single-use code bound to
one person, one chat, one command and the state that was previewed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chatbot.message import Person, Role
from trading.clock import monotonic, real_now
from trading.domain.errors import Misconfigured, Stale
from trading.domain.records import Control, Put
from trading.ports import Store

TERMINAL = "terminal"  # whoever sits at the process can stop it anyway: its person is its owner
HOST = "host"  # and so can a shell of the same user on the same machine
LOCAL = frozenset({TERMINAL, HOST})
IDS = {"telegram": r"\d{1,20}", "discord": r"&?\d{1,20}"}  # the channels that have people, and what names one there
ROW = "access:"  # begins the names of the store's rows: access:<channel>:<id>
REVOKED = "none"  # a row's role that lets nobody in, whatever else would
GROUP_ROLE_MOST = Role.OPERATOR  # a platform's own admins hand out its roles, so they never make an owner
CONFIRMATION_SECONDS = 60.0
CONFIRMATIONS_MAX = 100
CODE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list; no role: revoked. `stored`: granted or revoked while running, not by the settings."""

    channel: str
    id: str
    role: Role | None
    stored: bool


class Access:
    """The list of people: channel -> account id (or `&` and a group's id) -> role.

    `roles` are the settings'; `store` keeps what is changed while running; without one, that lasts as long as the
    program.
    """

    def __init__(
        self,
        roles: Mapping[str, Mapping[str, Role]],
        store: Store | None = None,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._store, self._now = store, now
        self._listeners: list[Callable[[str, str], None]] = []
        self._stored = _stored(store) if store else {}
        self._roles = self._laid_over(roles)

    def settle(self, roles: Mapping[str, Mapping[str, Role]]) -> None:
        """Take other people from the settings; what was changed while running still wins."""
        before, self._roles = self._roles, self._laid_over(roles)
        keys = {(channel, who) for all_ in (before, self._roles) for channel in all_ for who in all_[channel]}
        for channel, who in sorted(keys):
            if before.get(channel, {}).get(who) is not self._roles.get(channel, {}).get(who):
                self._tell(channel, who)

    def _laid_over(self, roles: Mapping[str, Mapping[str, Role]]) -> dict[str, dict[str, Role | None]]:
        laid: dict[str, dict[str, Role | None]] = {channel: dict(people) for channel, people in roles.items()}
        for (channel, who), role in self._stored.items():
            laid.setdefault(channel, {})[who] = role
        return laid

    def role_of(self, person: Person) -> Role | None:
        """The person's role; None for a stranger."""
        if person.channel in LOCAL:
            return Role.OWNER
        people = self._roles.get(person.channel, {})
        if person.id in people and not person.id.startswith("&"):
            return people[person.id]
        groups = (people.get(f"&{group}") for group in person.groups)
        return max((min(role, GROUP_ROLE_MOST) for role in groups if role), default=None)

    def listen(self, listener: Callable[[str, str], None]) -> None:
        """Call `listener(channel, id)` after each change; it must not raise nor wait."""
        self._listeners.append(listener)

    def listed(self) -> list[Entry]:
        """Everybody on the list, and who was revoked, by channel and id."""
        return [
            Entry(channel, who, role, (channel, who) in self._stored)
            for channel, people in sorted(self._roles.items())
            for who, role in sorted(people.items())
        ]

    def roles(self, channel: str) -> dict[str, Role | None]:
        """Account id -> role now; None for who was revoked."""
        return dict(self._roles.get(channel, {}))

    def grant(self, channel: str, who: str, role: Role) -> None:
        """Give an account this role from now on. Raises Misconfigured for what is no account, StoreFailed."""
        if who.startswith("&") and role > GROUP_ROLE_MOST:
            raise Misconfigured(f"{who} is a guild's role, which can be {GROUP_ROLE_MOST.word} at most: name a person")
        self._change(channel, who, role)

    def revoke(self, channel: str, who: str) -> None:
        """Let an account in no more, whatever the settings and its groups say. Raises Misconfigured, StoreFailed."""
        self._change(channel, who, None)

    def _change(self, channel: str, who: str, role: Role | None) -> None:
        if channel not in IDS:
            raise Misconfigured(f"{channel!r} is no channel with people: use {' or '.join(IDS)}")
        if not re.fullmatch(IDS[channel], who, re.ASCII):
            raise Misconfigured(f"{who!r} is no account id on {channel}: it is a number, for example 123456789")
        if self._store:
            name = f"{ROW}{channel}:{who}"
            row = Control(name, {"role": role.word if role else REVOKED}, self._now())
            self._store.commit([Put("control", name, row)])
        self._stored[channel, who] = role
        self._roles.setdefault(channel, {})[who] = role
        self._tell(channel, who)

    def _tell(self, channel: str, who: str) -> None:
        for listener in self._listeners:
            listener(channel, who)


def _stored(store: Store) -> dict[tuple[str, str], Role | None]:
    rows = [row for row in store.select("control") if isinstance(row, Control) and row.name.startswith(ROW)]
    found: dict[tuple[str, str], Role | None] = {}
    for row in rows:
        channel, _, who = row.name.removeprefix(ROW).partition(":")
        word = row.value["role"]
        found[channel, who] = None if word == REVOKED else Role[word.upper()]
    return found


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What one code stands for. `expires_at` counts seconds of the injected monotonic time."""

    code: str
    person: tuple[str, str]
    chat_id: str
    line: str
    fingerprint: str
    expires_at: float


def _new_code() -> str:
    """Unguessable, and short enough to type."""
    return secrets.token_hex(CODE_BYTES)


class Confirmations:
    """The codes that wait for a yes. Only the last question asked of a person in a chat stands: a second yes, or a
    second tap, can therefore never mean an older question."""

    def __init__(self, monotonic: Callable[[], float] = monotonic, new_code: Callable[[], str] = _new_code) -> None:
        self._monotonic, self._new_code = monotonic, new_code
        self._waiting: dict[str, Confirmation] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, person: Person, chat_id: str, line: str, fingerprint: str) -> Confirmation:
        """A new code for `line`, which this person may confirm in this chat within CONFIRMATION_SECONDS."""
        self._forget(lambda each: (each.person, each.chat_id) == (person.key, chat_id))
        self._forget(lambda each: each.expires_at <= self._monotonic())
        while len(self._waiting) >= CONFIRMATIONS_MAX:
            del self._waiting[next(iter(self._waiting))]
        expires_at = self._monotonic() + CONFIRMATION_SECONDS
        made = Confirmation(self._new_code(), person.key, chat_id, line, fingerprint, expires_at)
        self._waiting[made.code] = made
        return made

    def look(self, code: str, person: Person, chat_id: str) -> Confirmation:
        """What a code stands for. Raises Stale for one that is used, expired, or somebody else's (which stays
        theirs)."""
        found = self._waiting.get(code)
        if not found or found.expires_at <= self._monotonic():
            raise Stale("this confirmation was used already or has expired: send the command again")
        if (found.person, found.chat_id) != (person.key, chat_id):
            raise Stale("this confirmation belongs to another person or chat: send the command yourself")
        return found

    def take(self, code: str, person: Person, chat_id: str) -> Confirmation:
        """Use a code up. Raises as `look`."""
        self.look(code, person, chat_id)
        return self._waiting.pop(code)

    def code_for(self, person: Person, chat_id: str) -> str:
        """The code of the question that stands open for this person in this chat; empty when there is none."""
        mine = (c.code for c in self._waiting.values() if (c.person, c.chat_id) == (person.key, chat_id))
        return next(mine, "")

    def forget(self, channel: str, who: str) -> None:
        """Void what this account was asked; of a group's id, what anybody on the channel was."""
        group = who.startswith("&")
        self._forget(lambda each: each.person == (channel, who) or (group and each.person[0] == channel))

    def _forget(self, what: Callable[[Confirmation], bool]) -> None:
        self._waiting = {code: each for code, each in self._waiting.items() if not what(each)}
