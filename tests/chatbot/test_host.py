"""The host's own way in: the same router, over a socket that only its user can reach; a kill waits for nobody there."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes_chat import Chat, chat
from fakes_pages import MANUAL

from chatbot.channels import host
from chatbot.channels.host import CLIENTS_MAX, LINE_BYTES_MAX, PATH_BYTES_MAX, URGENT_CLIENTS_MAX, HostDoor, addresses
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.config import load
from chatbot.life.marker import MARKER, leave
from chatbot.message import Reply
from chatbot.router import IN_FLIGHT_MAX
from chatbot.tools import without_bot
from chatbot.tools.host import Nobody, Silent, ask
from trading.domain.errors import ChatopsError


@asynccontextmanager
async def opened(c: Chat, folder: Path, **how: int) -> AsyncIterator[Path]:
    """The way in to this chat's router, for as long as the block."""
    door = HostDoor(c.router.handle, {**COMMANDS, **HOST_COMMANDS}, folder, **how)
    path = await door.open()
    try:
        yield path
    finally:
        await door.close()


async def asked(folder: Path, line: str) -> Reply:
    """As the command line asks."""
    return await asyncio.to_thread(ask, folder, line)


async def sent(path: Path, data: bytes) -> list[bytes]:
    """The lines that these bytes are answered with."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    lines = (await asyncio.wait_for(reader.read(), 5)).splitlines()
    writer.close()
    return lines


async def test_a_question_gets_the_chats_own_answer_and_is_audited_as_the_hosts(tmp_path: Path) -> None:
    c = chat()
    async with opened(c, tmp_path):
        reply = await asked(tmp_path, "/balance")
        assert reply == await c.answer("/balance")
        assert not (await asked(tmp_path, "/kill")).failed
        assert (await asked(tmp_path, "access list")).title == "Access"
        assert (await asked(tmp_path, "nonsense")).title.startswith("Unknown command")
    assert c.desk.done == ["kill by host:host"]
    assert c.desk.audits == [("host:host", "host", "/kill", "KILLED")]


async def test_what_raises_risk_asks_back_here_too(tmp_path: Path) -> None:
    c = chat()
    c.desk.halts = (MANUAL,)
    async with opened(c, tmp_path):
        question = await asked(tmp_path, "/resume")
        assert [button.typed for button in question.buttons] == ["yes", "no"]
    assert c.desk.done == []


async def test_only_the_user_can_reach_it_and_it_goes_with_the_bot(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "simulated"
    async with opened(chat(), folder) as path:
        assert path == folder / "control.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not path.exists()
    with pytest.raises(Nobody):
        await asked(folder, "/status")


async def test_the_socket_of_a_dead_bot_is_nobody_and_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control.sock"))
    left.close()
    with pytest.raises(Nobody, match="not running"):
        await asked(tmp_path, "/status")
    async with opened(chat(), tmp_path):
        assert (await asked(tmp_path, "/status")).title == "Status"


async def test_a_folder_too_deep_for_a_socket_has_it_elsewhere_under_its_own_name(tmp_path: Path) -> None:
    deep, other = (tmp_path / ("d" * 60) / ("e" * 60) / name for name in ("one", "other"))
    async with opened(chat(), deep) as path:
        assert len(os.fsencode(path)) <= PATH_BYTES_MAX
        assert path in addresses(deep)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert (await asked(deep, "/status")).title == "Status"
        (tmp_path / "short").symlink_to(deep)
        assert (await asked(tmp_path / "short", "/status")).title == "Status"
        with pytest.raises(Nobody):
            await asked(other, "/status")


async def test_somebody_elses_folder_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may make a folder of any name in a folder for all."""
    deep, runtime = tmp_path / ("d" * 100), tmp_path / "r"
    runtime.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(runtime))
    monkeypatch.setattr(host, "addresses", lambda folder: (runtime / "theirs" / "x.sock",))
    (runtime / "elsewhere").mkdir()
    (runtime / "theirs").symlink_to(runtime / "elsewhere")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    door = HostDoor(chat().router.handle, COMMANDS, deep)
    with pytest.raises(PermissionError, match="belongs to another user"):
        await door.open()


async def test_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the system says of the other end, whatever the file's mode."""
    if not hasattr(socket, "SO_PEERCRED"):
        pytest.skip("this system does not say who is at the other end")
    monkeypatch.setattr(host, "ROOT", -1)
    c = chat()
    async with opened(c, tmp_path, uid=os.geteuid() + 1) as path:
        with pytest.raises(ChatopsError, match="another user"):
            await asked(tmp_path, "/kill")
        assert b"refused" in (await sent(path, b'{"line":"/kill"}\n'))[0]
    assert c.desk.done == []


