"""Who may do what, and the confirmations that what raises risk needs.

Roles belong to people, by their account id on a channel; a room gives nothing, and an empty list lets nobody in. A
confirmation is a single-use code bound to one person, one chat, one command and the state that was previewed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chatbot.message import Person, Role
from trading.clock import monotonic
from trading.domain.errors import Stale

TERMINAL = "terminal"  # whoever sits at the process can stop it anyway: its person is its owner
GROUP_ROLE_MOST = Role.OPERATOR  # a platform's own admins hand out its roles, so they never make an owner
CONFIRMATION_SECONDS = 60.0
CONFIRMATIONS_MAX = 100
CODE_BYTES = 8


class Access:
    """The list of people: channel -> account id (or `&` and a group's id) -> role."""

    def __init__(self, roles: Mapping[str, Mapping[str, Role]]) -> None:
        self._roles = {channel: dict(people) for channel, people in roles.items()}

    def role_of(self, person: Person) -> Role | None:
        """The person's role; None for a stranger."""
        if person.channel == TERMINAL:
            return Role.OWNER
        people = self._roles.get(person.channel, {})
        if person.id in people and not person.id.startswith("&"):
            return people[person.id]
        given = [min(people[f"&{group}"], GROUP_ROLE_MOST) for group in person.groups if f"&{group}" in people]
        return max(given, default=None)


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

    def take(self, code: str, person: Person, chat_id: str) -> Confirmation:
        """Use a code up. Raises Stale for one that is used, expired, or somebody else's (which stays theirs)."""
        found = self._waiting.get(code)
        if not found or found.expires_at <= self._monotonic():
            raise Stale("this confirmation was used already or has expired: send the command again")
        if (found.person, found.chat_id) != (person.key, chat_id):
            raise Stale("this confirmation belongs to another person or chat: send the command yourself")
        return self._waiting.pop(code)

    def code_for(self, person: Person, chat_id: str) -> str:
        """The code of the question that stands open for this person in this chat; empty when there is none."""
        mine = (c.code for c in self._waiting.values() if (c.person, c.chat_id) == (person.key, chat_id))
        return next(mine, "")

    def _forget(self, what: Callable[[Confirmation], bool]) -> None:
        self._waiting = {code: each for code, each in self._waiting.items() if not what(each)}
