"""What markets paid, by a CSV file of results: of a column `ticker` or `event_ticker`, and of `result`.

A result is yes, no, or what one YES contract paid in dollars. An event's result is that of its one market, whose ticker
is the event's with one more part.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path

from trading.domain.errors import Misconfigured
from trading.domain.money import ONE, ZERO, exact

NAMES = ("ticker", "event_ticker")
WORDS = {"yes": ONE, "no": ZERO}


def results_of(path: Path) -> dict[str, Decimal]:
    """What one YES contract paid, by the ticker of a market or of its event; rows without a result are passed over.
    Raises Misconfigured for other content, OSError for no file."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file)
        name = next((each for each in NAMES if each in (rows.fieldnames or ())), "")
        if not name or "result" not in (rows.fieldnames or ()):
            raise Misconfigured(
                f"{path.name} lacks a column ticker or event_ticker, or result: its first line names them"
            )
        return {
            (row[name] or "").strip(): _value(said, f"{path.name}, line {number}")
            for number, row in enumerate(rows, 2)
            if (said := (row["result"] or "").strip().lower())
        }


def paid(results: Mapping[str, Decimal], tickers: Collection[str]) -> dict[str, Decimal]:
    """Those of these markets that the results know."""
    known = ((ticker, results.get(ticker, results.get(ticker.rpartition("-")[0]))) for ticker in tickers)
    return {ticker: value for ticker, value in known if value is not None}


def _value(said: str, where: str) -> Decimal:
    try:
        value = WORDS[said] if said in WORDS else exact(said)
    except ValueError:
        value = None
    if value is None or not ZERO <= value <= ONE:
        raise Misconfigured(f"{where}: result is {said!r}: write yes, no, or dollars from 0 to 1")
    return value
