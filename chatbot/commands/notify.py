"""How people are told: /notify shows and changes the rules by event and channel, /mute silences an event for a while.

Neither touches what can be lost, so nobody is asked back; but who hears of what matters afterwards, so that both are
audited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Literal

from chatbot.command import Context, From, Misread, command
from chatbot.formats import labelled, moment
from chatbot.message import Button, Reply, Role, Table
from chatbot.rules import EVERYWHERE, KINDS, NEVER_OFF, ChannelName, Rule, Rules, known

ALL = "all"  # every event, or every channel
MUTE_MAX = timedelta(days=7)
END_OF_MUTE = ("off", "0", "end")
MUTED = "muted"  # a table's word for what is on but silent for a while
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "": timedelta(minutes=1)}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|)(?:in|ins|inute|inutes|our|ours|ay|ays)?(?![a-z])\s*")
_UNTIL = re.compile(r"(?:until|till)?\s*(\d{1,2})(?::(\d\d))?\s*(am|pm|)")


# --- rules ----------------------------------------------------------------------------------------------------------


@command(role=Role.OPERATOR, changed_by="rule")
async def notify(
    ctx: Context,
    event: Annotated[str, From("event", "fill")] = "",
    rule: Annotated[Literal["show", "on", "silent", "off"], From("", "silent")] = "show",
    channel: Annotated[Literal["all", ChannelName], From("", "telegram")] = "all",
) -> Reply:
    """Show or set who hears what.

    /notify shows every event on every channel; /notify fill silent telegram makes fills come to Telegram without
    a sound; without a channel it is so on all. It holds over a restart and wins over NOTIFY. What needs somebody (halt,
    error, warning, balance, recovery) can be silent but never off, and neither can an alert of another event.
    """
    rules, label = ctx.beside.rules, labelled(ctx.desk.status().label, ctx.zone)
    if not event:
        return Reply("Notices", label=label, table=_table(rules, list(KINDS)), note=_note(rules, ctx.zone))
    kind = _known(event, "/notify fill silent")
    if rule == "show":
        return Reply(f"Notices: {kind}", label=label, table=_table(rules, [kind]), buttons=tuple(_choices(kind)))
    rules.say(kind, Rule(rule), EVERYWHERE if channel == ALL else channel, ctx.person.by)
    where = "everywhere" if channel == ALL else f"on {channel.capitalize()}"
    return Reply(f"{kind} is {rule} {where}", label=label, table=_table(rules, [kind]), note=f"When {KINDS[kind]}.")


def _table(rules: Rules, kinds: list[str]) -> Table:
    rows = tuple((kind, *(_cell(rules, channel, kind) for channel in rules.channels)) for kind in kinds)
    return Table(("Event", *(channel.capitalize() for channel in rules.channels)), rows)


def _cell(rules: Rules, channel: str, kind: str) -> str:
    lasting = rules.lasting(channel, kind)
    return MUTED if lasting is Rule.ON and rules.muted_until(kind) else lasting.value


def _note(rules: Rules, zone: tzinfo) -> str:
    ends = ((kind, rules.muted_until(kind)) for kind in KINDS)
    muted = [f"{kind} is muted until {moment(until, zone, rules.now())}." for kind, until in ends if until]
    return "\n".join([*muted, "/notify fill silent telegram changes one, /mute fill 30m silences one for a while."])


def _choices(kind: str) -> Iterator[Button]:
    for rule in Rule:
        if rule is not Rule.OFF or kind not in NEVER_OFF:
            yield Button(rule.value.capitalize(), f"/notify {kind} {rule}")


# --- mutes ----------------------------------------------------------------------------------------------------------


@command(role=Role.OPERATOR, changed_by="time")
async def mute(
    ctx: Context,
    event: Annotated[str, From("event", "fill")],
    time: Annotated[str, From("", "until")],
    at: Annotated[str, From("", "8:00")] = "",
) -> Reply:
    """Silence an event for a while.

    /mute fill 30m, /mute all 2h, /mute order until 8:00; /mute fill off ends it. Its notices still come, without a
    sound, and after that time it is as before by itself.
    """
    asked, rules = f"{time} {at}".strip().casefold(), ctx.beside.rules
    kind = ALL if event == ALL else _known(event, "/mute fill 30m")
    now = rules.now()
    ended = asked in END_OF_MUTE
    until = now if ended else end_of(asked, now, ctx.zone)
    rules.mute(KINDS if kind == ALL else (kind,), until, ctx.person.by)
    label = labelled(ctx.desk.status().label, ctx.zone)
    every = "Every event" if kind == ALL else kind
    if ended:
        return Reply(f"{every}: not muted", label=label, note="It is told by its rules again: /notify shows them.")
    return Reply(
        f"{every} is silent until {moment(until, ctx.zone, now)}",
        label=label,
        note="Notices still come, without a sound; after that it is as before by itself.",
        buttons=(Button("End the mute", f"/mute {kind} off"),),
    )


def end_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    """When `30m`, `2h`, `1h 30m` from now, or `until 8:00` in that zone, is (aware). Raises Misread."""
    span = _span(text)
    end = _next(text, now.astimezone(zone)) if span is None else now + span
    if end is None or end <= now:
        raise Misread(f"{text[:24]!r} is no time: for example /mute fill 30m, /mute fill 2h or /mute fill until 8:00")
    if end - now > MUTE_MAX:
        raise Misread(f"{text[:24]} is longer than {MUTE_MAX.days} days: /notify makes an event silent for good")
    return end


def _span(text: str) -> timedelta | None:
    """The sum of `1h 30m`; None for what is none. A number alone is minutes."""
    if not re.fullmatch(rf"(?:{_SPAN.pattern})+", text):
        return None
    days = sum(float(number) * (_UNITS[unit] / timedelta(days=1)) for number, unit in _SPAN.findall(text))
    return timedelta(days=min(days, 2 * MUTE_MAX.days))


def _next(text: str, local: datetime) -> datetime | None:
    """The next time that a clock shows what `until 8:00` says; None for what is no time of day."""
    form = _UNTIL.fullmatch(text)
    if not form:
        return None
    hour, minute, half = int(form[1]), int(form[2] or 0), form[3]
    hour = hour % 12 + 12 * (half == "pm") if half and 1 <= hour <= 12 else hour
    if hour > 23 or minute > 59:
        return None
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def _known(event: str, example: str) -> str:
    """The event that is meant. Raises Misread."""
    try:
        return known(event.casefold())
    except ValueError as error:
        raise Misread(f"{error} For example {example}") from None
