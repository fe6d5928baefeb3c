"""What people send and what they get back, without any platform's words.

Every channel turns its own updates into `Incoming` and shows a `Reply` in its own way; nothing else crosses. A button
carries the line that it stands for, so that pressing it is the same as typing it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Literal

from chatbot.progress import Told, unseen

Align = Literal["left", "right"]
Style = Literal["plain", "primary", "danger"]
Mood = Literal["plain", "gain", "loss", "alert"]


class Role(IntEnum):
    """What a person may do; each includes the ones before it."""

    VIEWER = 1
    OPERATOR = 2
    OWNER = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a channel. `id` is the channel's account id: names can be changed by anybody, ids cannot.

    `groups` are the ids of roles that the channel itself gives (a Discord guild's).
    """

    channel: str
    id: str
    name: str = ""
    groups: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes two persons the same one."""
        return self.channel, self.id

    @property
    def by(self) -> str:
        """How the record names them."""
        account = f"{self.channel}:{self.id}"
        return f"{self.name} ({account})" if self.name else account


@dataclass(frozen=True, slots=True)
class Incoming:
    """One line that somebody sent, or the line of a button that they pressed.

    `sent_at` is real time (aware UTC) by the platform's clock. `edited`, `forwarded` and `anonymous` (an anonymous
    admin, a channel's post) make it a stranger's: nobody answers for it. `can_press` is False where replies show no
    buttons; a typed yes or no then stands for one. `progress` shows how far a command is, where the channel can.
    """

    person: Person
    chat_id: str
    text: str
    sent_at: datetime
    edited: bool = False
    forwarded: bool = False
    anonymous: bool = False
    can_press: bool = True
    progress: Told = field(default=unseen, compare=False, repr=False)

    @property
    def unowned(self) -> bool:
        """Whether its text cannot be taken as this person's word of this moment."""
        return self.edited or self.forwarded or self.anonymous


@dataclass(frozen=True, slots=True)
class Button:
    """A choice under a reply: pressing it sends `line` as if typed; `typed` is the short word for it in a terminal.

    `line` stays within 64 bytes, the tightest limit among the platforms (Telegram's callback data).
    """

    label: str
    line: str
    style: Style = "plain"
    typed: str = ""

    def __post_init__(self) -> None:
        assert len(self.line.encode()) <= 64, self.line


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headers; `align` has one entry per column (default: all left)."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[Align, ...] = ()

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.headers) for row in self.rows)
        assert len(self.align) in (0, len(self.headers))


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG and what it shows in one sentence, for those who cannot see it; `spark` is the same as one line of text."""

    png: bytes
    caption: str
    spark: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep: its name and bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in parts, shown in this order. `label` says what the figures are: instance, mode, environment, age.

    `choices` are buttons of which one is taken (one for each order that could be cancelled): a channel that has menus
    shows them as one. `mood` is how it may be coloured. `failed`: what was asked is not done, or not all of it; no
    channel shows it, a command line's exit code does.
    """

    title: str
    label: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    note: str = ""
    picture: Picture | None = None
    file: File | None = None
    buttons: tuple[Button, ...] = ()
    choices: tuple[Button, ...] = ()
    mood: Mood = "plain"
    failed: bool = False
