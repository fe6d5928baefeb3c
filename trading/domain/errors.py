"""One tree of errors, by what the caller can do about it.

    ChatopsError
    +-- Rejected        the exchange proved that it did not take it: terminal for this order
    +-- Unresolved      nobody knows whether it was taken: keep it UNKNOWN until the exchange proves it
    +-- NotFound        the exchange does not know this order or market (any more)
    +-- Unavailable     could not be read now: try again at the next beat
    |   +-- Paused      the exchange or the shard is paused: wait for it, cancels may be refused
    +-- Unauthorized    the key, its clock or its scopes are wrong: only a person can mend it
    +-- StoreError      what we know could not be kept
    |   +-- StoreRefused   the folder cannot be opened as it is: says why and what to do
    |   |   +-- StoreInUse   another running bot has it
    |   +-- StoreFailed    a write failed while running: stop, never retry
    +-- Misconfigured   a setting is wrong: names the variable, its value and the fix
    +-- Stale           what was previewed has changed since: ask again

Every message names the thing, the value and the fix, and holds no secret.
"""

from __future__ import annotations


class ChatopsError(Exception):
    """The root: everything that this program raises on purpose."""


class Rejected(ChatopsError):
    """The exchange answered and did not take it. `code` is the exchange's own, kept even when unknown to us."""

    def __init__(self, code: str, message: str, http_status: int = 0) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message, self.http_status = code, message, http_status

    @property
    def hopeless(self) -> bool:
        """Whether the next order will be refused just so: the key is wrong, or this program is too old."""
        return self.http_status in (401, 403, 410)


class Unresolved(ChatopsError):
    """A timeout, a 5xx, a dropped connection, or a success without an order id."""


class NotFound(ChatopsError):
    """404: gone, filled, or never there."""


class Unavailable(ChatopsError):
    """A read that failed after its retries."""


class Paused(Unavailable):
    """The exchange says `trading_is_paused` or `exchange_is_paused`."""


class Unauthorized(ChatopsError):
    """401 or 403, with the fix in the sentence."""


class StoreError(ChatopsError):
    """The root of what storage raises."""


class StoreRefused(StoreError):
    """Opening was refused; nothing was changed on disk."""


class StoreInUse(StoreRefused):
    """Another process holds the folder: two bots on one account would trade twice."""


class StoreFailed(StoreError):
    """A write or a sync failed; the store is poisoned from then on."""


class Misconfigured(ChatopsError):
    """One sentence: the variable, its value and the fix."""


class Stale(ChatopsError):
    """A confirmation whose previewed state is no more."""
