"""The SDK's Bot on a transport of ours: one attempt per call, failures told apart, the token in no text.

The SDK maps a 5xx to the same error as a refused connection and loses the code; whether a message may have arrived all
the same hangs on it, so the transport raises `ServerFailed` itself. What arrived is decided by where httpx stopped: a
request that never found a connection was not sent, one whose answer did not come may well have been.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from ssl import SSLContext
from typing import Any, Final

import httpx
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

TELEGRAM = "https://api.telegram.org"
CONNECTIONS_MAX = 256  # to the Bot API at once; a hanging delivery takes one, an answer another
BLOT = "***"
QUIET = ("telegram", "httpx", "httpcore")  # their lines carry addresses, and those carry the token
GATEWAY_TIMEOUT = 504  # the only 5xx that says the request did reach a server, which may have finished it since
NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
GARBLED: Final = (KeyError, TypeError, ValueError, AttributeError)  # what the SDK raises over an answer it cannot read


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every wait of the channel, in seconds. A call takes connect + write + read at most: below the outbox's 30."""

    connect_seconds: float = 5.0
    write_seconds: float = 5.0
    read_seconds: float = 10.0
    pool_seconds: float = 1.0
    poll_seconds: int = 10  # how long Telegram holds a getUpdates open
    poll_margin_seconds: float = 5.0  # after which a poll that hangs is given up
    backoff_first_seconds: float = 0.5
    backoff_max_seconds: float = 10.0
    conflict_seconds: float = 15.0  # between polls while another program reads with the same token
    token_seconds: float = 60.0  # between tries of a token that was refused
    retry_after_seconds_max: float = 600.0  # however long Telegram asks us to wait
    answer_seconds_max: float = 120.0  # an answer that cannot be sent for this long is given up
    press_seconds: float = 0.5  # how long a button shows that it is busy while its command runs
    close_seconds: float = 2.0
    notices_at_once: int = 20
    notice_private_seconds: float = 1.0  # between notices after that: Telegram wants one message a second in a chat
    notice_group_seconds: float = 4.0  # and 20 a minute in a group, of which answers need some


class ServerFailed(NetworkError):
    """The server, or what stands before it, answered with a code of 500 or more."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server answered {code}")
        self.code = code


class Garbled(NetworkError):
    """The server answered what cannot be read."""


class Wire(HTTPXRequest):
    """The SDK's own transport, which keeps the code of a server's failure."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(*args, **kwargs)
        if code >= 500:
            raise ServerFailed(code)
        return code, payload


def wires(bounds: Bounds, *, own_server: bool) -> tuple[Wire, Wire]:
    """Two transports, for polls and for calls; a server of one's own is asked past any proxy of the environment. They
    trust the same certificates, which are read once: that takes longer than all else here."""
    trusted = httpx.create_ssl_context(trust_env=not own_server)
    return _wire(bounds, own_server, trusted), _wire(bounds, own_server, trusted)


def _wire(bounds: Bounds, own_server: bool, trusted: SSLContext) -> Wire:
    return Wire(
        connection_pool_size=CONNECTIONS_MAX,
        connect_timeout=bounds.connect_seconds,
        write_timeout=bounds.write_seconds,
        media_write_timeout=bounds.write_seconds,
        read_timeout=bounds.read_seconds,
        pool_timeout=bounds.pool_seconds,
        httpx_kwargs={"trust_env": not own_server, "verify": trusted},
    )


def hush() -> None:
    """Keep the libraries' own lines out of every log."""
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


def bot(token: str, api_base: str, polls: Wire, calls: Wire) -> Bot:
    """The SDK's Bot on these transports: polls have their own, so that nothing waits for a long poll."""
    base = (api_base or TELEGRAM).rstrip("/")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=calls,
        get_updates_request=polls,
    )


# --- what a failure means -------------------------------------------------------------------------------------------

REFUSED_CHAT = (
    "chat not found",
    "chat_write_forbidden",
    "deactivated",
    "kicked",
    "no rights",
    "not enough rights",
    "need administrator rights",
    "peer_id_invalid",
)
REFUSED_TOPIC = ("thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
TOO_LONG = ("too long", "too_long")
UNPARSED = ("parse entities", "parse_entities", "entity_bounds")
NOT_MODIFIED = ("not modified",)


def says(error: TelegramError, *phrases: str) -> bool:
    """Whether Telegram's own words hold one of these (in lower case)."""
    text = str(error).casefold()
    return any(phrase in text for phrase in phrases)


def refuses_chat(error: TelegramError) -> bool:
    return isinstance(error, Forbidden) or (isinstance(error, BadRequest) and says(error, *REFUSED_CHAT))


def passing(error: TelegramError) -> bool:
    """Whether the same request may succeed later."""
    refused = isinstance(error, BadRequest | Forbidden | InvalidToken | ChatMigrated)
    return not refused


def unknown(error: TelegramError) -> bool:
    """Whether what was sent may have got there all the same."""
    if isinstance(error, ServerFailed):
        return error.code == GATEWAY_TIMEOUT
    if isinstance(error, BadRequest | Forbidden | InvalidToken | ChatMigrated | Conflict | RetryAfter):
        return False
    cause = error.__cause__
    if isinstance(error, NetworkError) and cause is None and not isinstance(error, Garbled):
        return False  # a code below 500: the server read it and refused
    return not isinstance(cause, NOT_SENT)


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks us to wait; the SDK is about to change the type that it says it in."""
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def without_token(text: str, token: str) -> str:
    """The text without the token, in whatever case: the SDK writes Telegram's words small."""
    return re.sub(re.escape(token), BLOT, text, flags=re.IGNORECASE) if token else text
