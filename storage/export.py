"""Trades as tables for spreadsheets and programs: CSV and JSON with the same columns.

The first twelve columns are those that the field's CONSENSUS bots write; ours follow. Dollars have four decimals.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import msgspec

from trading.domain.money import CENTI_CENT, ONE
from trading.domain.trade import Trade

COLUMNS = (
    *("time", "buy_ticker", "buy_side", "stake_usd", "price_usd", "contracts", "order_id"),
    *("prev_signal", "mom_signal", "outcome", "payout_usd", "profit_usd"),
    *("fee_usd", "mode", "strategy", "environment", "closed_time", "trade_id"),
)

Target = Path | TextIO
Cell = str | Decimal

_JSON = msgspec.json.Encoder(decimal_format="number")  # 5.2000 stays 5.2000


def rows(trades: Iterable[Trade], environment: str = "") -> list[dict[str, Cell]]:
    """One dict a trade, with COLUMNS as keys: times as ISO-8601 UTC text, numbers as Decimals, all else as text.

    `stake_usd` is what was paid before fees, `price_usd` the average a contract, `profit_usd` is after fees; an open
    trade has no `outcome` yet and figures so far.
    """
    return [_row(trade, environment) for trade in trades]


def write_csv(trades: Iterable[Trade], target: Target, environment: str = "") -> None:
    """A header and a line a trade; a file at that path is replaced whole. Raises OSError."""
    with _opened(target) as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(_row(trade, environment).values() for trade in trades)


def write_json(trades: Iterable[Trade], target: Target, environment: str = "") -> None:
    """A JSON list of the same rows, numbers as numbers; a file at that path is replaced whole. Raises OSError."""
    with _opened(target) as stream:
        comma = "["
        for trade in trades:  # one by one: all at once would let no other thread run before it has ended
            stream.write(f"{comma}{_JSON.encode(_row(trade, environment)).decode()}")
            comma = ","
        stream.write("]\n" if comma == "," else "[]\n")


def write_summed(trades: Iterable[Trade], summary: Mapping[str, object], target: Target, environment: str = "") -> None:
    """A JSON object of what the trades come to and of their rows; a file at that path is replaced whole. Raises
    OSError."""
    with _opened(target) as stream:
        whole = {"summary": summary, "trades": rows(trades, environment)}
        stream.write(_JSON.encode(whole).decode() + "\n")


def csv_line(trade: Trade, environment: str = "") -> str:
    """The trade's line, with its line end."""
    return _line(_row(trade, environment).values())


@dataclass(frozen=True, slots=True)
class Shape:
    """The same files, made a line at a time (UTF-8): what begins and ends them, what stands between two lines, and the
    line of a trade in an environment."""

    begins: bytes
    between: bytes
    ends: bytes
    line: Callable[[Trade, str], bytes]

    def pieces(self, lines: Sequence[bytes], count: int) -> Iterator[bytes]:
        """The file of these lines, in pieces of at most so many of them."""
        yield self.begins
        for start in range(0, len(lines), count):
            yield (self.between if start else b"") + self.between.join(lines[start : start + count])
        yield self.ends


def _csv_bytes(trade: Trade, environment: str) -> bytes:
    return csv_line(trade, environment).encode()


def _json_bytes(trade: Trade, environment: str) -> bytes:
    return _JSON.encode(_row(trade, environment))


