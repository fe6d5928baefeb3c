"""All trades as the file that a chat is sent: oldest first, packed where it is long.

A trade becomes its line as soon as it is read: a hundred thousand trades in a list would be walked through by the
collector, and freed, while nobody else runs, 70 ms each. For the same reason the lines are sorted a day at a time, let
go of one by one, and joined some hundred at a time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from chatbot.message import File
from storage.export import SHAPES
from trading.domain.errors import Misconfigured
from trading.domain.trade import Trade
from trading.engine.history import in_order

FILE_BYTES_MAX = 8_000_000  # what every chat takes
PIECE_LINES = 500  # joined and packed at a time

Line = tuple[datetime, bytes, str]  # of a trade: when it was opened, its line, its id


def trades_file(
    name: str, form: str, environment: str, kept: Iterable[Trade], archived: Iterable[Trade], now: datetime
) -> File:
    """The file, of this name or as a ZIP of it: `kept` are the store's trades, the last one first. It takes seconds, in
    a thread. Raises Misconfigured where no chat takes it, and what going through the trades raises."""
    shape = SHAPES[form]
    lines = _lines(kept, archived, lambda trade: shape.line(trade, environment))
    pieces = list(shape.pieces(lines, PIECE_LINES))
    if sum(map(len, pieces)) <= FILE_BYTES_MAX:
        return File(name, b"".join(pieces))
    return _zipped(name, pieces, now)


def _lines(kept: Iterable[Trade], archived: Iterable[Trade], line: Callable[[Trade], bytes]) -> list[bytes]:
    """In the order in which the trades were opened. One that moves into the archives meanwhile counts once."""
    newest_first = [(trade.opened_at, line(trade), trade.trade_id) for trade in kept]
    found = {trade.trade_id: (trade.opened_at, line(trade), trade.trade_id) for trade in archived}
    while newest_first:
        row = newest_first.pop()
        found[row[2]] = row
    return [row[1] for row in in_order(_taken(found), lambda row: row[:1])]


def _taken(found: dict[str, Line]) -> Iterator[Line]:
    """All of them in their order, which are gone then."""
    for name in list(found):
        yield found.pop(name)


def _zipped(name: str, pieces: Iterable[bytes], now: datetime) -> File:
    """The file in a ZIP, which phones open by themselves."""
    packed, inside = io.BytesIO(), ZipInfo(name, now.timetuple()[:6])
    inside.compress_type = ZIP_DEFLATED
    with ZipFile(packed, "w") as archive, archive.open(inside, "w") as stream:
        for piece in pieces:
            stream.write(piece)
    data = packed.getvalue()
    if len(data) > FILE_BYTES_MAX:
        most = f"{len(data) / 1e6:.0f} MB, of which a chat takes {FILE_BYTES_MAX / 1e6:.0f}"
        raise Misconfigured(f"the file has {most}: kalshi-chatops export trades on the host writes it")
    return File(f"{name}.zip", data)
