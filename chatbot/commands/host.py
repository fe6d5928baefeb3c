"""What only the host itself may ask: who may do what, and the opening of the lock.

The functions without a context are for the command line too, which does the same while no bot runs.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Literal

from chatbot.access import Access, Entry
from chatbot.command import Context, Misread, Nature, Risk, command
from chatbot.formats import count, moment
from chatbot.knocks import Knock, Knocks
from chatbot.locking import Lock
from chatbot.message import Person, Reply, Role
from trading.clock import real_now

Verb = Literal["list", "grant", "revoke"]
RISKS = {"list": Risk.NONE, "grant": Risk.RAISES, "revoke": Risk.LOWERS}
ROOM = "The room itself still shows its notices to everybody who is in it: look at who that is."
EXAMPLES = {"grant": "access grant telegram 123456789 viewer", "revoke": "access revoke telegram 123456789"}


def _nature(ctx: Context, verb: Verb, channel: str, account: str, role: str) -> Nature:
    return Nature(Role.OWNER, RISKS[verb])


@command(role=Role.OWNER, nature=_nature, for_host=True)
async def access(ctx: Context, verb: Verb, channel: str = "", account: str = "", role: str = "") -> Reply:
    """Who may do what.

    A change holds at once and over restarts, wins over the settings, and voids what the person was asked.
    """
    if verb == "list":
        return answer_list(ctx.beside.access, ctx.beside.knocks, ctx.zone)
    return answer_access(ctx.beside.access, verb, channel, account, role)


def answer_list(people: Access, knocks: Knocks, zone: tzinfo) -> Reply:
    """Who is on the list, and who is not and knocked."""
    rows = tuple((f"{each.channel} {each.id}", _role(each)) for each in people.listed())
    note = ROOM if rows else "Nobody is on the list but the host itself."
    knocking = tuple((who, f"knocked: {said}") for who, said in _knocked(people, knocks, zone))
    return Reply("Access", fields=(*rows, *knocking), note=note)


def _knocked(people: Access, knocks: Knocks, zone: tzinfo) -> tuple[tuple[str, str], ...]:
    strangers = (each for each in knocks.listed() if people.role_of(Person(*each.key)) is None)
    now = real_now()
    return tuple((f"{each.channel} {each.id}", _knock(each, zone, now)) for each in strangers)


def _knock(knock: Knock, zone: tzinfo, now: datetime) -> str:
    name = f"({knock.name}) " if knock.name else ""
    return f"{name}{count(knock.count, 'time')}, last {moment(knock.last, zone, now)}"


def answer_access(people: Access, verb: str, channel: str, account: str, role: str) -> Reply:
    """Grant or revoke. Raises Misread, Misconfigured, StoreFailed."""
    if verb == "grant":
        people.grant(channel, account, _named(role))
        return Reply(f"{channel} {account} is {role.casefold()} now", note=ROOM)
    people.revoke(channel, account)
    return Reply(f"{channel} {account} may do nothing any more", note=ROOM)


def _role(entry: Entry) -> str:
    word = entry.role.word if entry.role else "revoked"
    return f"{word}, {'stored' if entry.stored else 'by the settings'}"


def _named(role: str) -> Role:
    known = {each.word: each for each in Role}
    if role.casefold() not in known:
        raise Misread(f"role is one of {', '.join(known)}, not {role!r}: for example {EXAMPLES['grant']}")
    return known[role.casefold()]


@command(role=Role.OWNER, for_host=True)
async def knocks(ctx: Context) -> Reply:
    """People on no list who wrote to the bot."""
    return answer_knocks(ctx.beside.access, ctx.beside.knocks, ctx.zone)


def answer_knocks(people: Access, heard: Knocks, zone: tzinfo) -> Reply:
    """Who knocked and is on no list (yet), the newest first."""
    return Reply("Who knocked", fields=_knocked(people, heard, zone))


@command(role=Role.OWNER, risk=Risk.RAISES, for_host=True)
async def unlock(ctx: Context) -> Reply:
    """Open the lock."""
    return answer_unlock(ctx.beside.lock)


def answer_unlock(lock: Lock) -> Reply:
    """Open it. Raises StoreFailed."""
    if lock.open():
        return Reply("Unlocked", note="What raises risk may be asked for again.")
    return Reply("Nothing is locked")
