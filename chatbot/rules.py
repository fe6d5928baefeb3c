"""How people are told about what, by kind of event and channel: on, silent or off.

The settings give rules, and what was said in chat since wins over them and outlives a restart: each is one row of the
store. What needs somebody can be made silent and never off, since nobody would know what they were not told. A mute is
silence for a while: what it covers still comes, so that a fill that fell into it is not lost.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, get_args

from trading.clock import real_now
from trading.domain.errors import Misconfigured
from trading.domain.records import Control, Put, Severity
from trading.ports import Store

# What a notice can be about, by the names that NOTIFY and /notify take.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "order": "an order is placed, refused or of unknown outcome",
        "fill": "an order is filled",
        "cancel": "an order is cancelled",
        "settlement": "a trade is over",
        "cash": "money comes or goes",
        "balance": "the balance is low",
        "error": "something fails",
        "recovery": "what failed works again",
        "warning": "a loss nears its limit",
        "halt": "trading stops",
        "resume": "trading goes on",
        "mode": "the dry run is switched",
        "start": "the bot starts",
        "stop": "the bot stops",
        "settings": "the host has the settings read again",
        "arbitrage": "two markets cost less than they pay",
        "report": "the daily and weekly report",
        "digest": "many notices in one",
    }
)
NEVER_OFF: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("halt", "error", "warning", "balance", "recovery"), "it tells of what needs somebody")
    | {"digest": "it stands for notices that are on"}
)
ChannelName = Literal["telegram", "discord", "terminal"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)
EVERYWHERE = "*"  # in place of a channel: all of them
WRONG_FORM = (
    "is not event:on|silent|off or channel/event:on|silent|off, separated by commas: "
    "for example order:silent,telegram/settlement:on"
)
RULE_ROW, MUTE_ROW = "notify:", "mute:"  # begin the names of rows: notify:<channel>/<kind>, mute:<kind>

Key = tuple[str, str]  # a channel, or EVERYWHERE; and a kind


class Rule(StrEnum):
    """What becomes of a notice: told; told without a sound; not told, which counts as told."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Rules:
    """The rules in force. `text` is NOTIFY's; `store` keeps what is said in chat, and without one that lasts as long as
    the program; `now` is real time (aware UTC); `channels` are those that people are shown. Raises ValueError for a
    text that is none."""

    def __init__(self, text: str = "", store: Store | None = None, now: Callable[[], datetime] = real_now) -> None:
        self._store, self.now = store, now
        self.channels: Sequence[str] = CHANNELS
        self._set = rules_of(text)
        rows = [row for row in (store.select("control") if store else ()) if isinstance(row, Control)]
        self._said = {_key(row.name): Rule(row.value["rule"]) for row in rows if row.name.startswith(RULE_ROW)}
        mutes = (row for row in rows if row.name.startswith(MUTE_ROW))
        self._mutes = {r.name.removeprefix(MUTE_ROW): datetime.fromisoformat(r.value["until"]) for r in mutes}

    def configure(self, text: str) -> None:
        """Take other settings; what was said in chat still wins. Raises ValueError, and nothing has changed then."""
        self._set = rules_of(text)

    def rule(self, channel: str, kind: str, severity: Severity = Severity.NOTICE) -> Rule:
        """What becomes of a notice now. An ALERT of whatever kind is never off."""
        found = self.lasting(channel, kind)
        if found is Rule.OFF and severity is Severity.ALERT:
            return Rule.SILENT
        return Rule.SILENT if found is Rule.ON and self.muted_until(kind) else found

    def lasting(self, channel: str, kind: str) -> Rule:
        """The same without mutes: the most exact rule said in chat, else the most exact one set, else on."""
        places = ((rules, key) for rules in (self._said, self._set) for key in ((channel, kind), (EVERYWHERE, kind)))
        return next((rules[key] for rules, key in places if key in rules), Rule.ON)

    def muted_until(self, kind: str) -> datetime | None:
        """When a mute of this kind ends (aware UTC); None where there is none."""
        until = self._mutes.get(kind)
        return until if until and until > self.now() else None

    def say(self, kind: str, rule: Rule, channel: str, by: str) -> None:
        """From now on it is so on this channel; on EVERYWHERE, whatever was said of a single one before. Raises
        Misconfigured for a kind or a rule that cannot be, StoreFailed."""
        try:
            checked(kind, rule)
        except ValueError as error:
            raise Misconfigured(str(error)) from None
        gone = [key for key in self._said if channel == EVERYWHERE and key[1] == kind and key[0] != EVERYWHERE]
        name = _name((channel, kind))
        row = Control(name, {"rule": rule.value, "by": by}, self.now())
        self._keep([Put("control", name, row), *(Put("control", _name(key), None) for key in gone)])
        self._said = {key: each for key, each in self._said.items() if key not in gone} | {(channel, kind): rule}

    def mute(self, kinds: Iterable[str], until: datetime, by: str) -> None:
        """Make these kinds silent until then (aware UTC); a moment that has passed ends their mutes. Raises
        StoreFailed."""
        ends = dict.fromkeys(kinds, until)
        told = {"until": until.isoformat(), "by": by}
        rows = [Control(f"{MUTE_ROW}{kind}", told, self.now()) for kind in ends]
        over = until <= self.now()
        self._keep([Put("control", row.name, None if over else row) for row in rows])
        self._mutes = {kind: end for kind, end in {**self._mutes, **ends}.items() if end > self.now()}

    def _keep(self, puts: list[Put]) -> None:
        if self._store:
            self._store.commit(puts)


def rules_of(text: str) -> dict[Key, Rule]:
    """`order:silent, telegram/fill:off` as rules by channel and kind. Raises ValueError with words that follow the
    variable's name and value."""
    found: dict[Key, Rule] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        key, rule = _part(part)
        if key in found:
            raise ValueError(f"names {part.partition(':')[0].strip()} twice: give it one rule")
        found[key] = rule
    return found


def _part(part: str) -> tuple[Key, Rule]:
    """`telegram/fill:off` as a key and its rule. Raises ValueError."""
    form = re.fullmatch(r"(?:(\w+)/)?(\w+)\s*:\s*(on|silent|off)", part)
    if not form:
        raise ValueError(WRONG_FORM)
    channel, kind, rule = form[1] or EVERYWHERE, form[2], Rule(form[3])
    if channel not in (*CHANNELS, EVERYWHERE):
        raise ValueError(f"names the channel {channel!r}, which is unknown: use {', '.join(CHANNELS)}")
    try:
        checked(kind, rule)
    except ValueError as error:
        raise ValueError(f"has {part!r}: {error}") from None
    return (channel, kind), rule


def checked(kind: str, rule: Rule) -> None:
    """Raises ValueError with a sentence for a kind that is unknown, or one that cannot be off."""
    known(kind)
    if rule is Rule.OFF and kind in NEVER_OFF:
        raise ValueError(f"{kind} can be silent but never off, since {NEVER_OFF[kind]}")


def known(kind: str) -> str:
    """The kind. Raises ValueError with the nearest one that there is."""
    if kind in KINDS:
        return kind
    near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
    raise ValueError(f"there is no event {kind[:24]!r}: {meant}")


def _name(key: Key) -> str:
    return f"{RULE_ROW}{key[0]}/{key[1]}"


def _key(name: str) -> Key:
    channel, _, kind = name.removeprefix(RULE_ROW).partition("/")
    return channel, kind
