"""What only the host itself may ask: who may do what, and the opening of the lock.

The functions without a context are for the command line too, which does the same while no bot runs.
"""

from __future__ import annotations

from typing import Literal

from chatbot.access import Access, Entry
from chatbot.command import Context, Misread, Nature, Risk, command
from chatbot.locking import Lock
from chatbot.message import Reply, Role

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
    return answer_access(ctx.beside.access, verb, channel, account, role)


def answer_access(people: Access, verb: str, channel: str, account: str, role: str) -> Reply:
    """List, grant or revoke. Raises Misread, Misconfigured, StoreFailed."""
    if verb == "list":
        rows = tuple((f"{each.channel} {each.id}", _role(each)) for each in people.listed())
        return Reply("Access", fields=rows, note="" if rows else "Nobody is on the list but the host itself.")
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


@command(role=Role.OWNER, risk=Risk.RAISES, for_host=True)
async def unlock(ctx: Context) -> Reply:
    """Open the lock."""
    return answer_unlock(ctx.beside.lock)


def answer_unlock(lock: Lock) -> Reply:
    """Open it. Raises StoreFailed."""
    if lock.open():
        return Reply("Unlocked", note="What raises risk may be asked for again.")
    return Reply("Nothing is locked")
