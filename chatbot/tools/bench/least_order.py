"""The least that an order can take on this machine: its text signed and sent over one open connection, with a write and
a sync before it and after it, of the lines that a bot writes to its journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from storage.disk import RealDisk
from storage.journal import CHUNK_BYTES, first_of, scan
from trading.clock import monotonic
from trading.domain.errors import Unavailable
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.costs import ORDERS_PATH

CREATED = 201
SECONDS_MAX = 10.0  # for an answer


@dataclass(slots=True)
class LeastOrder:
    """Writes into a file whose space exists already, as a journal's does; over and over."""

    disk: RealDisk
    handle: int
    lines: Sequence[bytes]  # what is written before, and what after
    connection: HTTPConnection
    path: str
    body: bytes
    signer: Signer

    def send(self) -> float:
        """Once; seconds. Raises Unavailable where the order is not taken."""
        before, after = self.lines
        began = monotonic()
        self._write(before, 0)
        headers = {"Content-Type": "application/json", **self.signer.headers("POST", self.path)}
        self.connection.request("POST", self.path, self.body, headers)
        answer = self.connection.getresponse()
        answer.read()
        self._write(after, len(before))
        took = monotonic() - began
        if answer.status != CREATED:
            raise Unavailable(f"the least order was answered with HTTP {answer.status}")
        return took

    def _write(self, line: bytes, offset: int) -> None:
        self.disk.write(self.handle, line, offset)
        self.disk.sync(self.handle)


@contextmanager
def least_order(file: Path, lines: Sequence[bytes], body: bytes, signer: Signer, base_url: str) -> Iterator[LeastOrder]:
    """One that writes to `file` and sends to the exchange at `base_url`. Raises OSError."""
    disk, parts = RealDisk(), urlsplit(base_url)
    handle = disk.create(file)
    try:
        disk.write(handle, bytes(CHUNK_BYTES), 0)
        disk.sync(handle)
        with closing(HTTPConnection(parts.netloc, timeout=SECONDS_MAX)) as connection:
            yield LeastOrder(disk, handle, lines, connection, parts.path + ORDERS_PATH, body, signer)
    finally:
        disk.close(handle)


def last_lines(folder: Path, count: int) -> list[bytes]:
    """The newest lines of the journal in a store's folder, whole, the last one last."""
    segments = [path for path in folder.iterdir() if first_of(path.name) is not None]
    read = scan(max(segments).read_bytes())
    return [read.content[line.start : line.end] for line in read.lines[-count:]]