def _row(trade: Trade, environment: str) -> dict[str, Cell]:
    cells: tuple[Cell, ...] = (
        *(_time(trade.opened_at), trade.ticker, trade.side.value, _usd(trade.cost), _usd(trade.price)),
        *(_count(trade.contracts), trade.order_id, trade.previous_signal, trade.momentum_signal, trade.outcome.value),
        *(_usd(trade.payout), _usd(trade.profit), _usd(trade.fees), trade.mode.value, trade.strategy, environment),
        *(_time(trade.closed_at), trade.trade_id),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _usd(amount: Decimal) -> Decimal:
    return amount.quantize(CENTI_CENT) + 0  # a negative zero is nobody's profit


def _count(contracts: Decimal) -> Decimal:
    return contracts.quantize(ONE) if contracts == contracts.to_integral_value() else contracts.normalize()


class _Echo:
    """What a CSV writer writes in is what it gives back: half the time of a stream for each line."""

    def write(self, line: str) -> str:
        return line


def _line(cells: Iterable[Cell]) -> str:
    line: str = csv.writer(_Echo(), lineterminator="\n").writerow(cells)
    return line


SHAPES = {
    "csv": Shape(_line(COLUMNS).encode(), b"", b"", _csv_bytes),
    "json": Shape(b"[", b",", b"]\n", _json_bytes),
}


@contextmanager
def _opened(target: Target) -> Iterator[TextIO]:
    """The stream itself, or a new file that takes the path's name when all of it is written."""
    if not isinstance(target, Path):
        yield target
        return
    aside = target.with_name(target.name + ".new")
    with aside.open("w", encoding="utf-8", newline="") as stream:
        yield stream
    os.replace(aside, target)


class TradesCsv:
    """A CSV file that always shows the trades as they are.

    A new trade is appended. A changed one is nearly always among the newest, so only the lines from it on are written
    again, in place: 0.05 ms, where the whole file takes 150 ms at 12,000 trades. Lines before the oldest open trade are
    not kept in memory; when one of those may have changed (the exchange corrected a result, a cancelled order had
    filled after all), or somebody else touched the file, it is written anew from `trades`. Nothing is synced: the store
    is what lasts, and the file is written anew at each start.
    """

    def __init__(self, path: Path, trades: Callable[[], Iterable[Trade]], environment: str = "") -> None:
        """`trades` gives all trades, oldest first, whenever the whole file has to be written. Raises OSError."""
        self._path, self._trades, self._environment = path, trades, environment
        self._newest: datetime | None = None  # when the last of the trades shown was opened
        self._settled_bytes = 0  # of the lines that are not in `_recent`
        self._recent: dict[str, _Shown] = {}  # from the oldest open trade on, in the file's order
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rewrite()

    def put(self, trade: Trade) -> None:
        """Show a trade that is new or has changed and that `trades` gives already. Raises OSError."""
        is_new = self._newest is None or trade.opened_at > self._newest
        if not (is_new or trade.trade_id in self._recent) or self._disturbed():
            self.rewrite()
        elif self._show(trade):
            self._write_from(trade.trade_id)
            self._settle()

    def rewrite(self) -> None:
        """Write the whole file aside and give it its name. Raises OSError."""
        self._recent.clear()
        self._newest = None
        header = _line(COLUMNS).encode()
        self._settled_bytes = len(header)
        aside = self._path.with_name(self._path.name + ".new")
        with aside.open("wb") as stream:
            stream.write(header)
            for trade in self._trades():
                self._show(trade)
                stream.write(self._recent[trade.trade_id].line)
                self._settle()
        os.replace(aside, self._path)

    def _show(self, trade: Trade) -> bool:
        """Whether that changes its line."""
        before = self._recent.get(trade.trade_id)
        self._recent[trade.trade_id] = _Shown(csv_line(trade, self._environment).encode(), trade.open)
        self._newest = max(self._newest or trade.opened_at, trade.opened_at)
        return self._recent[trade.trade_id] != before

    def _write_from(self, trade_id: str) -> None:
        ids = list(self._recent)
        changed = ids[ids.index(trade_id) :]
        before = sum(len(self._recent[i].line) for i in ids[: -len(changed)])
        with self._path.open("r+b") as stream:
            stream.seek(self._settled_bytes + before)
            stream.write(b"".join(self._recent[i].line for i in changed))
            stream.truncate()

    def _settle(self) -> None:
        """Let go of the lines before the oldest open trade."""
        while self._recent and not (first := next(iter(self._recent.items())))[1].open:
            self._settled_bytes += len(first[1].line)
            del self._recent[first[0]]

    def _disturbed(self) -> bool:
        expected = self._settled_bytes + sum(len(shown.line) for shown in self._recent.values())
        return not self._path.exists() or self._path.stat().st_size != expected


@dataclass(frozen=True, slots=True)
class _Shown:
    line: bytes
    open: bool
