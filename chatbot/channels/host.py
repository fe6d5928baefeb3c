"""The host's own way in: a Unix socket in the data folder, for programs of the same user on the same machine.

One question a connection: a line of JSON `{"line": "/status"}` in, `{"heard": true}` out at once, then the answer. Each
is a task of its own and goes through the router like every other line, as the host, so that a /kill waits for nobody.
There is room kept for what lowers risk when others have taken all of it, and what was sent is done also when whoever
sent it has gone since.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import socket
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from chatbot.access import HOST
from chatbot.command import Command, Risk, find
from chatbot.front import Handle
from chatbot.line import read_line
from chatbot.message import Incoming, Person, Reply
from trading.clock import real_now

SOCKET = "control.sock"
PATH_BYTES_MAX = 100  # of a Unix socket's address; the systems allow 103 to 107
LINE_BYTES_MAX = 4_096
LINE_SECONDS_MAX = 5.0  # for a client to send its line
CLIENTS_MAX = 16
URGENT_CLIENTS_MAX = 64  # on top of these, for what lowers risk
ANSWERS_SECONDS_MAX = 1.0  # how long closing waits for commands that still run
FOLDER_MODE, SOCKET_MODE = 0o700, 0o600
ROOT = 0  # may do anything on the machine anyway

log = logging.getLogger(__name__)


class Question(msgspec.Struct, frozen=True):
    """What a client asks: a command as typed in a chat."""

    line: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What it gets: first that it was heard, then the reply, or why there is none."""

    heard: bool = False
    reply: Reply | None = None
    refused: str = ""


def addresses(folder: Path) -> tuple[Path, ...]:
    """Where the socket of this data folder may be, the best first: inside it, or, where that is too long for a
    socket, in the user's own runtime folder under a name that is the folder's hash."""
    folder = folder.resolve()  # the same for everybody, whichever way they name it
    inside = folder / SOCKET
    if len(os.fsencode(inside)) <= PATH_BYTES_MAX:
        return (inside,)
    name = hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest() + ".sock"
    runtimes = (Path(f"/run/user/{os.geteuid()}"), Path(tempfile.gettempdir()))
    return tuple(runtime / f"kalshi-chatops-{os.geteuid()}" / name for runtime in runtimes if runtime.is_dir())


class HostDoor:
    """Serves the socket of one data folder, which must be locked by the caller: a socket that stands there is a dead
    bot's. `commands` are those that the host has; `uid` is the user who may ask."""

    def __init__(
        self, handle: Handle, commands: Mapping[str, Command], folder: Path, *, uid: int | None = None
    ) -> None:
        self._handle, self._commands, self._folder = handle, commands, folder
        self._uid = os.geteuid() if uid is None else uid
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._clients = 0
        self._working: set[asyncio.Future[Reply | None]] = set()

    async def open(self) -> Path:
        """Listen; where. Raises OSError."""
        self._path, listening = _listening(addresses(self._folder))
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LINE_BYTES_MAX)
        return self._path

    async def close(self) -> None:
        """Listen no more; commands that still run get ANSWERS_SECONDS_MAX to end."""
        if self._server is None or self._path is None:
            return
        self._server.close()
        if self._working:
            await asyncio.wait(self._working, timeout=ANSWERS_SECONDS_MAX)
        self._path.unlink(missing_ok=True)

    # --- one client ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            await self._answer(reader, writer)
        except OSError as error:  # whoever asked has gone
            log.debug("the host's client: %s", error)
        finally:
            self._clients -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refused = self._crowd(CLIENTS_MAX + URGENT_CLIENTS_MAX)
        line = "" if refused else await _line(reader)  # what is left unread cuts the answer off
        refused = refused or self._stranger(writer) or self._no_room(line)
        if refused:
            await _say(writer, Answer(refused=refused))
            return
        await _say(writer, Answer(heard=True), wait=False)
        await _say(writer, Answer(reply=await self._handled(line)))

    def _stranger(self, writer: asyncio.StreamWriter) -> str:
        other = peer_of(writer.get_extra_info("socket"))
        if other is None or other.uid in (ROOT, self._uid):
            return ""
        log.warning("user %s of this machine was refused", other.uid)
        return "this bot belongs to another user of this machine"

    def _no_room(self, line: str) -> str:
        """Why this line cannot be taken, empty where it can."""
        if not line:
            return f'a question is one line like {{"line": "/status"}}, of at most {LINE_BYTES_MAX} bytes'
        found = find(self._commands, read_line(line).word)
        urgent = found is not None and found.risk is Risk.LOWERS
        return "" if urgent else self._crowd(CLIENTS_MAX)

    def _crowd(self, most: int) -> str:
        return f"{self._clients - 1} others are asking at this moment: try again" if self._clients > most else ""

    async def _handled(self, line: str) -> Reply | None:
        """The router's answer. A client that goes cuts no command off half-way."""
        incoming = Incoming(Person(HOST, "host"), HOST, line, real_now(), can_press=False)
        work = asyncio.ensure_future(self._handle(incoming))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        return await asyncio.shield(work)


async def _line(reader: asyncio.StreamReader) -> str:
    """The command that is asked for; empty for what is no question."""
    try:
        async with asyncio.timeout(LINE_SECONDS_MAX):
            data = await reader.readuntil(b"\n")
        return msgspec.json.decode(data, type=Question).line
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, msgspec.DecodeError):
        return ""


async def _say(writer: asyncio.StreamWriter, answer: Answer, *, wait: bool = True) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    if wait:
        await writer.drain()


@dataclass(frozen=True, slots=True)
class Peer:
    """The program at the other end of a connection."""

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> Peer | None:
    """Who is at the other end; None where the system does not say (the file's mode alone then keeps others out)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    form = "3i"  # pid, uid, gid
    pid, uid, _ = struct.unpack(form, connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize(form)))
    return Peer(pid, uid)


def _listening(places: tuple[Path, ...]) -> tuple[Path, socket.socket]:
    """A socket at the first of these places that can be had. Raises OSError."""
    problem = OSError("there is no folder for a socket")
    for path in places:
        try:
            return path, _bound(path)
        except OSError as error:
            problem = error
    raise problem


def _bound(path: Path) -> socket.socket:
    """Bind it, in a folder and with a mode for its user alone. The data folder may be another user's (a container's
    volume); any other place may not."""
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if path.name != SOCKET and path.parent.lstat().st_uid != os.geteuid():
        raise PermissionError(f"{path.parent} belongs to another user")
    with contextlib.suppress(PermissionError):
        path.parent.chmod(FOLDER_MODE)
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(os.fspath(path))
        path.chmod(SOCKET_MODE)
    except OSError:
        made.close()
        raise
    return made
