"""The intent log: one JSON line for each wish of a strategy, with the top of the book at the same instant.

    {"ts": 1790000000.25, "strategy": "market_maker", "ticker": "KXBTC15M-...", "side": "yes", "price": "0.45",
     "count": "5", "why": "quote", "top_of_book": {"bid": "0.44", "bid_size": "10", "ask": "0.46", "ask_size": "12"}}

`ts` is seconds since 1970 (UTC) or a text of RFC 3339; `price` is that of the side; YES prices stand in the top of the
book, null where a side is empty. That much a person can write by hand. Ours has more: of an order its `id`, how it
stands at the exchange (`post_only`, `reduce_only`, `time_in_force`, `expires`, and `fee_type` with `fee_multiplier`
where they are not the usual ones) and `refused` where it never stood there; lines with `cancel` (an id) instead of a
side, lines with neither that only carry a top of the book, and `settled` (what one YES contract paid) where a market
has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trading.domain.errors import Misconfigured
from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.intent_line import Line, Wish
from trading.domain.market import Level, Outcome, Quote
from trading.domain.money import ONE, ZERO, exact
from trading.domain.order import TimeInForce

__all__ = ["Line", "Wish", "line_of", "lines", "text_of"]

SHOWN_MAX = 40  # characters of a line that an error shows


def text_of(line: Line) -> str:
    """The line as JSON, without its end of line."""
    row: dict[str, Any] = {"ts": line.at.timestamp(), "strategy": line.strategy, "ticker": line.ticker}
    if line.wish:
        wish = line.wish
        row |= {"side": wish.side.value, "price": str(wish.price), "count": str(wish.count), "why": wish.why}
        row |= dict(_terms(wish))
    if line.cancel:
        row["cancel"] = line.cancel
    if line.settled is not None:
        row["settled"] = str(line.settled)
    if line.top:
        row["top_of_book"] = _sides("bid", line.top.bid) | _sides("ask", line.top.ask)
    return json.dumps(row)


def _terms(wish: Wish) -> Iterator[tuple[str, Any]]:
    """What is not as usual."""
    if wish.wish_id:
        yield "id", wish.wish_id
    if wish.post_only:
        yield "post_only", True
    if wish.reduce_only:
        yield "reduce_only", True
    if wish.time_in_force is not TimeInForce.GTC:
        yield "time_in_force", wish.time_in_force.value
    if wish.expires_at:
        yield "expires", wish.expires_at.timestamp()
    if wish.fees != QUADRATIC:
        yield "fee_type", wish.fees.fee_type
        yield "fee_multiplier", str(wish.fees.multiplier)
    if wish.refused:
        yield "refused", wish.refused


def _sides(name: str, level: Level | None) -> dict[str, str | None]:
    return {name: str(level.price) if level else None, f"{name}_size": str(level.count) if level else None}


def lines(texts: Iterable[str], name: str) -> Iterator[Line]:
    """The lines of one file, in its order. Raises Misconfigured with the file, the line, what is wrong and the fix."""
    for number, text in enumerate(texts, 1):
        if text.strip():
            try:
                yield line_of(text)
            except ValueError as error:
                raise Misconfigured(f"{name}, line {number}: {error}") from None


def line_of(text: str) -> Line:
    """One line read. Raises ValueError with what is wrong and the fix."""
    row = _object(text)
    at, ticker = _moment(_needed(row, "ts")), str(_needed(row, "ticker"))
    settled = row.get("settled")
    return Line(
        at,
        str(_needed(row, "strategy")),
        ticker,
        _quote(row["top_of_book"], ticker, at) if row.get("top_of_book") is not None else None,
        _wish(row) if "side" in row else None,
        str(row.get("cancel", "")),
        None if settled is None else _bounded("settled", settled, ZERO, ONE),
    )


def _object(text: str) -> Mapping[str, Any]:
    try:
        row = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise ValueError(f"{_short(text)} is no JSON object: write one in braces on each line")
    return row


def _short(text: str) -> str:
    kept = text.strip()[:SHOWN_MAX]
    return repr(kept) if kept == text.strip() else f"{kept!r}..."


def _needed(row: Mapping[str, Any], name: str) -> object:
    if name not in row:
        raise ValueError(f"'{name}' is missing: docs/forward-test.md shows a whole line")
    return row[name]


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}: write true or false")
    return value


def _wish(row: Mapping[str, Any]) -> Wish:
    if row["side"] not in ("yes", "no"):
        raise ValueError(f"side is {row['side']!r}: write yes or no")
    price, count = _bounded("price", _needed(row, "price"), ZERO, ONE), _contracts("count", _needed(row, "count"))
    if price in (ZERO, ONE):
        raise ValueError(f"price is {price}: an order's is between 0 and 1")
    return Wish(
        side=Outcome(row["side"]),
        price=price,
        count=count,
        why=str(row.get("why", "")),
        wish_id=str(row.get("id", "")),
        post_only=_flag(row, "post_only"),
        reduce_only=_flag(row, "reduce_only"),
        time_in_force=_time_in_force(row.get("time_in_force", TimeInForce.GTC.value)),
        expires_at=_moment(row["expires"]) if row.get("expires") is not None else None,
        fees=_fees(row),
        refused=str(row.get("refused", "")),
    )


def _time_in_force(word: object) -> TimeInForce:
    known = [each.value for each in TimeInForce]
    if word not in known:
        raise ValueError(f"time_in_force is {word!r}: write one of {', '.join(known)}")
    return TimeInForce(word)


def _fees(row: Mapping[str, Any]) -> FeeTerms:
    if "fee_type" not in row:
        return QUADRATIC
    return FeeTerms(str(row["fee_type"]), _number("fee_multiplier", row.get("fee_multiplier", "1")))


def _quote(top: object, ticker: str, at: datetime) -> Quote:
    if not isinstance(top, dict):
        raise ValueError(f"top_of_book is {top!r}: write an object with bid, bid_size, ask and ask_size")
    return Quote(ticker, at, _level(top, "bid"), _level(top, "ask"))


def _level(top: Mapping[str, Any], name: str) -> Level | None:
    if top.get(name) is None:
        return None
    return Level(_bounded(name, top[name], ZERO, ONE), _contracts(f"{name}_size", _needed(top, f"{name}_size")))


def _bounded(name: str, value: object, least: Decimal, most: Decimal) -> Decimal:
    number = _number(name, value)
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}: dollars from {least} to {most} are meant")
    return number


def _contracts(name: str, value: object) -> Decimal:
    number = _number(name, value)
    if number <= 0:
        raise ValueError(f"{name} is {number}: contracts above zero are meant")
    return number


def _number(name: str, value: object) -> Decimal:
    """A number as JSON or as text; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{name} is {value!r}: write a number")
    try:
        return exact(value)
    except ValueError:
        raise ValueError(f"{name} is {value!r}: write a number") from None


def _moment(value: object) -> datetime:
    """Seconds (a number, also as text), or a text of RFC 3339; one without a zone is UTC."""
    try:
        if not isinstance(value, str) or value.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(_number("ts", value)), UTC)
        at = datetime.fromisoformat(value)
    except (ValueError, ArithmeticError, OSError):
        raise ValueError(f"ts is {str(value)!r}: write seconds since 1970, or 2026-09-01T12:00:00Z") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
