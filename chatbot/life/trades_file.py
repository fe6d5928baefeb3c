"""The CSV file of all trades, where one is wanted: kept current while the bot runs, archived trades included."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from storage.export import TradesCsv
from storage.store import TinyStore
from trading.domain.errors import StoreRefused
from trading.domain.records import Put
from trading.domain.trade import Trade
from trading.engine.book import Book

log = logging.getLogger("kalshi-chatops")


def keep_csv(path: Path | None, environment: str, store: TinyStore, book: Book) -> None:
    """Show every change of a trade in the file. One that cannot be written, and an archive that cannot be read, is
    logged: trading needs neither."""
    if not path:
        return
    try:
        shown = TradesCsv(path, lambda: cast(list[Trade], store.all("trades")), environment)
    except (OSError, StoreRefused) as error:
        log.error("%s is not kept: %s", path, error)
        return

    def keep(puts: Sequence[Put]) -> None:
        try:
            for put in puts:
                if isinstance(put.record, Trade):
                    shown.put(put.record)
        except (OSError, StoreRefused) as error:
            log.error("%s cannot be written: %s", path, error)

    book.listen(keep)
