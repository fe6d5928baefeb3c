"""The intent log: one JSON line for each wish of a strategy, with the top of the book at the same instant.

    {"ts": 1790000000.25, "strategy": "market_maker", "ticker": "KXBTC15M-...", "side": "yes", "price": "0.45",
     "count": "5", "why": "quote", "top_of_book": {"bid": "0.44", "bid_size": "10", "ask": "0.46", "ask_size": "12"}}

`ts` is seconds since 1970 (UTC) or a text of RFC 3339; `price` is that of the side; YES prices stand in the top of the
book, null where a side is empty. That much a person can write by hand. Ours has more: `id` and `post_only` of an
order, lines with `cancel` (an id) instead of a side, lines with neither that only carry a top of the book, and
`settled` (what one YES contract paid) where a market has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trading.domain.errors import Misconfigured
from trading.domain.market import Level, Outcome, Quote
from trading.domain.money import ONE, ZERO, exact


@dataclass(frozen=True, slots=True)
class Wish:
    """What was wanted: `count` contracts of `side` at `price` (that side's own)."""

    side: Outcome
    price: Decimal
    count: Decimal
    why: str = ""
    wish_id: str = ""
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log: a wish, a cancel (the id of a wish), a market's end, or a look at the book alone."""

    at: datetime
    strategy: str
    ticker: str
    top: Quote | None = None
    wish: Wish | None = None
    cancel: str = ""
    settled: Decimal | None = None


def text_of(line: Line) -> str:
    """The line as JSON, without its end of line."""
    row: dict[str, Any] = {"ts": line.at.timestamp(), "strategy": line.strategy, "ticker": line.ticker}
    if line.wish:
        wish = line.wish
        row |= {"side": wish.side.value, "price": str(wish.price), "count": str(wish.count), "why": wish.why}
        row |= {"id": wish.wish_id} if wish.wish_id else {}
        row |= {"post_only": True} if wish.post_only else {}
    if line.cancel:
        row["cancel"] = line.cancel
    if line.settled is not None:
        row["settled"] = str(line.settled)
    if line.top:
        row["top_of_book"] = _sides("bid", line.top.bid) | _sides("ask", line.top.ask)
    return json.dumps(row)


def _sides(name: str, level: Level | None) -> dict[str, str | None]:
    return {name: str(level.price) if level else None, f"{name}_size": str(level.count) if level else None}


def lines(texts: Iterable[str], name: str) -> Iterator[Line]:
    """The lines of one file, in its order. Raises Misconfigured with the file, the line and what is wrong with it."""
    for number, text in enumerate(texts, 1):
        if text.strip():
            try:
                yield line_of(text)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                raise Misconfigured(f"{name}, line {number}: {said}") from None


def line_of(text: str) -> Line:
    """One line read. Raises ValueError, KeyError, TypeError, AttributeError for what it is not."""
    row = json.loads(text, parse_float=Decimal)
    at, ticker = _moment(row["ts"]), str(row["ticker"])
    settled = row.get("settled")
    return Line(
        at,
        str(row["strategy"]),
        ticker,
        _quote(row["top_of_book"], ticker, at) if row.get("top_of_book") else None,
        _wish(row) if "side" in row else None,
        str(row.get("cancel", "")),
        None if settled is None else _bounded("settled", settled, ZERO, ONE),
    )


def _wish(row: Mapping[str, Any]) -> Wish:
    if row["side"] not in ("yes", "no"):
        raise ValueError(f"side is {row['side']!r}: write yes or no")
    price, count = _bounded("price", row["price"], ZERO, ONE), exact(_plain(row["count"]))
    if count <= 0 or price in (ZERO, ONE):
        raise ValueError(f"{count} contracts at {price} are no order")
    side, name = Outcome(row["side"]), str(row.get("id", ""))
    return Wish(side, price, count, str(row.get("why", "")), name, bool(row.get("post_only", False)))


def _quote(top: Mapping[str, Any], ticker: str, at: datetime) -> Quote:
    return Quote(ticker, at, _level(top, "bid"), _level(top, "ask"))


def _level(top: Mapping[str, Any], name: str) -> Level | None:
    if top.get(name) is None:
        return None
    return Level(_bounded(name, top[name], ZERO, ONE), exact(_plain(top[f"{name}_size"])))


def _bounded(name: str, value: object, least: Decimal, most: Decimal) -> Decimal:
    number = exact(_plain(value))
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}: dollars from {least} to {most} are meant")
    return number


def _plain(value: object) -> str | int | Decimal:
    """A number as JSON or as text; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{value!r} is no number")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(_plain(value)), UTC)
