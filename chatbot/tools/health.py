"""`kalshi-chatops health`: whether the bot on this machine lives, for whatever starts it anew where it does not.

With HEALTH_PORT it is asked there, as any monitor would; without it the host's own socket says whether /status is
answered.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException

from chatbot.config import Settings
from trading.domain.errors import ChatopsError

ADDRESS = "127.0.0.1"
ANSWER_SECONDS_MAX = 3.0  # a loop that turns answers within milliseconds
BODY_BYTES_MAX = 64 * 1024
OK = 200


def health(settings: Settings, *, as_json: bool) -> int:
    """Say whether it lives, and why not; the exit code is 0 where it does and else 1."""
    problem = _by_port(settings.health_port) if settings.health_port else _by_socket(settings)
    if as_json:
        print(json.dumps({"alive": not problem, "reasons": [problem] if problem else []}))
    else:
        print(f"not alive: {problem}" if problem else "alive")
    return int(bool(problem))


def _by_port(port: int) -> str:
    """What is wrong, in words; empty while all is well."""
    connection = HTTPConnection(ADDRESS, port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read(BODY_BYTES_MAX)
    except TimeoutError:
        return f"no answer on HEALTH_PORT={port} within {ANSWER_SECONDS_MAX:g} s"
    except (OSError, HTTPException) as error:
        return f"nobody answers on HEALTH_PORT={port} ({type(error).__name__}): the bot is not running"
    finally:
        connection.close()
    return "" if answer.status == OK else _reasons(body)


def _reasons(body: bytes) -> str:
    try:
        return "; ".join(json.loads(body)["reasons"])
    except (ValueError, TypeError, KeyError):
        return "another program answers on HEALTH_PORT"


def _by_socket(settings: Settings) -> str:
    from chatbot.tools.host import ask  # only here: the way by the port is asked every few seconds

    try:
        reply = ask(settings.data_folder, "/status")
    except ChatopsError as error:
        return str(error)
    return reply.title if reply.failed else ""
