"""What the host can change in the store while no bot runs: who may do what, and the lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chatbot.commands.host import answer_access, answer_list, answer_unlock
from chatbot.commands.registry import HOST_COMMANDS
from chatbot.config import Settings
from chatbot.knocks import Knocks
from chatbot.locking import Lock
from chatbot.message import Reply
from chatbot.wiring.people import access_of
from storage.store import TinyStore
from trading.clock import real_now
from trading.domain.errors import StoreRefused
from trading.domain.events import CommandAnswered
from trading.domain.order import Mode
from trading.engine.book import Book
from trading.engine.loading import load_state

BY = "host:host"


def changed(settings: Settings, why: str, name: str, words: tuple[str, ...]) -> Reply:
    """Change the store itself, with an entry in its audit. Raises StoreRefused where a bot has it, and what the
    command raises."""
    given = HOST_COMMANDS[name].parse(words)
    with opened(settings, why) as store:
        people = access_of(settings, store)
        if given.get("verb") == "list":
            return answer_list(people, Knocks(store), settings.zone)
        if name == "unlock":
            reply = answer_unlock(Lock(store))
        else:
            reply = answer_access(people, *(str(given[part]) for part in ("verb", "channel", "account", "role")))
        _audit(store, settings, " ".join((f"/{name}", *words)), reply.title)
        return reply


@contextmanager
def opened(settings: Settings, why: str) -> Iterator[TinyStore]:
    """The store of a bot that does not run. Raises StoreRefused, with `why` one is needed."""
    try:
        store = TinyStore.open(settings.data_folder / "store")
    except StoreRefused as error:
        raise StoreRefused(f"{why}, and its store cannot be had: {error}") from None
    try:
        yield store
    finally:
        store.close()


def _audit(store: TinyStore, settings: Settings, command: str, result: str) -> None:
    now = real_now()
    book = Book(store, load_state(store, now, Mode.DRY_RUN), lambda event, before, after: (), settings.zone)
    book.record(CommandAnswered(now, BY, "host", command, result))
