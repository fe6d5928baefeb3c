"""What a client says on the stream: commands with ids, and the replies matched to them, each within a time.

Source: the table of commands and error codes of the exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from trading.domain.errors import Unavailable
from trading.exchange.kalshi.stream_wire import Frame, read_refusal

UNKNOWN_SID, UNKNOWN_CHANNEL, AUTH_REQUIRED, CHANNEL_ERROR = 7, 8, 9, 10
TIMED_OUT, BUFFER_OVERFLOW, COMMAND_RATE = 18, 25, 27
TERMINAL = frozenset({CHANNEL_ERROR, BUFFER_OVERFLOW})  # for the subscription that they are about
PASSING = frozenset({TIMED_OUT, BUFFER_OVERFLOW, COMMAND_RATE})  # the same command may succeed later
NO_CHANNEL = frozenset({UNKNOWN_CHANNEL, AUTH_REQUIRED, CHANNEL_ERROR})  # as the reply to `subscribe`
GONE = frozenset({UNKNOWN_SID, CHANNEL_ERROR, BUFFER_OVERFLOW})  # as the reply to a command about a subscription

Value = str | int | bool | list[str] | list[int]


class ConnectionLost(Unavailable):
    """The connection is of no use any more: why, in words. `by_key`: the exchange refuses the key."""

    def __init__(self, why: str, *, by_key: bool = False) -> None:
        super().__init__(why)
        self.by_key = by_key


class CommandRefused(Unavailable):
    """The exchange's error in reply to a command; `tickers` are the markets at fault, where it names them."""

    def __init__(self, code: int, text: str, tickers: set[str]) -> None:
        super().__init__(f"{text} (code {code})")
        self.code, self.tickers = code, tickers


class Commands:
    """The commands of one connection. `send` carries a text or raises ConnectionLost."""

    def __init__(self, send: Callable[[str], Awaitable[None]], reply_seconds: float) -> None:
        self._send, self._reply_seconds = send, reply_seconds
        self._last_id = 0
        self._asked: dict[int, asyncio.Future[Frame]] = {}

    async def tell(self, cmd: str, **params: Value) -> None:
        """Send a command whose reply nobody waits for. Raises ConnectionLost."""
        self._last_id += 1
        await self._send(_text(self._last_id, cmd, params))

    async def call(self, cmd: str, **params: Value) -> Frame:
        """Send a command; its reply. Raises CommandRefused, and ConnectionLost when there is none in time."""
        self._last_id += 1
        number = self._last_id
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(_text(number, cmd, params))
            return await asyncio.wait_for(asked, self._reply_seconds)
        except TimeoutError:
            raise ConnectionLost(f"no answer to {cmd} within {self._reply_seconds:g} s") from None
        finally:
            del self._asked[number]

    def settle(self, frame: Frame) -> bool:
        """Hand a reply to who waits for it; whether somebody did."""
        asked = self._asked.get(frame.id or 0)
        if asked is None:
            return False
        if not asked.done():
            _conclude(asked, frame)
        return True


def _conclude(asked: asyncio.Future[Frame], frame: Frame) -> None:
    if frame.type != "error":
        asked.set_result(frame)
        return
    try:
        refusal = read_refusal(frame.msg)
    except ValueError as error:
        asked.set_exception(CommandRefused(0, f"an error that cannot be read: {error}", set()))
        return
    asked.set_exception(CommandRefused(refusal.code, refusal.msg or "refused", refusal.tickers))


def _text(number: int, cmd: str, params: dict[str, Value]) -> str:
    command = {"id": number, "cmd": cmd} | ({"params": params} if params else {})
    return msgspec.json.encode(command).decode()
