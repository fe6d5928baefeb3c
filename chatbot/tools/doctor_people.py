"""The part of `doctor` about people: who knocked and is on no list, and the second factor of those who are."""

from __future__ import annotations

from collections.abc import Iterator

from chatbot.commands.host import answer_knocks
from chatbot.config import Settings
from chatbot.knocks import Knocks
from chatbot.message import Reply
from chatbot.tools.findings import Finding, ok, warn
from chatbot.tools.host import ask
from chatbot.wiring.people import access_of
from storage.store import TinyStore
from trading.domain.errors import ChatopsError

KNOCKS_SHOWN_MAX = 5


def people(settings: Settings, *, running: bool) -> list[Finding]:
    """What there is to know; `running`: a bot has the store, and is asked."""
    return [second_factor(settings), *knocked(settings, running=running)]


def second_factor(settings: Settings) -> Finding:
    """Whether there is one. That the secret is in base32 is a rule of the settings; nothing of it is shown."""
    if settings.totp_secret.get_secret_value():
        return ok("second factor", "on: what raises risk asks for a one-time code")
    if settings.environment == "production" and not settings.dry_run_locked:
        said = "off: who has your phone, or your account on a chat, can raise risk"
        return warn("second factor", said, "kalshi-chatops totp --new makes a secret and says where it goes")
    return ok("second factor", "off (TOTP_SECRET is not set)")


def knocked(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """People on no list who wrote to the bot, the newest first."""
    try:
        heard = _heard(settings, running=running)
    except ChatopsError:  # said by the check of the store, or of nobody's concern while the bot starts or stops
        return
    for who, said in heard[:KNOCKS_SHOWN_MAX]:
        channel, _, account = who.partition(" ")
        fix = f"add to {channel.upper()}_USERS as {account}:viewer if you know them"
        yield warn("who knocked", f"{who} {said}", fix)
    if (more := len(heard) - KNOCKS_SHOWN_MAX) > 0:
        yield warn("who knocked", f"{more} more", "kalshi-chatops access list shows them")


def _heard(settings: Settings, *, running: bool) -> tuple[tuple[str, str], ...]:
    """Who, and how often. Raises ChatopsError."""
    folder = settings.data_folder / "store"
    if running:
        return ask(settings.data_folder, "/knocks").fields
    return _stored(settings).fields if folder.is_dir() else ()


def _stored(settings: Settings) -> Reply:
    store = TinyStore.open(settings.data_folder / "store")
    try:
        return answer_knocks(access_of(settings, store), Knocks(store), settings.zone)
    finally:
        store.close()
