"""Asking the running bot from a shell on its machine, and what to do where none answers.

The question goes to the bot's socket (`chatbot.channels.host`). Where there is none, or nobody answers within a bound,
`kill` and the questions go to the exchange itself, and changes to the store.
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import msgspec

from chatbot.channels.host import ROOT, Answer, Question, addresses, peer_of
from chatbot.config import Settings
from chatbot.message import Reply
from chatbot.render import plain
from trading.domain.errors import ChatopsError

HEARD_SECONDS_MAX = 3.0  # for the bot to say that it has the question; its loop answers within milliseconds
ANSWER_SECONDS_MAX = 40.0  # a read is given up by the bot after 30 s; a step of a kill after 10 s
ANSWER_BYTES_MAX = 4 * 2**20


class Nobody(ChatopsError):
    """No running bot answers: there is no socket, or nobody behind it."""


class Silent(Nobody):
    """A bot is there and does not answer in time."""


def tell(settings: Settings, line: str) -> int:
    """Have the bot run one command (`/status`), or do what can be done without it, and print the answer. The exit
    code: 0 where all that was asked is done."""
    try:
        reply = ask(settings.data_folder, line)
    except Nobody as nobody:
        reply = _without(settings, line, nobody)
    print(plain(reply))
    return int(reply.failed)


def ask(folder: Path, line: str, *, heard_within: float = HEARD_SECONDS_MAX) -> Reply:
    """The running bot's reply. Raises Nobody, Silent, ChatopsError for what it refuses."""
    for address in addresses(folder):
        connection = _connected(address)
        if connection:
            with connection:
                return _asked(connection, line, heard_within)
    raise Nobody("the bot is not running")


def _without(settings: Settings, line: str, nobody: Nobody) -> Reply:
    """The answer without a bot; what it takes is imported only now, since a running bot answers in no time."""
    from chatbot.tools import without_bot

    return asyncio.run(without_bot.answer(settings, line, str(nobody), lambda: ask(settings.data_folder, line)))


def _connected(address: Path) -> socket.socket | None:
    """A connection, None where nobody listens. Raises ChatopsError where it is somebody else's."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(HEARD_SECONDS_MAX)
    try:
        made.connect(os.fspath(address))
    except PermissionError as error:
        made.close()
        raise ChatopsError(f"{address} belongs to another user: run this as the user of the bot") from error
    except OSError:  # no file, nobody behind it, or nobody who takes connections any more
        made.close()
        return None
    other = peer_of(made)
    if other and other.uid not in (ROOT, os.geteuid()) and os.geteuid() != ROOT:
        made.close()
        raise ChatopsError(f"user {other.uid} listens at {address}: run this as the user of the bot")
    return made


def _asked(connection: socket.socket, line: str, heard_within: float) -> Reply:
    """One question on a connection. Raises Nobody, Silent, ChatopsError."""
    other = peer_of(connection)
    who = f"the bot (process {other.pid})" if other else "the bot"
    try:
        connection.sendall(msgspec.json.encode(Question(line)) + b"\n")
        connection.settimeout(heard_within)
        with connection.makefile("rb") as answers:
            answer = _read(answers.readline(ANSWER_BYTES_MAX))
            if answer.heard:
                connection.settimeout(ANSWER_SECONDS_MAX)
                answer = _read(answers.readline(ANSWER_BYTES_MAX))
    except TimeoutError:
        raise Silent(f"{who} runs, but does not answer") from None
    except OSError as error:
        raise Nobody(f"{who} broke off: {error}") from None
    if answer.refused or answer.reply is None:
        raise ChatopsError(answer.refused or "the bot has no answer to this")
    return answer.reply


def _read(line: bytes) -> Answer:
    """Raises ConnectionError for an end in the middle."""
    try:
        return msgspec.json.decode(line, type=Answer)
    except msgspec.DecodeError:
        raise ConnectionError("its answer has no end") from None
