"""Plain calls to the chats' servers, for what asks them while no bot runs: one attempt each, no secret in any error.

The SDKs are made for a bot that stays connected; here a token is tried, a chat looked up, a test message sent.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

from chatbot.version import VERSION
from trading.domain.errors import ChatopsError

ANSWER_SECONDS_MAX = 5.0  # for a chat's server to answer
RATE_WAIT_SECONDS_MAX = 10.0  # that a server may ask us to wait before the one more try
TELEGRAM, DISCORD = "https://api.telegram.org", "https://discord.com/api/v10"
TOO_MANY = 429
WRONG_TOKEN = (401, 403, 404)  # Telegram says 404 to a token of no bot


class Unanswered(ChatopsError):
    """No answer came, or one that cannot be read."""


class Declined(ChatopsError):
    """The server says no. `status` is HTTP's, `number` Discord's own code (0: none), `moved_to` a group's next id."""

    def __init__(self, said: Any, status: int) -> None:
        body = said if isinstance(said, dict) else {}
        parameters = body.get("parameters") or {}
        self.status, self.number = status, int(body.get("code") or 0)
        self.text = str(body.get("description") or body.get("message") or f"HTTP {status}")
        self.moved_to = str(parameters.get("migrate_to_chat_id") or "")
        self.wait_seconds = float(body.get("retry_after") or parameters.get("retry_after") or 0)
        super().__init__(self.text)


@dataclass(frozen=True, slots=True)
class Telegram:
    """The Bot API with one token; `base` is a server of one's own."""

    token: str
    base: str = ""

    def ask(self, method: str, *, wait: float = 0.0, **given: Any) -> Any:
        """What a method gives; `wait`: seconds that it may take on top. Raises Declined, Unanswered."""
        said = _asked("POST", f"{self.base or TELEGRAM}/bot{self.token}/{method}", {}, given, wait)
        try:
            return said["result"]
        except (KeyError, TypeError):
            raise Unanswered("its server gives no answer that can be read") from None


@dataclass(frozen=True, slots=True)
class Discord:
    """Discord's API with one token; `base` is a proxy's."""

    token: str
    base: str = ""

    def ask(self, path: str, body: object = None) -> Any:
        """What stands at a path; with a `body`, what posting it gives. Raises Declined, Unanswered."""
        agent = f"DiscordBot (kalshi-chatops, {VERSION})"
        headers = {"Authorization": f"Bot {self.token}", "User-Agent": agent}
        return _asked("GET" if body is None else "POST", f"{self.base or DISCORD}{path}", headers, body, 0.0)


def _asked(verb: str, url: str, headers: dict[str, str], body: object, wait: float) -> Any:
    """One call, and one more where the server asks for a short wait first."""
    try:
        return _once(verb, url, headers, body, wait)
    except Declined as error:
        if error.status != TOO_MANY or error.wait_seconds > RATE_WAIT_SECONDS_MAX:
            raise
        time.sleep(error.wait_seconds)
    return _once(verb, url, headers, body, wait)


def _once(verb: str, url: str, headers: dict[str, str], body: object, wait: float) -> Any:
    """The address may hold the token, and so may the library's errors: only their kind is said."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            patience = (ANSWER_SECONDS_MAX, ANSWER_SECONDS_MAX + wait)
            answer = session.request(verb, url, headers=headers, json=body, timeout=patience, allow_redirects=False)
        if not answer.ok:
            raise Declined(_read(answer), answer.status_code)
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unanswered(f"its server gives no answer ({type(error).__name__})") from None


def _read(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
