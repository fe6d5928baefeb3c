"""An exchange that takes every order at once, as a process: the answer is made beforehand but for the order's number,
so that the time of an order is that of whoever sends it.

    python -m chatbot.tools.bench.order_taker

Its first line of output says where it listens; each order on standard input (a line of JSON) gets one line back.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count

from trading.clock import real_now
from trading.exchange.kalshi.costs import ORDERS_PATH

ROOT = "/trade-api/v2"
TARGET = f"POST {ROOT}{ORDERS_PATH} ".encode()
HEAD_END, LENGTH = b"\r\n\r\n", b"content-length:"
NAME = b'"client_order_id":"'
SIGNATURE = b"kalshi-access-signature:"
REFUSAL = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Taken:
    """What was taken so far: the client order ids, each once however often it came."""

    def __init__(self) -> None:
        self.numbers, self.names = count(1), set[str]()
        self._at = int(real_now().timestamp() * 1000)

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The acknowledgement of a signed order that now rests; a refusal of anything else."""
        if not head.startswith(TARGET) or SIGNATURE not in head.lower() or NAME not in body:
            return REFUSAL
        self.names.add(body.partition(NAME)[2].partition(b'"')[0].decode())
        order_id = b"00000000-0000-4000-8000-%012d" % next(self.numbers)
        said = b'{"order_id":"%b","fill_count":"0.00","remaining_count":"1.00","ts_ms":%d}' % (order_id, self._at)
        return b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            len(said),
            said,
        )


class Connection(asyncio.Protocol):
    """Requests one after the other, each answered when its last byte is there."""

    def __init__(self, taken: Taken) -> None:
        self._taken, self._read = taken, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream has one"
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, rest = self._read.partition(HEAD_END)
        if end and len(rest) >= (length := _length(head)):
            self._read = rest[length:]
            self._transport.write(self._taken.answer(head, rest[:length]))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def main() -> None:
    """Serve until standard input ends."""
    taken = Taken()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(taken), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    print(json.dumps({"base_url": f"http://127.0.0.1:{port}{ROOT}"}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"orders": len(taken.names)}), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
