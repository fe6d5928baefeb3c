"""Who knocked: people on no list who wrote to the bot, so that its owner can let in whom they know.

Anybody may write to a bot, as often as they like, so the list is bounded, and written once a second at most: what comes
in between is written with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chatbot.access import IDS
from chatbot.message import Person
from trading.clock import real_now
from trading.domain.records import Control, Put
from trading.ports import Store

ROW = "knock:"  # begins the names of the store's rows: knock:<channel>:<id>
KNOCKS_MAX = 20  # accounts; the one that has been silent the longest gives way
NAME_LENGTH_MAX = 32  # characters of a name that are kept
WRITTEN_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Knock:
    """One account that nobody has let in; times are real (aware UTC)."""

    channel: str
    id: str
    name: str
    first: datetime
    last: datetime
    count: int

    @property
    def key(self) -> tuple[str, str]:
        return self.channel, self.id


class Knocks:
    """`store` keeps them; without one they last as long as the program."""

    def __init__(self, store: Store | None = None, now: Callable[[], datetime] = real_now) -> None:
        self._store, self._now = store, now
        self._knocks = {knock.key: knock for knock in _stored(store)} if store else {}
        self._unwritten: set[tuple[str, str]] = set()
        self._written_at: datetime | None = None

    def listed(self) -> list[Knock]:
        """Who knocked, the newest first."""
        return sorted(self._knocks.values(), key=lambda knock: knock.last, reverse=True)

    def heard(self, person: Person) -> None:
        """Remember that somebody wrote who is on no list. Raises StoreFailed."""
        if not _could_be_let_in(person):
            return
        now, known = self._now(), self._knocks.get(person.key)
        first, count = (known.first, known.count) if known else (now, 0)
        name = person.name[:NAME_LENGTH_MAX]
        self._knocks[person.key] = Knock(person.channel, person.id, name, first, now, count + 1)
        self._unwritten.add(person.key)
        if len(self._knocks) > KNOCKS_MAX:
            self._drop(self.listed()[-1].key)
        if self._written_at is None or now - self._written_at >= WRITTEN_EVERY:
            self._write(now)

    def _drop(self, key: tuple[str, str]) -> None:
        del self._knocks[key]
        self._unwritten.add(key)

    def _write(self, now: datetime) -> None:
        if self._store:
            self._store.commit([_put(key, self._knocks.get(key)) for key in self._unwritten])
        self._written_at = now
        self._unwritten.clear()


def _could_be_let_in(person: Person) -> bool:
    form = IDS.get(person.channel)
    return bool(form and re.fullmatch(form, person.id, re.ASCII)) and not person.id.startswith("&")


def _put(key: tuple[str, str], knock: Knock | None) -> Put:
    name = ROW + ":".join(key)
    if knock is None:
        return Put("control", name)
    value = {"name": knock.name, "first": knock.first.isoformat(), "count": str(knock.count)}
    return Put("control", name, Control(name, value, knock.last))


def _stored(store: Store) -> list[Knock]:
    rows = [row for row in store.select("control") if isinstance(row, Control) and row.name.startswith(ROW)]
    return [_knock(row) for row in rows]


def _knock(row: Control) -> Knock:
    channel, _, who = row.name.removeprefix(ROW).partition(":")
    first = datetime.fromisoformat(row.value["first"])
    return Knock(channel, who, row.value["name"], first, row.at, int(row.value["count"]))