@pytest.mark.parametrize(
    "data",
    [
        b"/status\n",
        b"{}\n",
        b"[]\n",
        b'{"line":7}\n',
        b'{"line":""}\n',
        b"\xff\n",
        b"x" * (LINE_BYTES_MAX + 1),
        b'{"line":"' + b"x" * LINE_BYTES_MAX + b'"}\n',
        b'{"line":"/sta',  # and then nothing
    ],
)
async def test_what_is_no_question_is_told_so_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(host, "LINE_SECONDS_MAX", 0.1)
    async with opened(chat(), tmp_path) as path:
        [line] = await sent(path, data)
        assert "a question is one line" in json.loads(line)["refused"]
        assert (await asked(tmp_path, "/status")).title == "Status"


async def test_a_kill_waits_for_nobody(tmp_path: Path) -> None:
    """All room taken, by commands that hang and by clients that say nothing: the kill is answered at once."""
    c = chat()
    c.desk.hanging = True
    question = b'{"line":"/balance"}\n'
    async with opened(c, tmp_path) as path:
        clients = [await asyncio.open_unix_connection(path) for _ in range(CLIENTS_MAX)]
        for reader, writer in clients[:IN_FLIGHT_MAX]:
            writer.write(question)
            assert json.loads(await reader.readline()) == {"heard": True}
        assert b"others are asking" in (await sent(path, question))[0]
        assert (await asyncio.wait_for(asked(tmp_path, "/kill"), 2)).title == "KILLED"
        assert c.desk.done == ["kill by host:host"]
        c.desk.hang.set()
        for reader, _ in clients[:IN_FLIGHT_MAX]:
            assert "Balance" in str(await reader.readline())
        for _, writer in clients:
            writer.close()


async def test_clients_are_bounded(tmp_path: Path) -> None:
    c = chat()
    async with opened(c, tmp_path) as path:
        clients = [await asyncio.open_unix_connection(path) for _ in range(CLIENTS_MAX + URGENT_CLIENTS_MAX)]
        reader, writer = await asyncio.open_unix_connection(path)
        assert b"others are asking" in await asyncio.wait_for(reader.readline(), 2)
        for _, each in [*clients, (reader, writer)]:
            each.close()


async def test_a_kill_is_done_also_when_whoever_sent_it_has_gone(tmp_path: Path) -> None:
    c = chat()
    async with opened(c, tmp_path) as path:
        gone = socket.socket(socket.AF_UNIX)
        gone.connect(str(path))
        gone.sendall(b'{"line":"/kill"}\n')
        gone.close()
        async with asyncio.timeout(2):
            while not c.desk.done:  # noqa: ASYNC110 - the desk has no event for that
                await asyncio.sleep(0.01)


async def test_a_bot_that_hangs_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / "control.sock"))
        stuck.listen()
        with pytest.raises(Silent, match=rf"process {os.getpid()}\) runs, but does not answer"):
            await asyncio.to_thread(ask, tmp_path, "/kill", heard_within=0.1)


async def test_a_bot_that_breaks_off_in_its_answer_is_nobody(tmp_path: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"heard":true}\n{"reply":{"ti')
        writer.close()

    server = await asyncio.start_unix_server(cut, tmp_path / "control.sock")
    with pytest.raises(Nobody, match="broke off"):
        await asked(tmp_path, "/status")
    server.close()


async def test_closing_lets_a_change_end(tmp_path: Path) -> None:
    c = chat()
    c.desk.hanging = True
    async with opened(c, tmp_path) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"line":"/dryrun on"}\n')
        await reader.readline()
        asyncio.get_running_loop().call_later(0.1, c.desk.hang.set)
    assert c.desk.done == ["dry run True by host:host"]
    writer.close()


# --- a kill that meets a bot which is just starting -----------------------------------------------------------------


@pytest.mark.parametrize("failed", [False, True])
async def test_a_kill_asks_once_more_after_the_marker_stands(tmp_path: Path, failed: bool) -> None:
    """A bot that has started meanwhile has not read the marker; the marker goes where that bot has stored its halt."""
    settings = load(None, {"DATA_DIR": str(tmp_path)})
    marker, stood = settings.data_folder / MARKER, list[bool]()

    def started_meanwhile() -> Reply:
        stood.append(marker.exists())
        return Reply("KILLED", failed=failed)

    reply = await without_bot.kill(settings, "the bot is not running", started_meanwhile)
    assert (reply.title, stood) == ("KILLED", [True])
    assert marker.exists() is failed


def test_a_marker_that_stands_already_is_enough_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError("no space left on device")

    leave(tmp_path / MARKER, "host:host")
    assert (tmp_path / MARKER).read_text() == "host:host"
    monkeypatch.setattr(os, "open", full)
    leave(tmp_path / MARKER, "again")
    with pytest.raises(OSError, match="no space"):
        leave(tmp_path / "elsewhere", "host:host")
